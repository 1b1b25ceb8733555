"""Phase 1: the generator learns to draw good tiles, and the encoder to find their codes.

Both learn together, adversarially (non-saturating loss, lazy R1, exponential moving average,
DiffAugment where pictures are few): the inversion is then in the generator's domain by
construction, and reconstruction teaches grain in a tenth of the time that noise alone needs.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from inspect_pipeline.networks.discriminator import Discriminator
from inspect_pipeline.networks.generator import Generator
from inspect_pipeline.networks.part_networks import PartNetworks
from inspect_pipeline.training.augment import diff_augment
from inspect_pipeline.training.crops import Batch
from inspect_pipeline.training.losses import (
    gradient_penalty,
    looks_real,
    perceptual,
    real_or_fake,
)
from inspect_pipeline.training.mapping import MappingFit
from inspect_pipeline.training.optimisers import adam, descend, scheduled
from inspect_pipeline.training.phase import frozen, learning

RATE = 2e-3
BETAS = (0.0, 0.99)
ADVERSARIAL_EVERY = 3  # steps; reconstruction, the cheap teacher, learns in every step
ADVERSARIAL_FROM = 90  # steps: before this the discriminator judges blots
R1_EVERY = 16  # adversarial steps
R1_WEIGHT = 16.0  # gamma 2, halved, times the interval
ADVERSARIAL_SAMPLE = 0.2
ADVERSARIAL_RECONSTRUCTION = 0.1
RECONSTRUCTION = 5.0
PERCEPTUAL = 2.0
PRIOR = 0.05
MAPPING_STEPS = 1
EMA_TILES = 5_000.0


class GeneratorPhase:
    name = "generator"
    damage = 0.5

    def __init__(
        self, networks: PartNetworks, discriminator: Discriminator, *, augment: bool
    ) -> None:
        self.averaged = networks.generator
        self.encoder = networks.encoder
        self.discriminator = discriminator
        self.augment = diff_augment if augment else _same
        self.generator = Generator(networks.config).to(self.averaged.constant.device)
        self.generator.load_state_dict(self.averaged.state_dict())
        self.mapping = MappingFit(self.generator.mapping)
        frozen(self.averaged, networks.dipn, networks.dicn)
        learning(self.generator, self.encoder, discriminator)
        drawn = [
            *(p for n, p in self.generator.named_parameters() if not n.startswith("mapping.")),
            *self.encoder.parameters(),
        ]
        self.draws = adam(drawn, RATE, BETAS)
        self.judges = adam(discriminator.parameters(), RATE, BETAS)

    def step(self, batch: Batch, number: int, fraction: float) -> dict[str, float]:
        rate = scheduled(RATE, number, fraction)
        since = number - ADVERSARIAL_FROM
        adversarial = since >= 0 and since % ADVERSARIAL_EVERY == 0
        losses = self._draw(batch, rate, adversarial=adversarial)
        if adversarial:
            penalised = since // ADVERSARIAL_EVERY % R1_EVERY == 0
            losses |= self._judge(batch, rate, penalised=penalised)
        self._average(number * len(batch.clean), len(batch.clean))
        return losses

    def _draw(self, batch: Batch, rate: float, *, adversarial: bool) -> dict[str, float]:
        """Encoder, generator and mapping: reconstruct, match the codes, and look real."""
        latents, spatial = self.encoder(batch.damaged)
        base = latents[:, :1]
        spread = (latents - base).square().mean() + spatial.square().mean()
        drawn = self.generator(latents, spatial)
        difference = F.l1_loss(drawn, batch.clean)
        looks = perceptual(self.discriminator, drawn, batch.clean)
        matched = self.mapping.learn(latents, spatial, steps=MAPPING_STEPS)
        loss = RECONSTRUCTION * difference + PERCEPTUAL * looks
        loss = loss + PRIOR * (spread + base.square().mean())
        losses = {"L1": difference.item(), "looks": looks.item(), "codes": matched}
        if adversarial:
            with torch.no_grad():
                codes = self.generator.sample_codes(len(latents))
            sample = self.generator(*codes)
            judged = looks_real(self.discriminator(self.augment(sample)))
            again = looks_real(self.discriminator(self.augment(drawn)))
            loss = loss + ADVERSARIAL_SAMPLE * judged + ADVERSARIAL_RECONSTRUCTION * again
            losses["adversarial"] = judged.item()
        descend(self.draws, loss, rate)
        return losses

    def _judge(self, batch: Batch, rate: float, *, penalised: bool) -> dict[str, float]:
        with torch.no_grad():
            half = len(batch.clean) // 2
            sample = self.generator(*self.generator.sample_codes(len(batch.clean) - half))
            drawn = self.generator(*self.encoder(batch.damaged[:half]))
        fake = self.discriminator(self.augment(torch.cat([sample, drawn])))
        real = self.discriminator(self.augment(batch.clean))
        loss = real_or_fake(real, fake)
        if penalised:
            loss = loss + R1_WEIGHT * gradient_penalty(self.discriminator, batch.clean)
        descend(self.judges, loss, rate)
        return {"discriminator": loss.item()}

    @torch.no_grad()
    def _average(self, seen_tiles: int, batch_tiles: int) -> None:
        """Exponential moving average whose half-life grows with what was seen."""
        half_life = min(EMA_TILES, 0.05 * seen_tiles + batch_tiles)
        decay = 0.5 ** (batch_tiles / half_life)
        for slow, fast in zip(
            self.averaged.state_dict().values(), self.generator.state_dict().values(), strict=True
        ):
            slow.lerp_(fast, 1 - decay)

    def modules(self) -> Mapping[str, nn.Module]:
        return {"generator": self.generator, "codes": self.mapping.seen}

    def optimisers(self) -> Mapping[str, torch.optim.Optimizer]:
        return {
            "draws": self.draws,
            "judges": self.judges,
            "mapping": self.mapping.optimiser,
        }

    def finish(self) -> None:
        """The averaged generator is already the part's; the live one is dropped."""


def _same(tiles: Tensor) -> Tensor:
    return tiles
