"""Training runs: whole, interrupted, killed, resumed, and refused."""

from __future__ import annotations

import csv
import math
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from inspect_pipeline.errors import ModelError
from inspect_pipeline.networks.part_networks import PartNetworks
from inspect_pipeline.training.checkpoint import FILE_NAME, load_progress
from inspect_pipeline.training.plan import SHARES
from tests.fakes import InterruptedWatcher, RecordingWatcher
from tests.integration.training_runs import (
    a_run,
    assert_equal,
    environment,
    plan,
    wait_for,
    weights_of,
)

PHASES = list(SHARES)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tensor]:
    """Weights after three steps of every phase, in one go."""
    return weights_of(a_run(plan(), tmp_path_factory.mktemp("whole")).train(resume=False))


WISHES: list[dict[str, Any]] = [
    {"channels": 1},
    {"channels": 3},
    {"channels": 1, "volume": "3d"},
    {"channels": 1, "paper_mode": True},
    {"channels": 1, "spatial_channels": 0},
]


@pytest.mark.parametrize("wishes", WISHES)
def test_a_run_goes_through_all_phases_and_says_what_it_did(
    tmp_path: Path, wishes: dict[str, Any]
) -> None:
    watcher = RecordingWatcher()

    trained = a_run(plan(**{"steps": 2, **wishes}), tmp_path, watcher=watcher).train(resume=False)

    assert watcher.phases == PHASES
    assert trained.steps_by_phase == dict.fromkeys(PHASES, 2)
    assert list(trained.seconds_by_phase) == PHASES
    values = [value for losses in trained.final_losses.values() for value in losses.values()]
    assert all(math.isfinite(value) for value in values)
    assert not any(p.requires_grad for p in trained.networks.parameters())
    assert {f"sheet_{phase}.png" for phase in PHASES} <= {p.name for p in tmp_path.iterdir()}


def test_every_step_is_in_the_log_of_losses(tmp_path: Path) -> None:
    a_run(plan(steps=2), tmp_path).train(resume=False)

    with (tmp_path / "losses.csv").open(newline="") as handle:
        rows = list(csv.reader(handle))

    steps = {(phase, int(step)) for phase, step, _, _, _ in rows}
    learning = PHASES[:3]  # two steps of the mapping only collect codes
    assert steps == {(phase, step) for phase in learning for step in (1, 2)}
    assert all(math.isfinite(float(row[4])) for row in rows)


def test_a_sheet_shows_rows_of_tiles(tmp_path: Path) -> None:
    a_run(plan(steps=1), tmp_path).train(resume=False)

    sheet = np.asarray(Image.open(tmp_path / "sheet_discrepancy.png"))

    rows, columns = 8, 4
    assert sheet.shape == (rows * 34 * 3, columns * 34 * 3)  # tile and gap, three times as large
    assert sheet.std() > 5


def test_the_networks_learn_in_every_phase(uninterrupted: dict[str, Tensor]) -> None:
    torch.manual_seed(0)
    fresh = PartNetworks(plan().config).state_dict()

    moved = {
        name.split(".")[0] for name in fresh if not torch.equal(fresh[name], uninterrupted[name])
    }

    assert moved == {"generator", "encoder", "dipn", "dicn"}


def test_a_run_ends_when_its_minutes_are_used(tmp_path: Path) -> None:
    planned = plan(steps=None, budget_minutes=1.0)

    trained = a_run(planned, tmp_path, tick_s=8.0).train(resume=False)

    for phase, seconds in trained.seconds_by_phase.items():
        assert 0 <= seconds - planned.seconds_of(phase) <= 8.0


@pytest.mark.parametrize("phase", PHASES)
def test_an_interrupted_run_goes_on_as_if_it_never_stopped(
    tmp_path: Path, uninterrupted: dict[str, Tensor], phase: str
) -> None:
    with pytest.raises(KeyboardInterrupt):
        a_run(plan(), tmp_path, watcher=InterruptedWatcher(phase, 2)).train(resume=False)
    progress = load_progress(tmp_path)
    assert progress is not None
    assert (progress.phase, progress.step) == (phase, 2)
    watcher = RecordingWatcher()

    trained = a_run(plan(), tmp_path, watcher=watcher).train(resume=True)

    assert watcher.phases == PHASES[PHASES.index(phase) :]
    assert len(watcher.fractions[phase]) == 1
    assert trained.steps_by_phase == dict.fromkeys(PHASES, 3)
    assert_equal(weights_of(trained), uninterrupted)


def test_a_killed_run_goes_on_from_its_last_checkpoint(
    tmp_path: Path, uninterrupted: dict[str, Tensor]
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.integration.training_runs", str(tmp_path)],
        env=environment(),
    ) as trainer:
        wait_for((tmp_path / FILE_NAME).exists, trainer)
        trainer.kill()
    assert trainer.returncode == -signal.SIGKILL
    progress = load_progress(tmp_path)
    assert progress is not None
    assert (progress.phase, progress.step) != (PHASES[-1], 3)

    resumed = a_run(plan(), tmp_path).train(resume=True)

    assert_equal(weights_of(resumed), uninterrupted)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"seed": 1}, "other seed;"),
        ({"width": 24}, "other width;"),
        ({"channels": 3}, "other channels, .*pictures_sha256"),
        ({"paper_mode": True, "steps": 4}, "other paper_mode, steps;"),
    ],
)
def test_resuming_with_other_settings_is_refused_naming_them(
    tmp_path: Path, changed: dict[str, Any], named: str
) -> None:
    with pytest.raises(KeyboardInterrupt):
        a_run(plan(), tmp_path, watcher=InterruptedWatcher("generator", 1)).train(resume=False)

    with pytest.raises(ModelError, match=named) as caught:
        a_run(plan(**changed), tmp_path).train(resume=True)

    assert str(tmp_path) in str(caught.value)
    assert "without --resume" in str(caught.value)
