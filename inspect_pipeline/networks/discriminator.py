"""Judge of realism while training; its features also serve as the in-domain perceptual metric.

Every layer is spectrally normalised (arXiv 1802.05957): with the few thousand tiles that a CPU can
show it, a free discriminator wins outright and its gradients drown the reconstruction.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from inspect_pipeline.networks.config import NetworkConfig
from inspect_pipeline.networks.layers import SLOPE, assert_shape

FIRST_PX = 2  # patch of the stem


class Down(nn.Module):
    """Residual block that halves the side."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            spectral_norm(nn.Conv2d(inputs, inputs, 3, 1, 1)),
            nn.LeakyReLU(SLOPE),
            spectral_norm(nn.Conv2d(inputs, outputs, 4, 2, 1)),
            nn.LeakyReLU(SLOPE),
        )
        self.shortcut = nn.Sequential(
            nn.AvgPool2d(2), spectral_norm(nn.Conv2d(inputs, outputs, 1, bias=False))
        )

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.body(x) + self.shortcut(x)
        return y


class Discriminator(nn.Module):
    """Tile (n, C, T, T) -> realness logits (n,)."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        widths = [config.width // 3]
        side = config.tile_px // FIRST_PX
        while side > 4:
            widths.append(min(config.width, 2 * widths[-1]))
            side //= 2
        self.stem = nn.Sequential(
            nn.PixelUnshuffle(FIRST_PX),
            spectral_norm(nn.Conv2d(config.channels * FIRST_PX**2, widths[0], 3, 1, 1)),
            nn.LeakyReLU(SLOPE),
        )
        self.downs = nn.ModuleList(Down(a, b) for a, b in pairwise(widths))
        self.last = nn.Sequential(
            spectral_norm(nn.Conv2d(widths[-1] + 1, widths[-1], 3, 1, 1)),
            nn.LeakyReLU(SLOPE),
            nn.Flatten(),
            spectral_norm(nn.Linear(widths[-1] * 16, 1)),
        )

    def forward(self, tiles: Tensor) -> Tensor:
        x = self.features(tiles)[-1]
        logits: Tensor = self.last(torch.cat([x, _batch_spread(x)], dim=1))
        return logits[:, 0]

    def features(self, tiles: Tensor) -> list[Tensor]:
        """Feature maps at T/2, T/4, ..., 4 px."""
        side = self.config.tile_px
        assert_shape(tiles, (None, self.config.channels, side, side), "tiles")
        maps: list[Tensor] = [self.stem(tiles)]
        for down in self.downs:
            maps.append(down(maps[-1]))
        return maps


def _batch_spread(x: Tensor) -> Tensor:
    """Mean standard deviation over the batch as one more channel (progressive GAN, section 3)."""
    spread = (x.var(dim=0, unbiased=False) + 1e-8).sqrt().mean()
    return spread.expand(x.shape[0], 1, *x.shape[2:])
