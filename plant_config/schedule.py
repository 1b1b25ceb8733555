"""When the plant works: its shifts and its holidays, on the clock of its time zone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time, timedelta
from functools import cache
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from plant_config.section import Problem, Section, refuse, refuse_value
from plant_config.shifts import ALL, WEEKDAYS, ShiftSettings

_DAY = timedelta(days=1)


def _day(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return date.fromisoformat(value)
    except ValueError:
        refuse_value(f'is {value!r}, not a day: write it as "2026-12-24"')


Day = Annotated[date, BeforeValidator(_day, json_schema_input_type=str)]


class Schedule(Section):
    """Without shifts in the file the usual three count: early, late and night, every day."""

    shifts: tuple[ShiftSettings, ...] = Field(
        default=(), strict=False, description="The shifts, one [[schedule.shifts]] block each."
    )
    holidays: tuple[Day, ...] = Field(
        default=(),
        strict=False,
        description='Days on which no shift begins, such as "2026-12-24".',
    )
    country: str | None = Field(
        default=None,
        description="Country whose public holidays count too, by its code: DE, FR, US.",
    )
    region: str | None = Field(
        default=None,
        description="Region of the country, by its code, where holidays differ: BY, BW.",
    )

    def is_holiday(self, day: date) -> bool:
        return day in self.holidays or self._is_public_holiday(day)

    def is_worked(self, shift: str, day: date) -> bool:
        """Does the shift of this name begin on this day? One that the file does not name does."""
        days = {one.name: one.weekdays for one in self.shifts}
        return WEEKDAYS[day.weekday()] in days.get(shift, WEEKDAYS) and not self.is_holiday(day)

    @property
    def written_shifts(self) -> str | None:
        """`early=06:00,late=14:00`; None where the usual ones count."""
        ordered = sorted(self.shifts, key=lambda one: one.begins)
        return ",".join(f"{one.name}={one.begins:%H:%M}" for one in ordered) or None

    def unknown_shift(self, names: Sequence[str]) -> str | None:
        """What is wrong with names of shifts that another section gives, if anything."""
        known = [one.name for one in self.shifts]
        for name in names:
            if not known:
                return "the plant file has no [[schedule.shifts]]: add them, or leave this out"
            if name != ALL and name not in known:
                return f"there is no shift {name!r}: use {ALL}, {', '.join(known)}, or add it"
        return None

    def _is_public_holiday(self, day: date) -> bool:
        if self.country is None:
            return False
        return day in _public_holidays(self.country, self.region, day.year)

    @model_validator(mode="after")
    def _check(self) -> Self:
        refuse([*_wrong_shifts(self.shifts), *_wrong_country(self.country, self.region)])
        return self


@cache
def _public_holidays(country: str, region: str | None, year: int) -> frozenset[date]:
    from holidays import country_holidays

    return frozenset(country_holidays(country, subdiv=region, years=year))


def _wrong_shifts(shifts: Sequence[ShiftSettings]) -> list[Problem]:
    problems = []
    for index, one in enumerate(shifts):
        before = shifts[:index]
        if one.name == ALL:
            reason = f"{ALL!r} means every shift: give it another name"
            problems.append(Problem(key=f"shifts[{index}].name", reason=reason))
        if one.name.casefold() in [other.name.casefold() for other in before]:
            reason = f"{one.name!r} stands here twice: rename one"
            problems.append(Problem(key=f"shifts[{index}].name", reason=reason))
        if one.begins in [other.begins for other in before]:
            reason = f"two shifts begin at {one.begins:%H:%M}: each has a beginning of its own"
            problems.append(Problem(key=f"shifts[{index}].begins", reason=reason))
        if one.ends is not None and _lasts_into_the_next(one, shifts):
            reason = f"{one.ends:%H:%M} is not between its beginning and that of the next shift"
            problems.append(Problem(key=f"shifts[{index}].ends", reason=reason))
    return problems


def _lasts_into_the_next(shift: ShiftSettings, shifts: Sequence[ShiftSettings]) -> bool:
    assert shift.ends is not None
    room = min(_after(shift.begins, other.begins) for other in shifts)
    return _after(shift.begins, shift.ends) > room


def _after(begins: time, until: time) -> timedelta:
    """How long from one time of day to the next time that it is the other; a day where equal."""
    minutes = (until.hour - begins.hour) * 60 + until.minute - begins.minute
    return timedelta(minutes=minutes) % _DAY or _DAY


def _wrong_country(country: str | None, region: str | None) -> list[Problem]:
    if country is None:
        wrong = region is not None
        reason = "stands without country: name the country too, such as DE"
        return [Problem(key="region", reason=reason)] if wrong else []
    from holidays import list_supported_countries

    known = list_supported_countries(include_aliases=False)
    if country not in known:
        reason = f"{country!r} is not a country whose holidays are known: write its code, as DE"
        return [Problem(key="country", reason=reason)]
    if region is not None and region not in known[country]:
        codes = ", ".join(known[country]) or "it has none"
        return [Problem(key="region", reason=f"{country} has no region {region!r}: {codes}")]
    return []
