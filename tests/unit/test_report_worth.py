"""What the system is worth from literal counts and costs; the interval of a difference."""

from __future__ import annotations

from datetime import timedelta

import pytest

from db.questions.proportions import share_difference
from inspect_pipeline.reports.plant.roi import Counted, Entry, JudgedRate, Unknown, worth_of
from plant_config.roi import Roi

COSTS = Roi(
    currency="EUR",
    hand_minutes_per_part=0.5,
    wage_per_hour=60.0,
    escape_cost=100.0,
    false_call_cost=10.0,
    review_minutes_per_finding=1.0,
    hand_escape_rate=0.25,
    hardware_cost=36_525.0,
    hardware_years=10.0,
    running_cost_per_year=3652.5,
)
ESCAPE = JudgedRate(source="audits", count=1, frames=100, share=0.01, low=0.0, high=0.05)
FALSE_CALL = JudgedRate(source="reviews", count=20, frames=100, share=0.2, low=0.1, high=0.3)


def counted(
    *, escape: JudgedRate | None = ESCAPE, false_call: JudgedRate | None = FALSE_CALL
) -> Counted:
    return Counted(
        period=timedelta(days=10),
        passed=900,
        failed=100,
        reviewed=100,
        escape=escape,
        false_call=false_call,
    )


def test_every_entry_is_what_the_cost_table_makes_of_the_counts() -> None:
    worth = worth_of(counted(), COSTS)

    assert {amount.entry: round(amount.value, 6) for amount in worth.amounts} == {
        Entry.HAND_WORK: 500.0,  # 1000 parts, half a minute each, a euro a minute
        Entry.REVIEWING: -100.0,
        Entry.HARDWARE: -100.0,  # ten days of ten years
        Entry.RUNNING: -100.0,
        Entry.FALSE_CALLS: -200.0,  # a fifth of 100
        Entry.ESCAPES: -900.0,  # a hundredth of 900
        Entry.HAND_ESCAPES: 2225.0,  # a quarter of 9 + 80 defective parts
    }
    assert worth.total is not None
    assert worth.total[0] == pytest.approx(1325.0)
    assert worth.unknown == ()


def test_a_rate_that_stands_in_two_entries_counts_once_in_the_interval() -> None:
    worth = worth_of(counted(), COSTS)

    assert worth.total is not None
    value, low, high = worth.total
    per_escape = -900 * 100 * (1 - 0.25)  # what people would also have let through is no loss
    per_false_call = -100 * 10 - 100 * 100 * 0.25
    assert value - low == pytest.approx(
        ((0.04 * per_escape) ** 2 + (0.1 * per_false_call) ** 2) ** 0.5
    )
    assert high - value == pytest.approx(
        ((0.01 * per_escape) ** 2 + (0.1 * per_false_call) ** 2) ** 0.5
    )


@pytest.mark.parametrize(
    ("known", "unknown"),
    [
        ({"escape": None}, Unknown.NO_AUDITS),
        ({"false_call": None}, Unknown.NO_JUDGED_FAILURES),
    ],
)
def test_without_people_who_judged_there_is_no_total(
    known: dict[str, None], unknown: Unknown
) -> None:
    worth = worth_of(counted(**known), COSTS)

    assert worth.total is None
    assert worth.unknown == (unknown,)
    assert Entry.HAND_ESCAPES not in {amount.entry for amount in worth.amounts}


def test_a_plant_that_never_measured_its_people_gets_a_total_that_says_so() -> None:
    costs = COSTS.model_copy(update={"hand_escape_rate": None})

    worth = worth_of(counted(), costs)

    assert worth.total is not None
    assert worth.total[0] == pytest.approx(1325.0 - 2225.0)
    assert worth.unknown == (Unknown.NO_HAND_RATE,)


@pytest.mark.parametrize(
    ("counts", "interval"),
    [  # Newcombe, Statistics in Medicine 17 (1998) 873-890, table II, examples (a), (b) and (c)
        ((56, 70, 48, 80), (0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.1705, 0.8090)),
        ((6, 7, 2, 7), (0.0582, 0.8062)),
    ],
)
def test_the_interval_of_a_difference_is_the_published_one(
    counts: tuple[int, int, int, int], interval: tuple[float, float]
) -> None:
    difference, low, high = share_difference(*counts)

    assert difference == pytest.approx(counts[0] / counts[1] - counts[2] / counts[3])
    assert (round(low, 4), round(high, 4)) == interval
