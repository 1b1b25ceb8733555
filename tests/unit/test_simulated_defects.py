"""Planted defects: visible, on the part, and exactly where the truth says."""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
import pytest
from scipy import ndimage

from inspect_pipeline.capture.simulated import material_named
from inspect_pipeline.capture.simulated.planting import (
    MIN_AREA_PX,
    MIN_CONTRAST_GREY,
    PictureSeed,
    PlantedDefect,
    Stream,
    good_picture,
    kinds_drawn,
    marked_picture,
)
from inspect_pipeline.capture.simulated.scene import Scene, marred, place_on
from inspect_pipeline.geometry import Box
from inspect_pipeline.records import Mask, Picture

MATERIALS = ("brushed_web", "machined_plate")
MARKS = [(name, kind) for name in MATERIALS for kind in material_named(name).kinds]
EACH = 4


@cache
def marked(material: str, kind: str) -> list[tuple[Picture, Picture, PlantedDefect]]:
    """(good twin, defective, truth) of a few parts with one defect of that kind."""
    shots = []
    for index in range(EACH):
        picture = PictureSeed(material=material, seed=3, stream=Stream.LINE, index=index)
        wh = material_named(material).default_wh
        pixels, (defect,) = marked_picture(picture, wh, [kind])
        shots.append((good_picture(picture, wh), pixels, defect))
    return shots


def plate_on_belt(good: Picture) -> Mask:
    """The plate found again by a person's rule: much brighter than the belt, holes filled."""
    bright = ndimage.binary_opening(good.mean(axis=2) > 62, iterations=2)
    return ndimage.binary_fill_holes(ndimage.binary_dilation(bright, iterations=4))


@pytest.mark.parametrize(("material", "kind"), MARKS)
def test_outside_its_mask_a_defective_part_equals_its_good_twin(material: str, kind: str) -> None:
    for good, pixels, defect in marked(material, kind):
        assert np.array_equal(good[~defect.mask], pixels[~defect.mask])


@pytest.mark.parametrize(("material", "kind"), MARKS)
def test_inside_its_mask_most_pixels_differ(material: str, kind: str) -> None:
    for good, pixels, defect in marked(material, kind):
        change = np.abs(pixels.astype(int) - good).max(axis=2)
        assert np.mean(change[defect.mask] >= 2) > 0.6


@pytest.mark.parametrize(("material", "kind"), MARKS)
def test_every_piece_of_a_mask_holds_a_visible_change(material: str, kind: str) -> None:
    for good, pixels, defect in marked(material, kind):
        change = np.abs(pixels.astype(int) - good).max(axis=2)
        labels, pieces = ndimage.label(defect.mask, np.ones((3, 3)))
        assert min(ndimage.maximum(change, labels, range(1, pieces + 1))) >= 2


@pytest.mark.parametrize(("material", "kind"), MARKS)
def test_contrast_is_the_mean_change_inside_the_mask(material: str, kind: str) -> None:
    for good, pixels, defect in marked(material, kind):
        change = np.abs(pixels.astype(int) - good).max(axis=2)
        assert change[defect.mask].mean() == pytest.approx(defect.contrast, rel=0.05, abs=1.0)


@pytest.mark.parametrize(("material", "kind"), MARKS)
def test_a_defect_is_large_and_strong_enough_to_be_seen(material: str, kind: str) -> None:
    for _, _, defect in marked(material, kind):
        assert np.count_nonzero(defect.mask) >= MIN_AREA_PX
        assert defect.contrast >= MIN_CONTRAST_GREY


@pytest.mark.parametrize("kind", material_named("machined_plate").kinds)
def test_defects_lie_on_the_plate_and_not_on_the_belt(kind: str) -> None:
    for good, _, defect in marked("machined_plate", kind):
        assert not (defect.mask & ~plate_on_belt(good)).any()


@pytest.mark.parametrize(("material", "kind"), MARKS)
def test_the_box_fits_the_mask_exactly(material: str, kind: str) -> None:
    for _, _, defect in marked(material, kind):
        rows, columns = np.nonzero(defect.mask)
        assert defect.box == Box(
            x0=columns.min(), y0=rows.min(), x1=columns.max() + 1, y1=rows.max() + 1
        )


@pytest.mark.parametrize(("material", "kind"), MARKS)
def test_two_defects_of_a_kind_are_not_alike(material: str, kind: str) -> None:
    areas = {(defect.box, defect.contrast) for _, _, defect in marked(material, kind)}

    assert len(areas) == EACH


def test_a_missing_hole_shows_bright_metal_where_the_good_twin_is_dark() -> None:
    good, pixels, defect = marked("machined_plate", "missing_hole")[0]

    assert good[defect.mask].min() < 45
    assert pixels[defect.mask].min() > 90


def test_a_smear_takes_the_brush_texture_away() -> None:
    for good, pixels, defect in marked("brushed_web", "smear"):
        core = ndimage.binary_erosion(defect.mask, iterations=4)
        roughness = [
            np.abs(np.diff(p[..., 0].astype(int), axis=0))[core[1:]] for p in (good, pixels)
        ]
        assert roughness[1].mean() < 0.7 * roughness[0].mean()


@pytest.mark.parametrize("material", MATERIALS)
def test_all_kinds_occur_within_a_few_hundred_frames(material: str) -> None:
    drawn = Counter(
        kind
        for index in range(400)
        for kind in kinds_drawn(
            PictureSeed(material=material, seed=1, stream=Stream.LINE, index=index),
            defect_rate=0.3,
        )
    )

    assert set(drawn) == set(material_named(material).kinds)


@pytest.mark.parametrize("material", MATERIALS)
def test_two_defects_on_one_part_do_not_touch(material: str) -> None:
    picture = PictureSeed(material=material, seed=8, stream=Stream.LINE, index=1)

    made = material_named(material)
    _, (first, second) = marked_picture(picture, made.default_wh, ["stain", "crack"])

    assert not (ndimage.binary_dilation(first.mask) & second.mask).any()


def test_a_mark_leaves_pixels_alone_that_an_earlier_mark_made_very_dark() -> None:
    before = np.full((20, 20, 1), 120.0)
    before[2:5, 2:5] = 4.0
    after = before.copy()
    after[10:15, 10:15] -= 60.0

    mark = marred(before, after, within=np.ones((20, 20), dtype=bool))

    assert np.array_equal(mark.mask, after[..., 0] == 60.0)


def test_the_inside_of_a_loop_does_not_belong_to_its_mask() -> None:
    before = np.full((24, 24, 1), 120.0)
    after = before.copy()
    after[4:20, 4:20] -= 60.0
    after[6:18, 6:18] = 120.0

    mark = marred(before, after, within=np.ones((24, 24), dtype=bool))

    assert not mark.mask[8:16, 8:16].any()


def test_streams_of_one_seed_share_no_picture() -> None:
    wh = material_named("brushed_web").default_wh

    pictures = {
        good_picture(
            PictureSeed(material="brushed_web", seed=1, stream=stream, index=0), wh
        ).tobytes()
        for stream in Stream
    }

    assert len(pictures) == len(Stream)


def test_a_mark_finds_a_place_on_a_face_that_is_narrower_than_its_margin() -> None:
    face = np.zeros((64, 64))
    face[30:33, 10:50] = 1.0
    scene = Scene(pixels=np.zeros((64, 64, 1)), part=face > 0, face=face, light_rad=0.0)

    x, y = place_on(scene, np.random.default_rng(0), margin_px=8)

    assert face[int(y), int(x)] == 1.0
