"""`cameras`: list, probe, snap, watch, calibrate, as somebody at the line types them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from inspect_pipeline.capture.corrections.kept_calibrations import load_calibration
from inspect_pipeline.capture.reading import read_picture
from inspect_pipeline.service.cli import build_app
from plant_config.loader import load_plant
from tests import make
from tests.cameras.test_corrections import checkerboard, even, shaded

PLANT = """
name = "Works"
[[lines]]
id = "L1"
[[cameras]]
id = "c1"
kind = "folder"
line = "L1"
part = "bracket"
path = "incoming"
settle_s = 0.1
[cameras.corrections]
calibration_folder = "calibration/c1"
[[cameras]]
id = "c2"
kind = "stream"
line = "L1"
part = "bracket"
url = "http://operator7@127.0.0.1:9/video?x=1"
open_timeout_s = 1.0
[[parts]]
name = "bracket"
mm_per_px = 0.05
[storage]
database_url = "sqlite:///works.db"
evidence_folder = "evidence"
models_folder = "models"
"""


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    (tmp_path / "incoming").mkdir()
    path = tmp_path / "plant.toml"
    path.write_text(PLANT)
    return path


def run(*words: str | Path) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(build_app(), ["cameras", *map(str, words)])


def test_list_names_every_camera_without_what_is_secret(plant: Path) -> None:
    told = run("list", "--plant", plant, "--no-network")

    assert told.exit_code == 0
    assert "c1" in told.output
    assert "http://127.0.0.1:9/video" in told.output
    assert "operator7" not in told.output


def test_probe_says_what_a_camera_sends(plant: Path) -> None:
    make.write_picture(plant.parent / "incoming" / "a.png", shaded(100))

    told = run("probe", "c1", "--plant", plant, "--shots", "1")

    assert told.exit_code == 0, told.exception
    assert "60 x 40" in told.output
    assert "grey" in told.output


def test_probe_fails_with_the_camera_that_is_silent(plant: Path) -> None:
    make.write_picture(plant.parent / "incoming" / "a.png", shaded(100))

    told = run("probe", "--plant", plant, "--within", "3", "--shots", "1")

    assert told.exit_code == 1
    assert "60 x 40" in told.output, "the others are shown"
    assert "camera c2: http://127.0.0.1:9/video cannot be opened" in str(told.exception)


def test_snap_keeps_the_bytes_of_the_camera(plant: Path, tmp_path: Path) -> None:
    source = make.write_picture(plant.parent / "incoming" / "a.png", shaded(100))

    told = run("snap", "c1", "--plant", plant, "--to", tmp_path / "out" / "snap.png")

    assert told.exit_code == 0, told.exception
    assert (tmp_path / "out" / "snap.png").read_bytes() == source.read_bytes()
    assert source.exists()


def test_snap_says_where_it_cannot_write(plant: Path) -> None:
    make.write_picture(plant.parent / "incoming" / "a.png", shaded(100))

    told = run("snap", "c1", "--plant", plant, "--to", plant / "snap.png")

    assert told.exit_code == 1
    assert f"cannot write {plant / 'snap.png'}: " in str(told.exception)


def test_calibrate_measures_keeps_and_is_used(plant: Path, tmp_path: Path) -> None:
    make.write_picture(tmp_path / "dark.png", even(4))
    make.write_picture(tmp_path / "flat.png", shaded(150, dark=4))
    make.write_picture(tmp_path / "board.png", checkerboard())

    told = run(
        *("calibrate", "c1", "--plant", plant),
        *("--dark", tmp_path / "dark.png", "--flat", tmp_path / "flat.png"),
        *("--target", tmp_path / "board.png", "--board", "checkerboard:7x5:2"),
    )

    assert told.exit_code == 0, told.exception
    assert "dark level: 4.00 grey levels" in told.output
    assert "write that for the part" in told.output
    kept = load_calibration(tmp_path / "calibration" / "c1", "c1")
    assert kept.mm_per_px == pytest.approx(0.1, rel=0.01)
    sheet = next((tmp_path / "calibration" / "c1").glob("*/sheet.png"))
    assert read_picture(sheet).shape[1] > 500

    make.write_picture(plant.parent / "incoming" / "a.png", shaded(100, dark=4))
    told = run("snap", "c1", "--plant", plant, "--corrected", "--to", tmp_path / "even.png")
    assert told.exit_code == 0, told.exception
    assert np.ptp(read_picture(tmp_path / "even.png").astype(int)) <= 3


def test_watch_shows_figures_and_ends_when_told(plant: Path) -> None:
    (plant.parent / "plain.toml").write_text(
        PLANT.replace('[cameras.corrections]\ncalibration_folder = "calibration/c1"\n', "")
    )
    for number in range(2):
        make.write_picture(plant.parent / "incoming" / f"{number}.png", shaded(100 + number))

    told = run("watch", "c1", "--plant", plant.parent / "plain.toml", "--shots", "2")

    assert told.exit_code == 0, told.exception
    assert "60 x 40" in told.output


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("calibrate", "c1"), "nothing to measure: name at least one of --dark, --flat"),
        (("calibrate", "c2", "--flat", "x"), "corrections.calibration_folder is missing"),
        (("calibrate", "c1", "--flat", "/nowhere"), "/nowhere does not exist"),
        (("snap", "c9"), "no camera 'c9': use one of c1, c2"),
        (("watch", "c1"), "holds no calibration: run `run_pipeline.py cameras calibrate c1`"),
    ],
)
def test_what_cannot_be_done_is_said_with_the_camera(
    plant: Path, words: tuple[str, ...], what: str
) -> None:
    told = run(*words, "--plant", plant)

    assert told.exit_code == 1
    assert what in str(told.exception)


@pytest.mark.parametrize("board", [None, "checkerboard", "checkers:9x6:5", "circles:9x6:0"])
def test_a_board_that_says_too_little_is_refused(
    plant: Path, tmp_path: Path, board: str | None
) -> None:
    make.write_picture(tmp_path / "board.png", checkerboard())
    said = ("--board", board) if board else ()

    told = run("calibrate", "c1", "--plant", plant, "--target", tmp_path / "board.png", *said)

    assert "it has to say what is seen: checkerboard:9x6:5" in str(told.exception)


def test_limits_are_measured_on_good_parts(plant: Path, tmp_path: Path) -> None:
    plain = plant.parent / "plain.toml"
    plain.write_text(
        PLANT.replace('[cameras.corrections]\ncalibration_folder = "calibration/c1"\n', "")
    )
    good = tmp_path / "good"
    good.mkdir()
    for shift in range(6):
        make.write_picture(good / f"{shift}.png", np.roll(checkerboard(), shift, axis=1))

    told = run(
        *("limits", "c1", "--plant", plain, "--images", good),
        *("--reference", tmp_path / "reference.png"),
    )

    assert told.exit_code == 0, told.exception
    block = told.output.split(":\n", 1)[1]
    said = plain.read_text().replace("[storage]", block + "[storage]")
    plain.write_text(said)
    fitness = load_plant(plain).part("bracket").fitness
    assert fitness is not None
    assert fitness.reference == tmp_path / "reference.png"
    assert fitness.max_shift_px == pytest.approx(1.5 * 3 + 2, abs=1.0)

    told = run("limits", "c1", "--plant", plain, "--images", good / "0.png")
    assert "5 good pictures at least, got 1" in str(told.exception)
