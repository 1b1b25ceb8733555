"""What the line let through and what it stopped for nothing, as people say who looked again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

import pandas as pd
from sqlalchemy import RowMapping, and_, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from db.models import Audit, Finding, Frame, Inspection
from db.questions.parameters import asked
from db.questions.periods import USUAL_SHIFTS, Period, Span, read_shifts, span_of
from db.questions.proportions import CONFIDENCE, wilson_interval
from db.questions.selection import Selection, model_named, plant_zone
from db.questions.verdicts import SETTLED
from db.rows import FindingFilter, InspectionFilter
from db.selects import Rows, finding_conditions, inspection_conditions
from db.tables import rows_table
from db.words import Judgement, Outcome, ReviewState, Verdict


class Per(StrEnum):
    TOTAL = "total"
    LINE = "line"
    PART = "part"
    CAMERA = "camera"
    DAY = "day"
    WEEK = "week"


@dataclass(frozen=True, kw_only=True)
class EscapesOf(Selection):
    model: str | None = asked("What this model said: its name, or how its id begins.")
    by: Per = asked("Per what.", Per.TOTAL)
    confidence: float = asked("Of the interval.", CONFIDENCE, least=0.5, most=0.9999)


@dataclass(frozen=True, kw_only=True)
class ErrorRate:
    """`measure` is escape or false_call, `source` audits or reviews.

    `rate` is count / frames: defective ones among the judged frames that passed, good ones among
    the judged frames that failed.
    """

    measure: str
    source: str
    per: str
    from_at: datetime | None
    to_at: datetime | None
    frames: int
    count: int
    rate: float
    low: float
    high: float


def escapes(opened: Session, wanted: EscapesOf) -> pd.DataFrame:
    """How often did a defective part pass, and a good one fail? With the Wilson interval (1927).

    What the newest inspection of a frame said (or the model's), against what people say of it. An
    audit judges the whole frame, the newest one counts. Reviews judge a frame once every finding
    that counts is settled: it is defective with a confirmed finding, else good; rejected findings
    count on frames that passed, where they are all there is. Rates hold for the frames that people
    chose to judge: audit at random to know the line.
    """
    model_id = None if wanted.model is None else model_named(opened, wanted.model)
    zone = plant_zone(opened)
    counts: dict[_Group, Counter[bool]] = {}
    for source, frames in (
        ("audits", _audited(opened, wanted, model_id)),
        ("reviews", _reviewed(opened, wanted, model_id)),
    ):
        for frame in frames:
            group = _group(frame, wanted.by, zone, source=source)
            counts.setdefault(group, Counter())[frame.passed == frame.defective] += 1
    rates = [_rate(group, counts[group], wanted.confidence) for group in counts]
    rates.sort(key=lambda one: (one.measure, one.source, one.per))
    return rows_table(rates, ErrorRate)


@dataclass(frozen=True, kw_only=True)
class _Judged:
    """A frame that people judged."""

    taken_at: datetime
    line_id: str
    part: str
    camera_id: str
    passed: bool
    defective: bool


@dataclass(frozen=True, kw_only=True)
class _Group:
    measure: str
    source: str
    name: str
    span: Span | None


def _audited(opened: Session, wanted: EscapesOf, model_id: str | None) -> Iterator[_Judged]:
    newer = aliased(Audit)
    newest = select(func.max(newer.id)).where(newer.frame_id == Frame.id)
    chosen = (
        _judged_frames(wanted, model_id)
        .add_columns(Audit.judgement)
        .join(Audit, Audit.frame_id == Frame.id)
        .where(Audit.id == newest.correlate(Frame).scalar_subquery())
    )
    for row in opened.execute(chosen).mappings():
        yield _judged(row, defective=row["judgement"] is Judgement.DEFECTIVE)


def _reviewed(opened: Session, wanted: EscapesOf, model_id: str | None) -> Iterator[_Judged]:
    """Of each inspection with a settled finding: what is left to say, and was any confirmed?"""
    frames = wanted.frames()
    about = finding_conditions(
        FindingFilter(
            part=frames.part,
            line_id=frames.line_id,
            camera_id=frames.camera_id,
            since=frames.since,
            until=frames.until,
        )
    )
    settled = select(Finding.inspection_id).where(Finding.state.in_(SETTLED), *about)
    counts = or_(Finding.verdict != Verdict.REJECTED, Inspection.outcome == Outcome.PASSED)
    open_ones = case((and_(counts, Finding.state.not_in(SETTLED)), 1), else_=0)
    judged_ones = case((and_(counts, Finding.state.in_(SETTLED)), 1), else_=0)
    confirmed = case((Finding.state == ReviewState.CONFIRMED, 1), else_=0)
    chosen = (
        _judged_frames(wanted, model_id)
        .add_columns(func.sum(confirmed).label("confirmed"))
        .join(Finding, Finding.inspection_id == Inspection.id)
        .where(Inspection.id.in_(settled))
        .group_by(Frame.id, Inspection.id)
        .having(and_(func.sum(open_ones) == 0, func.sum(judged_ones) > 0))
    )
    for row in opened.execute(chosen).mappings():
        yield _judged(row, defective=row["confirmed"] > 0)


def _judged_frames(wanted: EscapesOf, model_id: str | None) -> Rows:
    """Frames of the selection with the inspection that counts, where it said pass or fail."""
    newer = aliased(Inspection)
    newest = select(func.max(newer.id)).where(newer.frame_id == Frame.id)
    if model_id is not None:
        newest = newest.where(newer.model_id == model_id)
    frames = wanted.frames()
    about = inspection_conditions(
        InspectionFilter(
            part=frames.part,
            line_id=frames.line_id,
            camera_id=frames.camera_id,
            since=frames.since,
            until=frames.until,
        )
    )
    return (
        select(Frame.taken_at, Frame.line_id, Frame.part, Frame.camera_id, Inspection.outcome)
        .join(Inspection, Inspection.frame_id == Frame.id)
        .where(
            Inspection.id == newest.correlate(Frame).scalar_subquery(),
            Inspection.outcome != Outcome.UNFIT,
            *about,
        )
    )


def _judged(row: RowMapping, *, defective: bool) -> _Judged:
    return _Judged(
        taken_at=row["taken_at"],
        line_id=row["line_id"],
        part=row["part"],
        camera_id=row["camera_id"],
        passed=row["outcome"] is Outcome.PASSED,
        defective=defective,
    )


def _group(frame: _Judged, by: Per, zone: ZoneInfo, *, source: str) -> _Group:
    named = {
        Per.TOTAL: "all",
        Per.LINE: frame.line_id,
        Per.PART: frame.part,
        Per.CAMERA: frame.camera_id,
    }
    span = None
    if by not in named:
        span = span_of(frame.taken_at, Period(by), read_shifts(USUAL_SHIFTS), zone)
    return _Group(
        measure="escape" if frame.passed else "false_call",
        source=source,
        name=named[by] if span is None else span.name,
        span=span,
    )


def _rate(group: _Group, counts: Counter[bool], confidence: float) -> ErrorRate:
    frames, count = counts.total(), counts[True]
    low, high = wilson_interval(count, frames, confidence=confidence) or (0.0, 1.0)
    return ErrorRate(
        measure=group.measure,
        source=group.source,
        per=group.name,
        from_at=None if group.span is None else group.span.from_at,
        to_at=None if group.span is None else group.span.to_at,
        frames=frames,
        count=count,
        rate=count / frames,
        low=low,
        high=high,
    )
