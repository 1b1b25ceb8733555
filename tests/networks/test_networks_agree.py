"""Clever code against plain code, one tile against many, and the two halves of the generator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from inspect_pipeline.networks.dicn import DICN, restore
from inspect_pipeline.networks.generator import Generator, Mapping
from inspect_pipeline.networks.layers import (
    ConvBlock,
    EqualLinear,
    ModulatedConv,
    Patchify,
    groups_of,
    leaky,
)
from inspect_pipeline.networks.part_networks import PartNetworks
from tests import make

Answer = tuple[Tensor, ...]


@pytest.mark.parametrize("demodulate", [True, False])
@pytest.mark.parametrize("kernel_px", [1, 3])
def test_modulated_convolution_equals_one_kernel_per_sample(
    kernel_px: int, demodulate: bool
) -> None:
    conv = ModulatedConv(5, 7, 6, kernel_px=kernel_px, demodulate=demodulate).double()
    torch.nn.init.normal_(conv.bias)
    x, w = torch.randn(3, 5, 9, 9).double(), torch.randn(3, 6).double()

    assert torch.allclose(conv(x, w), plain_modulated(conv, x, w), atol=1e-6)


def plain_modulated(conv: ModulatedConv, x: Tensor, w: Tensor) -> Tensor:
    """StyleGAN2, equations 1 and 3, sample by sample."""
    outputs = []
    for one, style in zip(x, conv.style(w), strict=True):
        kernel = conv.weight * conv.scale * style[None, :, None, None]
        if conv.demodulate:
            kernel = kernel / (kernel.square().sum(dim=(1, 2, 3), keepdim=True) + 1e-8).sqrt()
        outputs.append(F.conv2d(one[None], kernel, conv.bias, padding=conv.padding))
    return torch.cat(outputs)


def test_a_demodulated_convolution_does_not_hear_the_strength_of_a_style() -> None:
    conv = ModulatedConv(5, 7, 6, kernel_px=3, demodulate=True)
    x = torch.randn(1, 5, 9, 9)
    torch.nn.init.zeros_(conv.style.bias)
    w = torch.randn(1, 6)

    assert torch.allclose(conv(x, w), conv(x, 3 * w), atol=1e-5)


def test_equalised_layers_keep_the_variance_of_their_input() -> None:
    layer = EqualLinear(512, 512)

    y = leaky(layer(torch.randn(400, 512)))

    assert y.square().mean().item() == pytest.approx(1.0, abs=0.1)


def test_a_patchified_tile_loses_no_pixel() -> None:
    stem = Patchify(1, 4, patch_px=4)
    tile = torch.arange(64.0).reshape(1, 1, 8, 8)

    assert sorted(stem.unshuffle(tile).flatten().tolist()) == list(range(64))


@pytest.mark.parametrize(("channels", "groups"), [(3, 1), (4, 4), (8, 8), (12, 4), (24, 8)])
def test_groups_divide_the_channels(channels: int, groups: int) -> None:
    assert groups_of(channels) == groups
    assert ConvBlock(3, channels)(torch.zeros(1, 3, 8, 8)).shape[1] == channels


@torch.no_grad()
def inverted(networks: PartNetworks, tiles: Tensor) -> Answer:
    return networks.invert(tiles)


@torch.no_grad()
def compared(networks: PartNetworks, tiles: Tensor) -> Answer:
    return networks.compare(tiles, tiles.flip(-1))


@torch.no_grad()
def generated(networks: PartNetworks, tiles: Tensor) -> Answer:
    codes = tiles[:, 0, :8, :].contiguous()  # (n, 8 styles, 32): any tensor will do
    return (networks.generator(codes, tiles[:, :, 8:12, :32].reshape(-1, 8, 4, 4)),)


@torch.no_grad()
def compensated(networks: PartNetworks, tiles: Tensor) -> Answer:
    codes = tiles[:, 0, :8, :].contiguous()
    spatial = tiles[:, :, 8:12, :32].reshape(-1, 8, 4, 4)
    return (networks.restore(tiles, codes, spatial),)


@pytest.mark.parametrize("volume", ["2d", "3d"])
@pytest.mark.parametrize("move", [inverted, generated, compared, compensated])
def test_a_tiles_result_does_not_depend_on_its_companions(
    move: Callable[[PartNetworks, Tensor], Answer], volume: Literal["2d", "3d"]
) -> None:
    networks = PartNetworks(make.network_config(volume=volume)).eval()
    enlivened(networks.dicn)
    tiles = torch.rand(5, 1, 32, 32) * 2 - 1

    together, alone = move(networks, tiles), move(networks, tiles[3:4])

    for many, one in zip(together, alone, strict=True):
        assert torch.allclose(many[3:4], one, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("tile_px", [32, 64, 128])
def test_the_generator_finishes_what_it_begins(tile_px: int) -> None:
    generator = Generator(make.network_config(tile_px=tile_px))
    latents, spatial = generator.sample_codes(2)
    spatial = torch.randn_like(spatial)

    half = generator.begin(latents, spatial)

    assert half.features.shape[-1] == tile_px // 2
    assert torch.equal(generator.finish(half, latents), generator(latents, spatial))


@torch.no_grad()
def test_features_at_half_way_change_the_picture() -> None:
    generator = Generator(make.network_config())
    latents, spatial = generator.sample_codes(1)
    half = generator.begin(latents, spatial)

    changed = generator.finish(half._replace(features=half.features + 1), latents)

    assert not torch.allclose(changed, generator(latents, spatial))


@torch.no_grad()
def test_the_spatial_map_changes_the_picture_where_it_lies() -> None:
    generator = Generator(make.network_config(tile_px=64))
    latents, spatial = generator.sample_codes(1)
    placed = spatial.clone()
    placed[..., :2, :2] += 3.0

    apart = (generator(latents, placed) - generator(latents, spatial)).abs()[0, 0]

    assert apart[:16, :16].mean() > 10 * apart[32:, 32:].mean()


class Unchanged(DICN):
    def forward(
        self, discrepancy: Tensor, features: Tensor, latents: Tensor
    ) -> tuple[Tensor, Tensor]:
        return features, latents


class ShiftedFeatures(DICN):
    def forward(
        self, discrepancy: Tensor, features: Tensor, latents: Tensor
    ) -> tuple[Tensor, Tensor]:
        return features + 0.5, latents


class ShiftedLatents(DICN):
    def forward(
        self, discrepancy: Tensor, features: Tensor, latents: Tensor
    ) -> tuple[Tensor, Tensor]:
        return features, latents + 2.0


@torch.no_grad()
@pytest.mark.parametrize(
    ("dicn", "closeness"),
    [(Unchanged, 0.0), (ShiftedFeatures, 0.8 * 0.25), (ShiftedLatents, 0.2 * 4.0)],
)
def test_closeness_weighs_how_far_features_and_codes_move(
    dicn: type[DICN], closeness: float
) -> None:
    config = make.network_config()
    generator = Generator(config)
    codes = generator.sample_codes(2)

    _, close = restore(generator, dicn(config), torch.zeros(2, 1, 32, 32), *codes)

    assert close.item() == pytest.approx(closeness, abs=1e-6)


@torch.no_grad()
def test_nothing_compensated_restores_the_golden_tile() -> None:
    config = make.network_config()
    generator = Generator(config)
    codes = generator.sample_codes(2)

    restored, _ = restore(generator, Unchanged(config), torch.ones(2, 1, 32, 32), *codes)

    assert torch.allclose(restored, generator(*codes), atol=1e-6)


@torch.no_grad()
def test_codes_move_only_after_dicn_has_learnt_to() -> None:
    config = make.network_config()
    dicn, latents = DICN(config), torch.randn(2, config.num_ws, config.w_dim)
    features = torch.randn(2, config.generator_channels(16), 16, 16)

    _, moved = dicn(torch.randn(2, 1, 32, 32), features, latents)

    assert torch.equal(moved, latents)


@torch.no_grad()
def test_the_mapping_remembers_its_average() -> None:
    mapping = Mapping(make.network_config())
    codes = torch.randn(50, len(mapping.average)) + 3

    for _ in range(400):
        mapping.remember(codes, decay=0.95)

    assert torch.allclose(mapping.average, codes.mean(dim=0), atol=1e-4)


@torch.no_grad()
def test_a_truncated_sample_is_the_average_code() -> None:
    generator = Generator(make.network_config())
    generator.mapping.average.fill_(0.25)

    latents, spatial = generator.sample_codes(3, truncation=0.0)

    assert torch.equal(latents, torch.full((3, 8, 32), 0.25))
    assert torch.equal(spatial, torch.full((3, 8, 4, 4), 0.25))


@torch.no_grad()
def test_every_sample_has_codes_of_its_own() -> None:
    latents, spatial = Generator(make.network_config()).sample_codes(3)

    assert not torch.allclose(latents[0], latents[1])
    assert not torch.allclose(spatial[0], spatial[1])
    assert not torch.allclose(latents[0, 0], latents[0, 1])


@torch.no_grad()
def test_a_mapping_gives_its_flat_codes_in_two_shapes() -> None:
    mapping = Mapping(make.network_config())
    z = torch.randn(2, 32)

    latents, spatial = mapping(z)

    flat = torch.cat([latents.flatten(1), spatial.flatten(1)], dim=1)
    assert torch.allclose(flat, mapping.codes(z), atol=1e-6)


@torch.no_grad()
def enlivened(dicn: DICN) -> None:
    """An untrained DICN leaves the codes alone; this one moves them."""
    torch.nn.init.normal_(dicn.latents.head[-1].weight, std=0.1)  # type: ignore[arg-type]
