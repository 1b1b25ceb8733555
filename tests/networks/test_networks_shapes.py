"""What goes in and what comes out, at every tile side, and what is refused at the door."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import pytest
import torch
from torch import Tensor

from inspect_pipeline.errors import BundleDamaged
from inspect_pipeline.networks.config import TILE_SIDES_PX, NetworkConfig
from inspect_pipeline.networks.dicn import DICN
from inspect_pipeline.networks.dipn import DIPN
from inspect_pipeline.networks.discriminator import Discriminator
from inspect_pipeline.networks.encoder import Encoder
from inspect_pipeline.networks.generator import Generator
from inspect_pipeline.networks.layers import assert_shape
from inspect_pipeline.networks.part_networks import PartNetworks
from tests import make

SIDES = pytest.mark.parametrize("tile_px", TILE_SIDES_PX)
NUM_WS = {32: 8, 64: 10, 128: 12, 256: 14}
MAP_PX = {32: 4, 64: 8, 128: 16, 256: 32}


@SIDES
@torch.no_grad()
def test_a_tile_becomes_codes_and_a_golden_tile(tile_px: int) -> None:
    networks = PartNetworks(make.network_config(tile_px=tile_px, channels=3))
    tile = torch.zeros(1, 3, tile_px, tile_px)

    latents, spatial, golden = networks.invert(tile)

    assert latents.shape == (1, NUM_WS[tile_px], 32)
    assert spatial.shape == (1, 8, MAP_PX[tile_px], MAP_PX[tile_px])
    assert golden.shape == tile.shape


@SIDES
@pytest.mark.parametrize("volume", ["2d", "3d"])
@torch.no_grad()
def test_two_tiles_become_a_discrepancy_and_log_odds(
    tile_px: int, volume: Literal["2d", "3d"]
) -> None:
    dipn = DIPN(make.network_config(tile_px=tile_px, channels=3, volume=volume))
    tile = torch.zeros(1, 3, tile_px, tile_px)

    d, log_odds = dipn(tile, tile)

    assert d.shape == tile.shape
    assert log_odds.shape == (1, 1, tile_px, tile_px)


@SIDES
@torch.no_grad()
def test_a_gated_discrepancy_becomes_a_restored_tile(tile_px: int) -> None:
    networks = PartNetworks(make.network_config(tile_px=tile_px))
    codes = networks.generator.sample_codes(1)

    restored = networks.restore(torch.zeros(1, 1, tile_px, tile_px), *codes)

    assert restored.shape == (1, 1, tile_px, tile_px)


@SIDES
@torch.no_grad()
def test_a_tile_becomes_one_logit_and_features_down_to_4_px(tile_px: int) -> None:
    discriminator = Discriminator(make.network_config(tile_px=tile_px))
    tiles = torch.zeros(2, 1, tile_px, tile_px)

    sides = [maps.shape[-1] for maps in discriminator.features(tiles)]

    assert discriminator(tiles).shape == (2,)
    assert sides == [side for side in (128, 64, 32, 16, 8, 4) if side < tile_px]


@pytest.mark.parametrize("width", [12, 24, 36, 48, 60])
@torch.no_grad()
def test_the_volume_hourglass_takes_every_width(width: int) -> None:
    dipn = DIPN(make.network_config(volume="3d", width=width))
    tile = torch.zeros(1, 1, 32, 32)

    assert dipn(tile, tile)[0].shape == tile.shape


@torch.no_grad()
def test_networks_work_without_a_spatial_map() -> None:
    networks = PartNetworks(make.network_config(spatial_channels=0))
    tiles = torch.rand(2, 1, 32, 32)

    latents, spatial, golden = networks.invert(tiles)

    assert spatial.shape == (2, 0, 4, 4)
    assert golden.shape == tiles.shape
    assert networks.restore(tiles, latents, spatial).shape == tiles.shape
    assert networks.generator.sample_codes(2)[1].shape == spatial.shape


def refusals() -> list[tuple[str, Callable[[], object], str]]:
    config = make.network_config()
    generator, dicn = Generator(config), DICN(config)
    latents, spatial = torch.zeros(2, 8, 32), torch.zeros(2, 8, 4, 4)
    features = torch.zeros(2, 2, 16, 16)
    good, wide, rgb = (torch.zeros(2, c, 32, w) for c, w in ((1, 32), (1, 40), (3, 32)))
    return [
        ("encoder, side", lambda: Encoder(config)(wide), "tiles: expected shape"),
        ("encoder, channels", lambda: Encoder(config)(rgb), "tiles: expected shape"),
        ("discriminator", lambda: Discriminator(config)(wide), "tiles: expected shape"),
        ("styles", lambda: generator(latents[:, 1:], spatial), "latents: expected shape"),
        ("map, side", lambda: generator(latents, spatial[..., 1:]), "spatial: expected shape"),
        ("map, count", lambda: generator(latents, spatial[1:]), "spatial: expected shape"),
        ("dipn, observed", lambda: DIPN(config)(wide, wide), "observed: expected shape"),
        ("dipn, golden", lambda: DIPN(config)(good, good[:1]), "golden: expected shape"),
        ("dicn", lambda: dicn(rgb, features, latents), "discrepancy: expected shape"),
        ("features", lambda: dicn(good, features[..., 1:], latents), "embedded discrepancy: "),
    ]


@pytest.mark.parametrize("number", range(10))
def test_a_tensor_of_the_wrong_shape_is_refused_at_the_door(number: int) -> None:
    _, call, complaint = refusals()[number]

    with pytest.raises(AssertionError, match=complaint):
        call()


def test_any_size_fits_where_none_is_named() -> None:
    tensor = torch.zeros(3, 5)

    assert_shape(tensor, (None, 5))
    with pytest.raises(AssertionError, match=r"bolt: expected shape \(None, 4\), got \(3, 5\)"):
        assert_shape(tensor, (None, 4), "bolt")
    with pytest.raises(AssertionError, match="expected shape"):
        assert_shape(tensor, (None, 5, None))


BAD_CONFIGS = [
    ({"tile_px": 48}, "tile_px must be one of"),
    ({"channels": 2}, "channels must be 1 .grey. or 3 .colour."),
    ({"width": 16}, "width must be a positive multiple of 12, got 16"),
    ({"width": 0}, "width must be a positive multiple of 12, got 0"),
    ({"w_dim": 0}, "w_dim must be positive"),
    ({"spatial_channels": -1}, "spatial_channels not negative"),
    ({"volume": "4d"}, "volume must be '2d' or '3d', got '4d'"),
]


@pytest.mark.parametrize(("changed", "complaint"), BAD_CONFIGS)
def test_a_size_that_cannot_be_built_is_refused(changed: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        make.network_config(**changed)


def test_a_config_survives_its_file() -> None:
    config = make.network_config(channels=3, volume="3d")

    assert NetworkConfig.from_dict(config.to_dict()) == config


@pytest.mark.parametrize(
    ("stored", "complaint"),
    [({"depth": 3}, "unknown keys \\['depth'\\]"), ({"tile_px": 48}, "tile_px must be one of")],
)
def test_a_stored_config_that_is_not_ours_is_damage(stored: dict[str, Any], complaint: str) -> None:
    with pytest.raises(BundleDamaged, match=complaint):
        NetworkConfig.from_dict(stored)


def test_equal_configs_have_equal_state() -> None:
    first, second = (shapes(PartNetworks(make.network_config())) for _ in range(2))

    assert first == second


def shapes(networks: PartNetworks) -> dict[str, tuple[int, ...]]:
    state: dict[str, Tensor] = networks.state_dict()
    return {name: tuple(value.shape) for name, value in state.items()}
