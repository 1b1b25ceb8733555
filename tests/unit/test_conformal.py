import json
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspect_pipeline.conformal import Calibration, calibrate, pictures_needed, wilson
from inspect_pipeline.errors import CalibrationError

MANY = settings(max_examples=60, deadline=None)  # a busy machine is no failure
RAW = st.floats(width=32, allow_nan=False, allow_infinity=False)
SCORES = st.lists(RAW, min_size=19, max_size=60)


def hundred(budget: float = 0.1) -> Calibration:
    """99 good frames that score 1, 2, ... 99."""
    return calibrate(range(1, 100), budget=budget)


@pytest.mark.parametrize(
    ("pictures", "budget", "rank"),
    [(9, 0.1, 9), (10, 0.1, 10), (19, 0.05, 19), (99, 0.01, 99), (99, 0.1, 90), (999, 0.001, 999)],
)
def test_rank_is_ceil_of_n_plus_one_times_one_minus_budget(
    pictures: int, budget: float, rank: int
) -> None:
    calibration = calibrate(range(1, pictures + 1), budget=budget)

    assert calibration.rank == rank
    assert calibration.threshold == rank


@pytest.mark.parametrize(
    ("budget", "needed"), [(0.1, 9), (0.05, 19), (0.01, 99), (0.001, 999), (0.3, 3)]
)
def test_the_fewest_pictures_are_enough_and_one_less_is_extrapolated(
    budget: float, needed: int
) -> None:
    enough, fewer = (calibrate(range(n), budget=budget) for n in (needed, needed - 1))

    assert pictures_needed(budget) == needed
    assert (enough.method, enough.threshold) == ("conformal", needed - 1)
    assert fewer.method == "extrapolated"
    assert fewer.threshold > needed - 2


def test_one_picture_is_enough_for_a_budget_of_one_half() -> None:
    assert calibrate([3.0], budget=0.5).threshold == 3.0


@pytest.mark.parametrize("budget", [0.0, 1.0, -0.1, 2.0, math.nan])
def test_a_budget_outside_zero_and_one_is_refused(budget: float) -> None:
    with pytest.raises(CalibrationError, match="between 0 and 1"):
        calibrate(range(100), budget=budget)


def test_a_score_that_is_not_a_number_is_refused() -> None:
    with pytest.raises(CalibrationError, match="not a finite number"):
        calibrate([*range(100), math.inf], budget=0.1)


def test_scores_out_of_order_are_refused() -> None:
    with pytest.raises(CalibrationError, match="must ascend"):
        Calibration(scores=(2.0, 1.0), budget=0.5)


def test_new_good_frames_exceed_the_threshold_within_the_budget_on_average() -> None:
    random = np.random.default_rng(7)
    rates = []
    for _ in range(300):
        calibration = calibrate(random.normal(size=99).tolist(), budget=0.05)
        rates.append((random.normal(size=500) > calibration.threshold).mean())

    assert np.mean(rates) == pytest.approx(0.05, abs=0.006)


def test_the_upper_rate_holds_for_nineteen_calibrations_in_twenty() -> None:
    random = np.random.default_rng(8)
    promises = [calibrate(random.random(99).tolist(), budget=0.05) for _ in range(1000)]

    kept = [1 - promise.threshold <= promise.guarantee().upper_rate for promise in promises]

    assert np.mean(kept) == pytest.approx(0.95, abs=0.02)


def test_the_guarantee_names_budget_mean_and_upper_rate() -> None:
    guarantee = hundred(0.01).guarantee()

    assert (guarantee.pictures, guarantee.rank, guarantee.budget) == (99, 99, 0.01)
    assert guarantee.mean_rate == pytest.approx(0.01)
    assert guarantee.upper_rate == pytest.approx(1 - 0.05 ** (1 / 99))  # Beta(1, 99)


def test_trust_in_a_conformal_threshold_names_budget_pictures_and_upper_rate() -> None:
    trust = hundred(0.01).trust

    assert "on average at most 1 % of good parts" in trust.lower()
    assert "held-out pictures: 99" in trust
    assert "below 3 % with 95 % confidence" in trust  # 2.98, rounded up
    assert "assumed" not in trust


@pytest.mark.parametrize(
    ("pictures", "budget", "upper"), [(1, 0.5, "95 %"), (3, 0.01, "64 %"), (9999, 0.0001, "0.03 %")]
)
def test_an_upper_rate_in_words_is_never_too_small(
    pictures: int, budget: float, upper: str
) -> None:
    calibration = calibrate(range(pictures), budget=budget)

    assert f"stays below {upper} with" in calibration.trust
    assert float(upper.rstrip(" %")) / 100 >= calibration.guarantee().upper_rate - 1e-12


@pytest.mark.parametrize(
    ("raw", "p_value"), [(0.0, 1.0), (1.0, 1.0), (50.0, 0.51), (99.0, 0.02), (99.5, 0.01)]
)
def test_p_value_counts_the_good_frames_that_score_at_least_as_high(
    raw: float, p_value: float
) -> None:
    assert hundred().p_value(raw) == pytest.approx(p_value)


@MANY
@given(scores=SCORES, raw=RAW, budget=st.sampled_from([0.05, 0.1, 0.2, 0.37, 0.5]))
def test_threshold_p_value_and_normalised_score_agree_on_every_frame(
    scores: list[float], raw: float, budget: float
) -> None:
    calibration = calibrate(scores, budget=budget)

    for score in (raw, *scores):
        fails = score > calibration.threshold
        assert fails == (calibration.normalised(score) > 0.5)
        assert fails == (calibration.p_value(score) <= budget)


@MANY
@given(scores=SCORES, one=RAW, other=RAW)
def test_normalising_never_swaps_two_scores(scores: list[float], one: float, other: float) -> None:
    calibration = calibrate(scores, budget=0.1)
    low, high = sorted((one, other))

    assert calibration.normalised(low) <= calibration.normalised(high)


@MANY
@given(scores=SCORES, raw=RAW)
def test_neighbouring_floats_are_never_swapped(scores: list[float], raw: float) -> None:
    calibration = calibrate(scores, budget=0.1)

    above = math.nextafter(raw, math.inf)

    assert calibration.normalised(raw) <= calibration.normalised(above)


@MANY
@given(scores=SCORES, raw=RAW)
def test_a_normalised_score_lies_in_zero_to_one(scores: list[float], raw: float) -> None:
    assert 0.0 <= calibrate(scores, budget=0.1).normalised(raw) <= 1.0


def test_ranks_survive_far_beyond_where_a_logistic_is_flat() -> None:
    calibration = hundred()
    raws = np.linspace(-1e5, 1e5, 5001)

    normalised = [calibration.normalised(float(raw)) for raw in raws]

    assert len(set(normalised)) == len(raws)


def test_the_threshold_is_one_half_and_the_typical_good_frame_one_quarter() -> None:
    calibration = hundred()

    assert calibration.normalised(calibration.threshold) == 0.5
    assert calibration.normalised(50.0) == 0.25  # the median


def test_the_map_is_continuous_at_the_threshold() -> None:
    calibration = hundred()
    step = 1e-9

    below, above = (calibration.normalised(calibration.threshold + d) for d in (-step, step))

    assert above - below < 1e-9


def test_good_frames_that_all_score_the_same_still_have_a_scale() -> None:
    calibration = calibrate([3.0] * 20, budget=0.1)

    assert calibration.normalised(2.0) < calibration.normalised(3.0) == 0.5
    assert calibration.normalised(4.0) == 0.75


def test_a_raw_score_that_is_not_a_number_has_no_p_value() -> None:
    with pytest.raises(ValueError, match="finite"):
        hundred().p_value(math.nan)


@MANY
@given(scores=SCORES)
def test_a_calibration_survives_json_bit_by_bit(scores: list[float]) -> None:
    calibration = calibrate(scores, budget=0.1)

    stored = json.loads(json.dumps(calibration.to_dict()))

    assert Calibration.from_dict(stored) == calibration


@pytest.mark.parametrize(
    ("stored", "complaint"),
    [
        ({"scores": [1.0]}, "has scores and budget"),
        ({"scores": [1.0], "budget": 0.5, "more": 1}, "has scores and budget"),
        ({"scores": 1.0, "budget": 0.5}, "must be a list"),
        ({"scores": ["1"], "budget": 0.5}, "a calibration score must be a number"),
        ({"scores": [1.0], "budget": None}, "the calibration budget must be a number"),
    ],
)
def test_a_damaged_calibration_says_what_is_wrong(
    stored: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        Calibration.from_dict(stored)


@pytest.mark.parametrize(
    ("successes", "trials", "lower", "upper"),
    [
        (0, 10, 0.0, 0.2775),
        (5, 10, 0.2366, 0.7634),
        (10, 10, 0.7225, 1.0),
        (1, 100, 0.0018, 0.0545),
    ],
)
def test_wilson_matches_the_published_tables(
    successes: int, trials: int, lower: float, upper: float
) -> None:
    assert wilson(successes, trials) == pytest.approx((lower, upper), abs=5e-5)


def test_without_trials_nothing_is_known() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


def test_more_successes_than_trials_are_refused() -> None:
    with pytest.raises(ValueError, match="3 of 2"):
        wilson(3, 2)


@MANY
@given(budget=st.fractions(min_value=Fraction(1, 999), max_value=Fraction(1, 2)))
def test_the_rank_keeps_the_budget_for_any_budget(budget: Fraction) -> None:
    calibration = calibrate(range(1000), budget=float(budget))

    exceeding = 1001 - calibration.rank

    assert exceeding / 1001 <= float(budget) < (exceeding + 1) / 1001
