"""Focus and place of a part: blurred, absent, misplaced by so many pixels; frozen cameras."""

from __future__ import annotations

from datetime import timedelta

import cv2
import numpy as np
import pytest

from inspect_pipeline.capture.simulated.line import SimulatedLine
from inspect_pipeline.records import FrameKey, Picture, UnfitReason, sha256_of
from inspect_pipeline.stages.fitness import FitnessLimits, unfit_reason
from inspect_pipeline.stages.good_limits import good_limits
from inspect_pipeline.stages.placement import placement_of
from inspect_pipeline.stages.repeated import RepeatedContent
from inspect_pipeline.stages.sharpness import sharpness
from tests import make

ANY = FitnessLimits(dark_below=0.0, saturated_share=1.0)


def part(across: int = 0, down: int = 0, light: float = 1.0, seed: int = 0) -> Picture:
    """A bracket with two holes on a noisy table."""
    table = np.random.default_rng(seed).normal(60, 3, (240, 320)).astype(np.float32)
    cv2.rectangle(table, (90 + across, 70 + down), (230 + across, 170 + down), 170, -1)
    for x in (120, 200):
        cv2.circle(table, (x + across, 120 + down), 14, 40, -1)
    picture: Picture = np.clip(table * light, 0, 255).astype(np.uint8)[:, :, None]
    return picture


def blurred(picture: Picture, sigma_px: float) -> Picture:
    soft: Picture = cv2.GaussianBlur(picture, (0, 0), sigma_px)
    return soft.reshape(picture.shape)


@pytest.mark.parametrize(("across", "down"), [(0, 0), (12, 0), (-9, 5), (40, -30)])
def test_a_shift_is_found_to_the_pixel(across: int, down: int) -> None:
    found = placement_of(part(across, down, light=0.8, seed=1), part())

    assert found.shift_px == pytest.approx((across, down), abs=1.0)
    assert found.likeness > 0.9


def test_large_pictures_are_compared_small_and_told_in_their_own_pixels() -> None:
    large = [
        cv2.resize(picture, (1280, 960)).reshape(960, 1280, 1) for picture in (part(), part(10, 6))
    ]

    assert placement_of(large[1], large[0]).shift_px == pytest.approx((40, 24), abs=3.0)


def test_a_picture_without_structure_is_like_nothing() -> None:
    assert placement_of(np.full((240, 320, 1), 90, np.uint8), part()).likeness == 0.0


def test_pictures_of_different_sizes_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="cannot be laid over"):
        placement_of(part()[:100], part())


def test_blur_lowers_the_focus_figure_and_light_hardly_does() -> None:
    figures = [sharpness(blurred(part(), sigma_px)) for sigma_px in (0.5, 1.0, 2.0, 4.0)]

    assert figures == sorted(figures, reverse=True)
    assert sharpness(part(light=0.7)) == pytest.approx(sharpness(part()), rel=0.1)


PLACES = FitnessLimits(
    dark_below=0.0, saturated_share=1.0, blurred_below=3.0, least_likeness=0.5, max_shift_px=10.0
)
TABLE = np.random.default_rng(7).normal(60, 3, (240, 320)).astype(np.uint8)[:, :, None]


@pytest.mark.parametrize(
    ("pixels", "reason", "words"),
    [
        (part(seed=2), None, ""),
        (part(6, -4), None, ""),
        (blurred(part(), 6.0), UnfitReason.BLURRED, "at least 3 is needed"),
        (part(20, 0), UnfitReason.MISPLACED, "lies +20"),
        (part(0, -15), UnfitReason.MISPLACED, "at most 10 px are allowed"),
        (part()[:200], UnfitReason.WRONG_SIZE, "320 x 200 px, the reference of its part 320 x 240"),
    ],
)
def test_focus_and_place_decide_with_a_reference(
    pixels: Picture, reason: UnfitReason | None, words: str
) -> None:
    found = unfit_reason(make.frame(pixels), PLACES, part())

    assert (found.reason if found else None) == reason
    assert words in (found.detail if found else "")


def test_an_empty_table_has_no_part() -> None:
    limits = FitnessLimits(dark_below=0.0, least_likeness=0.5, max_shift_px=10.0)

    found = unfit_reason(make.frame(TABLE), limits, part())

    assert found is not None
    assert found.reason is UnfitReason.NO_PART
    assert "at least 0.5 is needed: no part is in view" in found.detail


def test_without_limits_nothing_of_that_is_looked_at() -> None:
    assert unfit_reason(make.frame(blurred(part(40, 30), 6.0)), ANY) is None


def test_good_pictures_tell_the_limits_that_they_themselves_keep() -> None:
    pictures = [part(shift, -shift, light=1 - shift / 40, seed=shift + 9) for shift in range(-4, 5)]

    found = good_limits(pictures)

    assert found.reference is not None
    limits = FitnessLimits(
        blurred_below=found.blurred_below,
        least_likeness=found.least_likeness or 0.0,
        max_shift_px=found.max_shift_px,
    )
    reference = pictures[found.reference]
    assert [unfit_reason(make.frame(each), limits, reference) for each in pictures] == [None] * 9
    assert found.reference == 4, "the one in the middle"
    for bad in (blurred(part(), 6.0), part(30, 0), TABLE):
        assert unfit_reason(make.frame(bad), limits, reference) is not None


def test_parts_that_do_not_lie_alike_have_no_place() -> None:
    web = SimulatedLine(
        "brushed_web",
        seed=3,
        line_id="L1",
        camera_id="c1",
        part="web",
        start_at=make.frame_key().taken_at,
        frame_wh=(192, 128),
        defect_rate=0.0,
    )
    pictures = [web.frame_at(index).frame.pixels for index in range(6)]

    found = good_limits(pictures)

    assert found.reference is None
    assert found.blurred_below > 0
    limits = FitnessLimits(blurred_below=found.blurred_below)
    assert all(unfit_reason(make.frame(each), limits) is None for each in pictures)


def test_few_pictures_tell_nothing() -> None:
    with pytest.raises(ValueError, match="5 good pictures at least, got 4"):
        good_limits([part()] * 4)


def key(content: bytes, second: int, camera_id: str = "c1") -> FrameKey:
    began_at = make.frame_key().taken_at
    return make.frame_key(
        camera_id=camera_id,
        content_sha256=sha256_of(content),
        taken_at=began_at + timedelta(seconds=second),
    )


def test_the_third_equal_picture_in_a_row_is_frozen() -> None:
    seen = RepeatedContent(after=3)

    told = [seen.unfit(key(content, at)) for at, content in enumerate([b"a", b"b", b"b", b"b"])]
    assert [each is not None for each in told] == [False, False, False, True]
    assert told[3] is not None
    assert told[3].reason is UnfitReason.FROZEN
    assert "3 times in a row" in told[3].detail
    assert seen.unfit(key(b"c", 9)) is None, "it moves again"


def test_the_same_frame_met_again_and_other_cameras_do_not_count() -> None:
    seen = RepeatedContent(after=2)

    assert [seen.unfit(key(b"a", 1)) for _ in range(3)] == [None] * 3
    assert seen.unfit(key(b"a", 2, camera_id="c2")) is None
    assert seen.unfit(key(b"a", 2)) is not None
