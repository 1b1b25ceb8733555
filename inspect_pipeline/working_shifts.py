"""When does which shift of the plant work? Pure rules, no clock inside.

A shift begins and ends by the plant's wall clock, so one is an hour shorter or longer where the
clocks change. It belongs to the day on which it begins: the night shift of the 24th works into a
holiday on the 25th.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from db.questions.periods import USUAL_SHIFTS, Shift, read_shifts, shift_at
from plant_config.schedule import Schedule
from plant_config.shifts import ALL

_LONGEST_PAUSE = timedelta(days=60)  # between two working shifts: a plant's holidays are shorter


@dataclass(frozen=True, kw_only=True)
class WorkingShift:
    """One shift of one day; both ends in UTC, the second not included."""

    name: str
    day: date
    from_at: datetime
    to_at: datetime

    @property
    def title(self) -> str:
        """As questions about the shift name it, such as `2026-01-15 early`."""
        return f"{self.day} {self.name}"


def shifts_of(schedule: Schedule) -> tuple[Shift, ...]:
    """In the order of the day; the usual three where the plant names none."""
    return read_shifts(schedule.written_shifts or USUAL_SHIFTS)


def working_shift_at(schedule: Schedule, zone: ZoneInfo, moment: datetime) -> WorkingShift | None:
    """The shift that works at this moment; None on a free day or in a pause between shifts."""
    found = _shift_around(schedule, zone, moment)
    if schedule.is_worked(found.name, found.day) and moment < found.to_at:
        return found
    return None


def working_shifts(
    schedule: Schedule, zone: ZoneInfo, from_at: datetime, to_at: datetime
) -> Iterator[WorkingShift]:
    """Those that work at some moment between the two, in the order of time."""
    shifts, moment = shifts_of(schedule), from_at
    while moment < to_at:
        found = _shift_around(schedule, zone, moment)
        if schedule.is_worked(found.name, found.day) and found.to_at > from_at:
            yield found
        moment = shift_at(moment, shifts, zone)[0].to_at


def next_end(
    schedule: Schedule, zone: ZoneInfo, after: datetime, names: tuple[str, ...] = (ALL,)
) -> datetime | None:
    """When does the next working shift of these names end? None within two months: never."""
    for shift in working_shifts(schedule, zone, after, after + _LONGEST_PAUSE):
        if is_named(shift.name, names) and shift.to_at > after:
            return shift.to_at
    return None


def is_named(shift: str, names: tuple[str, ...]) -> bool:
    return ALL in names or shift in names


def _shift_around(schedule: Schedule, zone: ZoneInfo, moment: datetime) -> WorkingShift:
    """The shift whose turn it is, worked or not, and over or not."""
    span, shift = shift_at(moment, shifts_of(schedule), zone)
    day = span.from_at.astimezone(zone).date()
    ends = next((one.ends for one in schedule.shifts if one.name == shift.name), None)
    to_at = span.to_at
    if ends is not None:
        last = day if ends > shift.begins else day + timedelta(days=1)
        ends_at = datetime.combine(last, ends, tzinfo=zone).astimezone(UTC)
        to_at = min(to_at, max(ends_at, span.from_at))
    return WorkingShift(name=shift.name, day=day, from_at=span.from_at, to_at=to_at)
