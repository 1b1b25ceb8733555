"""In which tables things are counted, from short slots to long ones.

Each boundary of a longer slot is a boundary of the shorter ones. Days of what is asked per day are
those of the plant's calendar, and begin anew where its clock is another one.
"""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

from db.models import (
    AgreementDay,
    AgreementMonth,
    AgreementTally,
    FindingDay,
    FindingMonth,
    FindingTally,
    InspectionDay,
    InspectionTally,
    JudgedDay,
    JudgedTally,
    PlaceMonth,
    VerdictDay,
    VerdictTally,
)
from db.models.tallies import Tally
from db.tallies.slots import HOUR, QUARTER, Days, Every, Months, Slots

Level = tuple[type[Tally], Slots]
Levels = tuple[Level, ...]

FINDING_LEVELS: Levels = (
    (FindingTally, Every(HOUR)),
    (FindingDay, Days(UTC)),
    (FindingMonth, Months()),
)
AGREEMENT_LEVELS: Levels = (
    (AgreementTally, Every(QUARTER)),
    (AgreementDay, Days(UTC)),
    (AgreementMonth, Months()),
)
PLACE_LEVELS: Levels = ((PlaceMonth, Months()),)


def inspection_levels(zone: ZoneInfo) -> Levels:
    return (InspectionTally, Every(QUARTER)), (InspectionDay, Days(zone))


def verdict_levels(zone: ZoneInfo) -> Levels:
    return (VerdictTally, Every(QUARTER)), (VerdictDay, Days(zone))


def judged_levels(zone: ZoneInfo) -> Levels:
    return (JudgedTally, Every(QUARTER)), (JudgedDay, Days(zone))


def levels_of_plant(zone: ZoneInfo) -> tuple[Levels, ...]:
    """Those whose longest slots are days of the plant."""
    return inspection_levels(zone), verdict_levels(zone), judged_levels(zone)


def all_levels(zone: ZoneInfo) -> tuple[Levels, ...]:
    return *levels_of_plant(zone), FINDING_LEVELS, PLACE_LEVELS, AGREEMENT_LEVELS
