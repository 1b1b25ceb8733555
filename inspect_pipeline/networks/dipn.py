"""DIPN, the discrepancy information prediction network (SDIC, section 3.2), changed for inspection.

From the observed tile and its golden twin it predicts the signed discrepancy D (observed minus
golden, supervised on good pixels) and the log-odds that a pixel belongs to a defect.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from inspect_pipeline.networks.config import NetworkConfig
from inspect_pipeline.networks.hourglass import (
    Context,
    PlanarHourglass,
    Up,
    VolumeHourglass,
    Widths,
)
from inspect_pipeline.networks.layers import SLOPE, ConvBlock, Patchify, ResidualBlock, assert_shape

FULL_SIDE_CHANNELS = 8
PRIOR_LOG_ODDS = -4.0  # a pixel of a defect is rare: what the head says before it has learnt


class Pyramid(NamedTuple):
    half: Tensor  # (n, c, T/2, T/2)
    quarter: Tensor  # (n, c, T/4, T/4)
    eighth: Tensor  # (n, c, T/8, T/8)


class Branch(nn.Module):
    """Way down of one spatial-contextual hourglass; observed and golden have one each, unshared."""

    def __init__(self, channels: int, w: Widths) -> None:
        super().__init__()
        self.stem = Patchify(channels, w.half, patch_px=2)
        self.down4 = nn.Sequential(ConvBlock(w.half, w.quarter, stride=2), ResidualBlock(w.quarter))
        self.down8 = nn.Sequential(
            ConvBlock(w.quarter, w.eighth, stride=2), ResidualBlock(w.eighth)
        )

    def forward(self, tiles: Tensor) -> Pyramid:
        half: Tensor = self.stem(tiles)
        quarter: Tensor = self.down4(half)
        return Pyramid(half, quarter, self.down8(quarter))


class WayUp(nn.Module):
    """Way up of the hourglass, shared by both branches, so that their features stay comparable."""

    def __init__(self, w: Widths) -> None:
        super().__init__()
        self.up4 = Up(w.eighth, w.quarter, w.quarter)
        self.up2 = Up(w.quarter, w.half, w.half)
        self.describe = nn.Conv2d(w.half, w.descriptor, 1)

    def forward(self, pyramid: Pyramid) -> tuple[Tensor, Context]:
        quarter: Tensor = self.up4(pyramid.eighth, pyramid.quarter)
        half: Tensor = self.up2(quarter, pyramid.half)
        return self.describe(half), Context(pyramid.eighth, quarter, half)


class MapHead(nn.Module):
    """Half-side features plus the two tiles themselves -> D and log-odds at full side.

    Full-side convolutions are the dearest of the network, so there are few and narrow ones.
    """

    def __init__(self, channels: int, w: Widths) -> None:
        super().__init__()
        self.raise_ = nn.Sequential(nn.Conv2d(w.out, 4 * FULL_SIDE_CHANNELS, 1), nn.PixelShuffle(2))
        self.look = nn.Conv2d(3 * channels, FULL_SIDE_CHANNELS, 3, padding=1)
        self.mix = nn.Sequential(
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(2 * FULL_SIDE_CHANNELS, 2 * FULL_SIDE_CHANNELS, 3, padding=1),
            nn.LeakyReLU(SLOPE),
        )
        self.discrepancy = nn.Conv2d(2 * FULL_SIDE_CHANNELS, channels, 3, padding=1)
        self.log_odds = nn.Conv2d(2 * FULL_SIDE_CHANNELS, 1, 3, padding=1)
        nn.init.constant_(self.log_odds.bias, PRIOR_LOG_ODDS)  # type: ignore[arg-type]

    def forward(self, x: Tensor, observed: Tensor, golden: Tensor) -> tuple[Tensor, Tensor]:
        seen = self.look(torch.cat([observed, golden, observed - golden], dim=1))
        y = self.mix(torch.cat([self.raise_(x), seen], dim=1))
        return self.discrepancy(y), self.log_odds(y)


class DIPN(nn.Module):
    """(observed, golden), each (n, C, T, T) -> D (n, C, T, T), log-odds (n, 1, T, T)."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        widths = Widths.of(config)
        self.observed_branch = Branch(config.channels, widths)
        self.golden_branch = Branch(config.channels, widths)
        self.way_up = WayUp(widths)
        hourglass = PlanarHourglass if config.volume == "2d" else VolumeHourglass
        self.hourglass: nn.Module = hourglass(widths)
        self.head = MapHead(config.channels, widths)

    def forward(self, observed: Tensor, golden: Tensor) -> tuple[Tensor, Tensor]:
        side = self.config.tile_px
        assert_shape(observed, (None, self.config.channels, side, side), "observed")
        assert_shape(golden, tuple(observed.shape), "golden")
        seen, context = self.way_up(self.observed_branch(observed))
        meant, _ = self.way_up(self.golden_branch(golden))
        d, log_odds = self.head(self.hourglass(seen, meant, context), observed, golden)
        return d, log_odds
