"""Which frames and findings a question is about: the same fields everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from db.catalogue import zone_of
from db.errors import QuestionRefused
from db.models import Finding, FindingTally, InspectionTally, Model
from db.questions.parameters import asked
from db.rows import FrameFilter
from db.words import ReviewState

SHORTEST_PREFIX = 4


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


def tally_conditions(
    table: type[InspectionTally] | type[FindingTally], wanted: Selection
) -> list[ColumnElement[bool]]:
    """The slots that begin within the time that is wanted: ranges that meet share none."""
    conditions: list[ColumnElement[bool]] = []
    for column, value in (
        (table.line_id, wanted.line),
        (table.part, wanted.part),
        (table.camera_id, wanted.camera),
    ):
        if value is not None:
            conditions.append(column == value)
    if wanted.since is not None:
        conditions.append(table.slot_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(table.slot_at < wanted.until)
    return conditions


def counted_condition(
    table: type[Finding] | type[FindingTally], counted: Counted
) -> list[ColumnElement[bool]]:
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
