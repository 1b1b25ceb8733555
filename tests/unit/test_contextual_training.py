"""Teaching the contextual branch: what its head learns, and what comes of it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor

from inspect_pipeline.bundle import PartModel, load_bundle
from inspect_pipeline.errors import BackboneError
from inspect_pipeline.measures import auroc
from inspect_pipeline.networks.contextual import (
    LEVELS,
    USUALLY_GIVEN,
    Contextual,
)
from inspect_pipeline.service.training import Prepared, add_context, prepare_training
from inspect_pipeline.stages.prepare import prepare
from inspect_pipeline.training.bank import Bank, Piece
from inspect_pipeline.training.contextual import (
    FOCAL_WEIGHT,
    ORDER_WEIGHT,
    ContextualPlan,
    ContextualReport,
    _teach,
    learn_contextual,
)
from inspect_pipeline.training.losses import dice, disorder, focal
from inspect_pipeline.training.memory import Picture, Watch
from inspect_pipeline.training.plan import TrainingOptions
from tests import make

TILE_PX = 64
PLAN = ContextualPlan(seconds=1.0, seed=3, members=16, pieces=2, steps=2)


def pictures(count: int = 3) -> list[Picture]:
    """Prepared training pictures (C, h, w)."""
    return [prepare(make.picture(seed), make.preparation()).pixels.numpy() for seed in range(count)]


def unwatched(numbers: Iterable[int], _total: int, _what: str) -> Iterable[int]:
    return numbers


def made_bank() -> Bank:
    """Pieces whose first sign tells the mask; the other three are noise."""
    rng = torch.Generator().manual_seed(3)
    soft = F.avg_pool2d(torch.randn(8, 1, 16, 16, generator=rng), 5, stride=1, padding=2)
    mask = (soft > 0.2).float()
    noise = torch.randn(8, 3, 16, 16, generator=rng)
    signs = torch.cat((4 * mask - 2, noise), dim=1)
    return Bank(pieces=[Piece(signs=one, mask=its) for one, its in zip(signs, mask, strict=True)])


def all_of(bank: Bank) -> tuple[Tensor, Tensor]:
    """Signs and masks of pieces of one size."""
    return (
        torch.stack([one.signs for one in bank.pieces]),
        torch.stack([one.mask for one in bank.pieces]),
    )


def test_a_head_learns_to_trust_a_sign_that_tells() -> None:
    branch, bank = make.contextual(given=("memory",)), made_bank()
    before = loss_of(branch, bank)
    torch.manual_seed(0)

    steps, final = _teach(
        branch.requires_grad_(True), bank, replace(PLAN, steps=100), 1.0, unwatched
    )

    after = loss_of(branch, bank)
    assert steps == 100
    assert after < 0.2 * before
    assert after < final < before
    signs, mask = all_of(bank)
    with torch.no_grad():
        answers = branch.head(signs)
    ranked = auroc(mask.flatten().int().tolist(), answers.flatten().tolist())
    assert ranked is not None
    assert ranked > 0.99


def loss_of(branch: Contextual, bank: Bank) -> float:
    signs, mask = all_of(bank)
    with torch.no_grad():
        log_odds = branch.head(signs)
    told_apart = FOCAL_WEIGHT * focal(log_odds, mask) + dice(log_odds, mask)
    return (told_apart + ORDER_WEIGHT * disorder(log_odds, mask)).item()


@pytest.fixture(scope="module")
def model() -> PartModel:
    """Of few tiles a picture."""
    return make.part_model(
        networks=make.networks(tile_px=TILE_PX), preparation=make.preparation(tile_px=TILE_PX)
    )


def learnt(
    model: PartModel,
    plan: ContextualPlan = PLAN,
    *,
    unseen: slice = slice(1, 3),
    drawn_before: int = 0,
    watch: Watch | None = None,
) -> ContextualReport:
    """What the first picture teaches the memory, and `unseen` ones of three the head."""
    good, context = pictures(), make.context_network()
    torch.manual_seed(drawn_before)
    return learn_contextual(model, good[:1], good[unseen], context, plan, watch=watch)


@pytest.fixture(scope="module")
def report(model: PartModel) -> ContextualReport:
    return learnt(model)


def test_the_report_tells_what_was_done(report: ContextualReport) -> None:
    figures = report.figures

    assert figures["pictures_remembered"] == 1
    assert figures["pictures_unseen_by_memory"] == 2
    assert figures["memory_members"] == {level.name: 16 for level in LEVELS}
    assert figures["bank_pieces"] == 2
    assert figures["steps"] == 2
    assert 0 < figures["final_loss"] < 10
    assert list(figures["minutes"]) == ["memory", "bank", "head"]
    assert json.loads(json.dumps(figures)) == figures


def test_what_is_usual_was_measured(report: ContextualReport) -> None:
    mean, deviation = report.contextual.usual

    assert report.contextual.usual.shape == (2, report.contextual.config.signs, 1, 1)
    assert mean.isfinite().all()
    assert deviation.isfinite().all()
    assert (deviation > 0).all()
    assert (mean > 0).all()  # distances
    assert report.contextual.reach.isfinite().all()
    assert (report.contextual.reach >= 1).all()


def test_a_learnt_branch_is_ready_to_inspect(report: ContextualReport) -> None:
    branch = report.contextual

    assert not branch.training
    assert not branch.head.training
    assert not any(parameter.requires_grad for parameter in branch.parameters())
    with torch.inference_mode():
        assert branch(make.views()).isfinite().all()


def test_the_same_pictures_and_seed_teach_the_same_branch(
    model: PartModel, report: ContextualReport
) -> None:
    again = learnt(model, drawn_before=99)

    before, after = report.contextual.state_dict(), again.contextual.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert again.figures["final_loss"] == report.figures["final_loss"]


def test_the_bank_is_made_of_pictures_that_are_not_remembered(
    model: PartModel, report: ContextualReport
) -> None:
    other = learnt(model, unseen=slice(2, 3))

    before, after = report.contextual.memories, other.contextual.memories
    expected, found = before.state_dict(), after.state_dict()
    assert all(torch.equal(found[key], expected[key]) for key in expected)
    assert not torch.equal(other.contextual.usual, report.contextual.usual)


def test_only_the_branch_is_taught(model: PartModel, report: ContextualReport) -> None:
    untouched = make.networks(tile_px=TILE_PX).state_dict()
    context = make.context_network().state_dict()

    part, learnt = model.networks.state_dict(), report.contextual.context.state_dict()

    assert all(torch.equal(part[key], untouched[key]) for key in untouched)
    assert all(torch.equal(learnt[key], context[key]) for key in context)
    assert not any(parameter.requires_grad for parameter in model.networks.parameters())


def test_a_learnt_branch_says_the_same_from_the_bundle(
    model: PartModel, report: ContextualReport, tmp_path: Path
) -> None:
    make.saved_bundle(tmp_path, replace(model, contextual=report.contextual))

    loaded = load_bundle(tmp_path, "bracket").contextual

    assert loaded is not None
    with torch.inference_mode():
        expected, found = report.contextual(make.views()), loaded(make.views())
    torch.testing.assert_close(found, expected, rtol=0.01, atol=0.02)


def test_teaching_is_watched_to_its_end(model: PartModel) -> None:
    told: dict[str, list[int]] = {}

    def watch(numbers: Iterable[int], total: int, what: str) -> Iterable[int]:
        told[what] = [total, 0]
        for number in numbers:
            yield number
            told[what][1] += 1

    plan = replace(PLAN, pieces=1, steps=1, given=("memory",))
    learnt(model, plan, watch=watch)

    assert len(told) == 4  # features, memories, pieces, head
    assert all(total == done > 0 for total, done in told.values())


def test_a_plan_by_steps_is_small_and_one_by_time_is_not() -> None:
    by_steps = ContextualPlan.of(seconds=60.0, seed=4, steps=2, given=("memory",))
    by_time = ContextualPlan.of(seconds=60.0, seed=4, steps=None)

    assert (by_steps.seed, by_time.seed) == (4, 4)
    assert (by_steps.given, by_time.given) == (("memory",), USUALLY_GIVEN)
    assert by_steps.steps == 2
    assert by_steps.pieces < by_time.pieces
    assert by_steps.members < by_time.members
    assert by_time.steps is None


def a_trained_part(folder: Path, model: PartModel, backbone: str, **changed: Any) -> Prepared:
    """Pictures of good parts, and below `models` the model, still without a branch."""
    images = make.write_pictures(folder / "good", 8)
    make.saved_bundle(folder / "models", model)
    wanted: dict[str, Any] = {"tile_px": TILE_PX, "width": 12, "steps": 1}
    options = TrainingOptions(part="bracket", backbone=backbone, **{**wanted, **changed})
    return prepare_training(images, options)


def test_a_trained_bundle_gets_a_branch_and_its_card_says_so(
    tmp_path: Path, model: PartModel
) -> None:
    backbone = tmp_path / "context.safetensors"
    save_file(make.context_network().state_dict(), backbone)
    prepared = a_trained_part(tmp_path, model, str(backbone))
    before = load_bundle(tmp_path / "models", "bracket")

    figures = add_context(prepared, tmp_path / "models")

    after = load_bundle(tmp_path / "models", "bracket")
    assert after.contextual is not None
    assert after.model_id != before.model_id
    assert after.weights_sha256 == before.weights_sha256
    assert figures is not None
    assert figures["context_network"]["name"] == "context"
    shown = figures["pictures_remembered"] + figures["pictures_unseen_by_memory"]
    assert shown == len(prepared.split.train)
    assert after.card == {**before.card, "contextual_branch": figures}


@pytest.mark.parametrize("changed", [{"backbone": "none"}, {"backbone": "x", "paper_mode": True}])
def test_a_part_that_wants_no_branch_gets_none(
    tmp_path: Path, model: PartModel, changed: dict[str, Any]
) -> None:
    prepared = a_trained_part(tmp_path, model, **changed)

    assert add_context(prepared, tmp_path / "models") is None
    assert load_bundle(tmp_path / "models", "bracket").contextual is None


def test_a_backbone_that_is_not_there_is_named_before_anything_is_trained(
    tmp_path: Path, model: PartModel
) -> None:
    with pytest.raises(BackboneError, match=r"missing\.safetensors"):
        a_trained_part(tmp_path, model, str(tmp_path / "missing.safetensors"))
