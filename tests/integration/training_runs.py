"""Small training runs, and a program that can be killed in the middle of one.

    python -m tests.integration.training_runs FOLDER

trains into FOLDER, with a checkpoint after every step.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from inspect_pipeline.training.crops import Crops
from inspect_pipeline.training.good_parts import (
    preparation_for,
    prepared_arrays,
    split_by_content,
)
from inspect_pipeline.training.phase import Phase
from inspect_pipeline.training.plan import TrainingOptions, TrainingPlan, plan_training
from inspect_pipeline.training.run import CHECKPOINT_EVERY_S, Trained, TrainingRun, Watcher
from tests import make
from tests.fakes import FastClock, RecordingWatcher

BATCH = 4
ROOT = Path(__file__).parents[2]
PATIENCE_S = 120.0


def plan(*, channels: int = 1, **changed: Any) -> TrainingPlan:
    """A run of a few steps, in batches of 4, on ten made-up pictures."""
    wanted: dict[str, Any] = {"part": "bracket", "tile_px": 32, "width": 12, "steps": 3}
    split = split_by_content(make.good_parts(10, channels=channels))
    preparation = preparation_for(split.train, tile_px=32)
    options = TrainingOptions(**{**wanted, **changed})
    return replace(plan_training(options, split, preparation, "cpu"), batch=BATCH)


def a_run(
    planned: TrainingPlan,
    folder: Path,
    *,
    watcher: Watcher | None = None,
    tick_s: float = 0.001,
) -> TrainingRun:
    channels = planned.config.channels
    split = split_by_content(make.good_parts(10, channels=channels))
    pictures = prepared_arrays(split.train, planned.preparation)

    def crops_of(phase: Phase) -> Crops:
        return Crops(
            pictures=pictures,
            tile_px=planned.config.tile_px,
            batch=planned.batch,
            seed=planned.options.seed,
            stream=phase.name,
            damage=phase.damage,
        )

    return TrainingRun(
        plan=planned,
        folder=folder,
        crops_of=crops_of,
        watcher=watcher or RecordingWatcher(),
        clock=FastClock(tick_s),
    )


def weights_of(trained: Trained) -> dict[str, Tensor]:
    state: dict[str, Tensor] = trained.networks.state_dict()
    return state


def wait_for(happened: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not happened():
        assert process.poll() is None, f"ended early with {process.returncode}"
        assert time.monotonic() < deadline_s, "nothing happened for two minutes"
        time.sleep(0.02)


def environment() -> dict[str, str]:
    """One thread and plain words, wherever the tests run."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "COLUMNS": "200"}


def assert_equal(first: dict[str, Tensor], second: dict[str, Tensor]) -> None:
    assert first.keys() == second.keys()
    for name, value in first.items():
        assert torch.allclose(value, second[name], atol=1e-6), name


def main() -> None:
    torch.set_num_threads(1)
    run = a_run(plan(), Path(sys.argv[1]), tick_s=CHECKPOINT_EVERY_S + 1)
    run.train(resume=False)


if __name__ == "__main__":
    main()
