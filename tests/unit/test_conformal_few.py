"""Calibrations of fewer pictures than the budget needs: extrapolated, and said to be."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from inspect_pipeline.conformal import (
    SMALLEST_DEVIATION,
    SMALLEST_TAIL,
    Calibration,
    calibrate,
    pictures_needed,
)
from inspect_pipeline.errors import CalibrationError

MANY = settings(max_examples=60, deadline=None)  # a busy machine is no failure
ANY = st.floats(width=32, allow_nan=False, allow_infinity=False)
LOG_ODDS = st.floats(-30, 30)  # what networks give
TIED = st.lists(st.sampled_from([-1.0, 0.0, 0.0, 2.5]), min_size=2, max_size=18)
FEW = TIED | st.lists(ANY, min_size=2, max_size=18) | st.lists(LOG_ODDS, min_size=2, max_size=18)
RAW = ANY | LOG_ODDS
TIGHT = st.sampled_from([0.0001, 0.01, 0.03, 0.05])  # 18 pictures keep none of them


@pytest.mark.parametrize(("scores", "there"), [([], "there are 0"), ([3.0], "there is 1")])
def test_without_two_pictures_there_is_no_spread_and_the_refusal_says_what_to_do(
    scores: list[float], there: str
) -> None:
    with pytest.raises(CalibrationError, match=f"at least 2 held-out good pictures, {there}: add"):
        calibrate(scores, budget=0.01)


def test_a_refusal_names_the_pictures_that_need_no_assumption() -> None:
    with pytest.raises(CalibrationError, match=r"99 keep a false-alarm budget of 0\.01 by themsel"):
        calibrate([3.0], budget=0.01)


def test_few_normal_scores_get_hahn_and_meekers_prediction_bound() -> None:
    calibration = calibrate([1.0, 2.0, 3.0, 4.0, 5.0], budget=0.05)

    # mean 3, deviation sqrt(2.5), t(0.95; 4) = 2.1318 by the published table
    assert calibration.threshold == pytest.approx(3 + 2.1318 * math.sqrt(2.5 * 6 / 5), abs=1e-3)


def test_an_extrapolated_threshold_is_never_below_the_highest_score() -> None:
    calibration = calibrate([*[0.0] * 17, 9.0], budget=0.05)

    assert calibration.threshold == 9.0  # mean and t alone would give 4.3
    assert calibration.p_value(9.0) > 0.05


@pytest.mark.parametrize("pictures", [4, 10, 20])
@pytest.mark.parametrize("budget", [0.01, 0.05])
def test_few_normal_scores_keep_the_budget_on_average(pictures: int, budget: float) -> None:
    random = np.random.default_rng([pictures, round(1 / budget)])
    samples = random.normal(3.0, 2.0, size=(200_000, pictures))
    thresholds = plain_thresholds(samples, budget)

    some = [calibrate(sample.tolist(), budget=budget).threshold for sample in samples[:50]]
    rates = stats.norm.sf(thresholds, 3.0, 2.0)

    error = rates.std() / math.sqrt(len(rates))
    assert some == pytest.approx(thresholds[:50])
    assert 0.9 * budget < rates.mean() < budget + 4 * error


def plain_thresholds(samples: npt.NDArray[np.float64], budget: float) -> npt.NDArray[np.float64]:
    """The thresholds of many calibrations at once, samples (m, n)."""
    n = samples.shape[1]
    highest: npt.NDArray[np.float64] = samples.max(axis=1)
    if n >= pictures_needed(budget):
        return highest  # n = 20 at 5 %: the 20th of 20
    deviation = np.maximum(samples.std(axis=1, ddof=1), SMALLEST_DEVIATION)
    t = float(stats.t.ppf(1 - budget, n - 1))
    bound = samples.mean(axis=1) + t * deviation * math.sqrt(1 + 1 / n)
    return np.where(bound > highest, bound, highest)


def test_scores_that_are_all_equal_leave_room_for_rounding() -> None:
    calibration = calibrate([0.0] * 4, budget=0.01)

    room = 4.541 * SMALLEST_DEVIATION * math.sqrt(5 / 4)  # t(0.99; 3)
    assert calibration.threshold == pytest.approx(room, abs=1e-3)
    assert calibration.p_value(0.0) == 0.5
    assert calibration.normalised(0.0) == 0.25


def test_ties_at_a_floor_share_one_decision() -> None:
    calibration = calibrate([0.0] * 15 + [1.0, 1.5, 2.0], budget=0.01)

    assert calibration.p_value(0.0) > 0.5
    assert calibration.p_value(2.0) > 0.01  # no held-out frame fails


def test_what_an_extrapolated_threshold_promises_holds_without_the_assumption() -> None:
    calibration = calibrate([1.0, 2.0, 4.0, 8.0], budget=0.01)

    promise = calibration.guarantee()

    assert calibration.threshold > calibration.scores[-1]
    assert (promise.pictures, promise.rank, promise.budget) == (4, 4, 0.01)
    assert promise.mean_rate == pytest.approx(1 / 5)  # of the highest of four scores
    assert promise.upper_rate == pytest.approx(1 - 0.05 ** (1 / 4))  # Beta(1, 4)


def test_skewed_scores_keep_the_promise_though_not_the_budget() -> None:
    random = np.random.default_rng(9)
    samples = random.exponential(size=(20_000, 10))

    rates = np.exp(-plain_thresholds(samples, 0.01))

    promise = calibrate(samples[0].tolist(), budget=0.01).guarantee()
    assert 0.01 < rates.mean() < promise.mean_rate
    assert np.mean(rates <= promise.upper_rate) >= 0.95


def test_trust_in_an_extrapolated_threshold_names_assumption_and_pictures_needed() -> None:
    trust = calibrate(range(20), budget=0.01).trust

    assert "Extrapolated from 20 held-out pictures" in trust
    assert "at most 1 % of good parts like these fail if their scores are normally" in trust
    assert "a distribution-free guarantee needs 99 pictures" in trust
    assert "below 14 % with 95 % confidence" in trust  # 13.9, rounded up


def agree(calibration: Calibration, score: float) -> bool:
    """Whether the three ways to fail a frame say the same."""
    fails = score > calibration.threshold
    by_score = calibration.normalised(score) > 0.5
    by_p_value = calibration.p_value(score) <= calibration.budget
    return fails == by_score == by_p_value


@MANY
@given(scores=FEW, raw=RAW, budget=TIGHT)
def test_threshold_p_value_and_normalised_score_agree_on_every_frame(
    scores: list[float], raw: float, budget: float
) -> None:
    calibration = calibrate(scores, budget=budget)
    threshold = calibration.threshold
    at_the_edge = (math.nextafter(threshold, -math.inf), threshold)
    beyond = math.nextafter(threshold, math.inf)

    assert calibration.method == "extrapolated"
    assert all(agree(calibration, score) for score in (raw, *scores, *at_the_edge, beyond))
    assert not any(score > threshold for score in scores)


@MANY
@given(
    scores=FEW | st.lists(ANY, min_size=19, max_size=60),
    one=RAW,
    other=RAW,
    budget=TIGHT,
)
def test_a_higher_score_is_never_more_usual(
    scores: list[float], one: float, other: float, budget: float
) -> None:
    calibration = calibrate(scores, budget=budget)
    low, high = sorted((one, other))

    assert 1 >= calibration.p_value(low) >= calibration.p_value(high) > 0


@MANY
@given(scores=TIED | st.lists(LOG_ODDS, min_size=2, max_size=18), budget=TIGHT)
def test_a_p_value_never_rises_along_the_scale(scores: list[float], budget: float) -> None:
    calibration = calibrate(scores, budget=budget)
    grid = np.linspace(-100, calibration.threshold + 100, 40).tolist()
    raws = sorted([*grid, calibration.threshold, *scores])

    p_values = [calibration.p_value(raw) for raw in raws]

    assert p_values == sorted(p_values, reverse=True)


def test_an_extrapolated_p_value_is_the_tail_of_students_t() -> None:
    calibration = calibrate([1.0, 2.0, 3.0, 4.0, 5.0], budget=0.01)

    assert calibration.p_value(3.0) == 0.5
    at_the_95th = 3 + 2.1318 * math.sqrt(2.5 * 6 / 5)  # t(0.95; 4) by the published table
    assert calibration.p_value(at_the_95th) == pytest.approx(0.05, abs=1e-4)
    assert calibration.p_value(1e9) == SMALLEST_TAIL


@MANY
@given(scores=FEW, raw=RAW, budget=TIGHT)
def test_neighbouring_floats_are_never_swapped(
    scores: list[float], raw: float, budget: float
) -> None:
    calibration = calibrate(scores, budget=budget)

    above = math.nextafter(raw, math.inf)

    assert 0.0 <= calibration.normalised(raw) <= calibration.normalised(above) <= 1.0
