"""CLCAE, inversion from a foundation latent space (Liu et al., CVPR 2023, arXiv 2211.11448), small.

No residual at all: better codes first. A code w is predicted from the deepest features and kept
near pictures by a contrastive loss, whose two encoders (of pictures, of codes) are aligned before
on generated pairs as in CLIP. Cross-attention then takes w as the foundation of the W+ codes, and
of a feature map F that replaces the generator's own at one coarse resolution.

Taken over: the two stages, the three reconstructions (from w, from W+, from F) that all carry the
loss, the temperature, the weights, the slow blending in of F. Smaller: the encoder and the
attention, which here looks at 16 places per pyramid level. The resolution of F is an eighth of the
side where the paper has a sixteenth, as DICN's is a half where the paper has a quarter. The spatial
map, which the paper's generator has not, comes from this project's encoder.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from inspect_pipeline.networks.config import NetworkConfig
from inspect_pipeline.networks.encoder import COARSE_STYLES, StyleHeads
from inspect_pipeline.networks.generator import Generator
from inspect_pipeline.networks.layers import ConvBlock, Patchify, ResidualBlock, assert_shape

HEADS = 4
PLACES = 4  # a pyramid level is looked at in 4 x 4 places
EMBEDDING = 64
FIRST_TEMPERATURE = 0.07
PATCH_PX = 4


def features_px(config: NetworkConfig) -> int:
    """The resolution where F replaces the generator's own."""
    return max(8, config.tile_px // 8)


class CrossAttention(nn.Module):
    """Queries (n, q, d) look at a memory (n, m, d); attention, then a feed-forward layer."""

    def __init__(self, dimension: int) -> None:
        super().__init__()
        self.attend = nn.MultiheadAttention(dimension, HEADS, batch_first=True)
        self.after = nn.LayerNorm(dimension)
        self.forward_layer = nn.Sequential(
            nn.Linear(dimension, 2 * dimension), nn.GELU(), nn.Linear(2 * dimension, dimension)
        )

    def forward(self, queries: Tensor, memory: Tensor) -> Tensor:
        seen: Tensor = queries + self.attend(queries, memory, memory, need_weights=False)[0]
        thought: Tensor = self.forward_layer(self.after(seen))
        return seen + thought


class Pyramid(nn.Module):
    """Tile (n, C, T, T) -> features at T/4, T/8 and T/16."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.widths = (config.width // 2, config.width, config.width)
        fine, middle, coarse = self.widths
        self.stem = nn.Sequential(
            Patchify(config.channels, fine, patch_px=PATCH_PX), ResidualBlock(fine)
        )
        self.middle = nn.Sequential(ConvBlock(fine, middle, stride=2), ResidualBlock(middle))
        self.coarse = nn.Sequential(ConvBlock(middle, coarse, stride=2), ResidualBlock(coarse))

    def forward(self, tiles: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        fine: Tensor = self.stem(tiles)
        middle: Tensor = self.middle(fine)
        return fine, middle, self.coarse(middle)


class Codes(nn.Module):
    """Tile -> w (n, w_dim), W+ (n, num_ws, w_dim), F (n, c, f, f)."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.side_px = features_px(config)
        self.pyramid = Pyramid(config)
        fine, middle, coarse = self.pyramid.widths
        self.base = StyleHeads(coarse, 1, config.w_dim)
        finest = (config.num_ws - COARSE_STYLES) // 2
        self.counts = (COARSE_STYLES, config.num_ws - COARSE_STYLES - finest, finest)
        self.styles = nn.Parameter(0.02 * torch.randn(config.num_ws, config.w_dim))
        self.places = nn.ModuleList(nn.Conv2d(c, config.w_dim, 1) for c in (coarse, middle, fine))
        self.offsets = nn.ModuleList(CrossAttention(config.w_dim) for _ in self.counts)
        self.leave = nn.Linear(config.w_dim, config.w_dim, bias=False)
        nn.init.zeros_(self.leave.weight)
        self.query = nn.Conv2d(fine, config.w_dim, 1)
        self.refer = CrossAttention(config.w_dim)
        outputs = config.generator_channels(self.side_px)
        self.draw = nn.Sequential(
            ConvBlock(config.w_dim, config.w_dim), nn.Conv2d(config.w_dim, outputs, 3, padding=1)
        )

    def forward(self, tiles: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        levels = self.pyramid(tiles)
        w: Tensor = self.base(levels[-1])  # (n, 1, w_dim)
        queries = torch.split(w + self.styles, list(self.counts), dim=1)
        found = [
            attend(query, _tokens(F.adaptive_avg_pool2d(place(level), PLACES)))
            for attend, query, place, level in zip(
                self.offsets, queries, self.places, reversed(levels), strict=True
            )
        ]
        latents = w + self.leave(torch.cat(found, dim=1))
        asked = self.query(F.adaptive_avg_pool2d(levels[0], self.side_px))
        drawn = self.refer(_tokens(asked), latents).transpose(1, 2).reshape(asked.shape)
        return w[:, 0], latents, self.draw(drawn)


class Alignment(nn.Module):
    """A picture's and a code's place in one space, where those that belong together are close."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.pyramid = Pyramid(config)
        self.of_picture = nn.Linear(self.pyramid.widths[-1], EMBEDDING)
        self.of_code = nn.Sequential(
            nn.Linear(config.w_dim, config.w_dim), nn.GELU(), nn.Linear(config.w_dim, EMBEDDING)
        )
        self.sharpness = nn.Parameter(torch.tensor(-math.log(FIRST_TEMPERATURE)))

    def forward(self, tiles: Tensor, w: Tensor) -> Tensor:
        """InfoNCE of pairs (n, C, T, T), (n, w_dim), both ways: 0 when each finds its own."""
        pictures = F.normalize(self.of_picture(self.pyramid(tiles)[-1].mean(dim=(2, 3))), dim=1)
        codes = F.normalize(self.of_code(w), dim=1)
        alike = pictures @ codes.T * self.sharpness.exp().clamp(max=100.0)
        own = torch.arange(len(alike), device=alike.device)
        return (F.cross_entropy(alike, own) + F.cross_entropy(alike.T, own)) / 2


def restore(
    generator: Generator,
    latents: Tensor,
    spatial: Tensor,
    features: Tensor,
    *,
    blend: float = 1.0,
) -> tuple[Tensor, Tensor]:
    """R = G(W+; features := F) (n, C, T, T), and the generator's own features in that place.

    With `blend` below 1 the generator keeps the rest of its own.
    """
    own: list[Tensor] = []

    def replaced(_: nn.Module, given: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        x, w = given
        assert_shape(features, tuple(x.shape), "F")
        own.append(x)
        return torch.lerp(x, features, blend), w

    level = generator.config.resolutions.index(features_px(generator.config))
    handle = generator.second[level - 1].register_forward_pre_hook(replaced)
    try:
        restored = generator(latents, spatial)
    finally:
        handle.remove()
    return restored, own[0]


def _tokens(maps: Tensor) -> Tensor:
    """(n, c, s, s) -> (n, s * s, c)."""
    return maps.flatten(2).transpose(1, 2)
