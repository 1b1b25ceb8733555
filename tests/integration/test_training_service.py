"""From a folder of good parts to a bundle, and the command that does it."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from inspect_pipeline.bundle import load_bundle
from inspect_pipeline.errors import TrainingDataError, UnreadablePicture
from inspect_pipeline.records import sha256_of
from inspect_pipeline.service.good_set import Taught
from inspect_pipeline.service.training import (
    calibrate_part,
    finish_run,
    interrupted_run,
    prepare_training,
    run_folder,
    train_part,
)
from inspect_pipeline.training.checkpoint import FILE_NAME, load_progress
from inspect_pipeline.training.good_parts import read_good_parts
from inspect_pipeline.training.plan import SHARES, TrainingOptions
from inspect_pipeline.training.run import Unwatched
from tests import make
from tests.integration.training_runs import (
    PATIENCE_S,
    ROOT,
    environment,
    wait_for,
)

PHASES = list(SHARES)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with twelve `good` pictures and the `models` trained on them, never changed."""
    folder = tmp_path_factory.mktemp("made")
    make.write_pictures(folder / "good", 12)
    train_in(folder)
    return folder


def train_in(folder: Path, *, resume: bool = False, taught: Taught | None = None) -> Path:
    """Trains one step of each phase on the pictures below `folder`; the bundle's folder."""
    options = TrainingOptions(part="bracket", tile_px=32, width=12, steps=1)
    prepared = prepare_training(folder / "good", options, taught)
    small = replace(prepared, plan=replace(prepared.plan, batch=4))
    return train_part(
        small, folder / "models", resume=resume, watcher=Unwatched(), command="train bracket"
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


def test_a_run_can_be_resumed_until_it_is_finished(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    models = tmp_path / "models"
    stands = interrupted_run(models, "bracket")
    before = load_bundle(models, "bracket").weights_sha256

    train_in(tmp_path, resume=True)
    after = load_bundle(models, "bracket").weights_sha256
    finish_run(models, "bracket")

    assert stands is not None
    assert stands.startswith("phase mapping, step 1, about 0.")
    assert after == before  # nothing was left to train
    assert interrupted_run(models, "bracket") is None


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


def out_of_the_database(*seeds: int) -> Taught:
    """Frames that were given back; the camera's own file of each had another hash."""
    parts = [
        replace(make.good_part(seed), frame_sha256=sha256_of(f"file {seed}".encode()))
        for seed in seeds
    ]
    return Taught(parts=tuple(parts), lineage={"frames": [{"frame_id": seed} for seed in seeds]})


def test_frames_out_of_the_database_teach_beside_the_folder_and_stand_on_the_card(
    tmp_path: Path,
) -> None:
    make.write_pictures(tmp_path / "good", 7)
    taught = out_of_the_database(20, 21, 22)

    train_in(tmp_path, taught=taught)

    model = load_bundle(tmp_path / "models", "bracket")
    known = {*model.origin.trained_on, *model.origin.held_out}
    assert model.card["data"]["good_set"] == taught.lineage
    assert model.card["data"]["trained_on_pictures"] == 8
    assert all(part.hashes <= known for part in taught.parts)


def test_a_frame_that_trained_does_not_calibrate_under_another_hash(
    made: Path, tmp_path: Path
) -> None:
    models = shutil.copytree(made / "models", tmp_path / "models")
    file_sha256 = load_bundle(models, "bracket").origin.trained_on[0]
    given_back = replace(make.good_part(30), frame_sha256=file_sha256)
    everything = [*read_good_parts(made / "good"), given_back]

    report = calibrate_part(
        models, "bracket", everything, budget=0.4, taught=out_of_the_database(30)
    )

    card = json.loads((models / "bracket" / "card.json").read_text())
    assert report.figures["held_out_pictures"] == 2
    assert card["calibrated_with_good_set"] == {"frames": [{"frame_id": 30}]}


def test_a_picture_in_the_folder_and_in_the_good_set_counts_once(tmp_path: Path) -> None:
    images = make.write_pictures(tmp_path / "good", 8)
    in_folder = read_good_parts(images)
    same_file = replace(make.good_part(20), frame_sha256=in_folder[0].sha256)

    both = read_good_parts(images, [same_file, make.good_part(21)])

    assert len(both) == 9
    assert [part.sha256 for part in both] == sorted(part.sha256 for part in both)


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


def listen_to_ctrl_c() -> None:
    """Programs started in the background inherit a deaf ear for Ctrl-C; a terminal's do not."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_keeps_the_run_and_resume_completes_it(tmp_path: Path) -> None:
    images = make.write_pictures(tmp_path / "good", 10)
    command = [sys.executable, str(ROOT / "run_pipeline.py"), "train", "bracket"]
    command += ["--images", str(images), "--models", str(tmp_path / "models")]
    command += ["--tile", "32", "--width", "12", "--backbone", "none", "--budget-minutes"]
    losses = run_folder(tmp_path / "models", "bracket") / "losses.csv"

    with subprocess.Popen(
        [*command, "60"],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        preexec_fn=listen_to_ctrl_c,  # noqa: PLW1509 - it calls signal alone, no lock is taken
    ) as trainer:
        try:
            wait_for(lambda: losses.exists() and losses.stat().st_size > 0, trainer)
            trainer.send_signal(signal.SIGINT)
            said, _ = trainer.communicate(timeout=PATIENCE_S)
        finally:
            trainer.kill()
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
    calibration = model.require_calibration().calibration
    assert (calibration.budget, calibration.method) == (0.01, "extrapolated")
    taught = model.card["data"]["trained_on_pictures"]
    assert model.card["verification"]["pictures"] == taught // 2
    assert model.card["calibration"]["held_out_pictures"] == 2
    assert b"goes on with the interrupted run: phase" in completed.stdout
    assert not (losses.parent / FILE_NAME).exists()
