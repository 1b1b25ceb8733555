"""What the line let through and what it stopped for nothing, as people say who looked again.

Counted from the kept tallies of judged frames (`db.tallies.judging` says what counts).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache, partial
from zoneinfo import ZoneInfo

import pandas as pd
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from db.questions.parameters import asked
from db.questions.periods import Period, Shift, Span, span_of
from db.questions.proportions import CONFIDENCE, wilson_interval
from db.questions.selection import (
    Selection,
    judged_counts,
    model_named,
    plant_shifts,
    plant_zone,
)
from db.tables import rows_table


class Per(StrEnum):
    TOTAL = "total"
    LINE = "line"
    PART = "part"
    CAMERA = "camera"
    DAY = "day"
    WEEK = "week"


_COLUMNS = {
    Per.LINE: "line_id",
    Per.PART: "part",
    Per.CAMERA: "camera_id",
    Per.DAY: "slot_at",
    Per.WEEK: "slot_at",
}


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
    chose to judge: audit at random to know the line. Time is counted in quarters of an hour, each
    where it begins.
    """
    counts: dict[_Group, Counter[bool]] = defaultdict(Counter)
    for group, was_wrong, count in _judged(opened, wanted):
        counts[group][was_wrong] += count
    rates = [_rate(group, counts[group], wanted.confidence) for group in counts]
    rates.sort(key=lambda one: (one.measure, one.source, one.per))
    return rows_table(rates, ErrorRate)


@dataclass(frozen=True, kw_only=True)
class _Group:
    measure: str
    source: str
    name: str
    span: Span | None


def _judged(opened: Session, wanted: EscapesOf) -> Iterator[tuple[_Group, bool, int]]:
    """Kept counts of judged frames by group, and was the model wrong there?"""
    zone = plant_zone(opened)
    kept = judged_counts(wanted, zone=zone).c
    of_model: ColumnElement[bool] = kept.is_newest
    if wanted.model is not None:
        of_model = kept.model_id == model_named(opened, wanted.model)
    per = [] if wanted.by is Per.TOTAL else [kept[_COLUMNS[wanted.by]]]
    keys = (kept.source, kept.passed, kept.defective, *per)
    frames = func.sum(kept.frames)
    chosen = select(*keys, frames).where(of_model).group_by(*keys).having(frames > 0)
    shifts = plant_shifts(opened)
    named = cache(partial(_named, by=wanted.by, shifts=shifts, zone=zone))
    for source, passed, defective, *found, count in opened.execute(chosen):
        name, span = named(*found)
        measure = "escape" if passed else "false_call"
        group = _Group(measure=measure, source=source.value, name=name, span=span)
        yield group, passed is defective, int(count)


def _named(
    found: str | datetime | None = None, *, by: Per, shifts: tuple[Shift, ...], zone: ZoneInfo
) -> tuple[str, Span | None]:
    """What a group is called, from a place or from when a slot begins."""
    if isinstance(found, datetime):
        span = span_of(found, Period(by), shifts, zone)
        return span.name, span
    return found or "all", None


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
