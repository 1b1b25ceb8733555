"""Phase 2: the encoder settles on the finished generator, reading damaged tiles as good ones.

The damaged tile goes in, the good tile is asked for: the golden picture then shows what a good
part would show at a defect, and not the defect.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import nn

from inspect_pipeline.networks.discriminator import Discriminator
from inspect_pipeline.networks.part_networks import PartNetworks
from inspect_pipeline.training.crops import Batch
from inspect_pipeline.training.losses import perceptual
from inspect_pipeline.training.optimisers import adam, descend, scheduled
from inspect_pipeline.training.phase import frozen, learning

RATE = 5e-4
BETAS = (0.9, 0.99)
RECONSTRUCTION = 5.0
PERCEPTUAL = 1.0


class EncoderPhase:
    name = "encoder"
    damage = 0.6

    def __init__(self, networks: PartNetworks, discriminator: Discriminator) -> None:
        self.networks = networks
        self.discriminator = discriminator
        frozen(networks, discriminator)
        learning(networks.encoder)
        self.optimiser = adam(networks.encoder.parameters(), RATE, BETAS)

    def step(self, batch: Batch, number: int, fraction: float) -> dict[str, float]:
        _, _, golden = self.networks.invert(batch.damaged)
        difference = F.l1_loss(golden, batch.clean)
        looks = perceptual(self.discriminator, golden, batch.clean)
        loss = RECONSTRUCTION * difference + PERCEPTUAL * looks
        descend(self.optimiser, loss, scheduled(RATE, number, fraction))
        return {"L1": difference.item(), "looks": looks.item()}

    def modules(self) -> Mapping[str, nn.Module]:
        return {}

    def optimisers(self) -> Mapping[str, torch.optim.Optimizer]:
        return {"encoder": self.optimiser}

    def finish(self) -> None:
        frozen(self.networks)
