"""Generator, encoder and discriminator: trained once per seed and options, shared by the rungs.

The training is the package's own run, stopped where the phases begin in which the rungs differ.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from benchmarks.ladder.lesson import Lesson
from inspect_pipeline.networks.config import NetworkConfig
from inspect_pipeline.networks.discriminator import Discriminator
from inspect_pipeline.networks.layers import channels_last
from inspect_pipeline.networks.part_networks import PartNetworks
from inspect_pipeline.records import sha256_of
from inspect_pipeline.service.training import Prepared, run_folder, train_part
from inspect_pipeline.training.checkpoint import (
    Progress,
    load_progress,
    load_tensors,
    save_checkpoint,
    tensors_below,
)
from inspect_pipeline.training.plan import (
    NO_CONTEXT,
    SHARES,
    TrainingOptions,
    TrainingPlan,
    plan_training,
)
from inspect_pipeline.training.run import Watcher

Module = TypeVar("Module", bound=nn.Module)
RUNGS_BEGIN = "discrepancy"  # the first phase that belongs to a rung
BASES = "bases"


@dataclass(frozen=True, kw_only=True, eq=False)
class Base:
    """A finished base; its networks are handed out as copies, for rungs train what is theirs."""

    plan: TrainingPlan
    progress: Progress
    tensors: dict[str, Tensor]

    def networks(self, config: NetworkConfig) -> PartNetworks:
        """Generator and encoder of the base; DIPN and DICN as the seed makes them."""
        torch.manual_seed(self.plan.options.seed)
        networks = PartNetworks(config)
        for name, module in (("generator", networks.generator), ("encoder", networks.encoder)):
            module.load_state_dict(tensors_below(self.tensors, f"networks/{name}."))
        return _ready(networks, self.plan.device)

    def discriminator(self) -> Discriminator:
        """In evaluation mode: spectral norms stay as they are."""
        judge = Discriminator(self.plan.config)
        judge.load_state_dict(tensors_below(self.tensors, "discriminator/"))
        return _ready(judge, self.plan.device)

    def hand_over(self, folder: Path, plan: TrainingPlan) -> None:
        """A checkpoint from which the package's run of `plan` goes on after the base."""
        folder.mkdir(parents=True, exist_ok=True)
        modules = {"networks": self.networks(plan.config), "discriminator": self.discriminator()}
        progress = replace(self.progress, settings=plan.settings())
        save_checkpoint(folder, progress, modules, tensors_below(self.tensors, "phase/"))


def base_options(options: TrainingOptions) -> TrainingOptions:
    """The same options, less what only later phases read: equal ones share a base.

    An option that this function does not know gives a base of its own, which is always right.
    """
    has_context = options.backbone != NO_CONTEXT and not options.paper_mode
    return replace(
        options,
        part="base",
        paper_mode=False,
        volume="2d",
        backbone=TrainingOptions.backbone if has_context else NO_CONTEXT,  # whichever: time is less
        backbone_sha256=None,
        signs=TrainingOptions.signs,
    )


def name_of(options: TrainingOptions) -> str:
    """Equal for equal options, seed and part apart."""
    said = {key: value for key, value in asdict(options).items() if key not in ("part", "seed")}
    return sha256_of(json.dumps(said, sort_keys=True).encode())[:10]


def base_seconds(plan: TrainingPlan) -> float:
    return sum(plan.seconds_of(phase) for phase in _shared_phases())


def finished_base(lesson: Lesson, prepared: Prepared) -> Base | None:
    """The base of a plan where it was trained before; None where it is missing or interrupted."""
    plan = _plan_of_the_base(prepared)
    folder = run_folder(lesson.workshop / BASES, plan.options.part)
    progress = load_progress(folder)
    if progress is None or progress.phase != _shared_phases()[-1]:
        return None
    steps = plan.options.steps
    has_steps = steps is not None and progress.step >= steps
    if not has_steps and progress.phase_seconds < plan.seconds_of(progress.phase):
        return None
    return Base(plan=plan, progress=progress, tensors=load_tensors(folder))


def trained_base(lesson: Lesson, prepared: Prepared) -> Base:
    """Trains the base of a plan, goes on with it, or only reads it."""
    if (base := finished_base(lesson, prepared)) is not None:
        return base
    plan = _plan_of_the_base(prepared)
    try:
        with lesson.bars() as watcher:
            train_part(
                replace(prepared, plan=plan),
                lesson.workshop / BASES,
                resume=True,
                watcher=_UntilTheRungs(watcher),
                command=lesson.command,
            )
    except _BaseIsTrained:
        pass
    base = finished_base(lesson, prepared)
    assert base is not None, f"a training has no phase {RUNGS_BEGIN!r} any more"
    return base


def _plan_of_the_base(prepared: Prepared) -> TrainingPlan:
    options = base_options(prepared.plan.options)
    return plan_training(
        replace(options, part=f"base-{name_of(options)}"),
        prepared.split,
        prepared.plan.preparation,
        prepared.plan.device,
    )


def _shared_phases() -> list[str]:
    phases = list(SHARES)
    return phases[: phases.index(RUNGS_BEGIN)]


def _ready(module: Module, device: str) -> Module:
    """Frozen, in the memory layout in which narrow convolutions are faster."""
    module.to(device).eval().requires_grad_(False)
    channels_last(module)
    return module


class _BaseIsTrained(Exception):
    """Everything that the rungs share is in the checkpoint: the run is stopped on purpose."""


class _UntilTheRungs:
    """Watches a run and ends it where the rungs begin; the checkpoint before is on disk."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher

    def phase_begins(self, phase: str, number: int, seconds_done: float) -> None:
        if phase == RUNGS_BEGIN:
            raise _BaseIsTrained
        self._watcher.phase_begins(phase, number, seconds_done)

    def stepped(self, phase: str, fraction: float, losses: dict[str, float]) -> None:
        self._watcher.stepped(phase, fraction, losses)
