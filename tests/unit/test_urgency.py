"""The order of the queue: what is looked at first."""

from __future__ import annotations

from itertools import product

import pytest

from db.urgency import urgency, urgency_range
from db.words import Severity, Verdict

WORST_FIRST = [
    (Severity.CRITICAL, Verdict.CONFIRMED),
    (Severity.CRITICAL, Verdict.UNSURE),
    (Severity.MAJOR, Verdict.CONFIRMED),
    (Severity.MAJOR, Verdict.UNSURE),
    (Severity.MINOR, Verdict.CONFIRMED),
    (Severity.MINOR, Verdict.UNSURE),
]


def test_severity_comes_before_verdict_and_verdict_before_score() -> None:
    figures = [
        urgency(verdict=verdict, severity=severity, score=score)
        for severity, verdict in WORST_FIRST
        for score in (0.99, 0.5, 0.0)
    ]

    assert figures == sorted(figures, reverse=True)
    assert len(set(figures)) == len(figures)


@pytest.mark.parametrize(("severity", "score"), list(product(Severity, (0.0, 0.5, 0.999))))
def test_what_verification_rejected_comes_after_everything_that_counts(
    severity: Severity, score: float
) -> None:
    rejected = urgency(verdict=Verdict.REJECTED, severity=severity, score=score)

    assert rejected == score
    assert rejected < urgency(verdict=Verdict.UNSURE, severity=Severity.MINOR, score=0.0)


def test_urgency_lies_between_nought_and_seven() -> None:
    everything = [
        urgency(verdict=verdict, severity=severity, score=score)
        for verdict, severity, score in product(Verdict, Severity, (0.0, 1.0))
    ]

    assert (min(everything), max(everything)) == (0.0, 7.0)


@pytest.mark.parametrize("verdict", [None, *Verdict])
@pytest.mark.parametrize("severity", [None, *Severity])
def test_the_range_of_a_sort_holds_all_of_it(
    verdict: Verdict | None, severity: Severity | None
) -> None:
    low, high = urgency_range(verdict=verdict, severity=severity)

    figures = [
        urgency(verdict=one, severity=other, score=score)
        for one, other, score in product(Verdict, Severity, (0.0, 0.5, 1.0))
        if verdict in (None, one) and severity in (None, other)
    ]
    assert (low, high) == (min(figures), max(figures))
