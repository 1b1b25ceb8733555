import re

import numpy as np
import pytest

from inspect_pipeline.records import Mask
from inspect_pipeline.review.outlines import outline


def mask(drawn: str) -> Mask:
    return np.array([[cell == "#" for cell in row] for row in drawn.split()])


def test_a_pixel_is_enclosed_by_its_four_sides() -> None:
    assert outline(mask("#")) == "M0 0H1V1H0Z"


def test_the_outline_lies_where_the_region_lies() -> None:
    assert outline(mask("##"), x0=10, y0=20) == "M10 20H12V21H10Z"


def test_a_hole_has_a_line_of_its_own() -> None:
    path = outline(mask("### #.# ###"))

    assert path.count("M") == 2
    assert "M0 0H3V3H0Z" in path


def test_pixels_that_touch_at_a_corner_are_enclosed_apart() -> None:
    assert outline(mask("#. .#")).count("M") == 2


def test_nothing_has_no_outline() -> None:
    assert outline(mask("...")) == ""


@pytest.mark.parametrize("seed", range(8))
def test_the_lines_enclose_exactly_the_region(seed: int) -> None:
    drawn = np.random.default_rng(seed).random((9, 13)) > 0.45

    assert (inside(outline(drawn), drawn.shape) == drawn).all()


def inside(path: str, shape: tuple[int, ...]) -> Mask:
    """By the even-odd rule: vertical edges left of a pixel's centre change its side."""
    sides = np.zeros(shape, dtype=int)
    for line in re.findall(r"M[^Z]+Z", path):
        start_x, start_y = map(int, re.findall(r"M(\d+) (\d+)", line)[0])
        x, y = start_x, start_y
        for way, number in re.findall(r"([HV])(\d+)", line):
            if way == "H":
                x = int(number)
            else:
                sides[min(y, int(number)) : max(y, int(number)), x:] += 1
                y = int(number)
        sides[min(y, start_y) : max(y, start_y), start_x:] += 1
        assert x == start_x or y == start_y, "Z closes along one axis"
    enclosed: Mask = sides % 2 == 1
    return enclosed
