"""The mapping network learns where the codes of good tiles lie, so that samples are good tiles.

An adversary alone would need far more tiles than a part has minutes for; the codes that the encoder
finds on good tiles are a sample of the wanted distribution, so the mapping is fitted to them
directly: mean and covariance in closed form, what remains by energy distance on an optimiser of its
own.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from inspect_pipeline.networks.generator import Mapping
from inspect_pipeline.training.losses import energy_distance
from inspect_pipeline.training.optimisers import adam, descend

RATE = 2e-3
BETAS = (0.9, 0.99)
REMEMBERED_CODES = 1024
SAMPLES = 192
MOMENT_SAMPLES = 8192


class SeenCodes(nn.Module):
    """The codes seen last, newest first; a module, so that a checkpoint keeps them."""

    codes: Tensor
    count: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self.register_buffer("codes", torch.zeros(REMEMBERED_CODES, size))
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))

    @property
    def is_full(self) -> bool:
        return int(self.count) >= REMEMBERED_CODES

    def added(self, found: Tensor) -> Tensor:
        """Remembers these codes (n, size), and gives all that are remembered."""
        self.codes = torch.cat([found, self.codes])[:REMEMBERED_CODES]
        self.count = (self.count + len(found)).clamp(max=REMEMBERED_CODES)
        return self.codes[: int(self.count)]


class MappingFit:
    """Fits a mapping to the codes of the tiles that were seen last."""

    def __init__(self, mapping: Mapping) -> None:
        self.mapping = mapping
        self.optimiser = adam(mapping.parameters(), RATE, BETAS)
        self.seen = SeenCodes(len(mapping.average)).to(mapping.average.device)

    def look_at(self, latents: Tensor, spatial: Tensor) -> Tensor:
        """Remembers the codes of a batch of good tiles, and gives all that are remembered."""
        found = torch.cat([latents.detach().flatten(1), spatial.detach().flatten(1)], dim=1)
        return self.seen.added(found)

    def learn(self, latents: Tensor, spatial: Tensor, *, steps: int, rate: float = RATE) -> float:
        """Takes the codes of a batch; returns the distance between samples and seen codes."""
        seen = self.look_at(latents, spatial)
        weights = _weights(seen, latents[0].numel())
        distance = seen.new_zeros(())
        for _ in range(steps):
            z = torch.randn(SAMPLES, self.mapping.latents_shape[1], device=seen.device)
            drawn = self.mapping.codes(z)
            distance = energy_distance(drawn * weights, seen * weights)
            descend(self.optimiser, distance, rate)
            self.mapping.remember(drawn.detach())
        return distance.item()

    @torch.no_grad()
    def match_moments(self, seen: Tensor) -> None:
        """Sets the head so that samples have the mean and the main covariance of codes (m, size).

        What the layers before the head give is whitened to y; codes = mean + U spread y, with the
        principal axes U of the seen codes, as many as the head has inputs.
        """
        head, w_dim = self.mapping.head, self.mapping.latents_shape[1]
        x = self.mapping.hidden(torch.randn(MOMENT_SAMPLES, w_dim, device=seen.device))
        values, vectors = torch.linalg.eigh(torch.cov(x.T))
        whiten = vectors * torch.rsqrt(values.clamp_min(1e-6 * float(values.max())))
        mean = seen.mean(dim=0)
        _, spreads, axes = torch.pca_lowrank(seen - mean, q=min(w_dim, len(seen)), center=False)
        weight = (axes * (spreads / len(seen) ** 0.5)) @ whiten.T[: axes.shape[1]]
        head.weight.copy_(weight / head.scale)
        head.bias.copy_(mean - weight @ x.mean(dim=0))
        self.mapping.average.copy_(mean)


def _weights(seen: Tensor, latents_size: int) -> Tensor:
    """Latents and map count alike, whatever their number and their spread."""
    weights = torch.ones_like(seen[0])
    for part in (slice(None, latents_size), slice(latents_size, None)):
        codes = seen[:, part]
        if codes.shape[1]:
            spread = (codes - codes.mean(dim=0)).square().sum(dim=1).mean().sqrt()
            weights[part] = 1 / (spread + 1e-6)
    return weights
