import numpy as np
import pytest

from inspect_pipeline.geometry import Box, grown, intersection_px, polygon_mask

WHOLE = Box(x0=0, y0=0, x1=10, y1=10)


def test_a_box_is_half_open() -> None:
    box = Box(x0=2, y0=3, x1=5, y1=9)

    assert (box.width_px, box.height_px, box.area_px) == (3, 6, 18)


def test_the_slices_of_a_box_cut_rows_then_columns() -> None:
    frame = np.arange(100).reshape(10, 10)

    assert frame[Box(x0=2, y0=3, x1=4, y1=5).slices].tolist() == [[32, 33], [42, 43]]


@pytest.mark.parametrize("corners", [(2, 0, 2, 5), (3, 0, 2, 5), (0, 5, 4, 5), (-1, 0, 4, 5)])
def test_an_empty_or_negative_box_is_refused(corners: tuple[int, int, int, int]) -> None:
    x0, y0, x1, y1 = corners

    with pytest.raises(ValueError, match="a box needs"):
        Box(x0=x0, y0=y0, x1=x1, y1=y1)


@pytest.mark.parametrize(
    ("margin_px", "expected"),
    [(0, (4, 5, 6, 8)), (2, (2, 3, 8, 10)), (5, (0, 0, 11, 13)), (99, (0, 0, 20, 15))],
)
def test_a_grown_box_stops_at_the_frame(
    margin_px: int, expected: tuple[int, int, int, int]
) -> None:
    box = grown(Box(x0=4, y0=5, x1=6, y1=8), margin_px=margin_px, frame_wh=(20, 15))

    assert (box.x0, box.y0, box.x1, box.y1) == expected


@pytest.mark.parametrize(
    ("other", "shared_px"),
    [
        (Box(x0=0, y0=0, x1=10, y1=10), 100),
        (Box(x0=5, y0=5, x1=15, y1=15), 25),
        (Box(x0=10, y0=0, x1=12, y1=10), 0),  # touching is not sharing
        (Box(x0=30, y0=30, x1=40, y1=40), 0),
        (Box(x0=3, y0=4, x1=5, y1=5), 2),
    ],
)
def test_intersection_counts_shared_pixels(other: Box, shared_px: int) -> None:
    assert intersection_px(WHOLE, other) == shared_px
    assert intersection_px(other, WHOLE) == shared_px


def test_a_rectangular_polygon_covers_exactly_its_pixels() -> None:
    mask = polygon_mask([(2, 1), (5, 1), (5, 4), (2, 4)], (8, 6))

    expected = np.zeros((6, 8), dtype=bool)
    expected[1:4, 2:5] = True
    assert (mask == expected).all()


def test_the_direction_of_the_corners_does_not_matter() -> None:
    corners = [(1.0, 1.0), (7.0, 2.0), (4.0, 6.0)]

    there, back = polygon_mask(corners, (8, 8)), polygon_mask(corners[::-1], (8, 8))

    assert there.any()
    assert (there == back).all()


def test_a_polygon_with_a_notch_leaves_the_notch_out() -> None:
    mask = polygon_mask([(0, 0), (9, 0), (9, 9), (6, 9), (6, 3), (3, 3), (3, 9), (0, 9)], (9, 9))

    assert mask[5, 1]
    assert mask[5, 7]
    assert not mask[5, 4]


def test_a_polygon_beyond_the_frame_covers_the_whole_frame() -> None:
    assert polygon_mask([(-5, -5), (50, -5), (50, 50), (-5, 50)], (8, 6)).all()


def test_neighbouring_polygons_share_no_pixel_and_leave_none_out() -> None:
    upper = polygon_mask([(0, 0), (10, 0), (10, 10)], (10, 10))
    lower = polygon_mask([(0, 0), (10, 10), (0, 10)], (10, 10))

    assert (upper ^ lower).all()


def test_two_corners_are_no_polygon() -> None:
    with pytest.raises(ValueError, match="at least 3 corners, got 2"):
        polygon_mask([(0, 0), (5, 5)], (8, 8))
