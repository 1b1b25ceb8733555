"""What the system saves or costs against inspection by hand: pure rules over counted figures.

Every amount is money gained (over 0) or spent (under 0) in the period. What rests on a rate that
people found out by judging frames carries that rate's interval. What nobody judged is not stated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from plant_config.roi import Roi

_YEAR = timedelta(days=365.25)


class Entry(StrEnum):
    """What an amount is for."""

    HAND_WORK = "hand_work"
    REVIEWING = "reviewing"
    FALSE_CALLS = "false_calls"
    ESCAPES = "escapes"
    HAND_ESCAPES = "hand_escapes"
    HARDWARE = "hardware"
    RUNNING = "running"


class Unknown(StrEnum):
    """Why an amount, and with it the whole, cannot be stated."""

    NO_AUDITS = "no_audits"
    NO_JUDGED_FAILURES = "no_judged_failures"
    NO_HAND_RATE = "no_hand_rate"


@dataclass(frozen=True, kw_only=True)
class JudgedRate:
    """`count` of `frames` that people judged, with the 95 % interval of the share."""

    source: str
    count: int
    frames: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Counted:
    """What the database knows of the period; None where nobody judged frames.

    `escape` is of frames that passed, from audits alone; `false_call` of frames that failed.
    """

    period: timedelta
    passed: int
    failed: int
    reviewed: int
    escape: JudgedRate | None
    false_call: JudgedRate | None

    @property
    def inspected(self) -> int:
        return self.passed + self.failed


@dataclass(frozen=True, kw_only=True)
class Amount:
    """Money with its interval: low <= value <= high."""

    entry: Entry
    value: float
    low: float
    high: float

    @property
    def is_exact(self) -> bool:
        return self.low == self.high


@dataclass(frozen=True, kw_only=True)
class Worth:
    """`total` is None while anything in `unknown` keeps it from being known.

    `known` is the sum of what can be stated, escapes left out where nobody knows them.
    """

    amounts: tuple[Amount, ...]
    unknown: tuple[Unknown, ...]
    known: tuple[float, float, float]
    total: tuple[float, float, float] | None


def worth_of(counted: Counted, costs: Roi) -> Worth:
    """Against every part being inspected by hand, over the period."""
    amounts = [*_certain(counted, costs)]
    unknown = []
    if counted.failed and counted.false_call is None:
        unknown.append(Unknown.NO_JUDGED_FAILURES)
    elif counted.false_call is not None:
        per_share = -counted.failed * costs.false_call_cost
        amounts.append(_by_rate(Entry.FALSE_CALLS, per_share, counted.false_call))
    if counted.passed and counted.escape is None:
        unknown.append(Unknown.NO_AUDITS)
    elif counted.escape is not None:
        per_share = -counted.passed * costs.escape_cost
        amounts.append(_by_rate(Entry.ESCAPES, per_share, counted.escape))
    if costs.hand_escape_rate is None:
        unknown.append(Unknown.NO_HAND_RATE)
    elif not unknown:
        amounts.append(_hand_escapes(counted, costs, costs.hand_escape_rate))
    known = added(amounts)
    is_known = all(one is Unknown.NO_HAND_RATE for one in unknown)
    return Worth(
        amounts=tuple(amounts),
        unknown=tuple(unknown),
        known=known,
        total=known if is_known else None,
    )


def added(amounts: list[Amount]) -> tuple[float, float, float]:
    """Sum with its interval, each amount's rate estimated by itself.

    Distances to the ends are added as squares (MOVER; Zou and Donner, Statistics in Medicine 27,
    2008).
    """
    value = sum(one.value for one in amounts)
    below = math.sqrt(sum((one.value - one.low) ** 2 for one in amounts))
    above = math.sqrt(sum((one.high - one.value) ** 2 for one in amounts))
    return value, value - below, value + above


def _certain(counted: Counted, costs: Roi) -> list[Amount]:
    years = counted.period / _YEAR
    wage_per_minute = costs.wage_per_hour / 60
    return [
        _exact(Entry.HAND_WORK, counted.inspected * costs.hand_minutes_per_part * wage_per_minute),
        _exact(
            Entry.REVIEWING,
            -counted.reviewed * costs.review_minutes_per_finding * wage_per_minute,
        ),
        _exact(Entry.HARDWARE, -costs.hardware_cost / costs.hardware_years * years),
        _exact(Entry.RUNNING, -costs.running_cost_per_year * years),
    ]


def _hand_escapes(counted: Counted, costs: Roi, hand_rate: float) -> Amount:
    """Escapes that inspection by hand would have let through: of all that are truly defective."""
    ends = []
    for name in ("share", "low", "high"):
        escaped = 0.0 if counted.escape is None else counted.passed * getattr(counted.escape, name)
        other = {"share": "share", "low": "high", "high": "low"}[name]
        false = 0.0 if counted.false_call is None else getattr(counted.false_call, other)
        defective = escaped + counted.failed * (1 - false)
        ends.append(defective * hand_rate * costs.escape_cost)
    value, low, high = ends
    return Amount(entry=Entry.HAND_ESCAPES, value=value, low=low, high=high)


def _by_rate(entry: Entry, per_share: float, rate: JudgedRate) -> Amount:
    ends = sorted((per_share * rate.low, per_share * rate.high))
    return Amount(entry=entry, value=per_share * rate.share, low=ends[0], high=ends[1])


def _exact(entry: Entry, value: float) -> Amount:
    return Amount(entry=entry, value=value, low=value, high=value)
