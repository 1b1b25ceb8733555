"""One-pass inversion: tile -> W+ codes (base code plus offsets per style) and the spatial map.

After e4e (arXiv 2102.02766): coarse styles read the deepest features, fine styles shallower ones.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from inspect_pipeline.networks.config import NetworkConfig
from inspect_pipeline.networks.layers import SLOPE, ConvBlock, Patchify, ResidualBlock, assert_shape

PATCH_PX = 4
DEPTH = 3  # pyramid levels: T/4, T/8, T/16
COARSE_STYLES = 3  # after the base code; the rest is shared between the finer levels
BOTTLENECK = 64


class StyleHeads(nn.Module):
    """Features (n, c, s, s) -> `styles` vectors (n, styles, w_dim)."""

    def __init__(self, channels: int, styles: int, w_dim: int) -> None:
        super().__init__()
        self.head = nn.Sequential(
            nn.AdaptiveAvgPool2d(2),
            nn.Flatten(),
            nn.Linear(4 * channels, BOTTLENECK),
            nn.LeakyReLU(SLOPE),
            nn.Linear(BOTTLENECK, styles * w_dim),
        )
        self.shape = (styles, w_dim)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.head(x)
        return y.view(-1, *self.shape)


class Encoder(nn.Module):
    """Tile (n, C, T, T) in [-1, 1] -> latents (n, num_ws, w_dim), spatial (n, c, s, s)."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        widths = (width // 2, width, width)
        self.stem = Patchify(config.channels, widths[0], patch_px=PATCH_PX)
        self.levels = nn.ModuleList(ResidualBlock(c) for c in widths)
        self.downs = nn.ModuleList(ConvBlock(a, b, stride=2) for a, b in pairwise(widths))
        self.base = StyleHeads(width, 1, config.w_dim)
        fine = (config.num_ws - 1 - COARSE_STYLES) // 2
        middle = config.num_ws - 1 - COARSE_STYLES - fine
        counts = (fine, middle, COARSE_STYLES)
        self.offsets = nn.ModuleList(
            StyleHeads(c, count, config.w_dim) for c, count in zip(widths, counts, strict=True)
        )
        if config.spatial_channels:
            self.spatial = nn.Sequential(
                ConvBlock(widths[1], widths[1]), nn.Conv2d(widths[1], config.spatial_channels, 1)
            )

    def forward(self, tiles: Tensor) -> tuple[Tensor, Tensor]:
        n, side = tiles.shape[0], self.config.tile_px
        assert_shape(tiles, (None, self.config.channels, side, side), "tiles")
        pyramid: list[Tensor] = []
        x: Tensor = self.stem(tiles)
        for level in range(DEPTH):
            x = self.levels[level](x if level == 0 else self.downs[level - 1](x))
            pyramid.append(x)
        base: Tensor = self.base(pyramid[-1])  # (n, 1, w_dim)
        shifts = [head(f) for head, f in zip(self.offsets, pyramid, strict=True)]
        offsets = torch.cat([torch.zeros_like(base), *reversed(shifts)], dim=1)
        return base + offsets, self._spatial_map(pyramid[1], n)

    def _spatial_map(self, features: Tensor, n: int) -> Tensor:
        side = self.config.spatial_px
        if not self.config.spatial_channels:
            return features.new_zeros(n, 0, side, side)
        y: Tensor = self.spatial(features)
        return nn.functional.adaptive_avg_pool2d(y, side)
