from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from inspect_pipeline.records import Heat, Picture
from inspect_pipeline.reports.drawing import HeatScale
from inspect_pipeline.review import pictures

SCALE = HeatScale(low=0.0, threshold=2.0, high=6.0)


def opened(content: bytes) -> Picture:
    with Image.open(BytesIO(content), formats=("PNG",)) as image:
        return np.asarray(image)


def heat(*scores: float) -> Heat:
    return np.array([scores], dtype=np.float32)


def grey(*levels: int) -> Picture:
    return np.array([levels], dtype=np.uint8)[..., None]


def test_heat_is_lighter_the_hotter_it_is_and_the_scale_is_not_the_pictures_own() -> None:
    cool = opened(pictures.heat_colours(heat(0.0, 1.0, 2.0), SCALE))
    hot = opened(pictures.heat_colours(heat(2.0, 4.0, 60.0), SCALE))

    brightness = np.concatenate((cool, hot), axis=1).astype(int).sum(axis=2)[0]

    assert (np.diff(brightness)[[0, 1, 3, 4]] > 0).all()
    assert (cool[0, 2] == hot[0, 0]).all(), "the same score has the same colour in every picture"


def test_the_veil_is_clear_where_the_part_looks_good() -> None:
    veil = opened(pictures.heat_veil(heat(-5.0, 0.0, 2.0, 9.0), SCALE))

    assert veil.shape == (1, 4, 4)
    assert veil[0, :, 3].tolist()[:2] == [0, 0]
    assert 0 < veil[0, 2, 3] < veil[0, 3, 3] == 255


def test_the_signed_difference_tells_brighter_from_darker() -> None:
    shown = opened(pictures.signed_difference(grey(100, 200, 20), grey(100, 100, 120))).astype(int)

    same, brighter, darker = shown[0]
    assert same[0] == same[1] == same[2]
    assert brighter[0] > brighter[2]
    assert darker[2] > darker[0]


def test_the_absolute_difference_is_black_where_nothing_differs() -> None:
    shown = opened(pictures.absolute_difference(grey(100, 110, 255), grey(100, 100, 0)))

    assert shown[0].tolist() == [0, 27, 255]


def test_one_channel_that_differs_is_enough() -> None:
    observed = np.array([[[10, 10, 10]]], dtype=np.uint8)
    golden = np.array([[[10, 10, 106]]], dtype=np.uint8)

    assert opened(pictures.absolute_difference(observed, golden))[0, 0] == 255


def test_pictures_of_different_sizes_are_not_compared() -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        pictures.absolute_difference(grey(1, 2), grey(1))


def test_a_large_frame_becomes_small_and_a_small_one_stays() -> None:
    large = np.zeros((100, 2 * pictures.SMALL_LONGEST_PX, 1), dtype=np.uint8)

    assert opened(pictures.small(large)).shape == (50, pictures.SMALL_LONGEST_PX)
    assert opened(pictures.small(grey(1, 2))).tolist() == [[1, 2]]
