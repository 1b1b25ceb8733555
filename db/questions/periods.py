"""Days, weeks, hours and shifts of a plant, on its own clock: pure rules, no clock inside.

A day is what the wall clock says: 23 or 25 hours long where the clocks change. A shift lasts until
the next one begins, and one that crosses midnight belongs to the day on which it began.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from db.errors import QuestionRefused

USUAL_SHIFTS = "early=06:00,late=14:00,night=22:00"
_QUARTER_MIN = 15


class Period(StrEnum):
    """How time is cut in pieces that follow each other."""

    HOUR = "hour"
    SHIFT = "shift"
    DAY = "day"
    WEEK = "week"


@dataclass(frozen=True, kw_only=True)
class Shift:
    name: str
    begins: time  # on the wall clock


@dataclass(frozen=True, kw_only=True)
class Span:
    """A named piece of time; both ends in UTC, the second not included."""

    name: str
    from_at: datetime
    to_at: datetime


def read_shifts(written: str, *, field: str = "shifts") -> tuple[Shift, ...]:
    """`early=06:00,late=14:00,night=22:00`, in the order of the day. Raises QuestionRefused."""
    shifts = sorted(
        (_shift(one, field) for one in written.split(",") if one.strip()),
        key=lambda shift: shift.begins,
    )
    names, begins = {one.name for one in shifts}, {one.begins for one in shifts}
    if not shifts or len(names) < len(shifts) or len(begins) < len(shifts):
        raise QuestionRefused(
            f"{field}: {written!r}: give each shift a name and a beginning of its own, such as "
            f"{USUAL_SHIFTS}",
            field=field,
        )
    return tuple(shifts)


def shift_at(moment: datetime, shifts: tuple[Shift, ...], zone: ZoneInfo) -> tuple[Span, Shift]:
    """The shift that a moment lies in, named after the day on which it began."""
    today = moment.astimezone(zone).date()
    begun = sorted(
        (
            (_in_utc(day, shift.begins, zone), day, shift)
            for day in (today + timedelta(days=offset) for offset in (-1, 0, 1))
            for shift in shifts
        ),
        key=lambda one: one[0],
    )
    at = max(place for place, (begins, _, _) in enumerate(begun) if begins <= moment)
    begins, day, shift = begun[at]
    return Span(name=f"{day} {shift.name}", from_at=begins, to_at=begun[at + 1][0]), shift


def span_of(moment: datetime, period: Period, shifts: tuple[Shift, ...], zone: ZoneInfo) -> Span:
    """The hour, shift, day or week (from Monday) that a moment lies in."""
    if period is Period.SHIFT:
        return shift_at(moment, shifts, zone)[0]
    local = moment.astimezone(zone)
    if period is Period.HOUR:  # the hour that the clocks repeat is two hours: the offset tells
        begins = local.replace(minute=0, second=0, microsecond=0)
        from_at = begins.astimezone(UTC)
        name = begins.isoformat(sep=" ", timespec="minutes")
        return Span(name=name, from_at=from_at, to_at=from_at + timedelta(hours=1))
    day = local.date()
    length = 1
    name = str(day)
    if period is Period.WEEK:
        year, week, weekday = day.isocalendar()
        day, length, name = day - timedelta(days=weekday - 1), 7, f"{year}-W{week:02}"
    return Span(
        name=name,
        from_at=_in_utc(day, time(), zone),
        to_at=_in_utc(day + timedelta(days=length), time(), zone),
    )


def _shift(written: str, field: str) -> Shift:
    name, equals, begins = (word.strip() for word in written.partition("="))
    try:
        at = time.fromisoformat(begins)
    except ValueError as error:
        raise QuestionRefused(
            f"{field}: {written.strip()!r} is not a shift: write its name and when it begins, such "
            "as early=06:00",
            field=field,
        ) from error
    if not name or not equals or at.tzinfo or at.minute % _QUARTER_MIN or at.second:
        raise QuestionRefused(
            f"{field}: {written.strip()!r}: a shift has a name and begins at a full quarter of an "
            "hour, the size in which inspections are counted",
            field=field,
        )
    return Shift(name=name, begins=at)


def _in_utc(day: date, at: time, zone: ZoneInfo) -> datetime:
    """A time that the clocks skip is the moment they skip it (or the same wait after it)."""
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
