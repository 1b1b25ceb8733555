"""The moments at which something is due, in UTC: pure rules over the plant's clock and shifts."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

from inspect_pipeline.working_shifts import is_named, next_end, working_shift_at, working_shifts
from plant_config.cron import Cron
from plant_config.schedule import Schedule

_FURTHEST = timedelta(days=366 * 8)  # a 29 February that is a holiday comes again after 8 years
_LONGEST_PAUSE = timedelta(days=60)
_A_MOMENT = timedelta(microseconds=1)


class Times(Protocol):
    def after(self, moment: datetime) -> datetime | None:
        """The first one later than the moment; None where none is to come."""


@dataclass(frozen=True, kw_only=True)
class EverySeconds:
    """Full multiples since 1970, so a restart neither moves nor doubles one."""

    every_s: float

    def after(self, moment: datetime) -> datetime | None:
        number = math.floor(moment.timestamp() / self.every_s + 1e-9) + 1
        return datetime.fromtimestamp(number * self.every_s, UTC)


@dataclass(frozen=True, kw_only=True)
class ByCron:
    """Times of the wall clock. A time that the clocks repeat comes once, one that they skip comes
    as long after the jump as it would have come after its beginning; times of every hour go on
    evenly instead."""

    cron: Cron
    zone: ZoneInfo

    def after(self, moment: datetime) -> datetime | None:
        day = moment.astimezone(self.zone).date() - timedelta(days=1)
        last = day + _FURTHEST
        while day < last:
            if self.cron.is_day(day):
                moments = _moments_of(self.cron, self.zone, day)
                place = bisect_right(moments, moment)
                if place < len(moments):
                    return moments[place]
            day += timedelta(days=1)
        return None


@lru_cache(maxsize=64)  # a day of `* * * * *` takes longer than all else that is done in a second
def _moments_of(cron: Cron, zone: ZoneInfo, day: date) -> tuple[datetime, ...]:
    """The times of one day of the wall clock, in order."""
    found = set()
    for time in cron.times():
        wall = datetime.combine(day, time, tzinfo=zone)
        folds = (0, 1) if cron.every_hour else (0,)
        for moment in (wall.replace(fold=fold).astimezone(UTC) for fold in folds):
            is_real = moment.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None)
            if is_real or not cron.every_hour:
                found.add(moment)
    return tuple(sorted(found))


@dataclass(frozen=True, kw_only=True)
class ShiftEnds:
    schedule: Schedule
    zone: ZoneInfo
    names: tuple[str, ...]

    def after(self, moment: datetime) -> datetime | None:
        return next_end(self.schedule, self.zone, moment, self.names)


@dataclass(frozen=True, kw_only=True)
class ShiftBegins:
    schedule: Schedule
    zone: ZoneInfo
    names: tuple[str, ...]

    def after(self, moment: datetime) -> datetime | None:
        for one in working_shifts(self.schedule, self.zone, moment, moment + _LONGEST_PAUSE):
            if is_named(one.name, self.names) and one.from_at > moment:
                return one.from_at
        return None


@dataclass(frozen=True, kw_only=True)
class DuringShifts:
    """Those of `times` that lie in a working shift of the names."""

    times: Times
    schedule: Schedule
    zone: ZoneInfo
    names: tuple[str, ...]

    def after(self, moment: datetime) -> datetime | None:
        begins = ShiftBegins(schedule=self.schedule, zone=self.zone, names=self.names)
        found = self.times.after(moment)
        last = moment + _FURTHEST
        while found is not None and found < last:
            shift = working_shift_at(self.schedule, self.zone, found)
            if shift is not None and is_named(shift.name, self.names):
                return found
            begin_at = begins.after(found)
            found = None if begin_at is None else self.times.after(begin_at - _A_MOMENT)
        return None
