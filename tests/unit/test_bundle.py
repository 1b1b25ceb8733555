"""A bundle on disk: what was saved is what is loaded, and damage is named file by file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from inspect_pipeline import bundle
from inspect_pipeline.bundle import PartModel, load_bundle
from inspect_pipeline.errors import BundleDamaged, BundleNotFound, CalibrationError
from inspect_pipeline.limits import LEFT_TO_PEOPLE, VerificationLimits
from inspect_pipeline.records import sha256_of
from tests import make


@pytest.fixture(scope="module")
def model() -> PartModel:
    return make.part_model()


@pytest.fixture
def folder(tmp_path: Path, model: PartModel) -> Path:
    """A bundle of the part `bracket`, calibrated."""
    place = make.saved_bundle(tmp_path, model)
    bundle.write_calibration(place, make.calibrated())
    return place


def loaded(folder: Path) -> PartModel:
    return load_bundle(folder.parent, folder.name)


def edited(path: Path, **changed: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changed}))


def test_what_was_saved_is_what_is_loaded(folder: Path, model: PartModel) -> None:
    found = loaded(folder)

    assert found.part == "bracket"
    assert found.preparation == model.preparation
    assert found.origin == model.origin
    assert found.networks.config == model.networks.config
    assert found.card == {"part": "bracket"}
    assert found.calibrated is not None
    assert found.calibrated.to_dict() == make.calibrated().to_dict()


def test_limits_of_verification_come_back(folder: Path) -> None:
    learnt = VerificationLimits(reject_above=0.7, confirm_below=0.2)

    bundle.write_verification(folder, learnt)

    assert loaded(folder).verification == learnt


def test_without_limits_of_verification_everything_is_left_to_people(folder: Path) -> None:
    assert loaded(folder).verification == LEFT_TO_PEOPLE


def test_the_networks_on_disk_are_those_that_were_rounded(folder: Path, model: PartModel) -> None:
    found = loaded(folder).networks.state_dict()

    wanted = model.networks.state_dict()
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[key], wanted[key]) for key in wanted)


def test_rounding_is_that_of_half_precision() -> None:
    networks = make.networks()
    with torch.no_grad():
        networks.generator.constant.fill_(1 / 3)

    rounded = bundle.half_precision(networks)

    assert rounded.generator.constant[0, 0, 0, 0].item() == torch.tensor(1 / 3).half().item()
    assert not any(parameter.requires_grad for parameter in rounded.parameters())
    assert not rounded.training


def test_a_bundle_is_loaded_twice_alike(folder: Path) -> None:
    assert loaded(folder).model_id == loaded(folder).model_id


def test_another_calibration_is_another_model_id(folder: Path) -> None:
    before = loaded(folder).model_id

    bundle.write_calibration(folder, make.calibrated(budget=0.2))

    assert loaded(folder).model_id != before


def test_other_limits_are_another_model_id(folder: Path) -> None:
    before = loaded(folder).model_id

    bundle.write_calibration(folder, make.calibrated(closing_px=3))

    assert loaded(folder).model_id != before


def test_other_weights_are_another_model_id(folder: Path, model: PartModel) -> None:
    before = loaded(folder).model_id

    again = make.saved_bundle(folder.parent, replace(model, networks=make.networks(seed=1)))
    bundle.write_calibration(again, make.calibrated())

    assert again == folder
    assert loaded(folder).model_id != before


def test_another_preparation_is_another_model_id(model: PartModel) -> None:
    other = replace(model, preparation=make.preparation(centre_grey=121.0))

    assert other.model_id != model.model_id


def test_the_card_does_not_change_the_model_id(folder: Path) -> None:
    before = loaded(folder).model_id

    bundle.write_card(folder, {"part": "bracket", "made_at": "today"})

    assert loaded(folder).model_id == before


def test_a_new_bundle_replaces_the_old_one_with_its_calibration(
    folder: Path, model: PartModel
) -> None:
    make.saved_bundle(folder.parent, model)

    assert loaded(folder).calibrated is None
    assert [path.name for path in folder.parent.iterdir()] == ["bracket"]


def test_nothing_in_a_bundle_is_pickled(folder: Path) -> None:
    names = {path.name for path in folder.iterdir()}

    assert names == {
        "weights.safetensors",
        "model.json",
        "calibration.json",
        "card.json",
        "card.md",
    }
    assert all(b"torch._utils" not in path.read_bytes() for path in folder.iterdir())


def test_a_model_that_was_never_calibrated_says_how(model: PartModel) -> None:
    with pytest.raises(CalibrationError, match=r"run_pipeline.py calibrate bracket --images DIR"):
        model.require_calibration()


def test_a_part_without_model_names_the_parts_there_are(folder: Path) -> None:
    with pytest.raises(BundleNotFound, match=r"no model of part 'bolt' .*it holds bracket.*train"):
        load_bundle(folder.parent, "bolt")


@pytest.mark.parametrize("place", ["nowhere", "."])
def test_a_folder_without_models_says_so(tmp_path: Path, place: str) -> None:
    with pytest.raises(BundleNotFound, match="it holds no model at all"):
        load_bundle(tmp_path / place, "bolt")


def test_altered_weights_are_told_by_their_hash(folder: Path) -> None:
    weights = folder / bundle.WEIGHTS
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)

    with pytest.raises(BundleDamaged, match=r"weights\.safetensors: not the file that model\.json"):
        loaded(folder)


def test_weights_that_are_none_are_named(folder: Path) -> None:
    (folder / bundle.WEIGHTS).write_bytes(b"nothing")
    edited(folder / bundle.MODEL, weights_sha256=sha256_of(b"nothing"))

    with pytest.raises(BundleDamaged, match=r"weights\.safetensors: .*restore the folder or train"):
        loaded(folder)


def test_weights_of_other_networks_are_named(folder: Path) -> None:
    save_file({"other.weight": torch.zeros(1)}, folder / bundle.WEIGHTS)
    fresh = sha256_of((folder / bundle.WEIGHTS).read_bytes())
    edited(folder / bundle.MODEL, weights_sha256=fresh)

    with pytest.raises(BundleDamaged, match=r"weights\.safetensors: the tensors are not those of"):
        loaded(folder)


@pytest.mark.parametrize("name", [bundle.WEIGHTS, bundle.CARD])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()

    with pytest.raises(BundleDamaged, match=rf"{folder / name}: No such file .*; restore"):
        loaded(folder)


MODEL_DAMAGE: list[tuple[dict[str, Any], str]] = [
    ({"format": 2}, "format 2, this version of the program reads 1; restore"),
    ({"networks": {"tile_px": 31}}, "tile_px must be one of"),
    ({"networks": {"depth": 3}}, r"unknown keys \['depth'\]"),
    ({"preparation": {"scale": 1.0}}, "missing 5 required keyword-only arguments"),
    ({"frame_wh_min": [10]}, "not enough values"),
]


@pytest.mark.parametrize(("changed", "complaint"), MODEL_DAMAGE)
def test_damage_of_the_description_is_named(
    folder: Path, changed: dict[str, Any], complaint: str
) -> None:
    edited(folder / bundle.MODEL, **changed)

    with pytest.raises(BundleDamaged, match=rf"{folder / bundle.MODEL}: .*{complaint}"):
        loaded(folder)


@pytest.mark.parametrize("key", ["format", "networks", "trained_on", "weights_sha256"])
def test_what_the_description_lacks_is_named(folder: Path, key: str) -> None:
    path = folder / bundle.MODEL
    said = json.loads(path.read_text())
    del said[key]
    path.write_text(json.dumps(said))

    with pytest.raises(BundleDamaged, match=rf"model\.json: '{key}' is missing; restore"):
        loaded(folder)


JSON_FILES = [bundle.MODEL, bundle.CARD, bundle.CALIBRATION, bundle.VERIFICATION]


@pytest.mark.parametrize("name", JSON_FILES)
@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe"])
def test_a_file_that_is_no_json_is_named(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)

    with pytest.raises(BundleDamaged, match=rf"{folder / name}: "):
        loaded(folder)


def test_limits_of_verification_that_contradict_are_named(folder: Path) -> None:
    path = folder / bundle.VERIFICATION
    path.write_text(json.dumps({"reject_above": 0.1, "confirm_below": 0.2}))

    with pytest.raises(BundleDamaged, match=rf"{path}: 0 <= confirm_below <= reject_above <= 1"):
        loaded(folder)


CALIBRATION_DAMAGE: list[tuple[dict[str, Any], str]] = [
    ({"limits": {"threshold": 1.0}}, "limits lack"),
    ({"calibration": {"scores": [2.0, 1.0], "budget": 0.5}}, "calibration scores must ascend"),
    ({"calibration": {"scores": [1.0], "budget": 0.01}}, "needs at least 2 held-out"),
    ({"calibration": {"scores": [float("nan")], "budget": 0.5}}, "is not a finite number"),
]


@pytest.mark.parametrize(("changed", "complaint"), CALIBRATION_DAMAGE)
def test_damage_of_the_calibration_says_to_calibrate_again(
    folder: Path, changed: dict[str, Any], complaint: str
) -> None:
    edited(folder / bundle.CALIBRATION, **changed)

    with pytest.raises(
        BundleDamaged,
        match=rf"calibration\.json: .*{complaint}.*; delete this file and calibrate again",
    ):
        loaded(folder)


def test_the_card_is_told_in_words(folder: Path) -> None:
    card = {"part": "bracket", "data": {"held_out": 3}, "phases": ["one", "two"]}

    bundle.write_card(folder, card)

    assert (folder / bundle.CARD_WORDS).read_text() == (
        "# Model card: bracket\n\n- part: bracket\n\n## data\n\n- held out: 3\n"
        "- phases:\n  - one\n  - two\n"
    )


def test_a_json_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    bundle.write_json(path, {"part": "first"})

    with pytest.raises(TypeError):
        bundle.write_json(path, {"part": object()})

    assert json.loads(path.read_text()) == {"part": "first"}
