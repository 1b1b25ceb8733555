"""Phase 3: DIPN learns what differs and what is a defect, DICN to bring normal detail back.

Generator and encoder are frozen. Tiles with synthetic defects go in, the good tile is the target.
DICN sees the discrepancy gated by DIPN's evidence for half of the tiles and with the gate open for
the other half: gated it draws the restored picture, open it is the second opinion of verification,
for even then it was taught to bring back grain and not defects.

`paper_mode` is SDIC as published (arXiv 2312.07079 and its released training options): no defects,
no gate, no supervision of D, the input itself as the target.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from inspect_pipeline.networks.dicn import restore
from inspect_pipeline.networks.discriminator import Discriminator
from inspect_pipeline.networks.part_networks import PartNetworks
from inspect_pipeline.training.crops import Batch
from inspect_pipeline.training.losses import dice, focal, perceptual
from inspect_pipeline.training.optimisers import adam, descend, scheduled
from inspect_pipeline.training.phase import frozen, learning

RATE = 2e-3
BETAS = (0.9, 0.99)
OPEN_GATE_SHARE = 0.5
RECONSTRUCTION = 5.0  # L1; the paper's MSE weight of 1 is for pictures of unit spread
PERCEPTUAL = 0.8
CLOSENESS = 0.5
RESIDUAL = 0.5


class DiscrepancyPhase:
    name = "discrepancy"

    def __init__(
        self, networks: PartNetworks, discriminator: Discriminator, *, paper_mode: bool = False
    ) -> None:
        self.networks = networks
        self.discriminator = discriminator
        self.paper_mode = paper_mode
        self.damage = 0.0 if paper_mode else 0.6
        frozen(networks, discriminator)
        learning(networks.dipn, networks.dicn)
        learnt = [*networks.dipn.parameters(), *networks.dicn.parameters()]
        self.optimiser = adam(learnt, RATE, BETAS)

    def step(self, batch: Batch, number: int, fraction: float) -> dict[str, float]:
        with torch.no_grad():
            latents, spatial, golden = self.networks.invert(batch.damaged)
        d, log_odds = self.networks.compare(batch.damaged, golden)
        restored, closeness = restore(
            self.networks.generator,
            self.networks.dicn,
            d * self._gate(log_odds),
            latents,
            spatial,
        )
        difference = F.l1_loss(restored, batch.clean)
        looks = perceptual(self.discriminator, restored, batch.clean)
        loss = RECONSTRUCTION * difference + PERCEPTUAL * looks + CLOSENESS * closeness
        losses = {"L1": difference.item(), "golden_L1": F.l1_loss(golden, batch.clean).item()}
        if not self.paper_mode:
            good = 1 - batch.mask
            residual = ((d - (batch.damaged - golden)).abs() * good).mean()
            seen, overlap = focal(log_odds, batch.mask), dice(log_odds, batch.mask)
            loss = loss + RESIDUAL * residual + seen + overlap
            losses |= {"residual": residual.item(), "focal": seen.item(), "dice": overlap.item()}
        descend(self.optimiser, loss, scheduled(RATE, number, fraction))
        return losses

    def _gate(self, log_odds: Tensor) -> Tensor:
        if self.paper_mode:
            return torch.ones_like(log_odds)
        gate = 1 - torch.sigmoid(log_odds.detach())
        opened = torch.rand(len(gate), 1, 1, 1, device=gate.device) < OPEN_GATE_SHARE
        return torch.where(opened, torch.ones_like(gate), gate)

    def modules(self) -> Mapping[str, nn.Module]:
        return {}

    def optimisers(self) -> Mapping[str, torch.optim.Optimizer]:
        return {"discrepancy": self.optimiser}

    def finish(self) -> None:
        frozen(self.networks)
