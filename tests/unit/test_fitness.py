"""Which frames are not worth inspecting, and with which figures that is said."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from inspect_pipeline.records import Frame, FrameKey, Picture, UnfitReason
from inspect_pipeline.stages.fitness import FitnessLimits, unfit_reason

LIMITS = FitnessLimits(dark_below=20.0, saturated_share=0.25, min_contrast=0.5)


def frame(pixels: Picture) -> Frame:
    key = FrameKey(
        line_id="L1",
        camera_id="c1",
        part="bracket",
        taken_at=datetime(2024, 5, 6, tzinfo=UTC),
        content_sha256="0" * 64,
        source="bracket.png",
    )
    return Frame(key=key, pixels=pixels)


def plain(level: int, channels: int = 1) -> Picture:
    return np.full((40, 60, channels), level, dtype=np.uint8)


def striped(low: int, high: int, channels: int = 1) -> Picture:
    """Half of the pixels at each level."""
    pixels = plain(low, channels)
    pixels[:, ::2] = high
    return pixels


def partly_white(share: float, channels: int = 1) -> Picture:
    pixels = striped(90, 110, channels)
    pixels.reshape(-1, channels)[: round(share * 2400), 0] = 255
    return pixels


LIGHT = [
    (striped(90, 110), None),
    (plain(0), UnfitReason.DARK),
    (striped(10, 29), UnfitReason.DARK),  # mean 19.5
    (striped(10, 30), None),  # mean 20
    (plain(255), UnfitReason.SATURATED),
    (partly_white(0.25), None),
    (partly_white(0.26), UnfitReason.SATURATED),
    (partly_white(0.26, channels=3), UnfitReason.SATURATED),  # the red channel alone is clipped
    (plain(120), UnfitReason.BLANK),
    (plain(120, channels=3), UnfitReason.BLANK),
    (striped(120, 122), None),  # standard deviation 1
]


@pytest.mark.parametrize(("pixels", "reason"), LIGHT)
def test_light_is_judged_by_the_limits(pixels: Picture, reason: UnfitReason | None) -> None:
    unfit = unfit_reason(frame(pixels), LIMITS)

    assert (unfit.reason if unfit else None) is reason


DETAILS = [
    (striped(10, 29), "mean grey level 19.5, at least 20 is needed"),
    (partly_white(0.5), "50.0% of the pixels are at 255, at most 25.0% may be"),
    (plain(120), "contrast 0.00 grey levels (standard deviation), at least 0.5 is needed"),
]


@pytest.mark.parametrize(("pixels", "sentence"), DETAILS)
def test_the_detail_states_the_figures(pixels: Picture, sentence: str) -> None:
    unfit = unfit_reason(frame(pixels), LIMITS)

    assert unfit is not None
    assert sentence in unfit.detail


def test_a_pure_colour_is_weighed_by_luma() -> None:
    blue = plain(0, channels=3)
    blue[::2, :, 2] = 240  # mean of blue 120, luma 0.114 x 120 = 13.68

    unfit = unfit_reason(frame(blue), LIMITS)

    assert unfit is not None
    assert unfit.detail.startswith("mean grey level 13.7,")


def test_contrast_in_one_colour_is_contrast() -> None:
    pixels = plain(120, channels=3)
    pixels[:, ::2, 2] = 124

    assert unfit_reason(frame(pixels), LIMITS) is None


def test_each_check_of_light_can_be_switched_off() -> None:
    off = FitnessLimits(dark_below=0.0, saturated_share=1.0, min_contrast=0.0)

    assert [unfit_reason(frame(plain(level)), off) for level in (0, 120, 255)] == [None] * 3


SIZES = [
    ((60, 40), (60, 40), None),
    ((61, 40), (61, 40), "is 60 x 40 px, expected 61 x 40 px"),
    ((60, 41), None, "is 60 x 40 px, expected at least 60 x 41 px"),
    (None, (59, 99), "is 60 x 40 px, expected at most 59 x 99 px"),
    ((64, 64), (99, 99), "expected at least 64 x 64 px and at most 99 x 99 px"),
    ((10, 10), (99, 99), None),
]


@pytest.mark.parametrize(("low", "high", "sentence"), SIZES)
def test_size_is_judged_by_the_limits(
    low: tuple[int, int] | None, high: tuple[int, int] | None, sentence: str | None
) -> None:
    unfit = unfit_reason(frame(striped(90, 110)), FitnessLimits(min_wh=low, max_wh=high))

    assert (unfit is None) == (sentence is None)
    if unfit is not None and sentence is not None:
        assert unfit.reason is UnfitReason.WRONG_SIZE
        assert sentence in unfit.detail


def test_size_is_judged_before_light() -> None:
    unfit = unfit_reason(frame(plain(0)), FitnessLimits(min_wh=(99, 99)))

    assert unfit is not None
    assert unfit.reason is UnfitReason.WRONG_SIZE


def test_a_frame_without_pixels_has_the_wrong_size() -> None:
    unfit = unfit_reason(frame(np.zeros((0, 5, 1), dtype=np.uint8)), LIMITS)

    assert unfit is not None
    assert unfit.reason is UnfitReason.WRONG_SIZE


def test_a_grey_picture_saved_in_three_channels_fits_a_grey_part() -> None:
    assert unfit_reason(frame(striped(90, 110, channels=3)), FitnessLimits(channels=1)) is None


def test_a_grey_frame_fits_a_colour_part() -> None:
    assert unfit_reason(frame(striped(90, 110)), FitnessLimits(channels=3)) is None


def test_a_coloured_frame_does_not_fit_a_grey_part() -> None:
    pixels = striped(90, 110, channels=3)
    pixels[3, 4] = (90, 97, 90)

    unfit = unfit_reason(frame(pixels), FitnessLimits(channels=1))

    assert unfit is not None
    assert unfit.reason is UnfitReason.WRONG_SIZE
    assert "in colour (channels differ by up to 7 grey levels)" in unfit.detail


def test_judging_a_frame_does_not_change_it() -> None:
    pixels = partly_white(0.3, channels=3)
    before = pixels.copy()

    unfit_reason(frame(pixels), FitnessLimits(channels=1))

    assert np.array_equal(pixels, before)


BAD_LIMITS = [
    ({"dark_below": 256.0}, "dark_below is a grey level in"),
    ({"saturated_share": 0.0}, "saturated_share lies in"),
    ({"saturated_share": 50.0}, "saturated_share lies in"),
    ({"min_contrast": float("nan")}, "min_contrast is a number of grey levels"),
    ({"channels": 4}, "channels is 1, 3 or None"),
]


@pytest.mark.parametrize(("limits", "sentence"), BAD_LIMITS)
def test_limits_in_the_wrong_unit_are_refused(limits: dict[str, float], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        FitnessLimits(**limits)  # type: ignore[arg-type]
