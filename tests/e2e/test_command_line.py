"""Verbs, files and exit codes that other tools rely on."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inspect_pipeline.capture.simulated import write_mvtec
from tests.e2e.command_line import DEMO_MODELS, ROOT, run_pipeline

PART = "brushed_web"
JUDGE = ROOT.parent / "shared" / "bench" / "judge.py"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small simulated data set in MVTec layout, with seeds that trained nothing."""
    folder = tmp_path_factory.mktemp("mvtec")
    return write_mvtec(PART, folder, train=2, test_good=4, test_defective=6, seed=77)


@pytest.fixture(scope="module")
def evaluated(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("evaluated")
    words = ("--data", str(data), "--out", str(out), "--models", str(DEMO_MODELS))
    done = run_pipeline("evaluate", PART, *words)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module")
def inspected(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with findings.db and results.json after `inspect` of good, bad and broken files."""
    folder = tmp_path_factory.mktemp("inspected")
    broken = folder / "broken.png"
    broken.write_text("this is no picture")
    black = folder / "black.png"
    Image.fromarray(np.zeros((256, 384), dtype=np.uint8)).save(black)
    sources = [str(data / "test"), str(broken), str(black)]
    options = ["--models", str(DEMO_MODELS), "--json", "results.json"]
    done = run_pipeline("inspect", PART, *sources, *options, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_evaluate_writes_a_score_and_a_decision_for_every_picture(evaluated: Path) -> None:
    with (evaluated / "scores.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))

    assert list(rows[0]) == ["image", "label", "score", "decision"]
    assert len(rows) == 10
    assert {row["label"] for row in rows if "/good/" in row["image"]} == {"0"}


def test_evaluate_writes_raw_maps_of_the_pictures_own_size(data: Path, evaluated: Path) -> None:
    for path in (data / "test").rglob("*.png"):
        name = path.relative_to(data).with_suffix(".tiff")
        heat = np.asarray(Image.open(evaluated / "maps" / name))
        assert heat.dtype == np.float32
        assert heat.shape == np.asarray(Image.open(path)).shape


@pytest.mark.skipif(not JUDGE.exists(), reason="the neutral judge is not beside the project")
def test_the_neutral_judge_accepts_an_evaluation(data: Path, evaluated: Path) -> None:
    words = [sys.executable, str(JUDGE), str(evaluated), str(data)]
    judged = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)

    assert judged.returncode == 0, judged.stderr
    told = json.loads(judged.stdout)
    ours = json.loads((evaluated / "figures.json").read_text())
    assert told["image_AUROC"] > 0.8
    for figure in ("image_AUROC", "image_AP", "pixel_AUROC", "pixel_AP", "AUPRO"):
        assert ours[figure] == pytest.approx(told[figure]), figure


def test_inspect_gives_every_file_a_record_and_the_unfit_ones_a_reason(inspected: Path) -> None:
    results = json.loads((inspected / "results.json").read_text())
    reasons = {Path(one["source"]).name: one["unfit_reason"] for one in results}

    assert len(results) == 12
    assert reasons["broken.png"] == "unreadable"
    assert reasons["black.png"] == "dark"


def test_inspect_again_with_the_same_model_changes_nothing(data: Path, inspected: Path) -> None:
    before = run_pipeline("findings", "list", "--format", "json", cwd=inspected).stdout
    words = (str(data / "test"), "--models", str(DEMO_MODELS))
    done = run_pipeline("inspect", PART, *words, cwd=inspected)
    after = run_pipeline("findings", "list", "--format", "json", cwd=inspected).stdout
    checked = run_pipeline("db", "check", cwd=inspected)

    assert done.returncode == 0, done.stderr
    assert len(json.loads(before)) > 0
    assert after == before
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_findings_can_be_listed_shown_reviewed_and_exported(inspected: Path) -> None:
    listed = run_pipeline("findings", "list", "--format", "json", cwd=inspected)
    finding_id = str(json.loads(listed.stdout)[0]["finding_id"])
    said = ("--verdict", "false_alarm", "--by", "M. Huber", "--note", "oil film")
    reviewed = run_pipeline("findings", "review", finding_id, *said, cwd=inspected)
    shown = run_pipeline("findings", "show", finding_id, cwd=inspected)
    exported = run_pipeline("findings", "export", "--out", "all.parquet", cwd=inspected)

    assert reviewed.returncode == 0, reviewed.stderr
    assert "M. Huber" in shown.stdout
    assert "oil film" in shown.stdout
    assert exported.returncode == 0, exported.stderr
    assert (inspected / "all.parquet").stat().st_size > 0


def test_report_is_one_page_with_pictures(inspected: Path) -> None:
    done = run_pipeline("report", "findings", "--out", "report.html", cwd=inspected)

    assert done.returncode == 0, done.stderr
    assert "data:image/" in (inspected / "report.html").read_text(encoding="utf-8")


def test_once_inspects_every_camera_of_a_plant(tmp_path: Path) -> None:
    plant = (ROOT / "plant_config" / "plants" / "demo" / "plant.toml").read_text()
    plant = plant.replace("frames = 24", "frames = 2").replace(
        'models_folder = "models"', f'models_folder = "{DEMO_MODELS}"'
    )
    plant = plant.replace("sqlite:///../../../out/demo/", "sqlite:///").replace(
        "../../../out/demo/evidence", "evidence"
    )
    (tmp_path / "plant.toml").write_text(plant)

    done = run_pipeline("once", str(tmp_path / "plant.toml"))

    assert done.returncode == 0, done.stderr
    assert "web-cam" in done.stdout
    assert "plate-cam" in done.stdout
    assert (tmp_path / "findings.db").exists()


def test_calibrate_with_few_pictures_says_how_far_to_trust_the_threshold(
    data: Path, tmp_path: Path
) -> None:
    shutil.copytree(DEMO_MODELS / PART, tmp_path / PART)
    words = ("--images", str(data / "test"), "--false-alarms", "0.001")
    done = run_pipeline("calibrate", PART, *words, "--models", str(tmp_path))

    assert done.returncode == 0, done.stderr
    assert "Extrapolated" in done.stdout
    assert "999" in done.stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("inspect", "no_such_part", "."), 1, "no model of part 'no_such_part'"),
        (("train", PART, "--images", "no_such_folder"), 1, "no_such_folder"),
        (("train", PART, "--images", ".", "--tile", "48"), 1, "--tile"),
        (("once", "no_such_plant.toml"), 1, "no_such_plant.toml"),
        (("findings", "list", "--db", "sqlite:///no_such.db"), 1, "no_such.db"),
        (("inspect",), 2, "PART"),
        (("findings", "list", "--verdict", "perhaps"), 2, "perhaps"),
    ],
)
def test_bad_input_is_one_clear_line_and_the_right_code(
    words: tuple[str, ...], code: int, said: str, tmp_path: Path
) -> None:
    done = run_pipeline(*words, cwd=tmp_path)

    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
