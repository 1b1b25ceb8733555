"""The contextual branch on disk: an optional pair of files, checked like the rest of a bundle."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from inspect_pipeline import bundle
from inspect_pipeline.bundle import PartModel, load_bundle
from inspect_pipeline.errors import BundleDamaged
from inspect_pipeline.networks.context import Normalisation
from inspect_pipeline.networks.contextual import Contextual
from inspect_pipeline.opinion import see
from inspect_pipeline.records import sha256_of
from tests import make

TO_PLUS_MINUS_ONE = Normalisation(mean=(0.5, 0.5, 0.5), deviation=(0.5, 0.5, 0.5))


@pytest.fixture(scope="module")
def branch() -> Contextual:
    return make.contextual()


@pytest.fixture(scope="module")
def model(branch: Contextual) -> PartModel:
    return make.part_model(contextual=branch)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, model: PartModel) -> dict[str, bytes]:
    """Every file of a bundle with a branch, by name."""
    folder = make.saved_bundle(tmp_path_factory.mktemp("written"), model)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def folder(tmp_path: Path, written: dict[str, bytes]) -> Path:
    """A bundle of the part `bracket` with a contextual branch."""
    place = tmp_path / "bracket"
    place.mkdir()
    for name, content in written.items():
        (place / name).write_bytes(content)
    return place


def loaded(folder: Path) -> PartModel:
    return load_bundle(folder.parent, folder.name)


def loaded_branch(folder: Path) -> Contextual:
    found = loaded(folder).contextual
    assert found is not None
    return found


def said(folder: Path) -> dict[str, Any]:
    words: dict[str, Any] = json.loads((folder / bundle.CONTEXTUAL_WORDS).read_text())
    return words


def edited(folder: Path, **changed: Any) -> None:
    (folder / bundle.CONTEXTUAL_WORDS).write_text(json.dumps({**said(folder), **changed}))


def test_a_branch_says_the_same_from_disk(folder: Path, branch: Contextual) -> None:
    found = loaded_branch(folder)

    assert found.config == branch.config
    views = make.views(4)
    with torch.inference_mode():
        expected, evidence = branch(views), found(views)
    assert (evidence - expected).abs().max() < 0.05
    assert expected.std() > 0.1


def test_a_frame_is_seen_alike_with_the_branch_from_disk(folder: Path, model: PartModel) -> None:
    expected, found = (see(one, make.frame()).heat.values for one in (model, loaded(folder)))

    assert abs(found - expected).max() < 0.05
    assert expected.std() > 0.1


def test_a_loaded_branch_is_ready_to_inspect(folder: Path) -> None:
    found = loaded_branch(folder)

    assert not any(module.training for module in found.modules())
    assert not any(parameter.requires_grad for parameter in found.parameters())
    computed = [value for value in found.state_dict().values() if value.is_floating_point()]
    assert all(value.dtype == torch.float32 for value in computed)


def test_what_was_loaded_is_written_again_as_the_same_file(folder: Path) -> None:
    first = (folder / bundle.CONTEXTUAL).read_bytes()

    bundle.write_contextual(folder, loaded_branch(folder), make.CONTEXT_ORIGIN)

    assert (folder / bundle.CONTEXTUAL).read_bytes() == first


def test_kernels_and_memories_are_stored_in_half_precision(folder: Path) -> None:
    stored = load_file(folder / bundle.CONTEXTUAL)

    assert stored["memories.0.members"].dtype == torch.float16
    assert stored["head.log_odds.weight"].dtype == torch.float16
    assert stored["context.features.0.0.weight"].dtype == torch.float16


def test_tiny_variances_of_norms_survive(tmp_path: Path) -> None:
    branch = make.contextual()
    norm = branch.context.features[0][1]  # type: ignore[index]
    norm.running_var.fill_(1e-9)

    place = make.saved_bundle(tmp_path, make.part_model(contextual=branch))

    found = loaded_branch(place).context.features[0][1]  # type: ignore[index]
    assert torch.equal(found.running_var, norm.running_var)


def test_how_pictures_are_normalised_is_stored_too(tmp_path: Path) -> None:
    branch = make.contextual()
    branch.context = make.context_network(normalisation=TO_PLUS_MINUS_ONE)

    place = make.saved_bundle(tmp_path, make.part_model(contextual=branch))

    assert loaded_branch(place).context.mean.flatten().tolist() == [0.5, 0.5, 0.5]


def test_another_choice_of_signs_is_kept(tmp_path: Path) -> None:
    branch = make.contextual(given=("memory", "local"), members=3, width=5)

    place = make.saved_bundle(tmp_path, make.part_model(contextual=branch))

    assert loaded_branch(place).config == branch.config


def test_the_words_beside_it_say_where_the_context_network_is_from(folder: Path) -> None:
    words = said(folder)

    assert words["context_network"] == make.CONTEXT_ORIGIN
    assert words["sha256"] == sha256_of((folder / bundle.CONTEXTUAL).read_bytes())
    assert loaded(folder).contextual_sha256 == words["sha256"]


def test_a_second_branch_replaces_the_first(folder: Path) -> None:
    before = loaded(folder)

    bundle.write_contextual(folder, make.contextual(1, width=4), make.CONTEXT_ORIGIN)

    after = loaded(folder)
    assert after.contextual is not None
    assert after.contextual.config.width == 4
    assert after.model_id != before.model_id
    assert not list(folder.glob("*.new"))


def test_a_bundle_without_a_branch_loads_as_before(folder: Path, model: PartModel) -> None:
    for name in (bundle.CONTEXTUAL, bundle.CONTEXTUAL_WORDS):
        (folder / name).unlink()

    found = loaded(folder)

    assert found.contextual is None
    assert found.contextual_sha256 is None
    plain = replace(model, contextual=None)
    seen = (see(one, make.frame()).heat.values for one in (found, plain))
    assert (next(seen) == next(seen)).all()


def test_a_new_training_takes_the_branch_away(folder: Path, model: PartModel) -> None:
    make.saved_bundle(folder.parent, replace(model, contextual=None))

    assert loaded(folder).contextual is None


def test_with_a_branch_the_model_is_another(folder: Path) -> None:
    with_branch = loaded(folder)
    assert with_branch.model_id == loaded(folder).model_id

    (folder / bundle.CONTEXTUAL_WORDS).unlink()

    assert loaded(folder).model_id != with_branch.model_id


def test_where_the_context_network_is_from_does_not_change_the_model_id(folder: Path) -> None:
    before = loaded(folder).model_id

    edited(folder, context_network={"name": "the same numbers by another name"})

    assert loaded(folder).model_id == before


def test_nothing_of_a_branch_is_pickled(written: dict[str, bytes]) -> None:
    assert {"contextual.safetensors", "contextual.json"} <= written.keys()
    assert all(b"torch._utils" not in content for content in written.values())


def test_an_altered_branch_is_told_by_its_hash(folder: Path) -> None:
    path = folder / bundle.CONTEXTUAL
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)

    with pytest.raises(BundleDamaged, match=rf"{path}: .*sha256 .*contextual\.json"):
        loaded(folder)


def test_a_branch_that_was_cut_short_is_named(folder: Path) -> None:
    path = folder / bundle.CONTEXTUAL
    path.write_bytes(path.read_bytes()[:-1000])

    with pytest.raises(BundleDamaged, match=rf"{path}: .*sha256"):
        loaded(folder)


def test_a_branch_that_was_cut_short_before_it_was_noted_is_named(folder: Path) -> None:
    path = folder / bundle.CONTEXTUAL
    path.write_bytes(path.read_bytes()[:-1000])
    edited(folder, sha256=sha256_of(path.read_bytes()))

    with pytest.raises(BundleDamaged, match=rf"{path}: .*; restore"):
        loaded(folder)


def test_a_missing_branch_is_named(folder: Path) -> None:
    (folder / bundle.CONTEXTUAL).unlink()

    with pytest.raises(BundleDamaged, match=rf"{folder / bundle.CONTEXTUAL}: No such file"):
        loaded(folder)


def test_a_branch_of_other_tensors_is_named(folder: Path) -> None:
    path = folder / bundle.CONTEXTUAL
    save_file({"other.weight": torch.zeros(1)}, path)
    edited(folder, sha256=sha256_of(path.read_bytes()))

    with pytest.raises(BundleDamaged, match=rf"{path}: the tensors are not those"):
        loaded(folder)


@pytest.mark.parametrize("changed", [{"members": 9}, {"width": 12}, {"given": ["local"]}])
def test_a_branch_of_another_size_is_named(folder: Path, changed: dict[str, Any]) -> None:
    edited(folder, config={**said(folder)["config"], **changed})

    with pytest.raises(BundleDamaged, match=rf"{folder / bundle.CONTEXTUAL}: the tensors are not"):
        loaded(folder)


CONFIG_DAMAGE = [
    ({"depth": 3}, "depth"),
    ({"given": 3}, "not iterable"),
    ({"given": ["memory", "luck"]}, "luck"),
]


@pytest.mark.parametrize(("changed", "complaint"), CONFIG_DAMAGE)
def test_damage_of_the_configuration_is_named(
    folder: Path, changed: dict[str, Any], complaint: str
) -> None:
    edited(folder, config={**said(folder)["config"], **changed})

    path = folder / bundle.CONTEXTUAL_WORDS
    with pytest.raises(BundleDamaged, match=rf"{path}: .*{complaint}.*; restore"):
        loaded(folder)


@pytest.mark.parametrize("key", ["config", "sha256"])
def test_what_the_words_lack_is_named(folder: Path, key: str) -> None:
    words = said(folder)
    del words[key]
    (folder / bundle.CONTEXTUAL_WORDS).write_text(json.dumps(words))

    with pytest.raises(BundleDamaged, match=rf"contextual\.json: '{key}' is missing; restore"):
        loaded(folder)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]"])
def test_words_that_are_no_json_are_named(folder: Path, content: bytes) -> None:
    (folder / bundle.CONTEXTUAL_WORDS).write_bytes(content)

    with pytest.raises(BundleDamaged, match=rf"{folder / bundle.CONTEXTUAL_WORDS}: "):
        loaded(folder)
