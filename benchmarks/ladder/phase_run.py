"""One phase of a rung: steps until its time or its steps are used up, resumable at any moment."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from inspect_pipeline.errors import ModelError
from inspect_pipeline.service.training import Prepared
from inspect_pipeline.training.checkpoint import (
    Progress,
    load_modules,
    load_progress,
    load_tensors,
    save_checkpoint,
    tensors_below,
)
from inspect_pipeline.training.crops import Crops
from inspect_pipeline.training.good_parts import prepared_arrays
from inspect_pipeline.training.phase import Phase, load_phase, phase_tensors
from inspect_pipeline.training.plan import TrainingPlan
from inspect_pipeline.training.run import CHECKPOINT_EVERY_S, PREFETCH_THREADS, SMOOTHING, Watcher


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """What a phase may use; `steps` replaces the time (for tests)."""

    seconds: float
    steps: int | None

    def used(self, step: int, seconds: float) -> float:
        """Share that is used up."""
        return step / self.steps if self.steps is not None else seconds / self.seconds


def crops_for(prepared: Prepared, phase: Phase) -> Crops:
    """The stream of tiles that the package's own run would give the phase."""
    plan = prepared.plan
    return Crops(
        pictures=prepared_arrays(prepared.split.train, plan.preparation),
        tile_px=plan.config.tile_px,
        batch=plan.batch,
        seed=plan.options.seed,
        stream=phase.name,
        damage=phase.damage,
    )


def run_phase(
    phase: Phase,
    modules: Mapping[str, nn.Module],
    prepared: Prepared,
    allowance: Allowance,
    *,
    folder: Path,
    watcher: Watcher,
) -> None:
    """Trains `modules` through the phase; a finished one is only read from its folder."""
    plan = prepared.plan
    folder.mkdir(parents=True, exist_ok=True)
    progress = load_progress(folder)
    step, before = 0, 0.0
    if progress is not None:
        _check(progress, plan.settings(), folder)
        tensors = load_tensors(folder)
        load_modules(tensors, modules)
        load_phase(phase, tensors_below(tensors, "phase/"))
        step, before = progress.step, progress.phase_seconds
    if allowance.used(step, before) < 1.0:
        watcher.phase_begins(phase.name, 0, before)
        _loop(phase, modules, prepared, allowance, folder, watcher, step, before)
    phase.finish()


def _loop(
    phase: Phase,
    modules: Mapping[str, nn.Module],
    prepared: Prepared,
    allowance: Allowance,
    folder: Path,
    watcher: Watcher,
    step: int,
    before: float,
) -> None:
    plan = prepared.plan
    stream = crops_for(prepared, phase).batches(step, PREFETCH_THREADS.get(plan.device, 1))
    started = time.monotonic()
    used, next_save, smooth = before, before + CHECKPOINT_EVERY_S, dict[str, float]()
    try:
        while (fraction := allowance.used(step, used)) < 1.0:
            torch.manual_seed(plan.options.seed * 1_000_003 + step)
            losses = phase.step(next(stream).to(torch.device(plan.device)), step, fraction)
            step += 1
            used = before + time.monotonic() - started
            for name, value in losses.items():
                smooth[name] = SMOOTHING * smooth.get(name, value) + (1 - SMOOTHING) * value
            watcher.stepped(phase.name, fraction, smooth)
            if used >= next_save:
                next_save = used + CHECKPOINT_EVERY_S
                _save(phase, modules, plan, folder, step, used)
    finally:  # Ctrl-C too
        stream.close()  # type: ignore[attr-defined]
        _save(phase, modules, plan, folder, step, used)


def _save(
    phase: Phase,
    modules: Mapping[str, nn.Module],
    plan: TrainingPlan,
    folder: Path,
    step: int,
    used: float,
) -> None:
    progress = Progress(
        settings=plan.settings(),
        phase=phase.name,
        step=step,
        phase_seconds=used,
        seconds_by_phase={},
        steps_by_phase={},
        final_losses={},
    )
    save_checkpoint(folder, progress, modules, phase_tensors(phase))


def _check(progress: Progress, settings: dict[str, Any], folder: Path) -> None:
    if progress.settings != settings:
        raise ModelError(
            f"{folder}: this rung was begun with other options or pictures: delete the folder, or "
            "choose another --out"
        )
