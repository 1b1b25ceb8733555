"""`run_pipeline.py findings`: look at what was found, decide about it, take it elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from db import queries, reviewing
from db.chosen import Chosen
from db.engine import session, shown
from db.evidence import EvidenceStore
from db.questions.finding_lists import Order, finding_rows, findings
from db.questions.parameters import MOST_ID
from db.rows import FindingDetail, FindingRow, ReviewRow
from db.words import ReviewState
from inspect_pipeline.errors import UsageError
from inspect_pipeline.exports.findings import Exported, Format, Wish, write_export
from inspect_pipeline.exports.pictures import Cut
from inspect_pipeline.exports.whole_files import whole_file
from inspect_pipeline.service.cli.database import (
    DEFAULT_URL,
    DatabaseUrl,
    EvidenceFolder,
    opened_database,
    store_of,
)
from inspect_pipeline.service.cli.finding_filters import selection, takes_filters
from inspect_pipeline.service.cli.tabular import (
    TableFormat,
    console,
    give_table,
)

MOST_BY_COMMAND = 100_000_000  # whoever has a shell also has the disk
app = typer.Typer(help="What was found: list, show, review, export.", no_args_is_help=True)


class Decision(StrEnum):
    """What a person can say of a finding."""

    CONFIRMED = "confirmed"
    FALSE_ALARM = "false_alarm"
    SECOND_LOOK = "second_look"


FindingId = Annotated[int, typer.Argument(metavar="ID", min=1, max=MOST_ID)]


@app.command("list")
@takes_filters
def list_findings(
    given: Mapping[str, Any],
    db: DatabaseUrl = DEFAULT_URL,
    order: Annotated[Order, typer.Option(help="Newest frames first, or worst first.")] = (
        Order.NEWEST
    ),
    limit: Annotated[int, typer.Option(min=1, max=99_999, help="At most this many.")] = 100,
    after: Annotated[
        int | None,
        typer.Option(metavar="ID", min=1, max=MOST_ID, help="The page after this finding."),
    ] = None,
    output: Annotated[
        TableFormat | None,
        typer.Option("--format", help="Table for people (the default), others for programs."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File to write: .csv, .json or .parquet.")
    ] = None,
) -> None:
    """Which findings are there? The newest frames come first."""
    show = output in (None, TableFormat.TABLE) and out is None
    wanted = selection(given, order=order, after=after, limit=limit + 1 if show else limit)
    with opened_database(db) as engine, session(engine, read_only=True) as opened:
        if show:
            _show_list(finding_rows(opened, wanted), limit=limit)
            return
        found = findings(opened, wanted)
    give_table(found, output, out)


@app.command("show")
def show_finding(
    finding_id: FindingId, db: DatabaseUrl = DEFAULT_URL, evidence: EvidenceFolder = None
) -> None:
    """Everything about one finding: its frame, its figures, its pictures, who said what."""
    with opened_database(db) as engine, session(engine, read_only=True) as opened:
        detail = queries.finding(opened, finding_id)
    screen = console()
    screen.print(_facts(detail, store_of(db, evidence)))
    if detail.reviews:
        screen.print(_history(detail.reviews))
    else:
        screen.print(f"Nobody has reviewed it yet: findings review {finding_id} --help")


@app.command("review")
def review_finding(
    finding_id: FindingId,
    verdict: Annotated[Decision, typer.Option(help="What you say of it.")],
    by: Annotated[str, typer.Option(metavar="NAME", help="Who says so: kept in the audit trail.")],
    note: Annotated[str | None, typer.Option(help="Why, in a sentence.")] = None,
    db: DatabaseUrl = DEFAULT_URL,
) -> None:
    """Decide about a finding. Every decision stays in the audit trail, the last one counts."""
    with opened_database(db) as engine, session(engine) as opened:
        reviewed = reviewing.review_finding(
            opened,
            finding_id,
            state_after=ReviewState(verdict),
            reviewer=by,
            reviewed_at=datetime.now(UTC),
            note=note,
        )
    console().print(
        f"finding {finding_id}: {reviewed.state_before} -> {reviewed.state_after} by {by}"
    )


@app.command("export")
@takes_filters
def export_findings(
    given: Mapping[str, Any],
    out: Annotated[
        Path,
        typer.Option(metavar="FILE", help="File to write: .csv, .json, .parquet or .zip."),
    ],
    form: Annotated[
        Format | None,
        typer.Option(
            "--format",
            help="coco: boxes and masks as JSON; zip: pictures to train on. Default: by the file.",
            show_default=False,
        ),
    ] = None,
    pictures: Annotated[
        Cut, typer.Option(help="What the pictures of a zip show: whole frames, or findings.")
    ] = Cut.FRAMES,
    db: DatabaseUrl = DEFAULT_URL,
    evidence: EvidenceFolder = None,
) -> None:
    """Write all findings that match to a file, with the time in UTC. A file there is replaced.

    A zip holds what people decided: good/ is what was called a false alarm, defect/KIND/ what was
    confirmed, with a manifest and where every picture is from.
    """
    wanted, form = selection(given), form or _format_of(out)
    store = store_of(db, evidence)
    with (
        opened_database(db) as engine,
        session(engine, read_only=True) as opened,
        whole_file(out) as file,
    ):
        wish = Wish(
            chosen=Chosen(wanted=wanted.filtered(opened)),
            form=form,
            cut=pictures,
            at_most=MOST_BY_COMMAND,
        )
        written = write_export(
            file,
            opened,
            store,
            wish,
            made_at=datetime.now(UTC),
            made_by="the command line",
            database=shown(engine.url),
        )
    console().print(_told_export(written, out))


def _show_list(found: Sequence[FindingRow], *, limit: int) -> None:
    screen = console()
    if not found:
        screen.print("No findings match.")
        return
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for name in ("id", "taken at (local)", "part", "camera", "severity", "verdict", "state"):
        table.add_column(name, overflow="fold")
    for name in ("score", "mm²"):
        table.add_column(name, justify="right")
    for row in found[:limit]:
        table.add_row(
            *(str(row.finding_id), f"{row.taken_at.astimezone():%Y-%m-%d %H:%M}"),
            *(row.part, row.camera_id, row.severity, row.verdict, row.state),
            *(f"{row.score:.3f}", f"{row.area_mm2:.3g}"),
        )
    screen.print(table)
    if len(found) > limit:
        screen.print(f"There are more than these {limit}: use --limit or narrower filters.")


def _facts(detail: FindingDetail, store: EvidenceStore) -> Table:
    finding, inspection = detail.finding, detail.inspection
    facts = {
        "finding": f"{finding.finding_id} (number {finding.number} of {inspection.findings_count})",
        "state": finding.state,
        "severity": finding.severity,
        "verdict": f"{finding.verdict} (explained {finding.explained:.2f})",
        "kind": finding.kind or "-",
        "score": f"{finding.score:.4f} (0.5 = threshold), p = {finding.p_value:.3g}",
        "raw evidence": f"peak {finding.peak:.3f}, mean {finding.mean:.3f}",
        "area": f"{finding.area_mm2:.4g} mm² ({finding.area_px} px)",
        "centre": f"x {finding.centre_x_mm:.2f} mm, y {finding.centre_y_mm:.2f} mm",
        "box": f"x {finding.x0}..{finding.x1}, y {finding.y0}..{finding.y1} px (half-open)",
        "part": finding.part,
        "line, camera": f"{finding.line_id}, {finding.camera_id}",
        "serial": finding.serial or "-",
        "taken at": f"{_local(finding.taken_at)} ({finding.taken_at.isoformat()})",
        "source": finding.source,
        "frame": f"{inspection.width_px} x {inspection.height_px} px, {inspection.content_sha256}",
        "inspection": f"{inspection.inspection_id}, {inspection.outcome}",
        "inspected at": _local(inspection.inspected_at),
        "model": finding.model_id,
        "config": finding.config_id,
    }
    if finding.web_position_mm is not None:
        facts["web position"] = f"{finding.web_position_mm:.1f} mm"
    names = (finding.observed_name, finding.golden_name, finding.restored_name, finding.heat_name)
    for what, name in zip(("observed", "golden", "restored", "heat"), names, strict=True):
        facts[what] = _place_of(store, name)
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, fact in facts.items():
        table.add_row(name, fact)
    return table


def _place_of(store: EvidenceStore, name: str | None) -> str:
    if name is None:
        return "no longer kept: the time for it is over"
    path = store.path(name)
    return str(path) if path.is_file() else f"{path} (missing)"


def _history(reviews: Sequence[ReviewRow]) -> Table:
    table = Table("reviewed at (local)", "by", "before", "after", "note", title="Reviews")
    for review in reviews:
        table.add_row(
            _local(review.reviewed_at),
            review.reviewer,
            review.state_before,
            review.state_after,
            review.note or "",
        )
    return table


def _format_of(out: Path) -> Format:
    known = {f".{form.value}": form for form in Format if form is not Format.COCO}
    if out.suffix not in known:
        raise UsageError(f"--out {out}: the name must end in .csv, .json, .parquet or .zip")
    return known[out.suffix]


def _told_export(written: Exported, out: Path) -> str:
    pictures = written.pictures
    if pictures is None:
        return f"{written.findings} findings written to {out}"
    return (
        f"{pictures.good} good and {pictures.defective} defective pictures written to {out}; "
        f"{pictures.undecided} undecided and {pictures.unkept} without a picture left out"
    )


def _local(time: datetime) -> str:
    return time.astimezone().strftime("%Y-%m-%d %H:%M:%S")
