"""Training runs from pictures to a model: whole, interrupted, killed, resumed, and refused."""

from __future__ import annotations

import csv
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from inspect_pipeline.bundle import load_bundle
from inspect_pipeline.errors import ModelError, TrainingDataError, UnreadablePicture
from inspect_pipeline.networks.discriminator import Discriminator
from inspect_pipeline.networks.part_networks import PartNetworks
from inspect_pipeline.service.training import (
    affordable_budget,
    calibrate_part,
    prepare_training,
    run_folder,
    train_part,
)
from inspect_pipeline.training.checkpoint import FILE_NAME, load_progress
from inspect_pipeline.training.crops import Batch
from inspect_pipeline.training.discrepancy_phase import DiscrepancyPhase
from inspect_pipeline.training.encoder_phase import EncoderPhase
from inspect_pipeline.training.generator_phase import (
    ADVERSARIAL_EVERY,
    ADVERSARIAL_FROM,
    GeneratorPhase,
)
from inspect_pipeline.training.good_parts import read_good_parts
from inspect_pipeline.training.mapping_phase import MappingPhase
from inspect_pipeline.training.phase import Phase, load_phase, phase_tensors
from inspect_pipeline.training.plan import SHARES, TrainingOptions
from inspect_pipeline.training.run import Unwatched
from tests import make
from tests.fakes import InterruptedWatcher, RecordingWatcher
from tests.integration.training_runs import a_run, plan, weights_of
from tests.networks.overfitting import some_batch

ROOT = Path(__file__).parents[2]
PHASES = list(SHARES)
PATIENCE_S = 120.0


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
    assert steps == {(phase, step) for phase in PHASES for step in (1, 2)}
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


def phase_of(name: str, networks: PartNetworks, discriminator: Discriminator) -> Phase:
    phases: dict[str, Callable[[], Phase]] = {
        "generator": lambda: GeneratorPhase(networks, discriminator, augment=True),
        "encoder": lambda: EncoderPhase(networks, discriminator),
        "discrepancy": lambda: DiscrepancyPhase(networks, discriminator),
        "mapping": lambda: MappingPhase(networks),
    }
    return phases[name]()


def a_phase(name: str) -> tuple[Phase, dict[str, torch.nn.Module]]:
    torch.manual_seed(1)
    config = make.network_config()
    networks, discriminator = PartNetworks(config), Discriminator(config)
    phase = phase_of(name, networks, discriminator)
    return phase, {"networks": networks, "discriminator": discriminator}


def stepped(phase: Phase, batch: Batch, numbers: range) -> dict[str, float]:
    losses: dict[str, float] = {}
    for number in numbers:
        torch.manual_seed(number)
        losses |= phase.step(batch, number, 0.5)
    return losses


@pytest.mark.parametrize("name", PHASES)
def test_a_phase_keeps_everything_it_needs_to_go_on(name: str) -> None:
    batch = some_batch(1)
    first, its_modules = a_phase(name)
    stepped(first, batch, range(ADVERSARIAL_FROM, ADVERSARIAL_FROM + 4))
    second, other_modules = a_phase(name)

    for key, module in other_modules.items():
        module.load_state_dict(its_modules[key].state_dict())
    load_phase(second, {key: value.clone() for key, value in phase_tensors(first).items()})
    for phase in (first, second):
        stepped(phase, batch, range(ADVERSARIAL_FROM + 4, ADVERSARIAL_FROM + 8))

    for key, module in its_modules.items():
        assert_equal(dict(module.state_dict()), dict(other_modules[key].state_dict()))


def test_the_adversary_joins_after_a_while_and_then_now_and_then() -> None:
    phase, _ = a_phase("generator")
    batch = some_batch(1)
    numbers = range(ADVERSARIAL_FROM - 1, ADVERSARIAL_FROM + ADVERSARIAL_EVERY + 1)

    joined = [number for number in numbers if "adversarial" in phase.step(batch, number, 0.5)]

    assert joined == [ADVERSARIAL_FROM, ADVERSARIAL_FROM + ADVERSARIAL_EVERY]


@pytest.mark.parametrize(
    ("name", "learns"),
    [
        ("generator", {"generator", "encoder"}),  # the generator as a moving average
        ("encoder", {"encoder"}),
        ("discrepancy", {"dipn", "dicn"}),
        ("mapping", {"generator"}),
    ],
)
def test_a_phase_changes_only_what_it_teaches(name: str, learns: set[str]) -> None:
    phase, modules = a_phase(name)
    before = {key: value.clone() for key, value in modules["networks"].state_dict().items()}

    stepped(phase, some_batch(1), range(2))

    after = modules["networks"].state_dict()
    changed = [key for key in after if not torch.equal(before[key], after[key])]
    assert {key.split(".")[0] for key in changed} == learns
    if name == "mapping":
        assert all(key.startswith("generator.mapping.") for key in changed)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with twelve `good` pictures and the `models` trained on them, never changed."""
    folder = tmp_path_factory.mktemp("made")
    make.write_pictures(folder / "good", 12)
    train_in(folder)
    return folder


def train_in(folder: Path) -> Path:
    """Trains one step of each phase on the pictures below `folder`; the bundle's folder."""
    options = TrainingOptions(part="bracket", tile_px=32, width=12, steps=1)
    prepared = prepare_training(folder / "good", options)
    small = replace(prepared, plan=replace(prepared.plan, batch=4))
    return train_part(
        small, folder / "models", resume=False, watcher=Unwatched(), command="train bracket"
    )


def test_a_trained_part_becomes_a_bundle_that_says_where_it_is_from(made: Path) -> None:
    models = made / "models"

    model = load_bundle(models, "bracket")

    hashes = {part.sha256 for part in read_good_parts(made / "good")}
    assert set(model.origin.trained_on) | set(model.origin.held_out) == hashes
    assert (len(model.origin.trained_on), len(model.origin.held_out)) == (10, 2)
    assert model.origin.frame_wh_min == model.origin.frame_wh_max == make.FRAME_WH
    assert model.card["command"] == "train bracket"
    assert model.card["training"]["steps_by_phase"] == dict.fromkeys(PHASES, 1)
    assert model.calibrated is None
    assert (models / "bracket" / "sheet.png").exists()
    assert not (run_folder(models, "bracket") / FILE_NAME).exists()


def test_calibrating_leaves_out_what_was_trained_on_and_notes_the_figures(
    made: Path, tmp_path: Path
) -> None:
    models = shutil.copytree(made / "models", tmp_path / "models")
    everything = list(read_good_parts(made / "good"))

    report = calibrate_part(models, "bracket", everything, budget=0.4)

    model = load_bundle(models, "bracket")
    card = json.loads((models / "bracket" / "card.json").read_text())
    assert report.figures["held_out_pictures"] == 2
    assert model.require_calibration().to_dict() == report.calibrated.to_dict()
    assert card["calibration"] == report.figures


def test_calibrating_with_nothing_but_trained_pictures_is_refused(made: Path) -> None:
    taught = set(load_bundle(made / "models", "bracket").origin.trained_on)
    parts = [part for part in read_good_parts(made / "good") if part.sha256 in taught]

    with pytest.raises(TrainingDataError, match="all 10 pictures trained the model of bracket"):
        calibrate_part(made / "models", "bracket", parts, budget=0.4)


def test_a_new_run_sets_the_old_one_aside(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)

    train_in(tmp_path)

    names = {path.name for path in (tmp_path / "models").iterdir()}
    assert names == {"bracket", "bracket-training", "bracket-training-previous"}


def test_a_broken_picture_among_good_parts_stops_the_training_by_name(tmp_path: Path) -> None:
    images = make.write_pictures(tmp_path / "good", 10)
    (images / "004.png").write_bytes(b"no picture")

    with pytest.raises(UnreadablePicture, match=r"004\.png is not a picture"):
        prepare_training(images, TrainingOptions(part="bracket", tile_px=32))


@pytest.mark.parametrize(
    ("held_out", "budget"), [(99, 0.01), (98, 0.0102), (2, 0.3334), (1000, 0.01)]
)
def test_the_affordable_budget_is_the_wish_or_the_best_there_is(
    held_out: int, budget: float
) -> None:
    assert affordable_budget(0.01, held_out) == budget


def test_ctrl_c_keeps_the_run_and_resume_completes_it(tmp_path: Path) -> None:
    images = make.write_pictures(tmp_path / "good", 10)
    command = [sys.executable, str(ROOT / "run_pipeline.py"), "train", "bracket"]
    command += ["--images", str(images), "--models", str(tmp_path / "models")]
    command += ["--tile", "32", "--width", "12", "--budget-minutes"]
    losses = run_folder(tmp_path / "models", "bracket") / "losses.csv"

    with subprocess.Popen(
        [*command, "60"], env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as trainer:
        wait_for(lambda: losses.exists() and losses.stat().st_size > 0, trainer)
        trainer.send_signal(signal.SIGINT)
        said, _ = trainer.communicate(timeout=PATIENCE_S)
    assert trainer.returncode == 130, said.decode()
    assert b"--resume" in said
    progress = load_progress(losses.parent)
    assert progress is not None
    assert progress.step > 0

    completed = subprocess.run(
        [*command, "0.05", "--resume"], env=environment(), capture_output=True, check=False
    )

    assert completed.returncode == 0, completed.stderr.decode()
    model = load_bundle(tmp_path / "models", "bracket")
    assert model.card["training"]["steps_by_phase"]["generator"] >= progress.step
    assert model.require_calibration().calibration.budget == 0.3334


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
