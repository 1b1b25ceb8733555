"""What rules of alerts ask that nobody else asks: gaps between frames, late inspections, waiting.

Ten cameras of a week are millions of frames, so gaps and delays are found by the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    and_,
    case,
    exists,
    extract,
    func,
    or_,
    select,
)
from sqlalchemy.orm import Session, aliased

from db.columns import metadata_table
from db.models import Camera, Event, Finding, Frame, Inspection, Review
from db.models.inspections import WAITING, WAITING_STATES
from db.words import Outcome

_LOOKED_UP = timedelta(hours=12)
Scope = tuple[Sequence[str], Sequence[str], Sequence[str]]  # lines, cameras, parts; empty: all


@dataclass(frozen=True, kw_only=True)
class FrameGap:
    """No frame of the camera between the two; `to_at` None: none up to the end of the time."""

    line_id: str
    camera_id: str
    from_at: datetime
    to_at: datetime | None


def gaps_between_frames(
    opened: Session,
    *,
    since: datetime,
    until: datetime,
    longer_than: timedelta,
    cameras: Sequence[str] = (),
) -> list[FrameGap]:
    """Gaps that end after `since` or have not ended; one may have begun long before.

    Of these cameras; of all that the database has met where none is named.
    """
    found = []
    chosen = select(Camera.camera_id, Camera.line_id)
    if cameras:
        chosen = chosen.where(Camera.camera_id.in_(cameras))
    for camera_id, line_id in opened.execute(chosen):
        of_camera = Frame.camera_id == camera_id
        before = opened.scalar(
            select(func.max(Frame.taken_at)).where(of_camera, Frame.taken_at <= since)
        )
        first, last = opened.execute(
            select(func.min(Frame.taken_at), func.max(Frame.taken_at)).where(
                of_camera, Frame.taken_at > since, Frame.taken_at <= until
            )
        ).one()
        pairs: list[tuple[datetime, datetime | None]] = []
        if before is not None:
            pairs.append((before, first))
        if last is not None:
            pairs += _inner_gaps(opened, camera_id, since, until, longer_than)
            pairs.append((last, None))
        found += [
            FrameGap(line_id=line_id, camera_id=camera_id, from_at=from_at, to_at=to_at)
            for from_at, to_at in pairs
            if (to_at or until) - from_at >= longer_than
        ]
    return found


def _inner_gaps(
    opened: Session, camera_id: str, since: datetime, until: datetime, longer_than: timedelta
) -> list[tuple[datetime, datetime | None]]:
    frames = metadata_table(Frame).c
    before = func.lag(frames.taken_at).over(order_by=frames.taken_at).label("from_at")
    inner = (
        select(before, frames.taken_at.label("to_at"))
        .where(frames.camera_id == camera_id, frames.taken_at > since, frames.taken_at <= until)
        .subquery()
    )
    apart_s = _seconds(opened, inner.c.to_at) - _seconds(opened, inner.c.from_at)
    chosen = select(inner).where(apart_s >= longer_than.total_seconds() - 0.001)
    return [(row.from_at, row.to_at) for row in opened.execute(chosen.order_by(inner.c.to_at))]


def inspections_late(
    opened: Session, *, since: datetime, until: datetime, later_than: timedelta
) -> Sequence[Any]:
    """line_id, camera_id, part, taken_at, inspected_at, in the order of the frames' time."""
    frames, kept = metadata_table(Frame).c, metadata_table(Inspection).c
    behind_s = _seconds(opened, kept.inspected_at) - _seconds(opened, frames.taken_at)
    return opened.execute(
        select(frames.line_id, frames.camera_id, frames.part, frames.taken_at, kept.inspected_at)
        .join_from(Frame, Inspection, Inspection.frame_id == Frame.id)
        .where(*_within(since, until))
        .where(behind_s > later_than.total_seconds())
        .order_by(frames.taken_at)
    ).all()


def failed_inspections(
    opened: Session, *, since: datetime, until: datetime, scope: Scope
) -> Sequence[Any]:
    """line_id, camera_id, part, taken_at and `has_passed_between`, in the order of time.

    `has_passed_between`: since the failed one before, of the same camera and part, one has passed.
    """
    failed = _failed(since, until, scope)
    frames, kept = aliased(Frame), aliased(Inspection)
    passed = (
        exists()
        .where(kept.frame_id == frames.id, kept.outcome == Outcome.PASSED)
        .where(frames.line_id == failed.c.line_id, frames.camera_id == failed.c.camera_id)
        .where(frames.part == failed.c.part)
        .where(frames.taken_at.between(failed.c.at_before, failed.c.taken_at))
        .where(or_(frames.taken_at > failed.c.at_before, kept.id > failed.c.id_before))
        .where(or_(frames.taken_at < failed.c.taken_at, kept.id < failed.c.id))
    )
    place = (failed.c.line_id, failed.c.camera_id, failed.c.part, failed.c.taken_at)
    return opened.execute(
        select(*place, passed.label("has_passed_between")).order_by(failed.c.taken_at, failed.c.id)
    ).all()


def _failed(since: datetime, until: datetime, scope: Scope) -> Subquery:
    """Each with the one before it at its place: `at_before`, `id_before`."""
    frames, kept = metadata_table(Frame).c, metadata_table(Inspection).c
    place = (frames.line_id, frames.camera_id, frames.part)
    in_turn: dict[str, Any] = {"partition_by": place, "order_by": (frames.taken_at, kept.id)}
    return (
        select(
            *place,
            frames.taken_at,
            kept.id,
            func.lag(frames.taken_at).over(**in_turn).label("at_before"),
            func.lag(kept.id).over(**in_turn).label("id_before"),
        )
        .join_from(Frame, Inspection, Inspection.frame_id == Frame.id)
        .where(kept.outcome == Outcome.FAILED, *_within(since, until), *_where(scope, frames))
        .subquery()
    )


def waiting_count(opened: Session, *, at: datetime, scope: Scope) -> int:
    """How many findings waited at a moment of the past: those of now, and back from there."""
    kept = metadata_table(Finding).c
    now = _count(opened, select(func.count()).where(WAITING, *_where(scope, kept)))
    newer = _count(opened, select(func.count()).where(kept.taken_at > at, *_where(scope, kept)))
    decided = -sum(by for _, by in _review_changes(opened, at, None, scope))
    return now - newer + decided


def waiting_changes(
    opened: Session, *, after: datetime, until: datetime, scope: Scope
) -> list[tuple[datetime, int]]:
    """When findings came to wait (+1) or were decided (-1), in the order of time."""
    kept = metadata_table(Finding).c
    came = opened.scalars(
        select(kept.taken_at).where(
            kept.taken_at > after, kept.taken_at <= until, *_where(scope, kept)
        )
    )
    changes = [(at, 1) for at in came]
    return sorted([*changes, *_review_changes(opened, after, until, scope)])


def newest_ids(opened: Session) -> tuple[int, int]:
    """Of the inspection and the event that were written last; 0 for none."""
    inspection_id = opened.scalar(select(func.max(Inspection.id))) or 0
    return inspection_id, opened.scalar(select(func.max(Event.id))) or 0


def earliest_since(
    opened: Session, *, inspection_id: int, event_id: int
) -> tuple[datetime | None, datetime | None]:
    """When the earliest frame and event happened that were written after those of these ids."""
    frame_at = opened.scalar(
        select(func.min(Frame.taken_at))
        .join(Inspection, Inspection.frame_id == Frame.id)
        .where(Inspection.id > inspection_id)
    )
    return frame_at, opened.scalar(select(func.min(Event.at)).where(Event.id > event_id))


def _review_changes(
    opened: Session, after: datetime, until: datetime | None, scope: Scope
) -> list[tuple[datetime, int]]:
    waited = Review.state_before.in_(WAITING_STATES)
    waits = Review.state_after.in_(WAITING_STATES)
    by = case((and_(waited, ~waits), -1), (and_(~waited, waits), 1), else_=0)
    chosen = select(Review.reviewed_at, by).where(Review.reviewed_at > after, by != 0)
    if until is not None:
        chosen = chosen.where(Review.reviewed_at <= until)
    if any(scope):
        kept = metadata_table(Finding).c
        chosen = chosen.join(Finding, Finding.id == Review.finding_id).where(*_where(scope, kept))
    return [(at, int(change)) for at, change in opened.execute(chosen)]


def _within(since: datetime, until: datetime) -> list[ColumnElement[bool]]:
    """A short time is looked up camera by camera in their index; a long one is read in one go."""
    frames = metadata_table(Frame).c
    within = [frames.taken_at >= since, frames.taken_at <= until]
    if until - since < _LOOKED_UP:
        within.append(frames.camera_id.in_(select(Camera.camera_id)))
    return within


def _where(scope: Scope, columns: Any) -> list[ColumnElement[bool]]:
    named = zip(scope, (columns.line_id, columns.camera_id, columns.part), strict=True)
    return [column.in_(names) for names, column in named if names]


def _count(opened: Session, chosen: Select[Any]) -> int:
    return int(opened.scalar(chosen.select_from(Finding)) or 0)


def _seconds(opened: Session, moment: ColumnElement[Any]) -> ColumnElement[Any]:
    if opened.get_bind().dialect.name == "sqlite":
        return func.julianday(moment) * 86_400.0
    return extract("epoch", moment)
