"""How the rungs learn: one phase each, between the finished base and a reader.

Weights, rates and losses are those of the package's own discrepancy phase, so that rungs differ in
what they are named after and in nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.baselines import clcae, hfgi
from benchmarks.baselines.unet import UNet
from inspect_pipeline.networks.dicn import restore
from inspect_pipeline.networks.discriminator import Discriminator
from inspect_pipeline.networks.part_networks import PartNetworks
from inspect_pipeline.training.crops import Batch
from inspect_pipeline.training.discrepancy_phase import (
    BETAS,
    CLOSENESS,
    PERCEPTUAL,
    RATE,
    RECONSTRUCTION,
    RESIDUAL,
)
from inspect_pipeline.training.losses import dice, focal, perceptual
from inspect_pipeline.training.optimisers import adam, descend, scheduled
from inspect_pipeline.training.phase import frozen, learning

DAMAGE = 0.6  # share of tiles with a synthetic defect, where a rung learns from them
ALIGNMENT = 0.1 * RECONSTRUCTION  # HFGI's 0.1 stands beside a reconstruction of weight 1
CLCAE_PERCEPTUAL = 0.2 / 0.8 * PERCEPTUAL  # CLCAE's 0.2 where the others have 0.8
CONTRASTIVE = 0.1 * RECONSTRUCTION
FEATURE_MATCH = 0.01 * RECONSTRUCTION
ALIGNING_SHARE = 0.2  # of CLCAE's time, for its contrastive encoders
BLENDING_SHARE = 0.4  # of CLCAE's time, until F has wholly replaced the generator's own


class RungPhase:
    """What all rungs have in common: learnt modules, one optimiser."""

    name: str
    damage = 0.0

    def __init__(self, name: str, *learnt: nn.Module) -> None:
        self.name = name
        self._learnt = learnt
        learning(*learnt)
        self.optimiser = adam([p for module in learnt for p in module.parameters()], RATE, BETAS)

    def modules(self) -> Mapping[str, nn.Module]:
        return {}

    def optimisers(self) -> Mapping[str, torch.optim.Optimizer]:
        return {self.name: self.optimiser}

    def finish(self) -> None:
        frozen(*self._learnt)


class SdicPhase(RungPhase):
    """SDIC from as published to evidence: each flag adds one change (no gate in any of them).

    Without flags: no defects, D is free, the observed tile is the target.
    """

    def __init__(
        self,
        networks: PartNetworks,
        discriminator: Discriminator,
        *,
        supervised: bool = False,
        evidence: bool = False,
    ) -> None:
        self.networks, self.discriminator = networks, discriminator
        self.supervised, self.evidence = supervised, evidence
        frozen(networks, discriminator)
        super().__init__("discrepancy", networks.dipn, networks.dicn)
        self.damage = DAMAGE if evidence else 0.0

    def step(self, batch: Batch, number: int, fraction: float) -> dict[str, float]:
        with torch.no_grad():
            latents, spatial, golden = self.networks.invert(batch.damaged)
        d, log_odds = self.networks.compare(batch.damaged, golden)
        restored, closeness = restore(
            self.networks.generator, self.networks.dicn, d, latents, spatial
        )
        difference = F.l1_loss(restored, batch.clean)
        looks = perceptual(self.discriminator, restored, batch.clean)
        loss = RECONSTRUCTION * difference + PERCEPTUAL * looks + CLOSENESS * closeness
        losses = {"L1": difference.item()}
        if self.supervised:
            good = 1 - batch.mask
            residual = ((d - (batch.damaged - golden)).abs() * good).mean()
            loss = loss + RESIDUAL * residual
            losses["residual"] = residual.item()
        if self.evidence:
            found = focal(log_odds, batch.mask) + dice(log_odds, batch.mask)
            loss = loss + found
            losses["evidence"] = found.item()
        descend(self.optimiser, loss, scheduled(RATE, number, fraction))
        return losses


class HfgiPhase(RungPhase):
    """Good tiles only; the residual is warped, the aligner puts it back."""

    def __init__(
        self, networks: PartNetworks, discriminator: Discriminator, learnt: hfgi.HFGI
    ) -> None:
        self.networks, self.discriminator, self.hfgi = networks, discriminator, learnt
        frozen(networks, discriminator)
        super().__init__("hfgi", learnt)

    def step(self, batch: Batch, number: int, fraction: float) -> dict[str, float]:
        with torch.no_grad():
            latents, spatial, golden = self.networks.invert(batch.clean)
            residual = batch.clean - golden
            moved = hfgi.warped(residual)
        restored, aligned = hfgi.restore(
            self.networks.generator, self.hfgi, moved, latents, spatial
        )
        difference = F.l1_loss(restored, batch.clean)
        looks = perceptual(self.discriminator, restored, batch.clean)
        apart = F.l1_loss(aligned, residual)
        loss = RECONSTRUCTION * difference + PERCEPTUAL * looks + ALIGNMENT * apart
        descend(self.optimiser, loss, scheduled(RATE, number, fraction))
        return {"L1": difference.item(), "aligned": apart.item()}


class ClcaePhase(RungPhase):
    """First the contrastive encoders agree on generated pairs, then the codes learn from tiles."""

    def __init__(
        self,
        networks: PartNetworks,
        discriminator: Discriminator,
        codes: clcae.Codes,
        alignment: clcae.Alignment,
    ) -> None:
        self.networks, self.discriminator = networks, discriminator
        self.codes, self.alignment = codes, alignment
        frozen(networks, discriminator)
        super().__init__("clcae", codes)
        learning(alignment)
        self.aligner = adam(alignment.parameters(), RATE, BETAS)

    def optimisers(self) -> Mapping[str, torch.optim.Optimizer]:
        return {**super().optimisers(), "alignment": self.aligner}

    def step(self, batch: Batch, number: int, fraction: float) -> dict[str, float]:
        with torch.no_grad():
            latents, spatial, golden = self.networks.invert(batch.clean)
        if fraction < ALIGNING_SHARE:  # golden tiles are generated: pairs of a code and its picture
            apart: Tensor = self.alignment(golden, latents[:, 0])
            rate = scheduled(RATE, number, fraction / ALIGNING_SHARE)
            descend(self.aligner, apart, rate)
            return {"contrast": apart.item()}
        frozen(self.alignment)
        w, wide, features = self.codes(batch.clean)
        blend = min(1.0, (fraction - ALIGNING_SHARE) / (BLENDING_SHARE - ALIGNING_SHARE))
        generator = self.networks.generator
        restored, own = clcae.restore(generator, wide, spatial, features, blend=blend)
        narrow = w[:, None].expand_as(wide)
        drawn = (restored, generator(wide, spatial), generator(narrow, spatial))
        difference = torch.stack([F.l1_loss(tiles, batch.clean) for tiles in drawn]).sum()
        looks = torch.stack(
            [perceptual(self.discriminator, tiles, batch.clean) for tiles in drawn]
        ).sum()
        loss = RECONSTRUCTION * difference + CLCAE_PERCEPTUAL * looks
        loss = loss + CONTRASTIVE * self.alignment(batch.clean, w)
        loss = loss + FEATURE_MATCH * F.mse_loss(features, own.detach())
        descend(self.optimiser, loss, scheduled(RATE, number, fraction))
        return {"L1": F.l1_loss(restored.detach(), batch.clean).item()}

    def finish(self) -> None:
        super().finish()
        frozen(self.alignment)


class UnetPhase(RungPhase):
    """The defects and losses of DIPN's evidence head, and nothing of a GAN."""

    damage = DAMAGE

    def __init__(self, unet: UNet) -> None:
        self.unet = unet
        super().__init__("unet", unet)

    def step(self, batch: Batch, number: int, fraction: float) -> dict[str, float]:
        log_odds = self.unet(batch.damaged)
        seen, overlap = focal(log_odds, batch.mask), dice(log_odds, batch.mask)
        descend(self.optimiser, seen + overlap, scheduled(RATE, number, fraction))
        return {"focal": seen.item(), "dice": overlap.item()}
