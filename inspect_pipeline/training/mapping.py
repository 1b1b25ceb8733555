"""The mapping network learns where the codes of good tiles lie, so that samples are good tiles.

An adversary alone would need far more tiles than a part has minutes for; the base codes that the
encoder finds on good tiles are a sample of the wanted distribution, so the mapping is fitted to
them directly, by energy distance, on an optimiser of its own.
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
INNER_STEPS = 2


class SeenCodes(nn.Module):
    """The base codes seen last, newest first; a module, so that a checkpoint keeps them."""

    codes: Tensor
    count: Tensor

    def __init__(self, w_dim: int) -> None:
        super().__init__()
        self.register_buffer("codes", torch.zeros(REMEMBERED_CODES, w_dim))
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))

    def added(self, base: Tensor) -> Tensor:
        """Remembers these codes (n, w_dim), and gives all that are remembered."""
        self.codes = torch.cat([base, self.codes])[:REMEMBERED_CODES]
        self.count = (self.count + len(base)).clamp(max=REMEMBERED_CODES)
        return self.codes[: int(self.count)]


class MappingFit:
    """Fits a mapping to the base codes of the tiles that were seen last."""

    def __init__(self, mapping: Mapping, w_dim: int) -> None:
        self.mapping = mapping
        self.optimiser = adam(mapping.parameters(), RATE, BETAS)
        self.seen = SeenCodes(w_dim).to(mapping.w_avg.device)

    def learn(self, base: Tensor) -> float:
        """Takes base codes (n, w_dim); returns the distance between samples and codes."""
        codes = self.seen.added(base.detach())
        distance = base.new_zeros(())
        for _ in range(INNER_STEPS):
            w = self.mapping(torch.randn(SAMPLES, base.shape[1], device=base.device))
            distance = energy_distance(w, codes)
            descend(self.optimiser, distance, RATE)
        self.mapping.remember(w.detach())
        return distance.item()
