"""Shifts of a plant: when each begins, on which days it is worked, and when nobody works."""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from plant_config.section import Identifier, Section, refuse_value

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
QUARTER_MIN = 15
ALL = "all"
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


def _time_of_day(value: object) -> object:
    if not isinstance(value, str):
        return value
    if not _CLOCK.fullmatch(value):
        refuse_value(f'is {value!r}, not a time of day: write hours and minutes, such as "06:00"')
    found = time.fromisoformat(value)
    if found.minute % QUARTER_MIN:
        refuse_value(
            f"is {value!r}: a shift begins and ends at a full quarter of an hour, the size in "
            "which inspections are counted"
        )
    return found


TimeOfDay = Annotated[time, BeforeValidator(_time_of_day, json_schema_input_type=str)]


class ShiftSettings(Section):
    name: Identifier = Field(description="Name of the shift, as people on the floor call it.")
    begins: TimeOfDay = Field(description='When it begins on the plant\'s clock, such as "06:00".')
    ends: TimeOfDay | None = Field(
        default=None,
        description=(
            "When it ends, where nobody works until the next shift begins; leave out for a shift "
            "that lasts until then."
        ),
    )
    weekdays: tuple[Weekday, ...] = Field(
        default=WEEKDAYS,
        min_length=1,
        strict=False,
        description=(
            "Days on which it is worked, mon to sun: the day on which it begins counts. Leave out "
            "for every day."
        ),
    )
