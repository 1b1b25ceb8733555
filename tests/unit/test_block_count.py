"""Counting what a GigE Vision camera lost, and its pixels as pictures."""

from __future__ import annotations

import numpy as np
import pytest

from inspect_pipeline.capture.block_count import BlockCount
from inspect_pipeline.capture.pixel_formats import picture_of
from inspect_pipeline.errors import CaptureError


@pytest.mark.parametrize(
    ("ids", "numbers", "missing"),
    [
        ([1, 2, 3], [0, 1, 2], [0, 0, 0]),
        ([7, 10, 11], [0, 3, 4], [0, 2, 0]),
        ([65534, 65535, 1, 2], [0, 1, 2, 3], [0, 0, 0, 0]),  # 0 is left out
        ([65533, 2], [0, 4], [0, 3]),
        ([10, 14, 12, 15], [0, 4, 2, 5], [0, 3, 0, 0]),  # 12 comes late
        ([2, 65534, 3], [0, -3, 1], [0, 0, 0]),  # late across the end of the round
        ([0, 0, 0], [0, 1, 2], [0, 0, 0]),  # a camera without ids
    ],
)
def test_missing_pictures_are_counted_round_the_end(
    ids: list[int], numbers: list[int], missing: list[int]
) -> None:
    count = BlockCount()

    counted = [count.counted(block_id) for block_id in ids]

    assert [each.number for each in counted] == numbers
    assert [each.missing for each in counted] == missing


def test_rows_are_freed_of_their_padding() -> None:
    found = picture_of(bytes([1, 2, 9, 3, 4, 9]), (2, 2), "Mono8", row_padding_bytes=1)

    assert found[..., 0].tolist() == [[1, 2], [3, 4]]


def test_colours_end_up_as_red_green_blue() -> None:
    assert picture_of(bytes([1, 2, 3]), (1, 1), "RGB8").tolist() == [[[1, 2, 3]]]
    assert picture_of(bytes([1, 2, 3]), (1, 1), "BGR8").tolist() == [[[3, 2, 1]]]


@pytest.mark.parametrize(
    ("pixel_format", "order"),
    [("BayerRG8", "RGGB"), ("BayerGB8", "GBRG"), ("BayerGR8", "GRBG"), ("BayerBG8", "BGGR")],
)
def test_a_bayer_pattern_becomes_its_colour(pixel_format: str, order: str) -> None:
    levels = {"R": 200, "G": 100, "B": 50}
    cell = np.array([levels[colour] for colour in order], np.uint8).reshape(2, 2)

    found = picture_of(np.tile(cell, (4, 4)).tobytes(), (8, 8), pixel_format)

    assert found[2:6, 2:6].reshape(-1, 3).tolist() == [[200, 100, 50]] * 16


def test_too_few_bytes_are_refused() -> None:
    with pytest.raises(CaptureError, match="3 bytes came for 2 x 2 px Mono8, 4 are needed"):
        picture_of(bytes(3), (2, 2), "Mono8")
