"""Every network learns one small batch by heart, in grey and in colour."""

from __future__ import annotations

from typing import Literal

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from inspect_pipeline.networks.dicn import DICN, restore
from inspect_pipeline.networks.dipn import DIPN
from inspect_pipeline.networks.discriminator import Discriminator
from inspect_pipeline.networks.encoder import Encoder
from inspect_pipeline.networks.generator import Generator
from inspect_pipeline.training.losses import dice, focal, real_or_fake
from tests import make
from tests.networks.overfitting import COUNT, losses_of, share_left, some_batch

GREY_AND_COLOUR = pytest.mark.parametrize("channels", [1, 3])


@GREY_AND_COLOUR
def test_the_generator_learns_to_draw_four_tiles(channels: int) -> None:
    generator = Generator(make.network_config(channels=channels))
    latents, spatial = random_codes(generator)
    clean = some_batch(channels).clean

    losses = losses_of(
        lambda: F.mse_loss(generator(latents, spatial), clean), generator.parameters(), steps=45
    )

    assert losses[-1] < 0.1 * losses[0]
    assert losses[-1] < 0.7 * clean.var()  # one even tone would leave the variance


@GREY_AND_COLOUR
def test_the_encoder_learns_the_codes_of_four_tiles(channels: int) -> None:
    config = make.network_config(channels=channels)
    encoder, wanted = Encoder(config), random_codes(Generator(config))
    clean = some_batch(channels).clean

    def loss() -> Tensor:
        latents, spatial = encoder(clean)
        return F.mse_loss(latents, wanted[0]) + F.mse_loss(spatial, wanted[1])

    assert share_left(loss, encoder.parameters(), steps=40) < 0.2


@GREY_AND_COLOUR
def test_the_discriminator_learns_which_four_tiles_are_damaged(channels: int) -> None:
    discriminator = Discriminator(make.network_config(channels=channels))
    batch = some_batch(channels)

    left = share_left(
        lambda: real_or_fake(discriminator(batch.clean), discriminator(batch.damaged)),
        discriminator.parameters(),
        steps=50,
        rate=5e-3,
    )

    assert left < 0.4


@pytest.mark.parametrize("volume", ["2d", "3d"])
@GREY_AND_COLOUR
def test_dipn_learns_where_four_tiles_are_damaged(
    channels: int, volume: Literal["2d", "3d"]
) -> None:
    dipn = DIPN(make.network_config(channels=channels, volume=volume))
    batch = some_batch(channels)

    def loss() -> Tensor:
        _, log_odds = dipn(batch.damaged, batch.clean)
        return focal(log_odds, batch.mask) + dice(log_odds, batch.mask)

    assert share_left(loss, dipn.parameters(), steps=30) < 0.3


def test_dipn_learns_the_signed_discrepancy() -> None:
    dipn = DIPN(make.network_config())
    batch = some_batch(1)

    left = share_left(
        lambda: F.mse_loss(dipn(batch.damaged, batch.clean)[0], batch.damaged - batch.clean),
        dipn.parameters(),
        steps=30,
    )

    assert left < 0.2


@GREY_AND_COLOUR
def test_dicn_learns_to_bring_detail_back_through_a_frozen_generator(channels: int) -> None:
    config = make.network_config(channels=channels)
    generator, dicn = Generator(config).requires_grad_(False), DICN(config)
    latents, spatial = random_codes(generator)
    clean = some_batch(channels).clean
    missing = clean - generator(latents, spatial)

    losses = losses_of(
        lambda: F.mse_loss(restore(generator, dicn, missing, latents, spatial)[0], clean),
        dicn.parameters(),
        steps=45,
    )

    assert losses[-1] < 0.1 * losses[0]
    assert losses[-1] < 0.7 * clean.var()


def random_codes(generator: Generator) -> tuple[Tensor, Tensor]:
    """A code per tile and style, and a map that is not empty."""
    config = generator.config
    side = config.spatial_px
    return (
        torch.randn(COUNT, config.num_ws, config.w_dim),
        torch.randn(COUNT, config.spatial_channels, side, side),
    )
