"""Phase 4: the mapping settles on the finished encoder's codes of good tiles.

Inspection does not need it; people do, who judge from random tiles whether the generator knows the
part.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from inspect_pipeline.networks.part_networks import PartNetworks
from inspect_pipeline.training.crops import Batch
from inspect_pipeline.training.mapping import RATE, MappingFit
from inspect_pipeline.training.optimisers import scheduled
from inspect_pipeline.training.phase import frozen, learning

INNER_STEPS = 4


class MappingPhase:
    name = "mapping"
    damage = 0.0

    def __init__(self, networks: PartNetworks) -> None:
        self.networks = networks
        frozen(networks)
        learning(networks.generator.mapping)
        self.fit = MappingFit(networks.generator.mapping)

    def step(self, batch: Batch, number: int, fraction: float) -> dict[str, float]:
        with torch.no_grad():
            latents, spatial = self.networks.encoder(batch.clean)
        if not self.fit.seen.is_full:
            seen = self.fit.look_at(latents, spatial)
            if self.fit.seen.is_full:
                self.fit.match_moments(seen)
            return {}
        rate = scheduled(RATE, number, fraction)
        return {"codes": self.fit.learn(latents, spatial, steps=INNER_STEPS, rate=rate)}

    def modules(self) -> Mapping[str, nn.Module]:
        return {"codes": self.fit.seen}

    def optimisers(self) -> Mapping[str, torch.optim.Optimizer]:
        return {"mapping": self.fit.optimiser}

    def finish(self) -> None:
        frozen(self.networks)
