"""Pretraining from procedural pictures: what is asked of the network, and that it learns it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from inspect_pipeline.errors import ModelError, UsageError
from inspect_pipeline.networks.context import IMAGENET, ContextNetwork
from inspect_pipeline.records import sha256_of
from inspect_pipeline.training.backbone import OWN_FILE, TO_PLUS_MINUS_ONE, load_backbone
from inspect_pipeline.training.base.__main__ import main
from inspect_pipeline.training.base.objective import (
    FAR,
    bad_and_clean,
    contrastive,
    log_distances,
    memory_loss,
    separation,
)
from inspect_pipeline.training.base.pretraining import (
    PEAK_RATE,
    WARM_UP,
    DrawnPictures,
    Losses,
    Pretraining,
    PretrainingPlan,
    forget,
    measure_statistics,
    one_cycle,
    pretrain,
    write_weights,
)
from inspect_pipeline.training.base.views import Episodes, draw_episodes

TINY = PretrainingPlan(
    steps=4,
    pictures=3,
    seed=5,
    episodes=3,
    views=3,
    picture_px=48,
    view_px=32,
    statistics_pictures=4,
    statistics_px=32,
)


def some_pictures(plan: PretrainingPlan = TINY) -> DrawnPictures:
    return DrawnPictures(seed=plan.seed, count=plan.pictures, side_px=plan.picture_px)


def some_episodes(seed: int = 0, plan: PretrainingPlan = TINY) -> Episodes:
    return draw_episodes(
        np.random.default_rng(seed),
        some_pictures(plan),
        episodes=plan.episodes,
        views=plan.views,
        side_px=plan.view_px,
    )


def weights_of(network: ContextNetwork) -> dict[str, Tensor]:
    return {key: value.clone() for key, value in network.state_dict().items()}


def assert_equal(first: dict[str, Tensor], second: dict[str, Tensor]) -> None:
    assert first.keys() == second.keys()
    assert [key for key in first if not torch.equal(first[key], second[key])] == []


def test_the_last_view_of_an_episode_is_good_and_the_first_is_planted() -> None:
    planted = np.stack([some_episodes(seed).masks.any((2, 3)) for seed in range(8)])

    assert not planted[..., -1].any()
    assert planted[..., 0].mean() > 0.9
    assert 0.2 < planted[..., 1].mean() < 0.8


def test_views_stay_in_the_networks_range() -> None:
    views = some_episodes().views

    assert views.shape == (3, 3, 3, 32, 32)
    assert views.dtype == np.float32
    assert np.abs(views).max() <= 1.0


def test_a_view_resembles_its_own_part_more_than_another() -> None:
    tones = np.stack([some_episodes(seed).views.mean((3, 4)) for seed in range(8)])

    within = np.abs(tones[:, :, 1] - tones[:, :, 2]).mean()
    across = np.abs(tones - np.roll(tones, 1, axis=1)).mean()

    assert within < 0.7 * across


def test_the_same_random_numbers_give_the_same_episodes() -> None:
    first, second, other = some_episodes(1), some_episodes(1), some_episodes(2)

    assert np.array_equal(first.views, second.views)
    assert np.array_equal(first.masks, second.masks)
    assert not np.array_equal(first.views, other.views)


def test_pictures_are_a_sequence_that_ends() -> None:
    pictures = some_pictures()

    assert len(pictures) == len(list(pictures)) == 3
    assert np.array_equal(pictures[-1], pictures[2])
    assert len(pictures[1:]) == 2
    with pytest.raises(IndexError):
        pictures[3]


def test_a_place_is_bad_where_covered_and_clean_where_nothing_is_near() -> None:
    masks = torch.zeros(1, 32, 32, dtype=torch.bool)
    masks[0, :8, :8] = True  # the first of 4 x 4 places
    masks[0, 31, 31] = True  # a single pixel of the last: too little to count, too much for clean

    bad, clean = (each.reshape(4, 4) for each in bad_and_clean(masks, 4))

    assert bad.nonzero().tolist() == [[0, 0]]
    assert clean.int().tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [1, 1, 0, 0], [1, 1, 0, 0]]


def test_distances_are_those_to_the_nearest_member() -> None:
    rows = torch.randn(2, 6, 4, generator=torch.Generator().manual_seed(1))
    is_no_member = torch.eye(6, dtype=torch.bool).expand(2, 6, 6).clone()
    is_no_member[:, :, 5] = True  # nothing is held against the last

    found = log_distances(rows, is_no_member)

    unit = rows / rows.square().mean().sqrt()
    plain = torch.cdist(unit, unit).square().masked_fill(is_no_member, FAR).amin(2)
    assert torch.allclose(found, 0.5 * torch.log(plain + 1e-3 * 4), atol=1e-5)


def test_bad_places_farther_off_than_clean_ones_cost_little() -> None:
    is_bad = torch.tensor([[True, False, False]])
    is_clean = ~is_bad

    near, alike, far = (
        separation(torch.tensor([[bad, 0.0, 0.0]]), is_bad, is_clean).item()
        for bad in (-2.0, 0.0, 2.0)
    )

    assert far < 1e-3
    assert alike == pytest.approx(1.5 * np.log(2) / 6)  # half for the top, one for the pairs
    assert near == pytest.approx(1.5 * 2.0, abs=1e-3)


def test_episodes_without_defects_ask_nothing_of_the_memory() -> None:
    levels = [torch.randn(4, c, s, s, requires_grad=True) for c, s in ((32, 4), (64, 2), (96, 2))]

    loss = memory_loss(levels, torch.zeros(2, 2, 32, 32, dtype=torch.bool))

    assert loss.item() == 0.0


def test_planted_places_that_stand_out_cost_less_than_hidden_ones() -> None:
    masks = torch.zeros(1, 3, 32, 32, dtype=torch.bool)
    masks[0, 0, 8:16, 8:16] = True
    torch.manual_seed(3)
    hidden = [torch.randn(3, c, s, s) * 0.1 + 1 for c, s in ((32, 4), (64, 2), (96, 2))]
    shown = [level.clone() for level in hidden]
    shown[0][0, :16, 1, 1] += 30.0

    assert memory_loss(shown, masks).item() < 0.7 * memory_loss(hidden, masks).item()


def test_rows_of_one_label_together_cost_less_than_mixed() -> None:
    labels = torch.tensor([0, 0, 1, 1])
    itself = torch.eye(4, dtype=torch.bool)
    sorted_rows = torch.tensor([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [0.1, 1.0]])

    together, mixed = (
        contrastive(rows, labels, itself).item()
        for rows in (sorted_rows, sorted_rows[[0, 2, 1, 3]])
    )

    assert together < 0.1
    assert mixed > 3


def test_pairs_left_out_neither_pull_nor_push() -> None:
    labels, left_out = torch.tensor([0, 0, 1]), torch.eye(3, dtype=torch.bool)
    left_out[0, 2] = left_out[2, 0] = left_out[1, 2] = left_out[2, 1] = True
    rows = torch.randn(3, 5, generator=torch.Generator().manual_seed(2))

    assert contrastive(rows, labels, left_out).item() == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("steps", [7, 25, 400])
def test_the_schedule_is_torchs(steps: int) -> None:
    optimiser = torch.optim.AdamW([nn.Parameter(torch.zeros(1))], lr=PEAK_RATE)
    twin = torch.optim.lr_scheduler.OneCycleLR(optimiser, PEAK_RATE, steps, pct_start=WARM_UP)
    for step in range(steps):
        group = optimiser.param_groups[0]

        assert one_cycle(step, steps) == pytest.approx((group["lr"], group["betas"][0]))

        optimiser.step()
        if step < steps - 1:
            twin.step()


def test_a_dozen_steps_on_the_same_episodes_lower_both_losses() -> None:
    run = Pretraining(replace(TINY, steps=12))
    episodes = some_episodes(99)

    losses = [run.learn(episodes, np.random.default_rng(1)) for _ in range(12)]

    assert losses[-1].memory < 0.5 * losses[0].memory
    assert losses[-1].identity < 0.8 * losses[0].identity


def test_batch_norms_learn_and_are_still_afterwards(tmp_path: Path) -> None:
    run = Pretraining(TINY)
    norm = next(each for each in run.network.modules() if isinstance(each, nn.BatchNorm2d))
    before = norm.running_mean.clone()  # type: ignore[union-attr]

    run.step()

    assert not torch.equal(norm.running_mean, before)  # type: ignore[arg-type]
    network = pretrain(TINY, tmp_path)
    assert not any(module.training for module in network.modules())


def test_statistics_are_plain_means_over_the_pictures() -> None:
    network = Pretraining(TINY).network
    measure_statistics(network, replace(TINY, statistics_pictures=1))
    once = weights_of(network)

    measure_statistics(network, replace(TINY, statistics_pictures=1))

    assert_equal(weights_of(network), once)  # what was measured before leaves no trace
    measure_statistics(network, TINY)
    assert not torch.equal(
        weights_of(network)["features.0.1.running_mean"], once["features.0.1.running_mean"]
    )


def test_an_interrupted_run_goes_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    whole = pretrain(TINY, tmp_path / "whole")

    def interrupt(done: int, _: Losses) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pretrain(TINY, tmp_path / "halves", told=interrupt)
    steps: list[int] = []
    resumed = pretrain(TINY, tmp_path / "halves", told=lambda done, _: steps.append(done))

    assert steps == [3, 4]
    assert_equal(weights_of(resumed), weights_of(whole))


def test_a_checkpoint_of_another_plan_is_refused(tmp_path: Path) -> None:
    Pretraining(TINY).save(tmp_path)

    with pytest.raises(ModelError, match="the same options"):
        pretrain(replace(TINY, seed=6), tmp_path)


def test_a_forgotten_checkpoint_leaves_nothing_but_what_is_not_ours(tmp_path: Path) -> None:
    ours, shared = tmp_path / "ours", tmp_path / "shared"
    for folder in (ours, shared):
        Pretraining(TINY).save(folder)
    (shared / "notes.txt").write_text("keep", encoding="utf-8")

    forget(ours)
    forget(shared)

    assert not ours.exists()
    assert [path.name for path in shared.iterdir()] == ["notes.txt"]


def test_the_file_written_is_one_that_backbones_are_loaded_from(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "own.safetensors"
    network = Pretraining(TINY).network

    found = write_weights(network, path)

    backbone = load_backbone(str(path))
    assert backbone.sha256 == found == sha256_of(path.read_bytes())
    loaded = backbone.network.state_dict()
    assert all(
        torch.equal(loaded[key], value.half().float())
        for key, value in network.state_dict().items()
        if key.startswith("features.") and not key.endswith("tracked")
    )
    assert [each.name for each in path.parent.iterdir()] == ["own.safetensors"]


def test_the_file_has_the_tensors_of_the_shipped_one(tmp_path: Path) -> None:
    write_weights(Pretraining(TINY).network, tmp_path / "own.safetensors")

    made, shipped = (
        {key: (value.shape, value.dtype) for key, value in load_file(path).items()}
        for path in (tmp_path / "own.safetensors", OWN_FILE)
    )

    assert made == shipped


def test_the_network_learns_from_pictures_in_plus_minus_one() -> None:
    network = Pretraining(TINY).network

    assert network.mean.flatten().tolist() == list(TO_PLUS_MINUS_ONE.mean)
    assert network.mean.flatten().tolist() != pytest.approx(list(IMAGENET.mean))


def test_a_file_that_cannot_be_written_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("a file, not a folder", encoding="utf-8")

    with pytest.raises(ModelError, match="give another place"):
        write_weights(Pretraining(TINY).network, tmp_path / "blocked" / "own.safetensors")


@pytest.mark.parametrize("changed", [{"steps": 0}, {"pictures": 2}, {"seed": -1}, {"view_px": 16}])
def test_a_plan_that_cannot_be_kept_is_refused(changed: dict[str, int]) -> None:
    with pytest.raises(UsageError, match=next(iter(changed))):
        replace(TINY, **changed)


@pytest.mark.parametrize("name", ["weights.pth", "there.safetensors"])
def test_the_command_overwrites_nothing_and_writes_one_format(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "there.safetensors").write_bytes(b"precious")
    monkeypatch.setattr(sys, "argv", ["base", str(tmp_path / name)])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 2
    assert name in capsys.readouterr().err
    assert (tmp_path / "there.safetensors").read_bytes() == b"precious"
