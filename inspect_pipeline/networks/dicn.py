"""DICN, the discrepancy information compensation network (SDIC 3.3), changed for inspection.

It feeds a discrepancy into the generator twice: into the features F at one resolution and into the
W+ codes. In inspection the discrepancy is gated by the evidence, so that normal detail comes back
and a defect does not; with the gate open everywhere it is the paper's own network.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from inspect_pipeline.networks.config import NetworkConfig
from inspect_pipeline.networks.generator import Generator, Half
from inspect_pipeline.networks.hourglass import Up
from inspect_pipeline.networks.layers import ConvBlock, Patchify, ResidualBlock, assert_shape


class FeatureCompensation(nn.Module):
    """F_enh = sigmoid(a) * f_D + F, with the attention a computed from f_D + F."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        channels = config.generator_channels(config.compensation_px)
        patch_px = config.tile_px // config.compensation_px
        fine, coarse = config.width // 2, 2 * config.width // 3
        self.stem = Patchify(config.channels, fine, patch_px=patch_px)
        self.fine = ResidualBlock(fine)
        self.coarse = nn.Sequential(ConvBlock(fine, coarse, stride=2), ResidualBlock(coarse))
        self.up = Up(coarse, fine, fine)
        self.embed = nn.Conv2d(fine, channels, 3, padding=1)
        self.attend = nn.Sequential(
            ConvBlock(channels, channels), nn.Conv2d(channels, channels, 3, padding=1)
        )

    def forward(self, discrepancy: Tensor, features: Tensor) -> Tensor:
        fine: Tensor = self.fine(self.stem(discrepancy))
        f_d: Tensor = self.embed(self.up(self.coarse(fine), fine))
        assert_shape(f_d, tuple(features.shape), "embedded discrepancy")
        return torch.sigmoid(self.attend(f_d + features)) * f_d + features


class LatentCompensation(nn.Module):
    """w_enh = gamma * w + w + theta, gamma and theta pooled from D.

    The paper ties a latent index to a pixel position; pooling keeps grain of any phase equal.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.shape = (2, config.num_ws, config.w_dim)
        self.look = nn.Sequential(
            Patchify(config.channels, 32, patch_px=4), ConvBlock(32, 64, stride=2)
        )
        self.pool = nn.AdaptiveAvgPool2d(2)
        self.head = nn.Sequential(
            nn.Linear(256, 64), nn.LeakyReLU(0.2), nn.Linear(64, 2 * config.num_ws * config.w_dim)
        )
        nn.init.zeros_(self.head[-1].weight)  # type: ignore[arg-type]
        nn.init.zeros_(self.head[-1].bias)  # type: ignore[arg-type]

    def forward(self, discrepancy: Tensor, latents: Tensor) -> Tensor:
        pooled = self.pool(self.look(discrepancy)).flatten(1)
        gamma, theta = self.head(pooled).view(-1, *self.shape).unbind(dim=1)
        moved: Tensor = gamma * latents + latents + theta
        return moved


class DICN(nn.Module):
    """(gated D, F, W+) -> (F_enh, w_enh)."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.features = FeatureCompensation(config)
        self.latents = LatentCompensation(config)

    def forward(
        self, discrepancy: Tensor, features: Tensor, latents: Tensor
    ) -> tuple[Tensor, Tensor]:
        side = self.config.tile_px
        assert_shape(discrepancy, (None, self.config.channels, side, side), "discrepancy")
        return self.features(discrepancy, features), self.latents(discrepancy, latents)


def restore(
    generator: Generator, dicn: DICN, discrepancy: Tensor, latents: Tensor, spatial: Tensor
) -> tuple[Tensor, Tensor]:
    """R = G(w_enh; F := F_enh) (n, C, T, T), and SDIC's closeness of (F_enh, w_enh) to (F, w).

    The closeness, 0.8 MSE(F_enh, F) + 0.2 MSE(w_enh, w), keeps R on the generator's manifold.
    """
    half = generator.begin(latents, spatial)
    features, moved = dicn(discrepancy, half.features, latents)
    closeness = 0.8 * (features - half.features).square().mean()
    closeness = closeness + 0.2 * (moved - latents).square().mean()
    skip = generator.begin(moved, spatial).skip
    return generator.finish(Half(features, skip), moved), closeness
