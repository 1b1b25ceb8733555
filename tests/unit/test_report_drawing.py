"""Colours that mean the same on every picture, and lines that leave the inside alone."""

from __future__ import annotations

import base64
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from inspect_pipeline.geometry import Box
from inspect_pipeline.reports.drawing import (
    HEAT_COLOURS,
    PLANTED,
    HeatScale,
    data_uri,
    enlarged,
    grown_mask,
    heat_picture,
    jpeg_of,
    outlined,
    overlay,
    png_of,
    reduced,
    reduced_with_box,
    scale_for,
)

GREY = np.full((8, 10, 1), 120, dtype=np.uint8)


def heat_of(*values: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.array([values], dtype=np.float32)


def lightness(colour: tuple[int, ...]) -> float:
    """CIE L* of an sRGB colour."""
    linear = [
        c / 12.92 if (c := v / 255) <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for v in colour
    ]
    y = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return float(116 * y ** (1 / 3) - 16)


def test_hotter_is_lighter_all_along_the_scale() -> None:
    ramp = heat_picture(heat_of(*np.linspace(0, 1, 101)), low=0, high=1)[0]

    steps = np.diff([lightness(tuple(int(v) for v in colour)) for colour in ramp])

    assert steps.min() > 0


def test_heat_ends_at_the_ends_of_the_scale_not_of_the_picture() -> None:
    picture = heat_picture(heat_of(-50.0, 0.0, 4.0, 90.0), low=0.0, high=4.0)

    first, last = HEAT_COLOURS[0], HEAT_COLOURS[-1]
    assert [tuple(pixel) for pixel in picture[0].tolist()] == [first, first, last, last]


def test_a_good_part_stays_as_the_camera_saw_it() -> None:
    heat = np.linspace(-9.0, -0.01, 80, dtype=np.float32).reshape(8, 10)

    covered = overlay(GREY, heat, low=0.0, high=4.0)

    assert (covered == 120).all()


def test_the_overlay_covers_more_the_hotter_it_is() -> None:
    covered = overlay(GREY[:1, :4], heat_of(0.0, 1.0, 2.0, 4.0), low=0.0, high=4.0)

    distance = np.abs(covered[0].astype(int) - 120).sum(axis=1)
    assert distance[0] == 0
    assert (distance[1:] > 0).all()


def test_heat_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        overlay(GREY, heat_of(1.0), low=0.0, high=1.0)


def test_a_scale_that_is_empty_is_refused() -> None:
    with pytest.raises(ValueError, match="low < high"):
        HeatScale(low=1.0, threshold=1.0, high=1.0)


def test_the_threshold_lies_at_a_third_of_the_scale() -> None:
    scale = scale_for(threshold=2.0, typical=-1.0)

    assert (scale.low, scale.high) == (-1.0, 8.0)
    assert scale.threshold_share == pytest.approx(1 / 3)


def test_good_parts_that_all_score_alike_still_give_a_scale() -> None:
    assert scale_for(threshold=2.0, typical=2.0) == HeatScale(low=1.0, threshold=2.0, high=4.0)


def test_the_line_runs_outside_the_box() -> None:
    drawn = outlined(GREY, Box(x0=3, y0=2, x1=6, y1=5), PLANTED)

    changed = (drawn != 120).any(axis=2)
    expected = np.zeros((8, 10), dtype=bool)
    expected[1:6, 2:7] = True
    expected[2:5, 3:6] = False
    assert np.array_equal(changed, expected)


def test_the_line_around_a_mask_leaves_the_mask_and_its_source_alone() -> None:
    mask = np.zeros((8, 10), dtype=bool)
    mask[4, 4:6] = True

    drawn = outlined(GREY, mask, PLANTED)

    assert (drawn[mask] == 120).all()
    assert (drawn != 120).any(axis=2).sum() == 10  # 3 x 4 around 2 pixels
    assert (GREY == 120).all()


def test_a_mask_grows_by_whole_pixels_and_stops_at_the_border() -> None:
    mask = np.zeros((5, 9), dtype=bool)
    mask[1, 4] = True

    grown = grown_mask(mask, 3)

    assert np.argwhere(grown).min(axis=0).tolist() == [0, 1]
    assert np.argwhere(grown).max(axis=0).tolist() == [4, 7]
    assert grown.sum() == 5 * 7


def test_enlarging_makes_squares_of_pixels() -> None:
    small = np.arange(6, dtype=np.uint8).reshape(2, 3, 1)

    assert enlarged(small, longest_px=7)[:, :, 0].tolist() == [
        [0, 0, 1, 1, 2, 2],
        [0, 0, 1, 1, 2, 2],
        [3, 3, 4, 4, 5, 5],
        [3, 3, 4, 4, 5, 5],
    ]


@pytest.mark.parametrize("channels", [1, 3])
def test_a_large_picture_is_reduced_to_the_longest_side(channels: int) -> None:
    large = np.zeros((300, 1000, channels), dtype=np.uint8)

    assert reduced(large, longest_px=500).shape == (150, 500, channels)


def test_a_tiny_box_stays_visible_on_a_huge_frame() -> None:
    frame = np.zeros((2000, 3000, 1), dtype=np.uint8)

    shown = reduced_with_box(frame, Box(x0=2999, y0=1999, x1=3000, y1=2000), longest_px=300)

    assert shown.shape == (200, 300, 3)
    assert (shown.max(axis=2) > 0).sum() >= 10


def test_a_data_uri_holds_the_picture_itself() -> None:
    uri = data_uri(png_of(GREY))

    head, content = uri.split(",")
    assert head == "data:image/png;base64"
    assert Image.open(BytesIO(base64.b64decode(content))).size == (10, 8)


def test_a_data_uri_says_what_kind_of_picture_it_holds() -> None:
    assert data_uri(jpeg_of(GREY)).startswith("data:image/jpeg;base64,")
