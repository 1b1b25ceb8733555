"""Training batches: functions of seed, stream and number alone, cut from the pictures given."""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch

from inspect_pipeline.training.crops import AHEAD, Batch, Crops
from inspect_pipeline.training.defects import VISIBLE, Tile

SIDE = 32


def pictures(channels: int = 1) -> list[Tile]:
    """Every pixel of every picture has a value of its own."""
    shape = (channels, 40, 50)
    count = int(np.prod(shape))
    ramp: Tile = (np.arange(count).reshape(shape) / count).astype(np.float32)
    return [ramp - np.float32(1), ramp * np.float32(0.99)]


def crops(**changed: Any) -> Crops:
    chosen: dict[str, Any] = {
        "pictures": pictures(),
        "tile_px": SIDE,
        "batch": 4,
        "seed": 3,
        "stream": "generator",
        "damage": 0.5,
    }
    return Crops(**{**chosen, **changed})


def are_equal(first: Batch, second: Batch) -> bool:
    return all(
        torch.equal(getattr(first, name), getattr(second, name))
        for name in ("clean", "damaged", "mask")
    )


def test_a_batch_depends_on_its_number_alone() -> None:
    stream = crops()
    stream.batch_at(0)

    again = stream.batch_at(7)

    assert are_equal(again, crops().batch_at(7))


@pytest.mark.parametrize("changed", [{"seed": 4}, {"stream": "encoder"}])
def test_another_seed_or_stream_gives_other_tiles(changed: dict[str, Any]) -> None:
    assert not torch.equal(crops().batch_at(0).clean, crops(**changed).batch_at(0).clean)


def test_another_number_gives_other_tiles() -> None:
    assert not torch.equal(crops().batch_at(0).clean, crops().batch_at(1).clean)


@pytest.mark.parametrize("threads", [1, 4])
def test_batches_come_in_order_from_where_they_are_asked(threads: int) -> None:
    stream = crops().batches(5, threads)

    found = list(islice(stream, AHEAD + 3))
    stream.close()  # type: ignore[attr-defined]

    assert all(are_equal(batch, crops().batch_at(5 + i)) for i, batch in enumerate(found))


def test_tiles_are_cut_from_the_pictures() -> None:
    batch = crops(batch=16).batch_at(0)

    for tile in batch.clean.numpy():
        assert any(is_inside(tile, picture) for picture in pictures())


def test_every_picture_gives_tiles() -> None:
    batch = crops(batch=32, damage=0.0).batch_at(0)

    shares = [
        np.mean([is_inside(tile, picture) for tile in batch.clean.numpy()])
        for picture in pictures()
    ]

    assert min(shares) > 0.2


def test_the_far_corner_of_a_picture_is_reached() -> None:
    picture = np.zeros((1, 33, 33), dtype=np.float32)
    picture[0, -1, -1] = 1.0

    batch = crops(pictures=[picture], batch=64, damage=0.0).batch_at(0)

    assert (batch.clean[:, 0, -1, -1] == 1.0).any()


def test_a_picture_of_exactly_one_tile_is_enough() -> None:
    picture = np.random.default_rng(1).random((1, SIDE, SIDE)).astype(np.float32)

    batch = crops(pictures=[picture], damage=0.0).batch_at(0)

    assert all(np.array_equal(tile, picture) for tile in batch.clean.numpy())


@pytest.mark.parametrize("channels", [1, 3])
def test_outside_the_mask_damaged_tiles_are_clean(channels: int) -> None:
    batch = crops(pictures=pictures(channels), batch=16, damage=1.0).batch_at(0)

    apart = (batch.damaged - batch.clean).abs().amax(dim=1, keepdim=True)

    assert batch.clean.shape == batch.damaged.shape == (16, channels, SIDE, SIDE)
    assert batch.mask.shape == (16, 1, SIDE, SIDE)
    assert apart[batch.mask == 0].max() <= VISIBLE + 1e-6
    assert batch.mask.flatten(1).any(dim=1).all()


def test_without_damage_every_mask_is_empty() -> None:
    batch = crops(damage=0.0).batch_at(0)

    assert torch.equal(batch.damaged, batch.clean)
    assert not batch.mask.any()


def test_about_the_asked_share_is_damaged() -> None:
    batch = crops(batch=200, damage=0.3).batch_at(0)

    share = batch.mask.flatten(1).any(dim=1).float().mean().item()

    assert share == pytest.approx(0.3, abs=0.1)


def test_a_batch_keeps_its_values_on_the_way_to_a_device() -> None:
    batch = crops().batch_at(0)

    moved = batch.to(torch.device("cpu"))

    assert are_equal(moved, batch)
    assert moved.clean.is_contiguous(memory_format=torch.channels_last)


def is_inside(tile: Tile, picture: Tile) -> bool:
    """The first pixel says where the tile must have been cut."""
    places = np.argwhere(picture[0] == tile[0, 0, 0])
    return any(np.array_equal(picture[:, y : y + SIDE, x : x + SIDE], tile) for y, x in places)
