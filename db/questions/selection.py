"""Which frames and findings a question is about: the same fields everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Subquery, select, union_all
from sqlalchemy.orm import Session
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from db.errors import QuestionRefused
from db.models import CameraFigures, CameraWatch, Finding, Model, PlaceMonth
from db.models.tallies import Tally
from db.plants import written_shifts_of, zone_of
from db.questions.parameters import asked
from db.questions.periods import USUAL_SHIFTS, Shift, read_shifts
from db.rows import FrameFilter
from db.tallies.levels import (
    AGREEMENT_LEVELS,
    FINDING_LEVELS,
    Levels,
    inspection_levels,
    judged_levels,
    verdict_levels,
)
from db.tallies.slots import Piece, pieces
from db.words import ReviewState

SHORTEST_PREFIX = 4

HasPlace = type[Tally] | type[CameraFigures] | type[CameraWatch]
HasState = type[Finding] | type[PlaceMonth] | ReadOnlyColumnCollection[str, Any]


class Counted(StrEnum):
    """Which findings count."""

    ALL = "all"
    NOT_FALSE_ALARM = "not_false_alarm"
    CONFIRMED = "confirmed"


@dataclass(frozen=True, kw_only=True)
class Selection:
    """None means any. `since` is included, `until` is not."""

    line: str | None = asked("Only this line.")
    part: str | None = asked("Only this part.")
    camera: str | None = asked("Only this camera.")
    since: datetime | None = asked("Only frames taken at this time or later.")
    until: datetime | None = asked("Only frames taken before this time.")

    def __post_init__(self) -> None:
        for name in ("since", "until"):
            moment = getattr(self, name)
            if moment is not None and moment.utcoffset() is None:
                raise QuestionRefused(f"{name}: a time needs a zone, got {moment}", field=name)
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise QuestionRefused(
                f"since: {self.since.isoformat()} is not before until, {self.until.isoformat()}",
                field="since",
            )

    def frames(self) -> FrameFilter:
        return FrameFilter(
            part=self.part,
            line_id=self.line,
            camera_id=self.camera,
            since=self.since,
            until=self.until,
        )


def finding_counts(wanted: Selection) -> Subquery:
    """Kept counts of findings that together cover what is wanted, in whole hours of UTC."""
    return _kept(wanted, FINDING_LEVELS)


def inspection_counts(wanted: Selection, *, zone: ZoneInfo, by_day: bool) -> Subquery:
    """Kept counts of inspections that cover what is wanted, in whole quarters of an hour.

    `by_day`: no slot need be shorter than a day of the plant, but at the ends.
    """
    levels = inspection_levels(zone)
    return _kept(wanted, levels if by_day else levels[:1])


def verdict_counts(wanted: Selection, *, zone: ZoneInfo) -> Subquery:
    """Kept counts of verdicts that cover the times they were said, in whole quarters of an hour."""
    return _kept(wanted, verdict_levels(zone))


def agreement_counts(wanted: Selection) -> Subquery:
    """The same of two people's verdicts, at the time of the later one."""
    return _kept(wanted, AGREEMENT_LEVELS)


def judged_counts(wanted: Selection, *, zone: ZoneInfo) -> Subquery:
    """The same of frames that people judged, at the time they were taken."""
    return _kept(wanted, judged_levels(zone))


def standing_conditions(table: HasPlace, wanted: Selection) -> list[ColumnElement[bool]]:
    """Line, part and camera, of a table that has the three."""
    return [
        column == value
        for column, value in (
            (table.line_id, wanted.line),
            (table.part, wanted.part),
            (table.camera_id, wanted.camera),
        )
        if value is not None
    ]


def slot_conditions(table: type[Tally], piece: Piece[Any]) -> list[ColumnElement[bool]]:
    """The slots that begin within a piece of time: pieces that meet share none."""
    conditions = []
    if piece.since is not None:
        conditions.append(table.slot_at >= piece.since)
    if piece.until is not None:
        conditions.append(table.slot_at < piece.until)
    return conditions


def _kept(wanted: Selection, levels: Levels) -> Subquery:
    """Long slots inside of the time, short ones at its ends."""
    (shortest, _), *longer = levels
    found = pieces(wanted.since, wanted.until, longer[::-1], shortest)
    chosen = [
        select(*piece.source.__table__.columns).where(
            *standing_conditions(piece.source, wanted), *slot_conditions(piece.source, piece)
        )
        for piece in found
    ]
    return union_all(*chosen).subquery("kept")


def counted_condition(table: HasState, counted: Counted) -> list[ColumnElement[bool]]:
    if counted is Counted.CONFIRMED:
        return [table.state == ReviewState.CONFIRMED]
    if counted is Counted.NOT_FALSE_ALARM:
        return [table.state != ReviewState.FALSE_ALARM]
    return []


def model_named(opened: Session, written: str, *, field: str = "model") -> str:
    """The model whose id begins with what was written, or that has this name. Only one may."""
    begins = Model.model_id.startswith(written, autoescape=True)
    is_id = begins if len(written) >= SHORTEST_PREFIX else Model.model_id == written
    chosen = select(Model.model_id).where(is_id | (Model.name == written)).limit(2)
    found = opened.scalars(chosen).all()
    if len(found) == 1:
        return found[0]
    reason = "several models have ids that begin so" if found else "no model has this id or name"
    raise QuestionRefused(
        f"{field}: {reason}: {written!r}; give {SHORTEST_PREFIX} or more of its first letters",
        field=field,
    )


def plant_zone(opened: Session) -> ZoneInfo:
    """The zone in which days and shifts begin."""
    return ZoneInfo(zone_of(opened))


def plant_shifts(opened: Session, written: str | None = None) -> tuple[Shift, ...]:
    """Those that the question names, else the plant's, else the usual ones."""
    return read_shifts(written or written_shifts_of(opened) or USUAL_SHIFTS)
