"""Rungs that read tile by tile on the shared base, and the U-Net that stands on none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.baselines import clcae, hfgi
from benchmarks.baselines.unet import UNet
from benchmarks.ladder.base import Base, trained_base
from benchmarks.ladder.lesson import Lesson
from benchmarks.ladder.phase_run import Allowance, run_phase
from benchmarks.ladder.reading import TileMove, TileReader, size_of
from benchmarks.ladder.rung_phases import ClcaePhase, HfgiPhase, SdicPhase, UnetPhase
from benchmarks.ladder.variant import WITHOUT_CONTEXT, rung_seconds
from inspect_pipeline.networks.discriminator import Discriminator
from inspect_pipeline.networks.layers import channels_last
from inspect_pipeline.networks.part_networks import PartNetworks
from inspect_pipeline.service.training import Prepared
from inspect_pipeline.training.phase import Phase
from inspect_pipeline.training.plan import TrainingOptions

RUNGS = "rungs"
FEATURE_LEVELS = 3  # of the discriminator: the ones of the perceptual loss


@dataclass(frozen=True, kw_only=True)
class _OnBase:
    needs_base: bool = True

    @property
    def overrides(self) -> Mapping[str, Any]:
        """Their time is the system's without a contextual branch."""
        return WITHOUT_CONTEXT

    def trains(self, _options: TrainingOptions) -> str | None:
        return type(self).__name__.lower()

    def _prepared(self, lesson: Lesson) -> Prepared:
        return lesson.prepared(**{**self.overrides, "part": "rung"})

    def _train(
        self,
        lesson: Lesson,
        prepared: Prepared,
        phase: Phase,
        modules: Mapping[str, nn.Module],
    ) -> None:
        plan = prepared.plan
        for module in modules.values():
            channels_last(module)
        seconds = rung_seconds(plan, needs_base=self.needs_base)
        with lesson.bars() as watcher:
            run_phase(
                phase,
                modules,
                prepared,
                Allowance(seconds=seconds, steps=plan.options.steps),
                folder=lesson.workshop / RUNGS / str(self.trains(plan.options)),
                watcher=watcher,
            )
        for module in modules.values():
            module.to("cpu")


@dataclass(frozen=True, kw_only=True)
class InitialInversion(_OnBase):
    """Nothing is learnt beyond the base: observed against golden, by pixels or by features."""

    by_features: bool = False

    def trains(self, _options: TrainingOptions) -> None:
        return None

    def fit(self, lesson: Lesson) -> TileReader:
        prepared = self._prepared(lesson)
        base = trained_base(lesson, prepared)
        networks = base.networks(prepared.plan.config).cpu()
        judge = base.discriminator().cpu()

        def heat(tiles: Tensor) -> Tensor:
            golden = networks.invert(tiles)[2]
            if self.by_features:
                return feature_distance(judge, tiles, golden)
            return absolute(tiles - golden)

        needed = [networks.generator, networks.encoder, *([judge] if self.by_features else [])]
        return _reader(
            prepared, heat, lambda tiles: networks.invert(tiles)[2], *needed, is_difference=True
        )


@dataclass(frozen=True, kw_only=True)
class Hfgi(_OnBase):
    """Heat is what its aligner makes of the residual: HFGI's own word for what inversion lost."""

    def fit(self, lesson: Lesson) -> TileReader:
        prepared = self._prepared(lesson)
        networks, judge = _fresh(trained_base(lesson, prepared), prepared)
        learnt = hfgi.HFGI(prepared.plan.config).to(prepared.plan.device)
        phase = HfgiPhase(networks, judge, learnt)
        self._train(lesson, prepared, phase, {"hfgi": learnt})
        networks.cpu()

        def moved(tiles: Tensor) -> tuple[Tensor, Tensor]:
            latents, spatial, golden = networks.invert(tiles)
            return hfgi.restore(networks.generator, learnt, tiles - golden, latents, spatial)

        return _reader(
            prepared,
            lambda tiles: absolute(moved(tiles)[1]),
            lambda tiles: moved(tiles)[0],
            *(networks.generator, networks.encoder, learnt),
            is_difference=True,
        )


@dataclass(frozen=True, kw_only=True)
class Clcae(_OnBase):
    """It predicts no discrepancy, so heat is what its picture leaves unexplained."""

    def fit(self, lesson: Lesson) -> TileReader:
        prepared = self._prepared(lesson)
        networks, judge = _fresh(trained_base(lesson, prepared), prepared)
        config, device = prepared.plan.config, prepared.plan.device
        codes, alignment = clcae.Codes(config).to(device), clcae.Alignment(config).to(device)
        phase = ClcaePhase(networks, judge, codes, alignment)
        self._train(lesson, prepared, phase, {"codes": codes, "alignment": alignment})
        networks.cpu()

        def restored(tiles: Tensor) -> Tensor:
            _, spatial = networks.encoder(tiles)
            _, latents, features = codes(tiles)
            return clcae.restore(networks.generator, latents, spatial, features)[0]

        return _reader(
            prepared,
            lambda tiles: absolute(tiles - restored(tiles)),
            restored,
            *(networks.generator, networks.encoder, codes),
            is_difference=True,
        )


@dataclass(frozen=True, kw_only=True)
class Sdic(_OnBase):
    """DIPN and DICN without a gate. Heat is |D|, or the evidence where there is one."""

    supervised: bool = False
    evidence: bool = False

    def trains(self, _options: TrainingOptions) -> str:
        flags = {"supervised": self.supervised, "evidence": self.evidence}
        return "-".join(["sdic", *(name for name, is_set in flags.items() if is_set)])

    def fit(self, lesson: Lesson) -> TileReader:
        prepared = self._prepared(lesson)
        networks, judge = _fresh(trained_base(lesson, prepared), prepared)
        phase = SdicPhase(networks, judge, supervised=self.supervised, evidence=self.evidence)
        learnt = {"dipn": networks.dipn, "dicn": networks.dicn}
        self._train(lesson, prepared, phase, learnt)
        networks.cpu()

        def heat(tiles: Tensor) -> Tensor:
            d, log_odds = networks.compare(tiles, networks.invert(tiles)[2])
            return log_odds if self.evidence else absolute(d)

        def restored(tiles: Tensor) -> Tensor:
            latents, spatial, golden = networks.invert(tiles)
            return networks.restore(networks.compare(tiles, golden)[0], latents, spatial)

        return _reader(prepared, heat, restored, networks, is_difference=not self.evidence)


@dataclass(frozen=True, kw_only=True)
class DiscriminativeUnet(_OnBase):
    """The whole budget for the U-Net: there is no generator to pay for."""

    needs_base: bool = False

    def fit(self, lesson: Lesson) -> TileReader:
        prepared = self._prepared(lesson)
        torch.manual_seed(prepared.plan.options.seed)
        unet = UNet(prepared.plan.config).to(prepared.plan.device)
        self._train(lesson, prepared, UnetPhase(unet), {"unet": unet})
        return _reader(prepared, unet, None, unet)


def absolute(difference: Tensor) -> Tensor:
    """(n, C, T, T) -> (n, 1, T, T) mean over channels of what it amounts to."""
    return difference.abs().mean(dim=1, keepdim=True)


def feature_distance(judge: Discriminator, first: Tensor, second: Tensor) -> Tensor:
    """Where the discriminator's features of two tiles differ, (n, 1, T, T): the perceptual loss
    before its mean is taken (f-AnoGAN, Schlegl et al., MedIA 2019, has such a term)."""
    side = first.shape[-1]
    total = first.new_zeros(len(first), 1, side, side)
    maps = zip(judge.features(first), judge.features(second), strict=True)
    for a, b in list(maps)[:FEATURE_LEVELS]:
        apart = (F.normalize(a, dim=1) - F.normalize(b, dim=1)).square().sum(dim=1, keepdim=True)
        total = total + F.interpolate(apart, size=(side, side), mode="bilinear")
    return total / FEATURE_LEVELS


def _fresh(base: Base, prepared: Prepared) -> tuple[PartNetworks, Discriminator]:
    """The base's networks with an untrained rung; the seed is set for what is built next."""
    return base.networks(prepared.plan.config), base.discriminator()


def _reader(
    prepared: Prepared,
    heat: TileMove,
    restored: TileMove | None,
    *needed: nn.Module,
    is_difference: bool = False,
) -> TileReader:
    how = prepared.plan.preparation
    return TileReader(
        preparation=how,
        parameters=size_of(*needed),
        judge=heat,
        restore=restored,
        is_difference=is_difference,
    )
