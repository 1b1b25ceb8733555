"""The good parts that a model is made from: read, split and looked at before any training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inspect_pipeline.errors import CaptureError, TrainingDataError, UnreadablePicture
from inspect_pipeline.records import Picture, sha256_of
from inspect_pipeline.stages.prepare import GREY_TOLERANCE, Preparation
from inspect_pipeline.training.good_parts import (
    MIN_GOOD_PARTS,
    GoodPart,
    Split,
    preparation_for,
    prepared_arrays,
    read_good_parts,
    sizes_seen,
    split_by_content,
)
from tests import make


def chosen(*pictures: Picture, tile_px: int = 32, **options: Any) -> Preparation:
    parts = [make.good_part(number, pixels) for number, pixels in enumerate(pictures)]
    return preparation_for(parts, tile_px=tile_px, **options)


def test_every_picture_below_the_folder_is_read(tmp_path: Path) -> None:
    make.write_pictures(tmp_path, 6)
    make.write_pictures(tmp_path / "second shift", 4, centre_grey=110.0)

    parts = read_good_parts(tmp_path)

    assert len(parts) == 10
    assert all(part.sha256 == sha256_of(part.path.read_bytes()) for part in parts)
    assert [part.sha256 for part in parts] == sorted(part.sha256 for part in parts)


def test_copies_of_a_picture_count_once(tmp_path: Path) -> None:
    make.write_pictures(tmp_path, 9)
    for name in ("copy.png", "copy of copy.png"):
        (tmp_path / name).write_bytes((tmp_path / "003.png").read_bytes())

    assert len(read_good_parts(tmp_path)) == 9


def test_too_few_different_pictures_are_refused_with_the_number_needed(tmp_path: Path) -> None:
    make.write_pictures(tmp_path, MIN_GOOD_PARTS - 1)
    (tmp_path / "copy.png").write_bytes((tmp_path / "000.png").read_bytes())

    with pytest.raises(TrainingDataError, match=r"7 different pictures .* at least 8") as caught:
        read_good_parts(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_a_broken_picture_is_named(tmp_path: Path) -> None:
    make.write_pictures(tmp_path, 9)
    broken = tmp_path / "004.png"
    broken.write_bytes(broken.read_bytes()[:200])

    with pytest.raises(UnreadablePicture, match=r"004\.png is damaged"):
        read_good_parts(tmp_path)


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="no such folder does not exist"):
        read_good_parts(tmp_path / "no such folder")


def test_a_fifth_is_held_out_and_no_picture_is_on_both_sides() -> None:
    parts = make.good_parts(50)

    split = split_by_content(parts)

    train, held_out = ({part.sha256 for part in side} for side in (split.train, split.held_out))
    assert len(held_out) == 10
    assert not train & held_out
    assert train | held_out == {part.sha256 for part in parts}


def test_the_split_does_not_depend_on_the_order() -> None:
    parts = make.good_parts(20)

    forwards, backwards = split_by_content(parts), split_by_content(parts[::-1])

    assert [p.sha256 for p in forwards.held_out] == [p.sha256 for p in backwards.held_out]
    assert [p.sha256 for p in forwards.train] == [p.sha256 for p in backwards.train]


def test_a_picture_on_the_training_side_stays_there_when_fewer_are_given() -> None:
    parts = make.good_parts(50)
    held_out = {part.sha256 for part in split_by_content(parts).held_out}

    fewer = split_by_content(parts[:40])

    assert len({part.sha256 for part in fewer.held_out} & held_out) >= 6


@pytest.mark.parametrize(("count", "held_out"), [(8, 2), (9, 2), (12, 2), (13, 3), (100, 20)])
def test_at_least_two_pictures_are_held_out(count: int, held_out: int) -> None:
    even = np.zeros((1, 1, 1), dtype=np.uint8)
    parts = [
        GoodPart(path=Path(str(n)), sha256=sha256_of(str(n).encode()), pixels=even)
        for n in range(count)
    ]

    assert len(split_by_content(parts).held_out) == held_out


def photographed_again(part: GoodPart, exposure: float) -> GoodPart:
    """The same part under another light."""
    grey = np.rint(part.pixels * exposure).astype(np.uint8)
    return make.good_part(0, grey)


def repeated(count: int, *exposures: float, of: int) -> list[GoodPart]:
    """So many parts; the first `of` them are there once more for each exposure."""
    parts = make.good_parts(count)
    return parts + [photographed_again(part, light) for part in parts[:of] for light in exposures]


def assert_no_part_is_on_both_sides(split: Split, parts: Sequence[GoodPart], *, of: int) -> None:
    """`parts` as `repeated` gives them, with one exposure."""
    held_out = {part.sha256 for part in split.held_out}
    again = parts[len(parts) - of :]
    for first, second in zip(parts[:of], again, strict=True):
        assert (first.sha256 in held_out) == (second.sha256 in held_out)


def test_pictures_of_one_part_stay_on_one_side() -> None:
    parts = repeated(30, 0.7, of=20)

    split = split_by_content(parts)

    assert split.groups == 20
    assert len(split.held_out) == 10  # a fifth of 50
    assert len(split.train) == 40
    assert_no_part_is_on_both_sides(split, parts, of=20)


def test_a_set_without_repetition_has_no_groups() -> None:
    assert split_by_content(make.good_parts(20)).groups == 0


def test_the_split_of_groups_does_not_depend_on_the_order() -> None:
    parts = repeated(12, 0.7, 0.85, of=6)

    forwards, backwards = split_by_content(parts), split_by_content(parts[::-1])

    assert forwards.groups == backwards.groups == 6
    assert [p.sha256 for p in forwards.held_out] == [p.sha256 for p in backwards.held_out]


@pytest.mark.parametrize(("parts", "exposures"), [(2, 4), (3, 4), (4, 2), (5, 4), (30, 6)])
def test_where_every_part_is_repeated_whole_parts_are_held_out(parts: int, exposures: int) -> None:
    lights = [1 - 0.08 * n for n in range(1, exposures)]

    split = split_by_content(repeated(parts, *lights, of=parts))

    held_out, train = len(split.held_out), len(split.train)
    assert split.groups == parts
    assert held_out >= 2
    assert train > 0
    assert held_out % exposures == train % exposures == 0
    assert abs(held_out - (held_out + train) / 5) <= exposures


def test_grey_saved_as_colour_is_grey() -> None:
    grey = make.picture(1)
    as_rgb = np.repeat(grey, 3, axis=2)

    assert chosen(as_rgb, as_rgb).channels == 1
    assert chosen(grey, as_rgb).channels == 1


def test_the_rounding_of_a_jpeg_is_no_colour() -> None:
    as_rgb = np.repeat(make.picture(1), 3, axis=2)
    as_rgb[0, 0, 2] += GREY_TOLERANCE

    assert chosen(as_rgb).channels == 1


def test_one_picture_in_colour_makes_a_part_in_colour() -> None:
    grey, colour = make.picture(1), np.repeat(make.picture(2), 3, axis=2)
    colour[10, 20, 2] -= GREY_TOLERANCE + 1

    assert chosen(grey, colour).channels == 3


def test_steady_exposure_keeps_fixed_grey_levels() -> None:
    how = chosen(*(make.picture(seed, centre_grey=120.0) for seed in range(8)))

    assert how.photometric == "fixed"
    assert how.centre_grey == pytest.approx(120.0, abs=12.0)


def test_wandering_exposure_is_levelled_frame_by_frame() -> None:
    centres = (70, 90, 110, 130, 150, 170)

    how = chosen(*(make.picture(n, centre_grey=c) for n, c in enumerate(centres)))

    assert how.photometric == "frame"


def test_centre_and_spread_are_those_of_the_typical_picture() -> None:
    ramp = np.linspace(50, 150, 3200).reshape(40, 80, 1).astype(np.uint8)
    dark = np.full((40, 80, 1), 3, dtype=np.uint8)

    how = chosen(ramp, ramp, ramp, dark)

    assert how.centre_grey == pytest.approx(100.0, abs=1.0)
    assert how.spread_grey == pytest.approx(96.0, abs=2.0)


def test_even_pictures_still_have_a_spread() -> None:
    assert chosen(np.full((40, 80, 1), 3, dtype=np.uint8)).spread_grey == 1.0


SCALES = [
    ((64, 48), 32, 1.0),  # smaller than four tiles: never enlarged
    ((200, 128), 32, 1.0),
    ((512, 256), 32, 0.5),  # the shorter side becomes 4 x 32 px
    ((256, 512), 64, 1.0),
    ((1024, 1024), 64, 0.25),
]


@pytest.mark.parametrize(("frame_wh", "tile_px", "scale"), SCALES)
def test_the_shorter_side_becomes_four_tiles_at_most(
    frame_wh: tuple[int, int], tile_px: int, scale: float
) -> None:
    even = np.zeros((frame_wh[1], frame_wh[0], 1), dtype=np.uint8)

    assert chosen(even, tile_px=tile_px).scale == scale


def test_a_scale_that_was_asked_for_stays() -> None:
    assert chosen(make.picture(1), scale=0.7).scale == 0.7


def test_prepared_pictures_are_at_least_a_tile_large() -> None:
    small = make.good_part(0, make.picture(0, frame_wh=(20, 50)))
    how = make.preparation()

    [array] = prepared_arrays([small], how)

    assert array.shape == (1, 50, 32)
    assert np.array_equal(array[:, :, 20:], np.repeat(array[:, :, 19:20], 12, axis=2))


def test_prepared_pictures_have_the_parts_channels_and_range() -> None:
    parts = [make.good_part(0), make.good_part(1, channels=3)]

    arrays = prepared_arrays(parts, make.preparation(channels=3))

    assert [array.shape[0] for array in arrays] == [3, 3]
    assert all(np.abs(array).max() <= 1 for array in arrays)
    assert all(array.dtype == np.float32 for array in arrays)


def test_the_sizes_seen_are_the_smallest_and_largest_sides() -> None:
    parts = [
        make.good_part(n, make.picture(n, frame_wh=wh))
        for n, wh in enumerate([(40, 90), (70, 60), (50, 80)])
    ]

    assert sizes_seen(parts) == ((40, 60), (70, 90))
