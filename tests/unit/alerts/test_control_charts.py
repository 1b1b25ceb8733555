"""Control limits against a published example, EWMA against its formula, runs against tables.

The example: Montgomery, Introduction to Statistical Quality Control, 6th edition, example 7.1,
table 7.1: 30 samples of 50 cans of orange juice concentrate.
"""

from __future__ import annotations

from math import sqrt

import pytest

from inspect_pipeline.alerts.control import (
    Reference,
    Sample,
    ewma_signals,
    p_signals,
    reference_of,
)
from inspect_pipeline.alerts.history import Counts, History
from tests.unit.alerts.literal_histories import SPOT, asked, at, minutes_of, rule

CANS = [12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22]
CANS += [8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12, 7, 13, 9, 6]
SAMPLES = [Sample(failed=failed, inspected=50) for failed in CANS]


def test_limits_are_those_of_the_published_example() -> None:
    reference = reference_of(SAMPLES, overdispersion=False)

    assert reference is not None
    assert reference.centre == pytest.approx(0.2313, abs=5e-5)  # 347 of 1500
    assert reference.upper(50) == pytest.approx(0.4102, abs=5e-5)
    said = p_signals(SAMPLES, reference, run_rules=False)
    assert [place + 1 for place, words in enumerate(said) if words] == [15, 23]


def test_limits_without_the_two_samples_are_those_of_the_published_revision() -> None:
    kept = [one for place, one in enumerate(SAMPLES) if place + 1 not in (15, 23)]

    reference = reference_of(kept, overdispersion=False)

    assert reference is not None
    assert reference.centre == pytest.approx(0.2150, abs=5e-5)  # 301 of 1400
    assert reference.upper(50) == pytest.approx(0.3893, abs=5e-5)
    said = p_signals(SAMPLES, reference, run_rules=False)
    assert [place + 1 for place, words in enumerate(said) if words] == [15, 21, 23]


def test_samples_that_truly_vary_widen_the_limits() -> None:
    wild = [Sample(failed=failed, inspected=1000) for failed in (100, 200, 90, 210, 110, 190)]

    plain = reference_of(wild, overdispersion=False)
    laney = reference_of(wild, overdispersion=True)

    assert plain is not None
    assert laney is not None
    assert any(p_signals(wild, plain, run_rules=False))
    assert not any(p_signals(wild, laney, run_rules=False))


@pytest.mark.parametrize(
    ("distances", "words"),
    [
        ([0, 0, 3.1], "beyond 3 sigma"),
        ([2.1, 0, 2.1], "2 of 3 beyond 2 sigma"),
        ([1.1, 1.1, 0, 1.1, 1.1], "4 of 5 beyond 1 sigma"),
        ([0.1] * 8, "8 in a row above the centre"),
        ([0.1] * 7, None),
        ([2.1, 2.1, 0], None),  # the newest is what calls
        ([-3.5], None),
        ([-2.5, -2.5, -2.5], None),
    ],
    ids=str,
)
def test_runs(distances: list[float], words: str | None) -> None:
    reference = Reference(centre=0.5, spread=1.0)
    sigma = sqrt(0.25 / 10_000)
    samples = [
        Sample(failed=round(10_000 * (0.5 + far * sigma)), inspected=10_000) for far in distances
    ]

    assert p_signals(samples, reference)[-1] == words


def test_the_weighted_average_finds_a_small_shift_that_no_single_sample_shows() -> None:
    reference = Reference(centre=0.10, spread=1.0)
    shifted = [Sample(failed=13, inspected=100)] * 12  # one sigma above

    points = ewma_signals(shifted, reference, weight=0.2, sigmas=2.7)

    assert not any(p_signals(shifted, reference, run_rules=False))
    assert points[0][0] == pytest.approx(0.106)
    assert points[0][1] == pytest.approx(0.10 + 2.7 * 0.2 * 0.03)
    assert points[-1][1] == pytest.approx(0.10 + 2.7 * 0.03 * sqrt(0.2 / 1.8), rel=0.01)
    first = next(place for place, (average, limit) in enumerate(points) if average > limit)
    assert first in range(4, 12)


def test_a_rate_is_called_against_the_days_before_and_ends_below_its_limit() -> None:
    usual = tuple(
        Counts(slot_at=at(15 * quarter), spot=SPOT, passed=96, failed=4 + quarter % 3 - 1)
        for quarter in range(-4 * 24 * 3, -24)
    )
    today = tuple(
        Counts(slot_at=at(60 * hour), spot=SPOT, passed=100 - failed, failed=failed)
        for hour, failed in enumerate((4, 3, 16, 15, 4, 3))
    )
    rate = rule("rate", reference_days=2)

    calls = asked(rate, History(counts=(*usual, *today)), until=360)

    assert [
        (minute, call.is_end) for minute, call in zip(minutes_of(calls), calls, strict=True)
    ] == [
        (180, False),
        (240, False),
        (300, True),
    ]
    assert calls[0].facts["rule"] == "beyond 3 sigma"
    assert "16.0 % of 100 parts failed" in calls[0].text
    assert asked(rate, History(counts=(*usual, *today)), until=179) == []  # not before its end


def test_without_a_reference_nothing_is_said() -> None:
    first_day = tuple(
        Counts(slot_at=at(60 * hour), spot=SPOT, passed=50, failed=50) for hour in range(4)
    )

    assert asked(rule("rate"), History(counts=first_day)) == []
