"""Which regions of two frames are one defect, and what it is like as a whole: literal cases."""

from __future__ import annotations

import numpy as np
import pytest

from db.masks import encode_mask
from db.web_regions import WebRegion, is_same_defect, region_on_web, whole_defect


def region(rows: str, *, line: int = 0, column: int = 0, is_cut: bool = False) -> WebRegion:
    """`rows` like "##./.#.", from this line and column on."""
    cells = [[cell == "#" for cell in row] for row in rows.split("/")]
    return WebRegion(
        first_line=line, first_px=column, mask=np.array(cells, dtype=bool), is_cut=is_cut
    )


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (region("##/##"), region("##/##"), True),
        (region("##/##"), region("##/##", line=1, column=1), True),  # one pixel in common
        (region("##/##"), region("##/##", line=2), False),  # side by side, each whole in its frame
        (region("##/##", is_cut=True), region("##/##", line=2), True),
        (region("##/##"), region("##/##", line=2, is_cut=True), True),
        (region("##/##", is_cut=True), region("##/##", line=2, column=2), True),  # by a corner
        (region("##/##", is_cut=True), region("##/##", line=3, column=3), True),
        (region("##/##", is_cut=True), region("##/##", line=4), False),
        (region("##/##", is_cut=True), region("##/##", column=4), False),
        (region("#../###"), region("##", column=1), False),  # boxes overlap, pixels do not
        (region("#"), region("#", line=1000, column=1000), False),
    ],
)
def test_regions_are_one_defect(one: WebRegion, other: WebRegion, same: bool) -> None:
    assert is_same_defect(one, other) is same
    assert is_same_defect(other, one) is same


def test_a_pixel_that_two_frames_show_counts_once() -> None:
    whole = whole_defect([region("##/##", line=10), region("##/##", line=11)])

    assert whole.area_px == 6
    assert whole.centre_line == 11.5
    assert whole.centre_px == 1.0


@pytest.mark.parametrize(
    ("y0", "y1", "is_cut"),
    [(0, 5, True), (2, 9, True), (3, 9, False), (90, 97, False), (90, 98, True)],
)
def test_a_region_near_the_edge_of_its_frame_may_go_on_beyond(
    y0: int, y1: int, is_cut: bool
) -> None:
    cells = b"\1" * (y1 - y0)
    mask = encode_mask(cells, width_px=1, height_px=y1 - y0)

    seen = region_on_web(mask, box=(7, y0, 8, y1), frame_line=400, frame_lines=100)

    assert seen.is_cut is is_cut
    assert (seen.first_line, seen.until_line, seen.first_px) == (400 + y0, 400 + y1, 7)
