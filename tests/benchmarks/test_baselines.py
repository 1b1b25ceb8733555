"""HFGI, CLCAE and the U-Net: what each is named after, at sizes that take seconds."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from benchmarks.baselines import clcae, hfgi
from benchmarks.baselines.unet import UNet
from inspect_pipeline.networks.part_networks import PartNetworks
from tests import make

TILES = 3


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def tiles(config_px: int = make.TILE_PX, channels: int = 1) -> Tensor:
    return torch.rand(TILES, channels, config_px, config_px) * 2 - 1


def parts(channels: int = 1, tile_px: int = make.TILE_PX) -> PartNetworks:
    return make.networks(channels=channels, tile_px=tile_px)


def size(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def shaken(module: nn.Module) -> None:
    """Other weights than at birth, where heads say nothing."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))


@pytest.mark.parametrize("channels", [1, 3])
def test_hfgi_begins_with_the_golden_picture(channels: int) -> None:
    networks = parts(channels)
    observed = tiles(channels=channels)
    latents, spatial, golden = networks.invert(observed)
    learnt = hfgi.HFGI(networks.config)

    restored, aligned = hfgi.restore(
        networks.generator, learnt, observed - golden, latents, spatial
    )

    assert torch.equal(restored, golden)
    assert aligned.shape == observed.shape


def test_hfgi_scales_and_shifts_the_features_by_the_residual() -> None:
    networks = parts()
    latents, spatial, golden = networks.invert(tiles())
    learnt = hfgi.HFGI(networks.config)
    shaken(learnt)
    features = networks.generator.begin(latents, spatial).features

    moved, aligned = learnt(tiles(), golden, features)

    scale, shift = learnt.consultation(aligned)
    assert torch.allclose(moved, features * (1 + scale) + shift)
    assert not torch.allclose(moved, features)


def test_a_warp_moves_most_pictures_and_leaves_some() -> None:
    many = torch.rand(200, 1, 16, 16)

    moved = hfgi.warped(many)

    kept = (moved == many).flatten(1).all(dim=1).float().mean().item()
    assert moved.shape == many.shape
    assert 0.02 < kept < 0.25  # a tenth


def test_a_warp_draws_a_picture_together_and_leaves_nothing_beyond_its_border() -> None:
    """Corners move inwards: the middle is still there, what lies outside is zero."""
    white = torch.ones(200, 1, 32, 32)

    moved = hfgi.warped(white)

    assert torch.allclose(moved[:, :, 8:24, 8:24], torch.ones(1))
    assert 0.0 < (moved[:, :, 0, 0] == 0).float().mean() < 1.0
    assert moved.min() >= 0.0


def test_clcae_draws_from_w_w_plus_and_a_feature_map() -> None:
    networks = parts()
    config = networks.config
    codes = clcae.Codes(config)

    w, latents, features = codes(tiles())
    restored, own = clcae.restore(networks.generator, latents, spatial_of(networks), features)

    side = clcae.features_px(config)
    assert w.shape == (TILES, config.w_dim)
    assert torch.equal(latents, w[:, None].expand_as(latents))  # offsets begin at zero
    assert features.shape == own.shape == (TILES, config.generator_channels(side), side, side)
    assert restored.shape == (TILES, 1, config.tile_px, config.tile_px)


@pytest.mark.parametrize("tile_px", [32, 64])
def test_clcae_replaces_the_generators_features_and_nothing_else(tile_px: int) -> None:
    networks = parts(tile_px=tile_px)
    latents, spatial, golden = networks.invert(tiles(tile_px))
    generator = networks.generator
    side = clcae.features_px(networks.config)
    channels = networks.config.generator_channels(side)
    other = torch.randn(TILES, channels, side, side)

    unblended, own = clcae.restore(generator, latents, spatial, other, blend=0.0)
    replaced, _ = clcae.restore(generator, latents, spatial, other)
    again, _ = clcae.restore(generator, latents, spatial, own)

    assert torch.allclose(unblended, golden)
    assert torch.allclose(again, golden)
    assert not torch.allclose(replaced, golden)
    assert torch.equal(generator(latents, spatial), golden)  # nothing stays hooked in


def test_contrast_falls_when_pictures_find_their_codes() -> None:
    config = make.network_config()
    alignment = clcae.Alignment(config)
    shown, codes = tiles(), torch.randn(TILES, config.w_dim)
    optimiser = torch.optim.Adam(alignment.parameters(), lr=2e-3)
    before = alignment(shown, codes).item()

    for _ in range(30):
        optimiser.zero_grad()
        loss = alignment(shown, codes)
        loss.backward()
        optimiser.step()

    assert loss.item() < 0.2 * before


@pytest.mark.parametrize("width", [48, 96])
def test_the_unet_is_about_as_large_as_dipn(width: int) -> None:
    config = make.network_config(width=width, tile_px=64, w_dim=128)

    assert 0.7 < size(UNet(config)) / size(PartNetworks(config).dipn) < 1.4


@pytest.mark.parametrize(("tile_px", "channels"), [(32, 1), (64, 3)])
def test_the_unet_doubts_every_pixel_at_first(tile_px: int, channels: int) -> None:
    config = make.network_config(tile_px=tile_px, channels=channels)

    log_odds = UNet(config)(tiles(tile_px, channels))

    assert log_odds.shape == (TILES, 1, tile_px, tile_px)
    assert log_odds.mean().item() < -2.0


def test_the_unet_reads_a_tile_whatever_else_is_in_the_batch() -> None:
    unet = UNet(make.network_config()).eval()
    shown = tiles()

    with torch.inference_mode():
        assert torch.allclose(unet(shown)[:1], unet(shown[:1]), atol=1e-5)


def spatial_of(networks: PartNetworks) -> Tensor:
    spatial: Tensor = networks.encoder(tiles())[1]
    return spatial
