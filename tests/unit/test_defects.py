"""Synthetic defects: visible where the mask says so, nothing anywhere else, and of every family."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from inspect_pipeline.training.defects import (
    FAMILIES,
    MIN_AREA_PX,
    VISIBLE,
    Rng,
    Tile,
    foreign_texture,
    local_gain,
    lost_texture,
    pasted_piece,
    spot,
    stroke,
    value_noise,
    with_defect,
)

SEEDS = range(25)


def a_tile(seed: int, *, channels: int = 1, side: int = 32) -> Tile:
    grain = np.random.default_rng(seed).normal(0, 0.25, (channels, side, side))
    return np.clip(grain, -1, 1).astype(np.float32)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("side", [32, 64, 128])
def test_outside_the_mask_no_change_is_visible(side: int, channels: int) -> None:
    for seed in range(12):
        tile, other = (a_tile(n, channels=channels, side=side) for n in (seed, seed + 100))

        changed, mask = with_defect(tile, other, np.random.default_rng(seed))

        assert np.abs(changed - tile).max(axis=0)[~mask].max() <= VISIBLE


def test_inside_the_mask_most_pixels_visibly_change() -> None:
    for seed in SEEDS:
        tile = a_tile(seed)

        changed, mask = with_defect(tile, a_tile(seed + 100), np.random.default_rng(seed))

        assert mask.sum() >= MIN_AREA_PX
        assert (np.abs(changed - tile).max(axis=0)[mask] > VISIBLE).mean() > 0.5


def test_a_damaged_tile_stays_in_the_networks_range() -> None:
    for seed in SEEDS:
        changed, _ = with_defect(a_tile(seed), a_tile(seed + 100), np.random.default_rng(seed))

        assert np.abs(changed).max() <= 1.0
        assert changed.dtype == np.float32


def test_the_good_tiles_stay_as_they_were() -> None:
    tile, other = a_tile(1), a_tile(2)

    for seed in SEEDS:
        with_defect(tile, other, np.random.default_rng(seed))

    assert np.array_equal(tile, a_tile(1))
    assert np.array_equal(other, a_tile(2))


def test_the_same_random_numbers_plant_the_same_defect() -> None:
    first, second = (with_defect(a_tile(1), a_tile(2), np.random.default_rng(7)) for _ in range(2))

    assert np.array_equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])


def test_a_defect_that_cannot_be_seen_leaves_tile_and_mask_empty() -> None:
    class NeverSeen(np.random.Generator):
        """Draws the family whose result here is the tile itself: blur of an even tone."""

        def choice(self, *args: object, **kwargs: object) -> int:  # type: ignore[override]
            return 1

        def integers(self, *args: object, **kwargs: object) -> int:  # type: ignore[override]
            return FAMILIES.index(lost_texture) if args == (len(FAMILIES),) else 2

    even = np.full((1, 32, 32), 0.3, dtype=np.float32)

    changed, mask = with_defect(even, even, NeverSeen(np.random.PCG64(1)))

    assert np.array_equal(changed, even)
    assert not mask.any()


@pytest.mark.parametrize(
    "family", [foreign_texture, pasted_piece, stroke, spot, lost_texture, local_gain]
)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_family_changes_tiles_visibly(
    family: Callable[[Tile, Tile, Rng], Tile], channels: int
) -> None:
    changes = [
        np.abs(
            family(tile, a_tile(seed + 100, channels=channels), np.random.default_rng(seed)) - tile
        )
        for seed in SEEDS
        for tile in (a_tile(seed, channels=channels),)
    ]

    visible = [(change > VISIBLE).any() for change in changes]

    assert np.mean(visible) > 0.7
    assert all(change.shape == (channels, 32, 32) for change in changes)


def test_every_family_is_drawn() -> None:
    wanted = {foreign_texture, pasted_piece, stroke, spot, lost_texture, local_gain}

    assert set(FAMILIES) == wanted


def test_colour_defects_are_not_always_grey() -> None:
    tile = np.zeros((3, 32, 32), dtype=np.float32)

    tinted = [
        not np.allclose(changed[0], changed[1], atol=1e-6)
        for seed in SEEDS
        for changed in (stroke(tile, tile, np.random.default_rng(seed)),)
    ]

    assert 0.2 < np.mean(tinted) < 0.8


@pytest.mark.parametrize("cells", [2, 5, 16])
def test_value_noise_varies_at_its_own_scale(cells: int) -> None:
    noise = value_noise(64, np.random.default_rng(3), cells=cells)

    steps = np.abs(np.diff(noise, axis=0)).mean()

    assert noise.shape == (64, 64)
    assert np.abs(noise).max() < 1.6
    assert steps < 0.05 * cells
