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
class _Term:
    """fixed + per_escape * escape rate + per_false_call * false-call rate."""

    entry: Entry
    fixed: float = 0.0
    per_escape: float = 0.0
    per_false_call: float = 0.0


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
    unknown = []
    if counted.failed and counted.false_call is None:
        unknown.append(Unknown.NO_JUDGED_FAILURES)
    if counted.passed and counted.escape is None:
        unknown.append(Unknown.NO_AUDITS)
    is_known = not unknown
    terms = [*_certain(counted, costs), *_by_people(counted, costs)]
    if costs.hand_escape_rate is None:
        unknown.append(Unknown.NO_HAND_RATE)
    elif is_known:
        terms.append(_hand_escapes(counted, costs, costs.hand_escape_rate))
    amounts = []
    for term in terms:
        value, low, high = _interval([term], counted)
        amounts.append(Amount(entry=term.entry, value=value, low=low, high=high))
    known = _interval(terms, counted)
    return Worth(
        amounts=tuple(amounts),
        unknown=tuple(unknown),
        known=known,
        total=known if is_known else None,
    )


def _interval(terms: list[_Term], counted: Counted) -> tuple[float, float, float]:
    """The sum of terms with its interval, both rates estimated apart from each other.

    Of each rate all its terms together count once; the distances to the ends are added as squares
    (MOVER; Zou and Donner, Statistics in Medicine 27, 2008).
    """
    value = sum(term.fixed for term in terms)
    below = above = 0.0
    for rate, name in ((counted.escape, "per_escape"), (counted.false_call, "per_false_call")):
        if rate is None:
            continue
        factor: float = sum(getattr(term, name) for term in terms)
        value += factor * rate.share
        ends = (factor * (rate.low - rate.share), factor * (rate.high - rate.share))
        below, above = below + min(ends) ** 2, above + max(ends) ** 2
    return value, value - math.sqrt(below), value + math.sqrt(above)


def _certain(counted: Counted, costs: Roi) -> list[_Term]:
    years = counted.period / _YEAR
    wage_per_minute = costs.wage_per_hour / 60
    by_hand = counted.inspected * costs.hand_minutes_per_part * wage_per_minute
    judging = counted.reviewed * costs.review_minutes_per_finding * wage_per_minute
    return [
        _Term(entry=Entry.HAND_WORK, fixed=by_hand),
        _Term(entry=Entry.REVIEWING, fixed=-judging),
        _Term(entry=Entry.HARDWARE, fixed=-costs.hardware_cost / costs.hardware_years * years),
        _Term(entry=Entry.RUNNING, fixed=-costs.running_cost_per_year * years),
    ]


def _by_people(counted: Counted, costs: Roi) -> list[_Term]:
    """What rests on rates that people found out; nothing where they did not."""
    terms = []
    if counted.false_call is not None:
        per_rate = -counted.failed * costs.false_call_cost
        terms.append(_Term(entry=Entry.FALSE_CALLS, per_false_call=per_rate))
    if counted.escape is not None:
        terms.append(_Term(entry=Entry.ESCAPES, per_escape=-counted.passed * costs.escape_cost))
    return terms


def _hand_escapes(counted: Counted, costs: Roi, hand_rate: float) -> _Term:
    """What people would have let through of all that is defective: escaped, or rightly failed."""
    per_part = hand_rate * costs.escape_cost
    return _Term(
        entry=Entry.HAND_ESCAPES,
        fixed=counted.failed * per_part,
        per_escape=counted.passed * per_part,
        per_false_call=-counted.failed * per_part,
    )
