"""Pictures that show one part again are found, and different parts are left alone."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from inspect_pipeline.records import Picture
from inspect_pipeline.training.likeness import LARGEST_SHARE, near_duplicates

WH = (120, 90)
Surface = npt.NDArray[np.float32]


def surface(seed: int, *, cells: int = 16, contrast: float = 30.0) -> Surface:
    """Grey levels (110, 140) of one part around 0, with a margin of 10 px: soft structure."""
    rng = np.random.default_rng(seed)
    coarse = rng.normal(0, contrast, (cells, cells)).astype(np.float32)
    height, width = WH[1] + 20, WH[0] + 20
    grown: Surface = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return grown


def photograph(
    part: Surface,
    *,
    seed: int = 0,
    exposure: float = 1.0,
    gamma: float = 1.0,
    moved_xy: tuple[int, int] = (0, 0),
    wh: tuple[int, int] = WH,
) -> Picture:
    """One picture of the part: cut, lit and with the noise of a sensor."""
    x, y = 10 + moved_xy[0], 10 + moved_xy[1]
    seen = np.clip(120 + part[y : y + wh[1], x : x + wh[0]], 0, 255) / 255
    noise = np.random.default_rng([seed, 1]).normal(0, 3, seen.shape)
    grey: Picture = np.clip(np.rint(255 * exposure * seen**gamma + noise), 0, 255).astype(np.uint8)
    return grey[:, :, np.newaxis]


def different(count: int, *, shared: Surface | float = 0.0, first: int = 0) -> list[Picture]:
    """Pictures of so many parts, which may have something in common."""
    return [photograph(shared + surface(seed), seed=seed) for seed in range(first, first + count)]


def sizes(pictures: list[Picture]) -> list[int]:
    """The sizes of the groups of two and more, in order."""
    return sorted(int(size) for size in np.bincount(near_duplicates(pictures)) if size > 1)


def together(pictures: list[Picture], *numbers: int) -> bool:
    """These and only these form a group."""
    groups = near_duplicates(pictures)
    alike = [n for n, group in enumerate(groups) if group == groups[numbers[0]]]
    return alike == sorted(numbers)


@pytest.mark.parametrize("count", [3, 8, 20, 60])
def test_different_parts_are_left_alone(count: int) -> None:
    assert sizes(different(count)) == []


@pytest.mark.parametrize(("exposure", "gamma"), [(0.5, 1.0), (1.4, 1.0), (0.8, 1.5), (1.1, 0.7)])
def test_another_exposure_is_the_same_part(exposure: float, gamma: float) -> None:
    again = photograph(surface(3), seed=99, exposure=exposure, gamma=gamma)

    assert together([*different(20), again], 3, 20)


@pytest.mark.parametrize("moved_xy", [(3, 0), (-3, 0), (0, 3), (0, -3), (4, -2), (-4, -2)])
def test_a_small_shift_is_the_same_part_in_every_direction(moved_xy: tuple[int, int]) -> None:
    again = photograph(surface(3), seed=99, moved_xy=moved_xy)

    assert together([*different(20), again], 3, 20)
    assert together([again, *different(20)], 0, 4)


def test_a_part_cut_out_by_hand_in_another_size_is_the_same_part() -> None:
    again = photograph(surface(3), seed=99, wh=(WH[0] + 5, WH[1] - 4))

    assert together([*different(20), again], 3, 20)


def test_colour_and_grey_of_one_part_are_alike() -> None:
    again = np.repeat(photograph(surface(3), seed=99), 3, axis=2)

    assert together([*different(20), again], 3, 20)


def test_whatever_hangs_together_by_pairs_is_one_group() -> None:
    moves = [photograph(surface(50), seed=99 + n, moved_xy=(3 * n, 0)) for n in range(-3, 4)]

    assert sizes([*different(40), *moves]) == [7]  # the ends are 18 px apart


def test_parts_that_lie_alike_are_told_by_what_is_particular_to_them() -> None:
    outline = surface(1000, contrast=60.0)
    faint = [outline + 0.1 * surface(seed) for seed in range(20)]
    plates = [photograph(part, seed=n) for n, part in enumerate(faint)]
    again = photograph(faint[3], seed=99, exposure=0.8)

    assert np.corrcoef([plate.ravel() for plate in plates]).min() > 0.9
    assert sizes(plates) == []
    assert together([*plates, again], 3, 20)


@pytest.mark.parametrize("variants", [2, 3, 5])
def test_variants_of_a_part_are_no_near_duplicates(variants: int) -> None:
    outlines = [surface(1000 + n, contrast=60.0) for n in range(variants)]
    parts = [outlines[n % variants] + surface(n) for n in range(12 * variants)]

    assert sizes([photograph(part, seed=n) for n, part in enumerate(parts)]) == []


def test_pictures_that_are_all_of_one_part_are_not_one_group() -> None:
    assert sizes([photograph(surface(0), seed=n) for n in range(30)]) == []


def test_no_group_grows_beyond_its_share_of_the_set() -> None:
    half = [photograph(surface(1000), seed=n) for n in range(30)]
    pair = [photograph(surface(2000), seed=n, exposure=1 - 0.1 * n) for n in range(2)]

    assert LARGEST_SHARE * 62 < 30
    assert sizes([*different(30), *half, *pair]) == [2]


@pytest.mark.parametrize(("parts", "times"), [(2, 4), (4, 2), (3, 4), (5, 4), (10, 6)])
def test_every_part_may_be_there_several_times(parts: int, times: int) -> None:
    pictures = [
        photograph(surface(n), seed=10 * n + again, exposure=1 - 0.08 * again)
        for n in range(parts)
        for again in range(times)
    ]

    groups = near_duplicates(pictures)

    assert groups == [groups[times * (n // times)] for n in range(parts * times)]
    assert len(set(groups)) == parts


def test_the_order_of_the_pictures_does_not_matter() -> None:
    again = photograph(surface(3), seed=99, moved_xy=(2, 1), exposure=0.8)
    pictures = [*different(20), again]

    backwards = near_duplicates(pictures[::-1])[::-1]

    forwards = near_duplicates(pictures)
    assert [g == forwards[3] for g in forwards] == [g == backwards[3] for g in backwards]
    assert len(set(forwards)) == len(set(backwards)) == 20


def test_even_pictures_are_like_nothing() -> None:
    even = [np.full((1, 1, 1), grey, dtype=np.uint8) for grey in range(6)]
    black = [np.zeros((90, 120, 3), dtype=np.uint8)] * 6

    assert sizes([*even, *black]) == []


@pytest.mark.parametrize("count", [0, 1, 2])
def test_two_pictures_cannot_say_what_is_usual(count: int) -> None:
    same = [photograph(surface(0))] * count

    assert near_duplicates(same) == list(range(count))
