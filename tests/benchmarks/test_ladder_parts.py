"""The ladder's parts by themselves: lessons, phases, fidelity, results, tables."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity
from torch import nn

from benchmarks.accuracy import _command
from benchmarks.baselines import clcae, hfgi
from benchmarks.baselines.unet import UNet
from benchmarks.ladder.base import base_options, name_of
from benchmarks.ladder.fidelity import FidelityJudge, averaged, ms_ssim, ssim
from benchmarks.ladder.lesson import Lesson, sealed
from benchmarks.ladder.phase_run import Allowance, run_phase
from benchmarks.ladder.reading import Restored
from benchmarks.ladder.results import open_results
from benchmarks.ladder.rung_phases import ClcaePhase, HfgiPhase, SdicPhase, UnetPhase
from benchmarks.ladder.rungs import chosen, ladder
from benchmarks.ladder.table import spread
from inspect_pipeline.errors import ModelError, TrainingDataError, UsageError
from inspect_pipeline.networks.discriminator import Discriminator
from inspect_pipeline.networks.part_networks import PartNetworks
from inspect_pipeline.service.training import Prepared, prepare_training
from inspect_pipeline.training.crops import Batch
from inspect_pipeline.training.discrepancy_phase import DiscrepancyPhase
from inspect_pipeline.training.phase import Phase
from inspect_pipeline.training.plan import TrainingOptions
from tests import make
from tests.fakes import InterruptedWatcher, RecordingWatcher

OPTIONS = TrainingOptions(part="ladder", tile_px=32, width=12, steps=3, backbone="none")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data set whose test folder would be found by anything that looks beyond train/good."""
    folder = tmp_path / "tiles"
    make.write_pictures(folder / "train" / "good", 8, frame_wh=(40, 36))
    make.write_pictures(folder / "test" / "crack", 1, frame_wh=(40, 36), centre_grey=60.0)
    return folder


@pytest.fixture
def prepared(data: Path, tmp_path: Path) -> Prepared:
    return prepare_training(sealed(data, tmp_path / "pictures"), OPTIONS)


def test_a_lesson_holds_the_training_pictures_and_nothing_else(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "stray.png").write_bytes(b"of another data set")

    sealed(data, folder)

    contents = sorted(path.read_bytes() for path in folder.iterdir())
    taught = sorted(path.read_bytes() for path in (data / "train" / "good").iterdir())
    assert contents == taught


def test_no_path_of_a_lesson_leads_to_the_data_set(data: Path, tmp_path: Path) -> None:
    lesson = Lesson(
        pictures=sealed(data, tmp_path / "cache" / "pictures"),
        workshop=tmp_path / "cache" / "seed-0",
        options=OPTIONS,
        command="ladder",
    )

    shown = [str(getattr(lesson, field.name)) for field in fields(lesson)]
    paths = [str(part.path) for part in lesson.prepared().split.train]
    assert not any(str(data) in told for told in [*shown, *paths])


def test_a_folder_without_training_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="no folder train/good"):
        sealed(tmp_path, tmp_path / "pictures")


def a_batch() -> Batch:
    shown = torch.rand(4, 1, 32, 32) * 2 - 1
    mask = torch.zeros(4, 1, 32, 32)
    mask[:2, :, 8:14, 8:20] = 1
    return Batch(clean=shown, damaged=torch.where(mask > 0, -shown, shown), mask=mask)


def a_base() -> tuple[PartNetworks, Discriminator]:
    torch.manual_seed(0)
    config = make.network_config()
    return PartNetworks(config), Discriminator(config).eval()


def test_the_plain_rung_is_the_packages_paper_mode() -> None:
    networks, judge = a_base()
    same, same_judge = a_base()
    batch = a_batch()
    published = Batch(clean=batch.clean, damaged=batch.clean, mask=0 * batch.mask)

    SdicPhase(networks, judge).step(published, 0, 0.0)
    DiscrepancyPhase(same, same_judge, paper_mode=True).step(published, 0, 0.0)

    for name, value in same.state_dict().items():
        assert torch.allclose(networks.state_dict()[name], value, atol=1e-6), name


def phase_named(name: str) -> tuple[Phase, PartNetworks, list[nn.Module]]:
    """A phase, the networks that it must not touch, and those that it teaches."""
    networks, judge = a_base()
    config = networks.config
    if name == "hfgi":
        learnt = hfgi.HFGI(config)
        return HfgiPhase(networks, judge, learnt), networks, [learnt]
    if name == "clcae":
        codes, alignment = clcae.Codes(config), clcae.Alignment(config)
        return ClcaePhase(networks, judge, codes, alignment), networks, [codes, alignment]
    if name == "unet":
        unet = UNet(config)
        return UnetPhase(unet), networks, [unet]
    flags = {"supervised": "supervised" in name, "evidence": "evidence" in name}
    return SdicPhase(networks, judge, **flags), networks, [networks.dipn, networks.dicn]


PHASES = ("sdic", "supervised", "supervised evidence", "hfgi", "clcae", "unet")


@pytest.mark.parametrize("name", PHASES)
def test_a_rung_teaches_its_own_networks_and_leaves_the_base_alone(name: str) -> None:
    phase, networks, learnt = phase_named(name)
    shared = {"generator": networks.generator, "encoder": networks.encoder}
    before = [p.detach().clone() for module in shared.values() for p in module.parameters()]
    first = [[p.detach().clone() for p in module.parameters()] for module in learnt]

    for number in range(6):
        losses = phase.step(a_batch(), number, number / 6)
        assert all(np.isfinite(value) for value in losses.values())
    phase.finish()

    after = [p for module in shared.values() for p in module.parameters()]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    for module, weights in zip(learnt, first, strict=True):
        moved = [not torch.equal(a, b) for a, b in zip(weights, module.parameters(), strict=True)]
        assert np.mean(moved) > 0.5
        assert not any(p.requires_grad for p in module.parameters())


def test_only_the_evidence_rungs_see_defects() -> None:
    damage = {name: phase_named(name)[0].damage for name in PHASES}

    assert [name for name, share in damage.items() if share] == ["supervised evidence", "unet"]


def train_unet(prepared: Prepared, folder: Path, watcher: RecordingWatcher) -> dict[str, Any]:
    torch.manual_seed(0)
    unet = UNet(prepared.plan.config)
    allowance = Allowance(seconds=60.0, steps=prepared.plan.options.steps)
    modules = {"unet": unet}
    run_phase(UnetPhase(unet), modules, prepared, allowance, folder=folder, watcher=watcher)
    return unet.state_dict()


def test_an_interrupted_rung_goes_on_as_if_nothing_had_happened(
    prepared: Prepared, tmp_path: Path
) -> None:
    straight = train_unet(prepared, tmp_path / "straight", RecordingWatcher())
    with pytest.raises(KeyboardInterrupt):
        train_unet(prepared, tmp_path / "broken", InterruptedWatcher("unet", after_steps=2))

    resumed = train_unet(prepared, tmp_path / "broken", RecordingWatcher())

    for name, value in straight.items():
        assert torch.allclose(resumed[name], value, atol=1e-6), name


def test_a_finished_rung_is_read_and_not_trained_again(prepared: Prepared, tmp_path: Path) -> None:
    straight = train_unet(prepared, tmp_path, RecordingWatcher())
    watcher = RecordingWatcher()

    again = train_unet(prepared, tmp_path, watcher)

    assert watcher.phases == []
    assert all(torch.equal(again[name], value) for name, value in straight.items())


def test_a_rung_of_other_options_is_not_gone_on_with(prepared: Prepared, tmp_path: Path) -> None:
    train_unet(prepared, tmp_path, RecordingWatcher())
    other = prepare_training(prepared.images, TrainingOptions(**{**vars(OPTIONS), "seed": 1}))

    with pytest.raises(ModelError, match="begun with other options"):
        train_unet(other, tmp_path, RecordingWatcher())


def test_rungs_that_differ_after_the_base_share_it() -> None:
    def base_of(**changed: Any) -> str:
        return name_of(base_options(TrainingOptions(**{**vars(OPTIONS), **changed})))

    assert base_of() == base_of(volume="3d") == base_of(seed=7) == base_of(paper_mode=True)
    assert base_of(backbone="a.safetensors") == base_of(backbone="b.safetensors")
    assert base_of(backbone="base") != base_of()  # the branch shortens the phases before it
    assert base_of(spatial_channels=0) != base_of()
    assert base_of(budget_minutes=5.0) != base_of()


def planes(seed: int, channels: int = 1, side: int = 40) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).uniform(-1, 1, (channels, side, side))


@pytest.mark.parametrize("channels", [1, 3])
def test_ssim_is_the_one_of_scikit_image(channels: int) -> None:
    first = planes(0, channels)
    second = 0.7 * first + 0.3 * planes(1, channels)
    how = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}

    theirs = structural_similarity(first, second, channel_axis=0, data_range=2.0, **how)

    assert ssim(first, second) == pytest.approx(theirs)


def test_ms_ssim_of_equal_pictures_is_one_and_falls_with_their_distance() -> None:
    picture = planes(0, side=180)
    near, far = (picture + amount * planes(1, side=180) for amount in (0.1, 0.5))

    assert ms_ssim(picture, picture) == pytest.approx(1.0)
    assert 1.0 > ms_ssim(picture, near) > ms_ssim(picture, far) > 0.0


def test_ms_ssim_of_a_small_picture_uses_the_scales_that_fit() -> None:
    """From 16 px on only one scale has room for a window of 11: MS-SSIM is SSIM."""
    first, second = planes(0, side=16), 0.5 * planes(0, side=16)

    assert ms_ssim(first, second) == pytest.approx(ssim(first, second))


def test_luminance_counts_at_the_coarsest_scale_alone() -> None:
    """A constant offset leaves contrast and structure; 44 px have room for three scales."""
    first = planes(0, side=44) * 0.2
    second = first + 0.5

    finest = ssim(first, second)

    assert finest < ms_ssim(first, second) < 1.0


def test_fidelity_of_a_picture_to_itself_is_perfect() -> None:
    _, judge = a_base()
    picture = torch.rand(1, 50, 40) * 2 - 1

    measured = FidelityJudge(discriminator=judge).of(Restored(picture, picture))

    assert measured == {
        "MSE": 0.0,
        "SSIM": pytest.approx(1.0),
        "MS_SSIM": pytest.approx(1.0),
        "perceptual": pytest.approx(0.0, abs=1e-6),
    }


def test_fidelity_is_averaged_over_pictures() -> None:
    found = averaged([{"MSE": 0.1}, {"MSE": 0.3}])

    assert found is not None
    assert found["MSE"] == pytest.approx(0.2)
    assert averaged([]) is None


def test_results_go_on_only_with_the_same_data_and_settings(tmp_path: Path) -> None:
    path = tmp_path / "tiles.json"
    told: dict[str, dict[str, Any]] = {
        "data": {"name": "tiles"},
        "settings": {"budget_minutes": 30.0},
    }
    open_results(path, data=told["data"], settings=told["settings"]).add(
        {"variant": "sdic", "seed": 1}
    )

    again = open_results(path, data=told["data"], settings=told["settings"])

    assert again.has("sdic", 1)
    assert not again.has("sdic", 0)
    with pytest.raises(UsageError, match="another budget_minutes"):
        open_results(path, data=told["data"], settings={"budget_minutes": 10.0})


@pytest.mark.parametrize("content", ["", "[]", '{"format": 1}'])
def test_a_file_that_is_no_results_file_is_never_written_over(tmp_path: Path, content: str) -> None:
    path = tmp_path / "notes.json"
    path.write_text(content)

    with pytest.raises(UsageError, match="no results file"):
        open_results(path, data={"name": "x"}, settings={})
    assert path.read_text() == content


def test_results_are_plain_json_after_every_run(tmp_path: Path) -> None:
    path = tmp_path / "results" / "tiles.json"
    results = open_results(path, data={"name": "tiles"}, settings={})

    for seed in (0, 1):
        results.add({"variant": "sdic", "seed": seed})
        assert [run["seed"] for run in json.loads(path.read_text())["runs"]] == [*range(seed + 1)]


@pytest.mark.parametrize(
    ("values", "told"),
    [([0.5], "0.500"), ([0.4, 0.6], "0.500 ±0.141"), ([None, 0.25], "0.250"), ([None], "-")],
)
def test_a_figure_is_told_with_its_spread_over_seeds(values: list[float | None], told: str) -> None:
    assert spread(values) == told


def test_variants_are_chosen_by_name_in_the_ladders_order() -> None:
    names = [variant.name for variant in chosen(ladder(None), "gated, hfgi")]

    assert names == ["hfgi", "gated"]
    assert "system_pretrained" in {variant.name for variant in ladder("weights.safetensors")}
    with pytest.raises(UsageError, match="resnet, which the ladder has not"):
        chosen(ladder(None), "hfgi,resnet")


def test_a_command_is_told_without_the_folders_of_this_machine() -> None:
    told = _command(["/data/bracket", "--out", "../far/away", "--results", "out/here.json"])

    assert told == "python -m benchmarks.accuracy bracket --out away --results out/here.json"
