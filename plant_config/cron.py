"""Times of the wall clock in the five fields of cron: minute, hour, day, month, weekday."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Annotated

from pydantic import AfterValidator

from plant_config.section import refuse_value
from plant_config.shifts import WEEKDAYS

_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 6))
_PIECE = re.compile(r"(?P<from>\*|\w+)(-(?P<to>\w+))?(/(?P<step>\d{1,2}))?")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass(frozen=True, kw_only=True)
class Cron:
    """`every_hour`: the hour begins with a star, so time goes on evenly where clocks change."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]  # Monday is 0
    every_hour: bool

    def is_day(self, day: date) -> bool:
        return day.month in self.months and day.day in self.days and day.weekday() in self.weekdays

    def times(self) -> list[time]:
        """Those of one day, in order."""
        return [time(hour, minute) for hour in self.hours for minute in self.minutes]


def read_cron(written: str) -> Cron:
    """Raises ValueError with the field that is wrong and why."""
    fields = written.lower().split()
    if len(fields) != len(_FIELDS):
        raise ValueError(
            f"{written!r} has {len(fields)} fields: write five, minute hour day month weekday, "
            'such as "30 2 * * mon-fri"'
        )
    minutes, hours, days, months, weekdays = (
        _values(field, *bounds) for field, bounds in zip(fields, _FIELDS, strict=True)
    )
    if fields[2] != "*" and fields[4] != "*":
        raise ValueError("names days of the month and weekdays: leave a star in one of the two")
    cron = Cron(
        minutes=minutes,
        hours=hours,
        days=days,
        months=months,
        weekdays=weekdays,
        every_hour=fields[1].startswith("*"),
    )
    if not any(_exists(day, month) for day in days for month in months):
        raise ValueError(f"{written!r} names a day that no month has")
    return cron


def _values(field: str, name: str, least: int, most: int) -> tuple[int, ...]:
    found: set[int] = set()
    for written in field.split(","):
        piece = _PIECE.fullmatch(written)
        if piece is None:
            raise ValueError(f"the {name} {written!r} is neither *, a number, a-b nor */n")
        step = int(piece["step"] or 1)
        if piece["from"] == "*":
            begin, end = least, most
        else:
            begin = _number(piece["from"], name, least, most)
            end = _number(piece["to"], name, least, most) if piece["to"] else begin
            end = most if piece["step"] and not piece["to"] else end
        if begin > end or step < 1 or (piece["from"] == "*" and piece["to"]):
            raise ValueError(f"the {name} {written!r} is empty: write the smaller one first")
        found.update(range(begin, end + 1, step))
    return tuple(sorted(found))


def _number(written: str, name: str, least: int, most: int) -> int:
    words: Sequence[str] = {"weekday": WEEKDAYS, "month": _MONTHS}.get(name, ())
    if written in words:
        return words.index(written) + least
    if name == "weekday":
        raise ValueError(
            f"the weekday {written!r}: write mon to sun, since programs number weekdays differently"
        )
    if not written.isdigit() or not least <= int(written) <= most:
        raise ValueError(f"the {name} {written!r} is not between {least} and {most}")
    return int(written)


def _exists(day: int, month: int) -> bool:
    return day <= (29 if month == 2 else 30 if month in (4, 6, 9, 11) else 31)


def _readable(written: str) -> str:
    try:
        read_cron(written)
    except ValueError as error:
        refuse_value(str(error))
    return written


CronTimes = Annotated[str, AfterValidator(_readable)]
