"""A discriminative U-Net without any GAN: what synthetic defects alone can teach.

After the segmentation half of DRAEM (Zavrtanik et al., ICCV 2021, arXiv 2108.07610), fed with the
observed tile alone and taught by the very defects and losses of DIPN's evidence head. About as
large as DIPN, behind the same patchify stem: what DIPN finds beyond it is what inversion is worth.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from inspect_pipeline.networks.config import NetworkConfig
from inspect_pipeline.networks.dipn import FULL_SIDE_CHANNELS, PRIOR_LOG_ODDS
from inspect_pipeline.networks.hourglass import Up
from inspect_pipeline.networks.layers import (
    SLOPE,
    ConvBlock,
    Patchify,
    ResidualBlock,
    assert_shape,
)


class UNet(nn.Module):
    """Tile (n, C, T, T) -> log-odds of a defect (n, 1, T, T)."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        third = config.width // 3
        widths = (third, 2 * third, config.width, config.width)  # at T/2, T/4, T/8, T/16
        self.stem = Patchify(config.channels, widths[0], patch_px=2)
        self.fine = ResidualBlock(widths[0])
        steps = list(pairwise(widths))
        self.downs = nn.ModuleList(
            nn.Sequential(ConvBlock(a, b, stride=2), ResidualBlock(b), ResidualBlock(b))
            for a, b in steps
        )
        self.ups = nn.ModuleList(Up(b, a, a) for a, b in reversed(steps))
        full = FULL_SIDE_CHANNELS
        self.raised = nn.Sequential(nn.Conv2d(widths[0], 4 * full, 1), nn.PixelShuffle(2))
        self.look = nn.Conv2d(config.channels, full, 3, padding=1)
        self.leave = nn.Sequential(
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(2 * full, 2 * full, 3, padding=1),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(2 * full, 1, 3, padding=1),
        )
        nn.init.constant_(self.leave[-1].bias, PRIOR_LOG_ODDS)  # type: ignore[arg-type]

    def forward(self, tiles: Tensor) -> Tensor:
        side = self.config.tile_px
        assert_shape(tiles, (None, self.config.channels, side, side), "tiles")
        levels: list[Tensor] = [self.fine(self.stem(tiles))]
        for down in self.downs:
            levels.append(down(levels[-1]))
        x = levels.pop()
        for up in self.ups:
            x = up(x, levels.pop())
        log_odds: Tensor = self.leave(torch.cat([self.raised(x), self.look(tiles)], dim=1))
        return log_odds
