"""Frames become working pictures and come back: channels, scale, brightness."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from inspect_pipeline.stages.prepare import (
    MIN_SPREAD_GREY,
    Preparation,
    as_channels,
    grey_levels,
    prepare,
    resized,
    working_wh,
)
from tests import make


def test_the_centre_becomes_zero_and_the_spread_one() -> None:
    levels = np.array([[20, 70, 120, 145, 220, 255]], dtype=np.uint8)[:, :, None]

    values = prepare(levels, make.preparation(centre_grey=120.0, spread_grey=100.0)).pixels

    assert values.shape == (1, 1, 6)
    assert values.flatten().tolist() == pytest.approx([-1.0, -0.5, 0.0, 0.25, 1.0, 1.0])


@pytest.mark.parametrize("channels", [1, 3])
def test_a_picture_inside_the_range_comes_back_exactly(channels: int) -> None:
    pixels = make.picture(1, channels=channels)
    prepared = prepare(pixels, make.preparation(channels=channels, spread_grey=140.0))

    assert np.array_equal(prepared.picture(prepared.pixels), pixels)


def test_a_scaled_picture_comes_back_in_the_frames_own_size() -> None:
    pixels = make.picture(1, frame_wh=(101, 67), channels=3)

    prepared = prepare(pixels, make.preparation(channels=3, scale=0.5))
    back = prepared.picture(prepared.pixels)

    assert prepared.working_wh == (50, 34)
    assert back.shape == pixels.shape
    assert np.abs(back.astype(float) - pixels).mean() < 6.0


def test_a_levelled_frame_looks_the_same_under_any_lamp() -> None:
    how = make.preparation(photometric="frame", spread_grey=60.0)
    pixels = make.picture(1, centre_grey=90.0)

    dim, bright = prepare(pixels, how), prepare(pixels + np.uint8(60), how)

    assert torch.allclose(dim.pixels, bright.pixels, atol=1e-5)
    assert bright.centre_grey == dim.centre_grey + 60


def test_fixed_grey_levels_tell_lamps_apart() -> None:
    how = make.preparation(photometric="fixed", spread_grey=60.0)
    pixels = make.picture(1, centre_grey=90.0)

    dim, bright = prepare(pixels, how), prepare(pixels + np.uint8(60), how)

    assert (bright.pixels - dim.pixels).mean().item() == pytest.approx(1.0, abs=0.1)


def test_levelling_does_not_blow_up_the_noise_of_an_even_frame() -> None:
    even = np.random.default_rng(1).integers(118, 123, (40, 40, 1), dtype=np.uint8)

    prepared = prepare(even, make.preparation(photometric="frame", spread_grey=100.0))

    assert prepared.spread_grey == 25.0
    assert prepared.pixels.abs().max() < 0.2


def test_the_least_spread_is_a_few_grey_levels() -> None:
    even = np.full((40, 40, 1), 120, dtype=np.uint8)

    prepared = prepare(even, make.preparation(photometric="frame", spread_grey=1.0))

    assert prepared.spread_grey == MIN_SPREAD_GREY


def test_grey_levels_are_median_and_spread_without_the_outer_percents() -> None:
    levels = np.arange(201, dtype=np.uint8)
    levels[-3:] = 255  # 1.5 percent

    assert grey_levels(levels) == (100.0, 192.0)  # from 4 to 196


def test_grey_becomes_colour_by_repetition_and_comes_back_exactly() -> None:
    grey = make.picture(1)

    colour = as_channels(grey, 3)

    assert colour.shape == (*grey.shape[:2], 3)
    assert np.array_equal(as_channels(colour, 1), grey)


def test_colour_becomes_luma() -> None:
    pure = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], dtype=np.uint8)

    assert as_channels(pure, 1)[0, :, 0].tolist() == [76, 150, 29]


def test_a_picture_of_the_right_channels_stays_itself() -> None:
    pixels = make.picture(1, channels=3)

    assert as_channels(pixels, 3) is pixels


def test_a_frame_of_other_channels_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="the part has 1 channels, the frame 3"):
        prepare(make.picture(1, channels=3), make.preparation(channels=1))
    with pytest.raises(ValueError, match="a picture has 1 or 3 channels, not 4"):
        as_channels(make.picture(1), 4)


@pytest.mark.parametrize(
    ("frame_wh", "scale", "wh"),
    [((100, 60), 0.5, (50, 30)), ((101, 3), 0.1, (10, 1)), ((7, 5), 1.0, (7, 5))],
)
def test_the_working_size_is_rounded_and_never_empty(
    frame_wh: tuple[int, int], scale: float, wh: tuple[int, int]
) -> None:
    assert working_wh(frame_wh, scale) == wh


def test_shrinking_averages_areas_and_keeps_a_single_channel() -> None:
    checker = np.array([[0, 100], [100, 0]], dtype=np.uint8)[:, :, None]

    assert resized(checker, (1, 1)).tolist() == [[[50]]]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"scale": 0.0}, r"scale must lie in \(0, 1\], got 0"),
    ({"scale": 1.01}, r"scale must lie in \(0, 1\], got 1.01"),
    ({"spread_grey": 0.0}, "spread_grey must be positive"),
    ({"photometric": "auto"}, "photometric must be 'fixed' or 'frame', got 'auto'"),
]


@pytest.mark.parametrize(("changed", "complaint"), REFUSED)
def test_a_preparation_that_cannot_work_is_refused(changed: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        make.preparation(**changed)


def test_a_preparation_survives_its_file() -> None:
    how = make.preparation(channels=3, scale=0.25, photometric="frame")

    assert Preparation(**how.to_dict()) == how
