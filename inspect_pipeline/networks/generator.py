"""Style-based generator of defect-free tiles (StyleGAN2 skip architecture, without noise inputs).

Per-pixel noise cannot be inverted, so there is none: all that a picture shows comes from the W+
codes and, where the part needs it, from a coarse spatial style map (weaves, grids, grain phase).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from inspect_pipeline.networks.config import NetworkConfig
from inspect_pipeline.networks.layers import (
    EqualLinear,
    ModulatedConv,
    assert_shape,
    leaky,
    upsampled,
)


class Mapping(nn.Module):
    """z (n, w_dim) from a normal distribution -> W+ codes and coarse map of a good tile.

    It draws everything that the encoder would find, not one w alone: a tile of a part or a weave is
    told by where things lie, and that is in the offsets and in the map.
    """

    average: Tensor

    def __init__(self, config: NetworkConfig, layers: int = 4) -> None:
        super().__init__()
        w_dim, side = config.w_dim, config.spatial_px
        self.latents_shape = (config.num_ws, w_dim)
        self.spatial_shape = (config.spatial_channels, side, side)
        self.layers = nn.ModuleList(EqualLinear(w_dim, w_dim) for _ in range(layers))
        codes = math.prod(self.latents_shape) + math.prod(self.spatial_shape)
        self.head = EqualLinear(w_dim, codes)
        self.register_buffer("average", torch.zeros(codes))

    def forward(self, z: Tensor, *, truncation: float = 1.0) -> tuple[Tensor, Tensor]:
        """`truncation` below 1 draws codes towards their average: more typical, less varied."""
        codes = torch.lerp(self.average, self.codes(z), truncation)
        latents, spatial = codes.tensor_split([math.prod(self.latents_shape)], dim=1)
        return latents.view(len(z), *self.latents_shape), spatial.view(len(z), *self.spatial_shape)

    def codes(self, z: Tensor) -> Tensor:
        """The same as one flat vector per tile."""
        flat: Tensor = self.head(self.hidden(z))
        return flat

    def hidden(self, z: Tensor) -> Tensor:
        """What the head turns into codes: (n, w_dim)."""
        x = z * torch.rsqrt(z.square().mean(dim=1, keepdim=True) + 1e-8)
        for layer in self.layers:
            x = leaky(layer(x))
        return x

    @torch.no_grad()
    def remember(self, codes: Tensor, decay: float = 0.99) -> None:
        """Moves the average code a little towards these (training only)."""
        self.average.lerp_(codes.mean(dim=0), 1 - decay)


class StyledConv(nn.Module):
    def __init__(self, inputs: int, outputs: int, w_dim: int) -> None:
        super().__init__()
        self.conv = ModulatedConv(inputs, outputs, w_dim, kernel_px=3, demodulate=True)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        return leaky(self.conv(x, w))


class Layout(nn.Module):
    """Where things lie in the tile: a coarse map drawn from w, plus what the encoder adds to it.

    W+ alone cannot place the phase of a weave or the edge of a part that enters a tile anywhere.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.shape = (config.width // 3, 4, 4)
        self.draw = EqualLinear(config.w_dim, 16 * self.shape[0])
        outputs = config.generator_channels(config.spatial_px)
        self.refine = nn.Conv2d(self.shape[0], config.spatial_channels, 3, padding=1)
        self.place = nn.Conv2d(config.spatial_channels, outputs, 1)

    def forward(self, w: Tensor, spatial: Tensor) -> Tensor:
        drawn = leaky(self.draw(w)).view(-1, *self.shape)
        if spatial.shape[-1] != drawn.shape[-1]:
            drawn = F.interpolate(drawn, spatial.shape[-2:], mode="bilinear", align_corners=False)
        placed: Tensor = self.place(self.refine(drawn) + spatial)
        return placed


class Half(NamedTuple):
    """The generator stopped at the compensation resolution r, before its second convolution."""

    features: Tensor  # F (n, c, r, r)
    skip: Tensor  # picture so far (n, C, r / 2, r / 2)


class Generator(nn.Module):
    """W+ (n, num_ws, w_dim) and spatial map -> tile (n, C, T, T), nominally in [-1, 1]."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        widths = [config.generator_channels(r) for r in config.resolutions]
        self.mapping = Mapping(config)
        self.constant = nn.Parameter(torch.randn(1, widths[0], 4, 4))
        previous = [widths[0], *widths[:-1]]
        pairs = list(zip(previous, widths, strict=True))
        self.first = nn.ModuleList(StyledConv(a, b, config.w_dim) for a, b in pairs)
        self.second = nn.ModuleList(StyledConv(b, b, config.w_dim) for b in widths[1:])
        self.to_picture = nn.ModuleList(
            ModulatedConv(b, config.channels, config.w_dim, kernel_px=1, demodulate=False)
            for b in widths
        )
        self.layout = Layout(config) if config.spatial_channels else None

    def forward(self, latents: Tensor, spatial: Tensor) -> Tensor:
        return self.finish(self.begin(latents, spatial), latents)

    def begin(self, latents: Tensor, spatial: Tensor) -> Half:
        """Runs up to F, the output of the up-convolution at the compensation resolution."""
        n = latents.shape[0]
        assert_shape(latents, (None, self.config.num_ws, self.config.w_dim), "latents")
        side = self.config.spatial_px
        assert_shape(spatial, (n, self.config.spatial_channels, side, side), "spatial")
        x = self.first[0](self.constant.expand(n, -1, -1, -1), latents[:, 0])
        placed = self.layout(latents[:, 0], spatial) if self.layout else None
        if self.config.spatial_px == 4 and placed is not None:
            x = x + placed
        skip: Tensor = self.to_picture[0](x, latents[:, 1])
        for level, resolution in enumerate(self.config.resolutions[1:], start=1):
            x = self._raised(x, latents, level)
            if resolution == self.config.compensation_px:
                return Half(x, skip)
            if resolution == self.config.spatial_px and placed is not None:
                x = x + placed
            x, skip = self._refined(x, skip, latents, level)
        raise AssertionError("the compensation resolution is one of the generator's")

    def finish(self, half: Half, latents: Tensor) -> Tensor:
        """Runs from F (the generator's own or DICN's) to the picture."""
        x, skip = half
        begin = self.config.resolutions.index(self.config.compensation_px)
        for level in range(begin, len(self.config.resolutions)):
            if level > begin:
                x = self._raised(x, latents, level)
            x, skip = self._refined(x, skip, latents, level)
        return skip

    def sample_codes(self, count: int, *, truncation: float = 1.0) -> tuple[Tensor, Tensor]:
        """W+ codes and coarse maps of random good tiles."""
        z = torch.randn(count, self.config.w_dim, device=self.constant.device)
        latents, spatial = self.mapping(z, truncation=truncation)
        return latents, spatial

    def _raised(self, x: Tensor, latents: Tensor, level: int) -> Tensor:
        y: Tensor = self.first[level](upsampled(x), latents[:, 2 * level - 1])
        return y

    def _refined(
        self, x: Tensor, skip: Tensor, latents: Tensor, level: int
    ) -> tuple[Tensor, Tensor]:
        x = self.second[level - 1](x, latents[:, 2 * level])
        return x, upsampled(skip) + self.to_picture[level](x, latents[:, 2 * level + 1])
