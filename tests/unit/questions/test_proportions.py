"""Intervals and control limits: what defines them, and figures from the literature."""

from __future__ import annotations

import math

import numpy as np
import pytest

from db.questions.proportions import control_limits, wilson_interval

Z_95 = 1.959963984540054  # the normal deviate that 2.5 % exceed


@pytest.mark.parametrize(
    ("count", "of", "interval"),
    [  # Newcombe, Statistics in Medicine 17 (1998), 857-872, table I, method 3
        (81, 263, (0.2553, 0.3662)),
        (15, 148, (0.0624, 0.1605)),
        (0, 20, (0.0, 0.1611)),
        (1, 29, (0.0061, 0.1718)),
    ],
)
def test_wilsons_interval_is_that_of_the_tables(
    count: int, of: int, interval: tuple[float, float]
) -> None:
    assert wilson_interval(count, of) == pytest.approx(interval, abs=5e-5)


@pytest.mark.parametrize(("count", "of"), [(1, 2), (1, 29), (28, 29), (81, 263), (500, 10**6)])
def test_at_its_ends_a_share_would_be_just_as_far_off_as_the_confidence_allows(
    count: int, of: int
) -> None:
    """What defines it: there the share seen lies z standard errors of that very end away."""
    ends = wilson_interval(count, of)

    assert ends is not None
    for end, sign in zip(ends, (1, -1), strict=True):
        standard_error = math.sqrt(end * (1 - end) / of)
        assert (count / of - end) / standard_error == pytest.approx(sign * Z_95, rel=1e-9)


@pytest.mark.parametrize(("count", "of"), [(0, 1), (0, 20), (3, 7), (81, 263)])
def test_the_others_share_has_the_mirrored_interval(count: int, of: int) -> None:
    these, others = wilson_interval(count, of), wilson_interval(of - count, of)

    assert these is not None
    assert others is not None
    assert others == pytest.approx((1 - these[1], 1 - these[0]), abs=1e-12)
    assert 0.0 <= these[0] <= count / of <= these[1] <= 1.0


def test_of_nothing_there_is_no_interval() -> None:
    assert wilson_interval(0, 0) is None


def test_more_confidence_is_a_wider_interval() -> None:
    narrow, wide = (wilson_interval(5, 100, confidence=share) for share in (0.9, 0.99))

    assert narrow is not None
    assert wide is not None
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


NIST_WAFERS = [12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22]
NIST_WAFERS += [8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12, 7, 13, 9, 6]


def test_the_p_chart_of_the_nist_handbook_comes_out() -> None:
    """NIST/SEMATECH e-Handbook 6.3.3.2: 30 wafers of 50 chips, limits 0.0524 and 0.4103.

    Wafers 15 and 23 are above, as in Montgomery, who has the same counts as cans of juice.
    """
    failed, of = np.array(NIST_WAFERS), np.full(30, 50)

    limits = control_limits(failed, of)

    share = 347 / 1500
    three_sigma = 3 * math.sqrt(share * (1 - share) / 50)
    assert limits.centre == pytest.approx(share) == pytest.approx(0.2313, abs=1e-4)
    assert limits.low.tolist() == pytest.approx([share - three_sigma] * 30)
    assert limits.high.tolist() == pytest.approx([share + three_sigma] * 30)
    assert (limits.low[0], limits.high[0]) == pytest.approx((0.0524, 0.4103), abs=1e-4)
    assert (np.flatnonzero(limits.outside) + 1).tolist() == [15, 23]
    assert limits.spread == 1.0


def test_limits_are_closer_where_more_was_inspected() -> None:
    limits = control_limits(np.array([1, 10]), np.array([10, 100]))

    assert limits.high[1] < limits.high[0]
    assert limits.low.tolist() == [0.0, pytest.approx(0.01)]


def test_laneys_limits_forgive_large_samples_that_wander() -> None:
    """A hundred thousand parts per day at rates that truly differ: all would be outside."""
    rates = 0.05 + 0.01 * np.sin(np.arange(40) * 2.0)
    of = np.full(40, 100_000)
    failed = np.round(rates * of).astype(np.int64)

    assert control_limits(failed, of).outside.sum() > 30
    assert control_limits(failed, of, laney=True).outside.sum() == 0


def test_laneys_limits_are_those_of_the_p_chart_where_chance_explains_all() -> None:
    random = np.random.default_rng(3)
    of = np.full(400, 200)

    assert control_limits(random.binomial(of, 0.1), of, laney=True).spread == pytest.approx(
        1.0, abs=0.1
    )


def test_without_a_failure_nothing_is_outside() -> None:
    limits = control_limits(np.array([0, 0]), np.array([10, 20]), laney=True)

    assert (limits.centre, limits.high.tolist()) == (0.0, [0.0, 0.0])
    assert not limits.outside.any()


def test_no_samples_give_no_limits() -> None:
    limits = control_limits(np.array([], dtype=np.int64), np.array([], dtype=np.int64))

    assert np.isnan(limits.centre)
    assert limits.low.size == limits.outside.size == 0
