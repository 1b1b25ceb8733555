import math
import time
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.morphology import area_opening

from inspect_pipeline.limits import Limits
from inspect_pipeline.records import DiscrepancyMap, Heat, Mask
from inspect_pipeline.stages.regions import find_regions, frame_score

MANY = settings(max_examples=60, deadline=None)  # a busy machine is no failure
LEVELS = st.sampled_from([-2.0, -0.5, 0.0, 0.1, 0.25, 1.0, 3.0])
MAPS = arrays(np.float32, st.tuples(st.integers(4, 14), st.integers(4, 14)), elements=LEVELS)


def limits(**changed: Any) -> Limits:
    chosen: dict[str, Any] = {
        "threshold": 1.0,
        "low_threshold": 0.5,
        "min_area_px": 4,
        "closing_px": 0,
        "reject_above": 0.7,
        "confirm_below": 0.3,
    }
    return Limits(**{**chosen, **changed})


def flat(height: int = 40, width: int = 60) -> Heat:
    return np.zeros((height, width), dtype=np.float32)


def heat(values: npt.NDArray[Any]) -> DiscrepancyMap:
    return DiscrepancyMap(values=values.astype(np.float32))


def smooth(height: int, width: int, seed: int) -> Heat:
    grain = np.random.default_rng(seed).standard_normal((height, width)).cumsum(0).cumsum(1)
    scaled: Heat = (grain / np.abs(grain).max()).astype(np.float32)
    return scaled


def opened_maximum(values: Heat, inspected: Mask, min_area_px: int) -> float:
    """The plain twin: what the definition says, by the library's max-tree."""
    lowest = values.min() - 1
    opened = area_opening(
        np.where(inspected, values, lowest).astype(np.float64),
        area_threshold=min_area_px,
        connectivity=2,
    )
    return float(opened.max())


def test_a_region_has_the_half_open_box_and_the_mask_of_its_pixels() -> None:
    values = flat()
    values[10:13, 20:25] = 2.0

    (region,) = find_regions(heat(values), limits())

    assert (region.box.x0, region.box.y0, region.box.x1, region.box.y1) == (20, 10, 25, 13)
    assert region.mask.all()
    assert (region.peak, region.mean) == (2.0, 2.0)


def test_a_region_spreads_to_everything_connected_above_the_low_threshold() -> None:
    values = flat()
    values[10:20, 10:30] = 0.7
    values[12:14, 12:14] = 2.0

    (region,) = find_regions(heat(values), limits())

    assert region.area_px == 200


def test_an_area_above_only_the_low_threshold_is_no_region() -> None:
    values = flat()
    values[10:20, 10:30] = 0.7

    assert find_regions(heat(values), limits()) == []


def test_pixels_at_the_threshold_are_not_above_it() -> None:
    values = flat()
    values[10:20, 10:30] = 1.0

    assert find_regions(heat(values), limits()) == []


def test_a_limit_between_two_float32_numbers_is_kept_exactly() -> None:
    values = flat()
    values[10:20, 10:30] = np.float32(0.1)  # 0.1000000015 > 0.1

    assert len(find_regions(heat(values), limits(threshold=0.1, low_threshold=0.1))) == 1


def test_specks_below_the_area_are_dropped_however_hot() -> None:
    values = flat()
    values[10, 10:13] = 100.0

    assert find_regions(heat(values), limits(min_area_px=4)) == []


def test_specks_that_share_a_low_area_do_not_add_up_to_a_seed() -> None:
    values = flat()
    values[10:20, 10:30] = 0.7
    values[12, 12:15] = 2.0
    values[17, 22:25] = 2.0

    assert find_regions(heat(values), limits(min_area_px=4)) == []


def test_pixels_that_touch_at_a_corner_are_connected() -> None:
    values = flat()
    values[[5, 6, 7, 8], [5, 6, 7, 8]] = 2.0

    (region,) = find_regions(heat(values), limits(min_area_px=4))

    assert region.area_px == 4


def test_a_hot_pixel_does_not_lift_the_peak_of_a_region() -> None:
    values = flat()
    values[10:20, 10:30] = 1.5
    values[15, 15] = 900.0

    (region,) = find_regions(heat(values), limits())

    assert region.peak == 1.5


def test_regions_come_highest_peak_first() -> None:
    values = flat()
    for x, peak in ((5, 2.0), (20, 4.0), (35, 3.0)):
        values[10:14, x : x + 4] = peak

    regions = find_regions(heat(values), limits())

    assert [region.peak for region in regions] == [4.0, 3.0, 2.0]


def test_nothing_outside_the_inspected_mask_is_found() -> None:
    values = flat()
    values[10:20, 10:30] = 2.0
    inspected = np.ones_like(values, dtype=bool)
    inspected[:, :35] = False

    assert find_regions(heat(values), limits(), inspected) == []


def test_a_region_ends_where_the_inspected_mask_ends() -> None:
    values = flat()
    values[10:20, 10:30] = 2.0
    inspected = np.ones_like(values, dtype=bool)
    inspected[:, :20] = False

    (region,) = find_regions(heat(values), limits(closing_px=3), inspected)

    assert (region.box.x0, region.area_px) == (20, 100)


def test_closing_joins_what_a_narrow_gap_divides() -> None:
    values = flat()
    values[10:20, 10:30] = 2.0
    values[10:20, 19:21] = 0.0

    assert len(find_regions(heat(values), limits(closing_px=0))) == 2
    assert len(find_regions(heat(values), limits(closing_px=2))) == 1


def test_closing_does_not_make_a_seed_out_of_specks() -> None:
    values = flat()
    values[10, [10, 12, 14, 16]] = 2.0

    assert find_regions(heat(values), limits(closing_px=3, min_area_px=4)) == []


def test_regions_never_overlap() -> None:
    values = smooth(80, 90, seed=3)
    seen = np.zeros(values.shape, dtype=int)

    for region in find_regions(heat(values), limits(threshold=0.2, low_threshold=0.1)):
        seen[region.box.slices] += region.mask

    assert seen.max() == 1


def test_the_map_is_left_as_it_was() -> None:
    values = smooth(30, 40, seed=4)
    before = values.copy()

    find_regions(heat(values), limits(threshold=0.1, low_threshold=0.0, closing_px=2))

    assert (values == before).all()


@MANY
@given(
    values=MAPS,
    threshold=LEVELS,
    below=st.sampled_from([0.0, 0.3, 2.0]),
    min_area_px=st.integers(1, 16),
    closing_px=st.integers(0, 3),
    seed=st.integers(0, 3),
)
def test_a_frame_has_a_region_exactly_when_its_score_exceeds_the_threshold(
    values: Heat, threshold: float, below: float, min_area_px: int, closing_px: int, seed: int
) -> None:
    inspected = np.random.default_rng(seed).random(values.shape) < 0.85 if seed else None
    chosen = limits(
        threshold=threshold,
        low_threshold=threshold - below,
        min_area_px=min_area_px,
        closing_px=closing_px,
    )
    try:
        score = frame_score(heat(values), min_area_px=min_area_px, inspected=inspected)
    except ValueError:  # no connected inspected area is that large
        score = -math.inf

    regions = find_regions(heat(values), chosen, inspected)

    assert bool(regions) == (score > threshold)
    if regions:
        assert regions[0].peak == score


@MANY
@given(values=MAPS, min_area_px=st.integers(1, 16), seed=st.integers(0, 3))
def test_frame_score_is_the_maximum_of_the_area_opening(
    values: Heat, min_area_px: int, seed: int
) -> None:
    inspected = np.ones(values.shape, dtype=bool)
    if seed:
        inspected[:, : seed * values.shape[1] // 8] = False
    assume(inspected.sum() >= min_area_px)  # less raises, as its own test says

    score = frame_score(heat(values), min_area_px=min_area_px, inspected=inspected)

    assert score == opened_maximum(values, inspected, min_area_px)


@MANY
@given(seed=st.integers(0, 1000), min_area_px=st.integers(1, 300), grain=st.booleans())
def test_frame_score_is_exact_on_maps_without_ties(
    seed: int, min_area_px: int, grain: bool
) -> None:
    random = np.random.default_rng(seed)
    values = random.standard_normal((40, 60)).astype(np.float32) if grain else smooth(40, 60, seed)
    inspected = np.ones(values.shape, dtype=bool)

    score = frame_score(heat(values), min_area_px=min_area_px)

    assert score == opened_maximum(values, inspected, min_area_px)


def test_with_an_area_of_one_the_score_is_the_maximum() -> None:
    values = smooth(30, 40, seed=5)

    assert frame_score(heat(values), min_area_px=1) == values.max()


def test_a_long_thin_scratch_counts_with_its_whole_length() -> None:
    values = flat()
    values[20, 5:55] = 3.0

    assert frame_score(heat(values), min_area_px=50) == 3.0
    assert frame_score(heat(values), min_area_px=51) == 0.0


def test_a_map_smaller_than_the_square_of_the_area_is_scored_too() -> None:
    assert frame_score(heat(np.full((2, 50), 1.5)), min_area_px=90) == 1.5


def test_an_inspected_area_that_can_hold_no_region_is_refused() -> None:
    inspected = np.zeros((40, 60), dtype=bool)
    inspected[:3, :3] = True

    with pytest.raises(ValueError, match="widen the inspected polygon"):
        frame_score(heat(flat()), min_area_px=10, inspected=inspected)


def test_an_empty_inspected_mask_is_refused() -> None:
    with pytest.raises(ValueError, match="widen the inspected polygon"):
        frame_score(heat(flat()), min_area_px=1, inspected=np.zeros((40, 60), dtype=bool))


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_a_map_with_broken_pixels_is_refused_not_passed(broken: float) -> None:
    values = flat()
    values[3, 4] = broken

    with pytest.raises(ValueError, match="1 of 2400 pixels"):
        find_regions(heat(values), limits())
    with pytest.raises(ValueError, match="1 of 2400 pixels"):
        frame_score(heat(values), min_area_px=4)


def test_an_inspected_mask_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="inspected mask must be bool"):
        find_regions(heat(flat()), limits(), np.ones((60, 40), dtype=bool))


def test_scoring_a_part_sized_map_takes_a_fraction_of_a_second() -> None:
    slowest_s = 0.0
    for values in (smooth(256, 512, seed=1), np.random.default_rng(2).random((256, 512))):
        start_s = time.process_time()
        frame_score(heat(values), min_area_px=25)
        slowest_s = max(slowest_s, time.process_time() - start_s)

    assert slowest_s < 0.25  # 5 to 35 ms on a laptop core


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"low_threshold": 1.5}, "low_threshold must not exceed threshold"),
        ({"threshold": math.nan}, "threshold must be a finite number"),
        ({"threshold": True}, "threshold must be a finite number"),
        ({"min_area_px": 0}, "min_area_px must be at least 1"),
        ({"min_area_px": 2.5}, "min_area_px must be a whole number"),
        ({"closing_px": -1}, "closing_px must not be negative"),
        ({"confirm_below": 0.8}, "confirm_below <= reject_above"),
        ({"reject_above": 1.1}, "confirm_below <= reject_above"),
    ],
)
def test_limits_that_contradict_themselves_are_refused(
    changed: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        limits(**changed)


def test_limits_survive_the_way_through_a_plain_dict() -> None:
    assert Limits.from_dict(limits().to_dict()) == limits()


def test_stored_limits_that_lack_a_field_name_it() -> None:
    stored = limits().to_dict()
    del stored["closing_px"]

    with pytest.raises(ValueError, match="limits lack closing_px"):
        Limits.from_dict(stored)


def test_stored_limits_with_an_unknown_field_name_it() -> None:
    with pytest.raises(ValueError, match="do not know min_area"):
        Limits.from_dict({**limits().to_dict(), "min_area": 3})


def test_a_stored_limit_that_is_a_word_is_refused() -> None:
    with pytest.raises(ValueError, match="threshold must be a finite number, got 'high'"):
        Limits.from_dict({**limits().to_dict(), "threshold": "high"})
