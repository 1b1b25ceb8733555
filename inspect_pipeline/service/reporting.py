"""Reports are made here: numbers from the database, page, PDF and tables into the archive."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from db.engine import session
from db.evidence import EvidenceStore
from db.questions.periods import USUAL_SHIFTS
from db.questions.selection import Selection
from db.report_archive import ReportName, ReportRow, keep_report, kept_report, reports_folder
from db.words import ReportKind
from inspect_pipeline.alerts.receivers import receivers
from inspect_pipeline.errors import PdfUnavailable, UsageError
from inspect_pipeline.exports.tables import write_csv, write_parquet
from inspect_pipeline.exports.whole_files import whole_file
from inspect_pipeline.records import sha256_of
from inspect_pipeline.reports.plant import subject
from inspect_pipeline.reports.plant.figures import figures_of
from inspect_pipeline.reports.plant.page import Heading, report_page
from inspect_pipeline.reports.plant.printing import pdf_of
from inspect_pipeline.reports.plant.report_tables import figures_table, worth_table
from inspect_pipeline.reports.plant.since_report import held_against_last
from inspect_pipeline.reports.plant.wording import Wording
from inspect_pipeline.reports.plant.worth_page import worth_figures, worth_page
from plant_config.plant import Plant

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which report: a shift, day or week by a moment in it, a lot, an alert, or a time for roi."""

    kind: ReportKind
    language: str = "en"
    line: str | None = None
    at: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None
    lot: str | None = None
    alert: int | None = None


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A report in memory."""

    name: ReportName
    span: tuple[datetime, datetime]
    page: str
    table: pd.DataFrame


@dataclass(frozen=True, kw_only=True)
class Made:
    """`row` is None where the files lie outside of the archive; `no_pdf` says why none is there.

    `is_new` is False where the report had been made before and was left as it is.
    """

    row: ReportRow | None
    files: tuple[Path, ...]
    is_new: bool = True
    no_pdf: str | None = None


def make_report(
    engine: Engine,
    store: EvidenceStore,
    plant: Plant,
    asked: Asked,
    *,
    now: Callable[[], datetime],
    made_by: str,
    again: bool = False,
) -> Made:
    """Makes a report and keeps it in the archive.

    One that is there already and was made after its time was over is left as it is, so that a
    schedule may ask twice; `again` makes its next revision, in whose place it then stands. Raises
    UnknownRecord for a lot or alert that nobody knows, UsageError for one that cannot be made.
    """
    zone, made_at = ZoneInfo(plant.timezone), now()  # once: a shift may end in between
    with session(engine, read_only=True) as opened:
        name, _ = _named(opened, plant, asked, zone, made_at)
        before = kept_report(opened, name)
        if before is not None and not again and before.created_at >= before.to_at:
            return Made(row=before, files=_paths(store, before), is_new=False)
        drawn = draw_report(opened, store, plant, asked, created_at=made_at)
    folder = reports_folder(store.folder) / drawn.name.kind.value
    folder.mkdir(parents=True, exist_ok=True)
    revision = 1 if before is None else before.revision + 1
    files, no_pdf = _written(folder / f"{_stem(drawn.name)}_r{revision}.html", drawn, plant)
    with session(engine) as opened:
        row = keep_report(
            opened,
            drawn.name,
            span=drawn.span,
            created_at=made_at,
            created_by=made_by,
            files=[f"{folder.name}/{path.name}" for path in files],
        )
    if before is not None:
        for path in set(_paths(store, before)) - set(files):
            path.unlink(missing_ok=True)
    return Made(row=row, files=files, no_pdf=no_pdf)


def write_report(
    engine: Engine,
    store: EvidenceStore,
    plant: Plant,
    asked: Asked,
    *,
    now: Callable[[], datetime],
    out: Path,
) -> Made:
    """Makes a report outside of the archive: `out` is its page, the other files lie beside it."""
    if out.suffix not in (".html", ".htm"):
        raise UsageError(f"--out {out}: the name must end in .html")
    with session(engine, read_only=True) as opened:
        drawn = draw_report(opened, store, plant, asked, created_at=now())
    files, no_pdf = _written(out, drawn, plant)
    return Made(row=None, files=files, no_pdf=no_pdf)


def draw_report(
    opened: Session, store: EvidenceStore, plant: Plant, asked: Asked, *, created_at: datetime
) -> Drawn:
    """The page and the table of a report, in the caller's transaction."""
    zone = ZoneInfo(plant.timezone)
    words = Wording(asked.language, zone)
    heading = Heading(plant=plant.name, created_at=created_at, paper=plant.reports.paper)
    name, span = _named(opened, plant, asked, zone, created_at)
    if asked.kind is ReportKind.ROI:
        assert plant.roi is not None, "_named refused a plant without costs"
        wanted = Selection(line=asked.line, since=span[0], until=span[1])
        worth = worth_figures(opened, wanted, plant.roi)
        page, table = worth_page(worth, words, heading), worth_table(worth.worth)
    else:
        about = held_against_last(opened, _subject(opened, plant, asked, zone, created_at))
        figures = figures_of(opened, about, folder=reports_folder(store.folder))
        page = report_page(
            opened, store, figures, words, heading, receivers=receivers(plant.channels)
        )
        table = figures_table(figures)
    return Drawn(name=name, span=span, page=page, table=table)


def _named(
    opened: Session, plant: Plant, asked: Asked, zone: ZoneInfo, now: datetime
) -> tuple[ReportName, tuple[datetime, datetime]]:
    if asked.kind is ReportKind.ROI:
        since, until = _worth_period(plant, asked, zone, now)
        period = f"{_stamp(since, zone)} {_stamp(until, zone)}"
        scope = asked.line or ""
    else:
        about = _subject(opened, plant, asked, zone, now)
        since, until, period, scope = about.from_at, about.to_at, about.period, about.scope
    name = ReportName(kind=asked.kind, scope=scope, period=period, language=asked.language)
    return name, (since, until)


def _subject(
    opened: Session, plant: Plant, asked: Asked, zone: ZoneInfo, now: datetime
) -> subject.Subject:
    shifts = plant.schedule.written_shifts or USUAL_SHIFTS
    if asked.kind is ReportKind.LOT:
        if asked.lot is None:
            raise UsageError("a lot report needs --lot ID, the serial that its frames carry")
        return subject.of_lot(opened, asked.lot, shifts=shifts)
    if asked.kind is ReportKind.ALERT:
        if asked.alert is None:
            raise UsageError("an alert report needs --alert ID, the number of the alert")
        return subject.of_alert(opened, asked.alert, shifts=shifts)
    return subject.of_period(asked.kind, asked.at or now, line=asked.line, shifts=shifts, zone=zone)


def _worth_period(
    plant: Plant, asked: Asked, zone: ZoneInfo, now: datetime
) -> tuple[datetime, datetime]:
    """Whole days up to last midnight, unless asked otherwise."""
    if plant.roi is None:
        raise UsageError(
            f"plant {plant.name!r} says nothing of what inspection costs: add a [roi] block to the "
            "plant file, with currency, hand_minutes_per_part, wage_per_hour, escape_cost and "
            "false_call_cost"
        )
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    until = asked.until or midnight.astimezone(UTC)
    earlier = until.astimezone(zone) - timedelta(days=plant.roi.period_days)  # on the wall clock
    since = asked.since or earlier.astimezone(UTC)
    if since >= until:
        raise UsageError(f"--since {since.isoformat()} is not before --until {until.isoformat()}")
    return since, until


def _stamp(moment: datetime, zone: ZoneInfo) -> str:
    local = moment.astimezone(zone)
    return f"{local:%Y-%m-%d}" if local.time() == time() else f"{local:%Y-%m-%dT%H:%M}"


def _written(page: Path, drawn: Drawn, plant: Plant) -> tuple[tuple[Path, ...], str | None]:
    """The page first, then PDF, CSV and Parquet; and why there is no PDF where there is none."""
    contents: list[tuple[Path, bytes]] = [(page, drawn.page.encode())]
    no_pdf = None
    if plant.reports.pdf:
        try:
            contents.append((page.with_suffix(".pdf"), pdf_of(drawn.page)))
        except PdfUnavailable as error:
            no_pdf = str(error)
    for path, content in contents:
        with whole_file(path) as file:
            file.write(content)
    tables = (page.with_suffix(".csv"), page.with_suffix(".parquet"))
    with whole_file(tables[0]) as file:
        write_csv(file, [drawn.table])
    with whole_file(tables[1]) as file:
        write_parquet(file, [drawn.table])
    return (*(path for path, _ in contents), *tables), no_pdf


def _stem(name: ReportName) -> str:
    """Of letters that every file system takes; serials may hold anything, and stay different."""
    words = [name.period, *([name.scope] if name.scope else []), name.language]
    plain = "_".join(_NOT_IN_NAMES.sub("-", word).strip("-.") for word in words)[:120]
    if name.kind is ReportKind.LOT and plain != "_".join(words):
        return f"{plain}_{sha256_of('/'.join(words).encode())[:8]}"
    return plain


def _paths(store: EvidenceStore, row: ReportRow) -> tuple[Path, ...]:
    return tuple(reports_folder(store.folder) / name for name in row.files)
