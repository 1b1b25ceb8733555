"""What changed since the last report of the same kind and line: read from rows and its own file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

import pandas as pd
from sqlalchemy.orm import Session

from db import since_then
from db.overview import waiting
from db.questions.pitches import binomial_tail
from db.questions.places import Grid, cell_counts
from db.questions.selection import Counted, Selection
from db.report_archive import ReportRow, report_before
from db.since_then import AlertTurns
from db.words import Judgement, ReviewState
from inspect_pipeline.reports.plant.rates import PlaceRate
from inspect_pipeline.reports.plant.subject import PERIODS, Subject

PLACES: Final = Grid(columns=8, rows=8)
FEWEST_AT_PLACE: Final = 5
MOST_PLACES: Final = 4
NEW_PLACE_ALPHA: Final = 0.01


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the last report said of its own time: frames inspected, failed, unfit."""

    inspected: int
    failed: int
    unfit: int


@dataclass(frozen=True, kw_only=True)
class SinceReport:
    """Since `row` was made. `told` is None where its table cannot be read any more.

    `came_in` are findings taken since that hour that wait; `limits_changed` names cameras.
    """

    row: ReportRow
    told: Told | None
    judged: Mapping[ReviewState, int]
    audited: Mapping[Judgement, int]
    came_in: int
    alerts: AlertTurns
    limits_changed: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class NewPlace:
    """A cell of the grid over a part in which clearly more lies than chance would put there."""

    part: str
    x: int
    y: int
    now: int
    before: int

    @property
    def name(self) -> str:
        return PLACES.name(self.x, self.y)


def held_against_last(opened: Session, subject: Subject) -> Subject:
    """A shift, day or week with the time of the last report before it in place of the time before.

    Others, and those before which no report was made, stay as they are.
    """
    if subject.kind not in PERIODS:
        return subject
    row = report_before(opened, subject.kind, subject.scope, ended_by=subject.from_at)
    if row is None:
        return subject
    before = replace(subject.selection, since=row.from_at, until=row.to_at)
    return replace(subject, before=before, report_before=row)


def since_report(
    opened: Session, subject: Subject, camera_ids: Iterable[str], folder: Path
) -> SinceReport | None:
    """None where there was no report; `folder` is that of the reports."""
    row, before = subject.report_before, subject.before
    if row is None or before is None:
        return None
    moment = row.created_at
    hour = moment.replace(minute=0, second=0, microsecond=0)  # findings are counted by the hour
    return SinceReport(
        row=row,
        told=_told(folder, row),
        judged=since_then.judged_since(opened, before, moment),
        audited=since_then.audited_since(opened, before, moment),
        came_in=sum(waiting(opened, Selection(line=before.line, since=hour)).values()),
        alerts=since_then.alerts_since(opened, before.line, moment),
        limits_changed=tuple(
            since_then.limits_changed(opened, tuple(camera_ids), row.to_at, subject.to_at)
        ),
    )


def began_since(subject: Subject) -> datetime:
    """From when on a model is new to the reader."""
    row = subject.report_before
    return subject.from_at if row is None else min(row.created_at, row.to_at)


def new_places(
    opened: Session, now: Selection, before: Selection, rates: Iterable[PlaceRate], seen_before: int
) -> tuple[NewPlace, ...]:
    """Where do findings gather that did not before? The clearest first.

    Of all findings in a cell, the time now has its share of the inspected frames by chance; a cell
    is named where as many as there are would come by chance less than once in a hundred reports,
    with all the cells looked at counted in. No false alarms count.
    """
    rates = list(rates)
    inspected = sum(rate.inspected for rate in rates)
    if not inspected or not seen_before:
        return ()
    share = inspected / (inspected + seen_before)
    found: list[tuple[float, NewPlace]] = []
    parts = sorted({rate.part for rate in rates if rate.failed})
    for part in parts:
        ours, theirs = (_cells(opened, replace(one, part=part)) for one in (now, before))
        for (x, y), count in ours.items():
            other = theirs.get((x, y), 0)
            chance = binomial_tail(count, count + other, share)
            looks = PLACES.columns * PLACES.rows * len(parts)
            if count >= FEWEST_AT_PLACE and chance * looks < NEW_PLACE_ALPHA:
                found.append((chance, NewPlace(part=part, x=x, y=y, now=count, before=other)))
    found.sort(key=lambda one: (one[0], one[1].part, one[1].name))
    return tuple(place for _, place in found[:MOST_PLACES])


def _cells(opened: Session, wanted: Selection) -> dict[tuple[int, int], int]:
    counts = cell_counts(opened, wanted, PLACES, Counted.NOT_FALSE_ALARM)
    return {(x, y): count for x, y, count in counts}


def _told(folder: Path, row: ReportRow) -> Told | None:
    name = next((name for name in row.files if name.endswith(".parquet")), None)
    if name is None:
        return None
    try:
        table = pd.read_parquet(folder / name)
        total = table[table["section"] == "total"].set_index("name")["value"]
        return Told(**{key: int(total[key]) for key in ("inspected", "failed", "unfit")})
    except (OSError, ValueError, KeyError):
        return None
