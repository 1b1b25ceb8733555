"""Figures of an evaluation against tables worked out by hand and a slow twin."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspect_pipeline.axes import nice
from inspect_pipeline.conformal import wilson
from inspect_pipeline.reports.plots import AREA, histogram_plot, roc_plot
from inspect_pipeline.reports.ranking import auroc, histogram, rate, roc_curve

scores = st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("good", "defective", "area"),
    [
        ([1.0, 2.0], [3.0, 4.0], 1.0),
        ([3.0, 4.0], [1.0, 2.0], 0.0),
        ([1.0, 1.0], [1.0], 0.5),
        ([1.0, 2.0, 3.0], [2.0, 4.0], 0.75),  # pairs: 1 + 0.5 + 0, 1 + 1 + 1 = 4.5 of 6
        ([], [1.0], None),
        ([1.0], [], None),
    ],
)
def test_auroc_is_the_share_of_pairs_in_order(
    good: list[float], defective: list[float], area: float | None
) -> None:
    assert auroc(good, defective) == area


@given(scores, scores)
def test_auroc_agrees_with_counting_every_pair(good: list[float], defective: list[float]) -> None:
    pairs = [(d > g) + 0.5 * (d == g) for d in defective for g in good]

    assert auroc(good, defective) == pytest.approx(sum(pairs) / len(pairs))


@given(scores, scores)
def test_the_area_under_the_curve_is_the_auroc(good: list[float], defective: list[float]) -> None:
    curve = roc_curve(good, defective)

    area = sum((x1 - x0) * (y0 + y1) / 2 for (x0, y0), (x1, y1) in pairwise(curve))
    assert area == pytest.approx(auroc(good, defective))
    assert (curve[0], curve[-1]) == ((0.0, 0.0), (1.0, 1.0))


def test_a_long_curve_is_thinned_and_keeps_its_ends() -> None:
    many = [float(number) for number in range(5000)]

    curve = roc_curve(many, many)

    assert len(curve) <= 401
    assert (curve[0], curve[-1]) == ((0.0, 0.0), (1.0, 1.0))


def test_a_rate_carries_its_wilson_interval() -> None:
    said = rate(3, 10)

    assert (said.share, (said.low, said.high)) == (0.3, wilson(3, 10))


def test_a_rate_of_nothing_is_unknown() -> None:
    said = rate(0, 0)

    assert (said.share, said.low, said.high) == (None, 0.0, 1.0)


def test_every_score_falls_into_one_bin_and_the_threshold_is_on_the_page() -> None:
    counted = histogram([0.0, 1.0, 1.0], [2.0, 4.0], include=9.0, bins=9)

    assert (sum(counted.good), sum(counted.defective)) == (3, 2)
    assert (counted.edges[0], counted.edges[-1]) == (0.0, 9.0)


def test_equal_scores_still_make_a_histogram() -> None:
    assert sum(histogram([1.0, 1.0], [], include=1.0).good) == 2


def test_bars_are_shares_of_their_kind() -> None:
    counted = histogram([0.0, 0.0, 0.0, 1.0], [1.0], include=0.5, bins=2)

    plot = histogram_plot(counted, threshold=0.5)

    full = AREA.bottom - AREA.top
    assert [(bar.tone, bar.height) for bar in plot.bars] == [
        ("good", 0.75 * full),
        ("good", 0.25 * full),
        ("bad", full),
    ]
    assert plot.threshold_x == (AREA.left + AREA.right) / 2


def test_the_working_point_lies_where_its_rates_say() -> None:
    plot = roc_plot([(0.0, 0.0), (1.0, 1.0)], working_point=(0.0, 1.0))

    assert plot.point_xy == (AREA.left, AREA.top)
    assert plot.path == f"M{AREA.left}.0,{AREA.bottom}.0 L{AREA.right}.0,{AREA.top}.0"


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.0, 1.0, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (-4.2, 7.3, [-4.0, -2.0, 0.0, 2.0, 4.0, 6.0]),
        (0.0, 0.03, [0.0, 0.005, 0.01, 0.015, 0.02, 0.025, 0.03]),
    ],
)
def test_ticks_are_round_numbers_inside_the_range(
    low: float, high: float, ticks: list[float]
) -> None:
    assert nice(low, high) == pytest.approx(ticks)
