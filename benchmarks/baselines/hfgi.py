"""HFGI, high-fidelity GAN inversion (Wang et al., CVPR 2022, arXiv 2109.06590), in small.

What inversion lost is taken for the plain residual, observed minus golden. An aligner (the paper's
ADA) puts the residual where the golden picture wants it, a consultation encoder turns it into a
scale g and a shift h of the generator's features at one resolution: F * (1 + g) + h. Codes are not
compensated and nothing holds the features near the generator's own. In editing the golden picture
moves, which a random warp of the residual stands in for while training.

Taken over as they are: inputs, outputs, fusion, warp, losses. Smaller: widths, a patchify stem, and
GroupNorm blocks as in the rest of this project; the resolution is the one where DICN enters.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from inspect_pipeline.networks.config import NetworkConfig
from inspect_pipeline.networks.generator import Generator, Half
from inspect_pipeline.networks.hourglass import Up
from inspect_pipeline.networks.layers import ConvBlock, Patchify, ResidualBlock, assert_shape

WARP_SHARE = 0.15  # of half the side, by which a corner may move inwards
WARP_PROBABILITY = 0.9
CORNERS = ((-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0))


class Aligner(nn.Module):
    """ADA: (residual, golden), each (n, C, T, T) -> the residual in its place (n, C, T, T)."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        half, quarter, eighth = config.width // 3, 2 * config.width // 3, config.width
        self.stem = Patchify(2 * config.channels, half, patch_px=2)
        self.down4 = nn.Sequential(ConvBlock(half, quarter, stride=2), ResidualBlock(quarter))
        self.down8 = nn.Sequential(ConvBlock(quarter, eighth, stride=2), ResidualBlock(eighth))
        self.up4 = Up(eighth, quarter, quarter)
        self.up2 = Up(quarter, half, half)
        self.leave = nn.Sequential(
            nn.Conv2d(half, 4 * config.channels, 3, padding=1), nn.PixelShuffle(2)
        )

    def forward(self, residual: Tensor, golden: Tensor) -> Tensor:
        assert_shape(residual, tuple(golden.shape), "residual")
        x2: Tensor = self.stem(torch.cat([residual, golden], dim=1))
        x4: Tensor = self.down4(x2)
        aligned: Tensor = self.leave(self.up2(self.up4(self.down8(x4), x4), x2))
        return aligned


class Consultation(nn.Module):
    """Aligned residual (n, C, T, T) -> scale g and shift h of the features (n, c, r, r)."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        channels, fine = config.generator_channels(config.compensation_px), config.width // 2
        patch_px = config.tile_px // config.compensation_px
        self.body = nn.Sequential(
            Patchify(config.channels, fine, patch_px=patch_px),
            ResidualBlock(fine),
            ResidualBlock(fine),
        )
        self.scale, self.shift = _head(fine, channels), _head(fine, channels)

    def forward(self, aligned: Tensor) -> tuple[Tensor, Tensor]:
        x: Tensor = self.body(aligned)
        return self.scale(x), self.shift(x)


class HFGI(nn.Module):
    """(residual, golden, F) -> (F * (1 + g) + h, aligned residual)."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.aligner = Aligner(config)
        self.consultation = Consultation(config)

    def forward(self, residual: Tensor, golden: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        aligned: Tensor = self.aligner(residual, golden)
        scale, shift = self.consultation(aligned)
        assert_shape(scale, tuple(features.shape), "scale")
        return features * (1 + scale) + shift, aligned


def restore(
    generator: Generator, hfgi: HFGI, residual: Tensor, latents: Tensor, spatial: Tensor
) -> tuple[Tensor, Tensor]:
    """R = G(w; F := F * (1 + g) + h) (n, C, T, T), and the aligned residual that led to it."""
    half = generator.begin(latents, spatial)
    golden = generator.finish(half, latents)
    features, aligned = hfgi(residual, golden, half.features)
    return generator.finish(Half(features, half.skip), latents), aligned


def warped(pictures: Tensor) -> Tensor:
    """Most pictures (n, C, T, T) seen in a random perspective, the others as they are; zero beyond
    the border. Each corner moves inwards by at most WARP_SHARE of half the side."""
    n = len(pictures)
    corners = torch.tensor(CORNERS, device=pictures.device).expand(n, 4, 2)
    moved = corners * (1 - WARP_SHARE * torch.rand(n, 4, 2, device=pictures.device))
    homography = _homography(moved, corners)  # of the output to the input
    upright = torch.eye(2, 3, device=pictures.device).expand(n, 2, 3)
    grid = F.affine_grid(upright, list(pictures.shape), align_corners=False)  # (n, T, T, 2)
    flat = F.pad(grid.flatten(1, 2), (0, 1), value=1.0) @ homography.transpose(1, 2)
    places = (flat[..., :2] / flat[..., 2:]).view_as(grid)
    sampled = F.grid_sample(pictures, places, align_corners=False)
    is_warped = torch.rand(n, 1, 1, 1, device=pictures.device) < WARP_PROBABILITY
    return torch.where(is_warped, sampled, pictures)


def _homography(sources: Tensor, targets: Tensor) -> Tensor:
    """(n, 3, 3) that takes four points (n, 4, 2) to four others; the last entry is 1."""
    x, y = sources.unbind(dim=2)
    u, v = targets.unbind(dim=2)
    zero, one = torch.zeros_like(x), torch.ones_like(x)
    across = torch.stack([x, y, one, zero, zero, zero, -u * x, -u * y], dim=2)
    down = torch.stack([zero, zero, zero, x, y, one, -v * x, -v * y], dim=2)
    left = torch.cat([across, down], dim=1)  # (n, 8, 8)
    right = torch.cat([u, v], dim=1)[..., None]
    entries = torch.linalg.solve(left, right)[..., 0]
    return torch.cat([entries, entries.new_ones(len(entries), 1)], dim=1).view(-1, 3, 3)


def _head(inputs: int, outputs: int) -> nn.Sequential:
    """Says nothing at first: the features begin as the generator's own."""
    last = nn.Conv2d(inputs, outputs, 3, padding=1)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)  # type: ignore[arg-type]
    return nn.Sequential(ConvBlock(inputs, inputs), last)
