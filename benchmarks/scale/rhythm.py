"""When findings come: shifts, days of the week, bursts, and a roll that was damaged for days."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from benchmarks.scale.world import BEGIN, CAMERAS, DAYS, PARTS, ZONE, part_of

Floats = npt.NDArray[np.float64]
HOURS = 24
BURSTS = 400  # hours in a year in which one camera sees much more than usual
BURST_FACTOR = 12.0
ROLL_EVERY_DAYS = 61  # a web's roll is damaged this often
ROLL_DAYS = 4
ROLL_FACTOR = 3.0
_NIGHT, _SATURDAY, _SUNDAY = 0.45, 0.5, 0.03  # of what a day shift of the week makes


def production() -> Floats:
    """(day, camera, hour of UTC): how much was made, relative to an hour of a day shift."""
    zone = ZoneInfo(ZONE)
    local = [(BEGIN + timedelta(hours=hour)).astimezone(zone) for hour in range(DAYS * HOURS)]
    made = np.array([_made(moment.weekday(), moment.hour) for moment in local])
    return np.repeat(made.reshape(DAYS, 1, HOURS), len(CAMERAS), axis=1)


def findings_weights(random: np.random.Generator) -> Floats:
    """(day, camera, hour), sums to 1: the share of the year's findings in each hour."""
    weights = production() * random.gamma(2.0, 0.5, size=(DAYS, len(CAMERAS), 1))
    weights *= random.gamma(4.0, 0.25, size=weights.shape)
    where = tuple(random.integers(0, size, BURSTS) for size in weights.shape)
    weights[where] *= BURST_FACTOR
    for camera in range(len(CAMERAS)):
        for day in range(DAYS):
            if roll_is_damaged(camera, day):
                weights[day, camera] *= ROLL_FACTOR
    return np.asarray(weights / weights.sum())


def roll_is_damaged(camera: int, day: int) -> bool:
    """On web lines, for some days every two months, and on the last days of the year."""
    if not PARTS[part_of(camera, day)].is_web:
        return False
    return (day + 7 * camera) % ROLL_EVERY_DAYS < ROLL_DAYS or day >= DAYS - 2


def _made(weekday: int, hour: int) -> float:
    shift = 1.0 if 6 <= hour < 22 else _NIGHT
    return shift * {5: _SATURDAY, 6: _SUNDAY}.get(weekday, 1.0)
