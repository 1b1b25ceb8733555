"""What somebody who comes to the line wants to see first: what waits, what came last, what is bad.

Counts come from the kept tallies, last frames through the index of each camera.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models import Frame, Inspection
from db.models.inspections import WAITING_STATES
from db.questions.proportions import wilson_interval
from db.questions.selection import Selection, finding_counts, inspection_counts, plant_zone
from db.selects import Rows
from db.words import Outcome, ReviewState, Severity, UnfitReason


@dataclass(frozen=True, kw_only=True)
class LastFrame:
    """A frame with its newest inspection; `observed_name` is None where no picture was kept."""

    frame_id: int
    inspection_id: int
    part: str
    line_id: str
    camera_id: str
    serial: str | None
    taken_at: datetime
    outcome: Outcome
    unfit_reason: UnfitReason | None
    observed_name: str | None


@dataclass(frozen=True, kw_only=True)
class Share:
    """`count` of `of` with its Wilson interval; nothing is known where `of` is 0."""

    count: int
    of: int

    @property
    def value(self) -> float | None:
        return self.count / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float] | None:
        return wilson_interval(self.count, self.of)


def newest_taken_at(opened: Session, wanted: Selection) -> datetime | None:
    """When was the last quarter of an hour with frames of this selection?"""
    slots = inspection_counts(wanted, zone=plant_zone(opened), by_day=False)
    newest: datetime | None = opened.scalar(select(func.max(slots.c.slot_at)))
    return newest


def last_frames(opened: Session, camera_id: str, *, limit: int) -> list[LastFrame]:
    """What did this camera see last, and what came of it? Newest first."""
    newest = (
        select(Inspection.id)
        .where(Inspection.frame_id == Frame.id)
        .order_by(Inspection.id.desc())
        .limit(1)
        .correlate(Frame)
        .scalar_subquery()
    )
    chosen = (
        _frame_columns()
        .join(Inspection, Inspection.id == newest)
        .where(Frame.camera_id == camera_id)
        .order_by(Frame.taken_at.desc(), Frame.id.desc())
        .limit(limit)
    )
    return [LastFrame(**row) for row in opened.execute(chosen).mappings()]


def newest_picture(opened: Session, part: str) -> LastFrame | None:
    """The newest whole frame of a part of which a picture was kept."""
    chosen = (
        _frame_columns()
        .join(Inspection, Inspection.frame_id == Frame.id)
        .where(Frame.part == part, Inspection.observed_name.is_not(None))
        .order_by(Frame.taken_at.desc(), Inspection.id.desc())
        .limit(1)
    )
    row = opened.execute(chosen).mappings().one_or_none()
    return None if row is None else LastFrame(**row)


def frame_size(opened: Session, part: str) -> tuple[int, int] | None:
    """Width and height of the part's newest frame that could be read."""
    chosen = (
        select(Frame.width_px, Frame.height_px)
        .where(Frame.part == part, Frame.width_px.is_not(None))
        .order_by(Frame.taken_at.desc())
        .limit(1)
    )
    row = opened.execute(chosen).one_or_none()
    return None if row is None else (row.width_px, row.height_px)


def waiting(opened: Session, wanted: Selection) -> dict[Severity, int]:
    """How many findings does nobody have decided about? Every severity is there."""
    counts = _finding_counts(opened, wanted)
    return {
        severity: sum(counts.get((severity, state), 0) for state in WAITING_STATES)
        for severity in Severity
    }


def false_alarm_share(opened: Session, wanted: Selection) -> Share:
    """Of the findings of these frames that people decided about, how many are false alarms?"""
    counts = _finding_counts(opened, wanted)
    alarms, confirmed = (
        sum(count for (_, said), count in counts.items() if said is state)
        for state in (ReviewState.FALSE_ALARM, ReviewState.CONFIRMED)
    )
    return Share(count=alarms, of=alarms + confirmed)


def unfit_shares(opened: Session, wanted: Selection) -> dict[str, Share]:
    """Which share of each camera's frames could not be inspected?"""
    kept = inspection_counts(wanted, zone=plant_zone(opened), by_day=True).c
    chosen = (
        select(kept.camera_id, kept.outcome, func.sum(kept.inspections))
        .group_by(kept.camera_id, kept.outcome)
        .order_by(kept.camera_id)
    )
    counts: dict[str, dict[Outcome, int]] = {}
    for camera, outcome, count in opened.execute(chosen):
        counts.setdefault(camera, {})[outcome] = int(count)
    return {
        camera: Share(count=of.get(Outcome.UNFIT, 0), of=sum(of.values()))
        for camera, of in counts.items()
    }


def _frame_columns() -> Rows:
    return select(
        Frame.id.label("frame_id"),
        Inspection.id.label("inspection_id"),
        Frame.part,
        Frame.line_id,
        Frame.camera_id,
        Frame.serial,
        Frame.taken_at,
        Inspection.outcome,
        Inspection.unfit_reason,
        Inspection.observed_name,
    )


def _finding_counts(opened: Session, wanted: Selection) -> dict[tuple[Severity, ReviewState], int]:
    kept = finding_counts(wanted).c
    chosen = select(kept.severity, kept.state, func.sum(kept.findings)).group_by(
        kept.severity, kept.state
    )
    return {(severity, state): int(count) for severity, state, count in opened.execute(chosen)}
