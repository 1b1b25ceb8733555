"""Procedural pictures: the same for a seed, different for another, and never out of range."""

from __future__ import annotations

import numpy as np
import pytest

from inspect_pipeline.training.base.fields import (
    Family,
    log_uniform,
    rotated_axes,
    rotation,
    smooth_noise,
    stretched,
)
from inspect_pipeline.training.base.pictures import FAMILIES, draw_picture, drawn_picture
from inspect_pipeline.training.base.shapes import fill, outline

SEEDS = range(8)
TONES_OF_SEED_20 = (112.8, 96.9, 103.8, 182.0, 30.7, 96.2)  # mean grey levels of its first six


def a_rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("family", dict.fromkeys(FAMILIES), ids=lambda family: family.__name__)
@pytest.mark.parametrize("side", [40, 96])
def test_a_family_gives_fields_between_0_and_1(family: Family, side: int) -> None:
    for seed in SEEDS:
        field = family(a_rng(seed), side)

        assert field.shape == (side, side)
        assert field.dtype == np.float32
        assert np.isfinite(field).all()
        assert field.min() >= 0.0
        assert field.max() <= 1.0


@pytest.mark.parametrize("family", dict.fromkeys(FAMILIES), ids=lambda family: family.__name__)
def test_a_family_shows_something_for_most_seeds(family: Family) -> None:
    flat = [seed for seed in SEEDS if np.ptp(family(a_rng(seed), 64)) < 0.1]

    assert len(flat) <= 2


@pytest.mark.parametrize("side", [48, 128])
def test_a_picture_is_rgb_of_the_side_asked_for(side: int) -> None:
    picture = draw_picture(a_rng(1), side)

    assert picture.shape == (side, side, 3)
    assert picture.dtype == np.uint8


def test_a_picture_depends_on_its_seed_and_number_alone() -> None:
    first = [drawn_picture(3, number, 64) for number in range(8)]

    backwards = [drawn_picture(3, number, 64) for number in reversed(range(8))]

    assert all(map(np.array_equal, first, reversed(backwards)))


def test_no_two_pictures_are_the_same() -> None:
    pictures = [drawn_picture(seed, number, 48) for seed in (0, 1) for number in range(12)]

    assert len({picture.tobytes() for picture in pictures}) == 24


def test_pictures_differ_in_tone_contrast_and_colour() -> None:
    pictures = [drawn_picture(0, number, 48).astype(float) for number in range(40)]

    tones = [picture.mean() for picture in pictures]
    contrasts = [picture.std() for picture in pictures]
    tints = [np.ptp(picture.mean((0, 1))) for picture in pictures]

    assert np.ptp(tones) > 100
    assert min(contrasts) < 15
    assert max(contrasts) > 45
    assert min(tints) < 1
    assert max(tints) > 30


def test_the_pictures_that_the_shipped_weights_learnt_from_can_still_be_drawn() -> None:
    tones = [float(drawn_picture(20, number, 128).mean()) for number in range(6)]

    assert tones == pytest.approx(TONES_OF_SEED_20, abs=0.5)


def test_a_dense_field_is_stretched_between_percentiles_and_a_sparse_one_wholly() -> None:
    dense = np.linspace(-3, 5, 64 * 64, dtype=np.float32).reshape(64, 64)
    sparse = np.zeros((64, 64), np.float32)
    sparse[3, 5] = 7.0

    assert (stretched(dense) == 0).mean() == pytest.approx(0.01, abs=0.005)
    assert stretched(dense)[32, 0] == pytest.approx(0.5, abs=0.01)
    assert stretched(sparse)[3, 5] == 1.0
    assert stretched(sparse).sum() == 1.0


def test_a_flat_field_stays_flat() -> None:
    assert np.ptp(stretched(np.full((16, 16), 0.3, np.float32))) == 0.0


def test_every_doubling_is_equally_likely() -> None:
    rng = a_rng(2)
    drawn = np.array([log_uniform(rng, 1, 16) for _ in range(4000)])

    shares = np.histogram(np.log2(drawn), bins=[0, 1, 2, 3, 4])[0] / len(drawn)

    assert shares == pytest.approx([0.25] * 4, abs=0.03)


def test_rotated_axes_keep_distances_from_the_centre() -> None:
    u, v = rotated_axes(a_rng(4), 32)

    assert np.hypot(u, v)[0, 0] == pytest.approx(16 * 2**0.5, rel=1e-5)
    assert np.hypot(u, v)[16, 16] == 0.0


def test_a_quarter_turn_takes_x_to_y() -> None:
    assert np.array([0.0, 1.0]) @ rotation(np.pi / 2) == pytest.approx([1.0, 0.0])


def test_smooth_noise_is_smoother_the_fewer_its_cells() -> None:
    coarse, fine = (smooth_noise(a_rng(5), 64, cells) for cells in (3, 30))

    assert np.abs(np.diff(coarse)).mean() < 0.3 * np.abs(np.diff(fine)).mean()


def test_outlines_enclose_an_area_around_their_place() -> None:
    for seed in SEEDS:
        canvas = np.zeros((64, 64), np.uint8)

        fill(canvas, outline(a_rng(seed), 64, 16.0, np.array([32.0, 32.0])), 255)

        rows, columns = np.nonzero(canvas)
        assert len(rows) > 20
        assert abs(rows.mean() - 32) < 8
        assert abs(columns.mean() - 32) < 8
