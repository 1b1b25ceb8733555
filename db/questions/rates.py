"""How many parts fail, where and when, how sure is that, and when is it unusual?

Counted from the kept tallies: an answer costs the same whether a thousand or ten million findings
lie behind it. Time is counted in quarters of an hour, each where it begins.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.errors import QuestionRefused
from db.questions.parameters import asked
from db.questions.periods import (
    Period,
    Shift,
    Span,
    read_shifts,
    shift_at,
    span_of,
)
from db.questions.proportions import CONFIDENCE, control_limits, wilson_interval
from db.questions.selection import (
    Selection,
    inspection_counts,
    model_named,
    plant_shifts,
    plant_zone,
)
from db.tables import rows_table
from db.words import Outcome

SHIFTS_SAY = "When each shift begins, such as early=06:00,late=14:00. Left out: the plant's shifts."
_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


class By(StrEnum):
    """What a rate is asked per. `*_of_day` lays all days on top of each other."""

    TOTAL = "total"
    LINE = "line"
    PART = "part"
    CAMERA = "camera"
    MODEL = "model"
    HOUR = "hour"
    SHIFT = "shift"
    DAY = "day"
    WEEK = "week"
    HOUR_OF_DAY = "hour_of_day"
    SHIFT_OF_DAY = "shift_of_day"


PLACES = {By.LINE: "line_id", By.PART: "part", By.CAMERA: "camera_id", By.MODEL: "model_id"}
CUTS = (By.HOUR, By.SHIFT, By.DAY, By.WEEK, By.HOUR_OF_DAY, By.SHIFT_OF_DAY)


@dataclass(frozen=True, kw_only=True)
class RateOf(Selection):
    model: str | None = asked("Only this model: its name, or how its id begins.")
    by: tuple[By, ...] = asked("Per what: several, of times only one.", (By.DAY,))
    shifts: str | None = asked(SHIFTS_SAY)
    confidence: float = asked("Of the interval.", CONFIDENCE, least=0.5, most=0.9999)

    def __post_init__(self) -> None:
        super().__post_init__()
        times = [one for one in self.by if one in CUTS]
        if len(times) > 1 or len(set(self.by)) < len(self.by):
            raise QuestionRefused(
                f"by: {','.join(self.by)}: name each once, and only one that cuts time",
                field="by",
            )
        if self.shifts is not None:
            read_shifts(self.shifts)

    @property
    def cut(self) -> By | None:
        """How time is cut, if it is."""
        return next((one for one in self.by if one in CUTS), None)


@dataclass(frozen=True, kw_only=True)
class Rate:
    """`rate` is failed / inspected with its interval; `inspected` leaves out what was unfit."""

    line_id: str | None
    part: str | None
    camera_id: str | None
    model_id: str | None
    period: str | None
    from_at: datetime | None
    to_at: datetime | None
    inspected: int
    failed: int
    unfit: int
    rate: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class ChartOf(Selection):
    model: str | None = asked("Only this model: its name, or how its id begins.")
    by: Period = asked("What one point of the chart covers.", Period.DAY)
    shifts: str | None = asked(SHIFTS_SAY)
    laney: bool = asked("Widen the limits by how much the points truly vary (p').", False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.shifts is not None:
            read_shifts(self.shifts)


@dataclass(frozen=True, kw_only=True)
class ChartPoint:
    """`outside` marks a rate that chance alone does not explain."""

    period: str
    from_at: datetime | None
    to_at: datetime | None
    inspected: int
    failed: int
    rate: float
    centre: float
    low: float
    high: float
    outside: bool


def defect_rate(opened: Session, wanted: RateOf) -> pd.DataFrame:
    """Which share of inspections failed? With the Wilson interval (Wilson 1927), by time then name.

    A frame that two models inspected counts for each: ask for one model, or by model.
    """
    return rows_table(_rates(opened, wanted), Rate)


def control_chart(opened: Session, wanted: ChartOf) -> pd.DataFrame:
    """When was the defect rate unusual? Three-sigma limits of a p chart (NIST/SEMATECH 6.3.3.2)."""
    asked_rate = RateOf(
        line=wanted.line,
        part=wanted.part,
        camera=wanted.camera,
        since=wanted.since,
        until=wanted.until,
        model=wanted.model,
        by=(By(wanted.by),),
        shifts=wanted.shifts,
    )
    rates = [rate for rate in _rates(opened, asked_rate) if rate.inspected > 0]
    limits = control_limits(
        np.array([rate.failed for rate in rates], dtype=np.int64),
        np.array([rate.inspected for rate in rates], dtype=np.int64),
        laney=wanted.laney,
    )
    points = [
        ChartPoint(
            period=rate.period or "",
            from_at=rate.from_at,
            to_at=rate.to_at,
            inspected=rate.inspected,
            failed=rate.failed,
            rate=rate.failed / rate.inspected,
            centre=limits.centre,
            low=float(limits.low[place]),
            high=float(limits.high[place]),
            outside=bool(limits.outside[place]),
        )
        for place, rate in enumerate(rates)
    ]
    return rows_table(points, ChartPoint)


@dataclass(frozen=True, kw_only=True)
class _Time:
    """A piece of time; `order` sorts pieces that have no date."""

    name: str
    order: int = 0
    span: Span | None = None


_Group = tuple[_Time | None, tuple[str, ...]]


def _order(group: _Group) -> tuple[datetime, int, tuple[str, ...]]:
    time, places = group
    if time is None or time.span is None:
        return _LONG_AGO, 0 if time is None else time.order, places
    return time.span.from_at, time.order, places


class _Times:
    """Which piece of time a slot belongs to, for slots in the order of time; by place in `met`."""

    def __init__(self, *, cut: By | None, shifts: tuple[Shift, ...], zone: ZoneInfo) -> None:
        self._cut, self._shifts, self._zone = cut, shifts, zone
        self._until = _LONG_AGO
        self._now = 0
        self._places: dict[_Time, int] = {}
        self.met: list[_Time | None] = [None]

    def of(self, slot_at: datetime | None) -> int:
        if self._cut is not None and slot_at is not None and slot_at >= self._until:
            time, self._until = self._found(self._cut, slot_at)
            self._now = self._places.setdefault(time, len(self.met))
            if self._now == len(self.met):
                self.met.append(time)
        return self._now

    def _found(self, cut: By, slot_at: datetime) -> tuple[_Time, datetime]:
        """The piece that the slot lies in, and when it ends."""
        if cut is By.HOUR_OF_DAY:
            span = span_of(slot_at, Period.HOUR, self._shifts, self._zone)
            hour = slot_at.astimezone(self._zone).hour
            return _Time(name=f"{hour:02}:00", order=hour), span.to_at
        if cut is By.SHIFT_OF_DAY:
            span, shift = shift_at(slot_at, self._shifts, self._zone)
            return _Time(name=shift.name, order=self._shifts.index(shift)), span.to_at
        span = span_of(slot_at, Period(cut), self._shifts, self._zone)
        return _Time(name=span.name, span=span), span.to_at


def _rates(opened: Session, wanted: RateOf) -> list[Rate]:
    zone = plant_zone(opened)
    times = _Times(cut=wanted.cut, shifts=plant_shifts(opened, wanted.shifts), zone=zone)
    counts: dict[tuple[int, tuple[str, ...]], Counter[Outcome]] = defaultdict(Counter)
    for slot_at, places, outcome, count in _tallied(opened, wanted, zone):
        counts[times.of(slot_at), places][outcome] += count
    found = {(times.met[time], places): sums for (time, places), sums in counts.items()}
    named = [one for one in wanted.by if one in PLACES]
    return [
        _rate(dict(zip(named, places, strict=True)), time, found[time, places], wanted)
        for time, places in sorted(found, key=_order)
    ]


def _tallied(
    opened: Session, wanted: RateOf, zone: ZoneInfo
) -> Iterator[tuple[datetime | None, tuple[str, ...], Outcome, int]]:
    """Counts per slot (where time is cut, in its order), places and outcome."""
    by_day = wanted.cut in (None, By.DAY, By.WEEK)
    kept = inspection_counts(wanted, zone=zone, by_day=by_day).c
    places = [kept[PLACES[one]] for one in wanted.by if one in PLACES]
    slots = [] if wanted.cut is None else [kept.slot_at]
    chosen = (
        select(*slots, *places, kept.outcome, func.sum(kept.inspections))
        .group_by(*slots, *places, kept.outcome)
        .order_by(*slots)
    )
    if wanted.model is not None:
        chosen = chosen.where(kept.model_id == model_named(opened, wanted.model))
    for row in opened.execute(chosen):
        *names, outcome, count = row
        slot_at = names.pop(0) if slots else None
        yield slot_at, tuple(names), outcome, int(count)


def _rate(
    places: dict[By, str], time: _Time | None, counts: Counter[Outcome], wanted: RateOf
) -> Rate:
    failed = counts[Outcome.FAILED]
    inspected = failed + counts[Outcome.PASSED]
    interval = wilson_interval(failed, inspected, confidence=wanted.confidence)
    span = None if time is None else time.span
    return Rate(
        line_id=places.get(By.LINE),
        part=places.get(By.PART),
        camera_id=places.get(By.CAMERA),
        model_id=places.get(By.MODEL),
        period=None if time is None else time.name,
        from_at=None if span is None else span.from_at,
        to_at=None if span is None else span.to_at,
        inspected=inspected,
        failed=failed,
        unfit=counts[Outcome.UNFIT],
        rate=None if interval is None else failed / inspected,
        low=None if interval is None else interval[0],
        high=None if interval is None else interval[1],
    )
