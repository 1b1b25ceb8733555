"""The whole ladder on a toy: every variant fits, is examined, and is not done twice."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from benchmarks.accuracy import main
from benchmarks.accuracy_plots import draw
from benchmarks.ladder.exam import BUDGETS, exam_of, examine
from benchmarks.ladder.reading import Reading, Restored
from benchmarks.ladder.rungs import ladder
from inspect_pipeline.conformal import calibrate
from inspect_pipeline.errors import UsageError
from inspect_pipeline.networks.context import ContextNetwork
from inspect_pipeline.records import Picture
from tests import make

FRAME_WH = (56, 54)  # four tiles
JUDGE = Path(__file__).parents[3] / "shared" / "bench" / "judge.py"
OTHER_WEIGHTS = ("golden", "system")
RUN_FIELDS = {
    *("variant", "says", "seed", "options", "command", "commit", "date", "machine", "fit_seconds"),
    *("figures", "calibration", "verification", "fidelity", "seconds_per_picture", "parameters"),
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight good parts to learn from, two good and two with a bright spot in the test."""
    folder = tmp_path_factory.mktemp("toy") / "bracket"
    make.write_pictures(folder / "train" / "good", 8, frame_wh=FRAME_WH)
    for kind, seeds in (("good", (100, 101)), ("spot", (200, 201))):
        for seed in seeds:
            picture = make.picture(seed, frame_wh=FRAME_WH).copy()
            if kind != "good":
                mask = np.zeros(picture.shape[:2], dtype=np.uint8)
                mask[20:32, 8 : 14 + seed % 100] = 255
                picture[mask > 0] = 250
                place = folder / "ground_truth" / kind / f"{seed}_mask.png"
                place.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(mask).save(place)
            path = folder / "test" / kind / f"{seed}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            make.write_picture(path, picture)
    return folder


@dataclass(frozen=True, kw_only=True)
class Climbed:
    words: list[str]
    out: Path
    content: dict[str, Any]

    @property
    def runs(self) -> dict[str, dict[str, Any]]:
        return {run["variant"]: run for run in self.content["runs"]}


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A context network of random weights, as a file."""
    torch.manual_seed(0)
    state = ContextNetwork().state_dict()
    path = tmp_path_factory.mktemp("weights") / "random.safetensors"
    save_file({key: value for key, value in state.items() if key.startswith("features.")}, path)
    return path


@pytest.fixture(scope="module")
def climbed(data: Path, backbone: Path, tmp_path_factory: pytest.TempPathFactory) -> Climbed:
    """All but OTHER_WEIGHTS, whose twins with a backbone are the same with other weights."""
    out = tmp_path_factory.mktemp("ladder")
    names = [variant.name for variant in ladder(str(backbone))]
    names = [name for name in names if name not in OTHER_WEIGHTS]
    words = [str(data), "--out", str(out), "--smoke", "--backbone", str(backbone)]
    words += ["--only", ",".join(names)]
    assert main(words) == 0
    return Climbed(words=words, out=out, content=json.loads((out / "smoke.json").read_text()))


def test_every_variant_has_its_figures(climbed: Climbed) -> None:
    assert {*climbed.runs, *OTHER_WEIGHTS} == {variant.name for variant in ladder("weights")}
    for name, run in climbed.runs.items():
        assert set(run) == RUN_FIELDS, name
        figures = run["figures"]
        for figure in ("image_AUROC", "image_AP", "pixel_AUROC", "pixel_AP", "AUPRO"):
            assert 0.0 <= figures[figure] <= 1.0, (name, figure)
        assert figures["regions"] == 2
        assert [one["budget"] for one in run["calibration"]] == list(BUDGETS)
        assert run["parameters"] > 0


def test_figures_name_what_is_behind_them(climbed: Climbed, data: Path) -> None:
    assert climbed.content["data"] == {
        **{"name": "bracket", "train": 6, "held_out": 2, "test_good": 2, "test_defective": 2},
        "pictures_sha256": climbed.content["data"]["pictures_sha256"],
    }
    assert climbed.content["settings"]["steps"] == 2
    for run in climbed.runs.values():
        assert run["command"].startswith("python -m benchmarks.accuracy bracket --out")
        assert str(data.parent) not in json.dumps(run)  # no path of this machine
        assert set(run["machine"]) == {"cpu", "cores", "threads", "torch", "gpu"}
        assert run["date"].endswith("+00:00")


def test_every_variant_leaves_finite_maps_of_the_pictures_own_size(climbed: Climbed) -> None:
    for name in climbed.runs:
        maps = sorted((climbed.out / name / "seed-0" / "maps").rglob("*.tiff"))
        assert len(maps) == 4, name
        for path in maps:
            heat = np.asarray(Image.open(path))
            assert heat.dtype == np.float32
            assert heat.shape == (FRAME_WH[1], FRAME_WH[0]), name
            assert np.isfinite(heat).all(), name
            assert np.ptp(heat) > 0, name


@pytest.mark.skipif(not JUDGE.exists(), reason="the neutral judge is not beside the project")
def test_the_neutral_judge_agrees(climbed: Climbed, data: Path) -> None:
    words = [sys.executable, str(JUDGE), str(climbed.out / "hfgi" / "seed-0"), str(data)]
    judged = subprocess.run(words, capture_output=True, text=True, check=True, timeout=120)

    told, ours = json.loads(judged.stdout), climbed.runs["hfgi"]["figures"]
    for figure in ("image_AUROC", "image_AP", "pixel_AUROC", "pixel_AP", "AUPRO"):
        assert ours[figure] == pytest.approx(told[figure]), figure
    at_first_budget = climbed.runs["hfgi"]["calibration"][0]
    assert at_first_budget["detections"]["share"] == told["detection_rate"]


def test_fidelity_is_measured_where_a_paper_would(climbed: Climbed) -> None:
    measured = {name: run["fidelity"] for name, run in climbed.runs.items() if run["fidelity"]}

    assert set(measured) == {"residual", "hfgi", "clcae", "sdic", "gated", "system_pretrained"}
    for fidelity in measured.values():
        names = {"MSE", "SSIM", "MS_SSIM", "perceptual", "perceptual_backbone"}
        assert set(fidelity) == names
        assert all(np.isfinite(value) for value in fidelity.values())


def test_only_verifying_variants_count_what_verification_rejects(climbed: Climbed) -> None:
    verifying = {name for name, run in climbed.runs.items() if run["verification"] is not None}

    assert verifying == {"gated", "w_plus", "golden_pretrained", "system_pretrained"}


def test_regions_are_counted_at_the_budgets_and_along_a_curve(climbed: Climbed) -> None:
    run = climbed.runs["system_pretrained"]
    regions = run["verification"]

    assert (regions["good_pictures"], regions["defective_pictures"]) == (2, 2)
    told = [one["threshold"] for one in regions["at_budgets"]]
    assert told == [one["threshold"] for one in run["calibration"]]
    for point in (*regions["at_budgets"], *regions["curve"]):
        for count in ("false_on_good", "false_on_defective", "true", "defective_hit"):
            assert 0 <= point["verified"][count] <= point["alone"][count]


def test_what_was_climbed_is_drawn(climbed: Climbed, data: Path, tmp_path: Path) -> None:
    path = draw(data, climbed.out / "smoke.json", climbed.out, tmp_path)

    assert path.name == "accuracy_bracket.png"
    with Image.open(path) as picture:
        shades = len(picture.convert("L").getcolors() or ())
    assert shades > 20


def test_plots_without_results_say_what_is_missing(climbed: Climbed, data: Path) -> None:
    with pytest.raises(UsageError, match=r"nothing\.json"):
        draw(data, climbed.out / "nothing.json", climbed.out, climbed.out)
    with pytest.raises(UsageError, match=r"scores\.csv.*--ladder"):
        draw(data, climbed.out / "smoke.json", climbed.out / "elsewhere", climbed.out)


def test_the_default_system_is_trained_with_the_default_options() -> None:
    (system,) = (variant for variant in ladder(None) if variant.name == "system")

    assert system.recipe.overrides == {}


def test_the_base_is_trained_once_for_all_that_share_it(climbed: Climbed) -> None:
    bases = [path.name for path in climbed.out.glob("cache/*/seed-0/bases/*-training")]
    systems = [path.name for path in climbed.out.glob("cache/*/seed-0/systems/*-training")]

    assert len(bases) == 3  # without context, with W+ codes alone, with context
    assert len(systems) == 4  # gated, verified or not; w_plus; golden_ and system_pretrained


def test_the_same_command_does_nothing_twice(
    climbed: Climbed, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (climbed.out / "smoke.json").read_bytes()

    code = main(climbed.words)

    told = capsys.readouterr().out
    assert code == 0
    assert (climbed.out / "smoke.json").read_bytes() == before
    assert f"{len(climbed.runs)} of {len(climbed.runs)} runs" in told
    assert "system_pretrained" in told


def test_what_lies_in_the_cache_is_read_and_not_trained_again(
    climbed: Climbed, tmp_path: Path
) -> None:
    """Another results file: the same figures, from the same weights."""
    words = [*climbed.words[:-1], "sdic,gated_alone", "--results", str(tmp_path / "again.json")]

    assert main(words) == 0

    again = json.loads((tmp_path / "again.json").read_text())["runs"]
    for run in again:
        assert run["figures"] == climbed.runs[run["variant"]]["figures"]
        assert run["calibration"] == climbed.runs[run["variant"]]["calibration"]


def test_a_data_set_of_another_layout_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path), "--out", str(tmp_path / "out"), "--smoke"]) == 1

    assert "no folder train/good" in capsys.readouterr().out


class Brightest:
    """Scores a picture by its brightest pixel; what it learnt is nothing."""

    parameters = 1
    verifies = False

    def __init__(self) -> None:
        self.seen: list[float] = []

    def read(self, picture: Picture) -> Reading:
        heat = picture[:, :, 0].astype(np.float32)
        self.seen.append(float(heat.max()))
        return Reading(heat=heat, score=self.seen[-1])

    def restored(self, picture: Picture) -> Restored | None:
        return None


def test_an_exam_calibrates_on_held_out_parts_before_it_shows_test_pictures(
    data: Path, tmp_path: Path
) -> None:
    held_out = make.good_parts(25, frame_wh=FRAME_WH)
    reader = Brightest()

    found = examine(reader, exam_of(data, held_out), tmp_path)

    first = [float(part.pixels.max()) for part in held_out]
    assert reader.seen[:25] == first
    assert reader.seen[25:] == [*reader.seen[25:27], 250.0, 250.0]  # good, good, spot, spot
    at_5 = found["calibration"][1]
    assert at_5["threshold"] == calibrate(first, budget=0.05).threshold
    assert (at_5["method"], at_5["held_out"]) == ("conformal", 25)
    assert at_5["detections"]["share"] == 1.0
    assert at_5["holds"] == (at_5["false_alarms"]["low"] <= 0.05)
    assert found["figures"]["image_AUROC"] == 1.0
    assert found["fidelity"] is None
    with (tmp_path / "scores.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    at_1 = calibrate(first, budget=0.01).threshold
    assert [int(row["decision"]) for row in rows] == [
        int(float(row["score"]) > at_1) for row in rows
    ]


def test_a_short_exam_takes_the_first_pictures_of_each_kind(data: Path) -> None:
    exam = exam_of(data, [], at_most=1)

    assert [image.name for image in exam.images] == ["test/good/100.png", "test/spot/200.png"]
