"""Pretrained weights from files and by name: what fits is loaded, what does not is named."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from inspect_pipeline.errors import BackboneError
from inspect_pipeline.networks.context import IMAGENET, ContextNetwork, Normalisation
from inspect_pipeline.records import sha256_of
from inspect_pipeline.training.backbone import (
    BY_NAME,
    PublishedWeights,
    fetch_backbone,
    load_backbone,
)

ROOT = Path(__file__).resolve().parents[2]
PRETRAINED = "mobilenet_v2_imagenet.safetensors"
TO_PLUS_MINUS_ONE = Normalisation(mean=(0.5, 0.5, 0.5), deviation=(0.5, 0.5, 0.5))
State = dict[str, Tensor]


@pytest.fixture(scope="module")
def weights() -> State:
    """Tensors as torchvision's file holds them, with two beyond the cut; do not change them."""
    torch.manual_seed(5)
    network = ContextNetwork()
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
    own: State = network.state_dict()
    beyond = {
        "features.14.conv.0.0.weight": torch.zeros(576, 96, 1, 1),
        "classifier.1.bias": torch.zeros(1000),
    }
    kept = {key: value for key, value in own.items() if key.startswith("features.")}
    return {**kept, **beyond}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Torch's cache of downloads, empty."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "hub" / "checkpoints"


def saved(path: Path, state: Any) -> str:
    if path.suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save(state, path)
    return str(path)


def published(folder: Path, state: Any) -> PublishedWeights:
    """A file whose name ends with the begin of its hash, as torch's hub wants it."""
    path = folder / "net.pth"
    torch.save(state, path)
    begin = sha256_of(path.read_bytes())[:8]
    named = path.rename(folder / f"net-{begin}.pth")
    return PublishedWeights(
        name="net", sha256_begins=begin, normalisation=TO_PLUS_MINUS_ONE, url=named.as_uri()
    )


def assert_holds(network: ContextNetwork, state: State) -> None:
    own = network.state_dict()
    wanted = [key for key in state if key in own and not key.endswith("tracked")]
    assert len(wanted) == 39 * 5  # each convolution's kernel and four tensors of its batch norm
    assert all(torch.equal(own[key], state[key].float()) for key in wanted)


@pytest.mark.parametrize("name", ["net.safetensors", "net.pth", "net.pt"])
def test_what_a_file_holds_is_what_the_network_holds(
    tmp_path: Path, weights: State, name: str
) -> None:
    source = saved(tmp_path / name, weights)

    backbone = load_backbone(source)

    assert_holds(backbone.network, weights)
    assert backbone.name == "net"
    assert backbone.sha256 == sha256_of(Path(source).read_bytes())
    assert source in backbone.origin


@pytest.mark.parametrize("name", ["net.safetensors", "net.pth"])
@pytest.mark.parametrize("precision", [torch.float16, torch.bfloat16, torch.float64])
def test_any_floating_precision_is_read(
    tmp_path: Path, weights: State, name: str, precision: torch.dtype
) -> None:
    stored = {
        key: value.to(precision) if value.is_floating_point() else value
        for key, value in weights.items()
    }

    network = load_backbone(saved(tmp_path / name, stored)).network

    assert_holds(network, stored)
    assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}


def test_files_of_the_time_before_archives_are_read(tmp_path: Path, weights: State) -> None:
    path = tmp_path / "net.pth"
    torch.save(OrderedDict(weights), path, _use_new_zipfile_serialization=False)

    assert_holds(load_backbone(str(path)).network, weights)


def test_counters_of_batches_may_be_absent(tmp_path: Path, weights: State) -> None:
    state = {key: value for key, value in weights.items() if not key.endswith("tracked")}

    assert_holds(load_backbone(saved(tmp_path / "net.safetensors", state)).network, weights)


def test_a_backbone_is_frozen_and_does_not_train(tmp_path: Path, weights: State) -> None:
    network = load_backbone(saved(tmp_path / "net.pth", weights)).network

    assert not any(parameter.requires_grad for parameter in network.parameters())
    assert not any(module.training for module in network.modules())


def test_an_unknown_file_is_normalised_as_imagenet_and_says_so(
    tmp_path: Path, weights: State
) -> None:
    backbone = load_backbone(saved(tmp_path / "net.pth", weights))

    assert_normalises(backbone.network, IMAGENET)
    assert backbone.origin.endswith("pictures normalised as ImageNet's: the file is not known")


def test_the_hash_that_was_asked_for_is_accepted_in_either_case(
    tmp_path: Path, weights: State
) -> None:
    source = saved(tmp_path / "net.pth", weights)
    sha256 = sha256_of(Path(source).read_bytes())

    assert load_backbone(source, sha256=sha256.upper()).sha256 == sha256


def test_another_hash_is_refused(tmp_path: Path, weights: State) -> None:
    source = saved(tmp_path / "net.pth", weights)
    found = sha256_of(Path(source).read_bytes())

    with pytest.raises(BackboneError, match=rf"net\.pth: has sha256 {found}, expected {'0' * 64}"):
        load_backbone(source, sha256="0" * 64)


KEY = "features.3.conv.1.0.weight"
MISFITS: list[tuple[Callable[[State], Any], str]] = [
    (lambda s: without(s, KEY, "features.12.conv.2.weight"), rf"{KEY} is missing; expected the"),
    (lambda s: {f"module.{k}": v for k, v in s.items()}, r"features\.0\.0\.weight is missing"),
    (lambda s: {"state_dict": s}, r"features\.0\.0\.weight is missing"),
    (lambda s: {**s, KEY: s[KEY][:72]}, rf"{KEY} has shape \(72, 1, 3, 3\) instead of \(144, 1, "),
    (lambda s: {**s, KEY: s[KEY].to(torch.int8)}, rf"{KEY} holds torch.int8 instead of floating"),
    (lambda s: {**s, KEY: s[KEY] / 0}, rf"{KEY} holds numbers that are not finite"),
    (lambda s: {**s, KEY: [1.0]}, rf"{KEY} is a list; expected the tensors"),
    (
        lambda s: {**s, "features.0.0.bias": torch.zeros(32)},
        r"features\.0\.0\.bias is a tensor too",
    ),
    (
        lambda s: list(s.values()),
        "holds a list, expected the tensors of torchvision's mobilenet_v2",
    ),
]


def without(state: State, *keys: str) -> State:
    return {key: value for key, value in state.items() if key not in keys}


@pytest.mark.parametrize(("changed", "complaint"), MISFITS)
def test_the_first_tensor_that_does_not_fit_is_named(
    tmp_path: Path, weights: State, changed: Callable[[State], Any], complaint: str
) -> None:
    source = saved(tmp_path / "net.pth", changed(weights))

    with pytest.raises(BackboneError, match=rf"net\.pth: {complaint}"):
        load_backbone(source)


@pytest.mark.parametrize("name", ["net.safetensors", "net.pth"])
@pytest.mark.parametrize("content", [b"", b"nothing", bytes(range(256)), b"\x80\x02]q\x00."])
def test_a_file_of_something_else_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(BackboneError, match=rf"{name}: holds "):
        load_backbone(str(tmp_path / name))


@pytest.mark.parametrize("name", ["net.safetensors", "net.pth"])
def test_half_a_file_is_named(tmp_path: Path, weights: State, name: str) -> None:
    path = Path(saved(tmp_path / name, weights))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    with pytest.raises(BackboneError, match=rf"{name}: holds no tensors .* fetch or convert"):
        load_backbone(str(path))


class Trap:
    """A pickle of this makes a folder when it is read without care."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


def test_a_file_that_would_run_code_is_refused(tmp_path: Path) -> None:
    source = saved(tmp_path / "net.pth", {"features.0.0.weight": Trap(tmp_path / "sprung")})

    with pytest.raises(BackboneError, match="holds no tensors by name that can be read safely"):
        load_backbone(source)

    assert not (tmp_path / "sprung").exists()


def test_what_is_neither_a_file_nor_a_name_is_told_the_names() -> None:
    with pytest.raises(
        BackboneError, match=r"resnet50: no such file, and no name .*mobilenet_v2\.IMAGENET1K_V2"
    ):
        load_backbone("resnet50")


def test_another_kind_of_file_is_told_the_kinds(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").touch()

    with pytest.raises(BackboneError, match=r"read from \.safetensors, \.pth or \.pt, got \.onnx"):
        load_backbone(str(tmp_path / "net.onnx"))


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "net.pth").mkdir()

    with pytest.raises(BackboneError, match=r"net\.pth: Is a directory; give the path"):
        load_backbone(str(tmp_path / "net.pth"))


def test_weights_are_fetched_once_and_kept(tmp_path: Path, weights: State, cache: Path) -> None:
    net = published(tmp_path, weights)
    address = Path(str(net.url).removeprefix("file://"))

    first = fetch_backbone(net)
    address.rename(tmp_path / "gone")
    again = fetch_backbone(net, sha256=first.sha256)

    assert_holds(first.network, weights)
    assert_holds(again.network, weights)
    assert_normalises(first.network, TO_PLUS_MINUS_ONE)
    assert (first.name, first.sha256[:8]) == ("net", net.sha256_begins)
    assert str(net.url) in first.origin
    assert [path.name for path in cache.iterdir()] == [address.name]


def test_without_internet_the_address_and_the_way_out_are_told(cache: Path) -> None:
    nowhere = "http://127.0.0.1:9/net-01234567.pth"  # nobody listens at the discard port
    net = PublishedWeights(
        name="net", sha256_begins="01234567", normalisation=IMAGENET, url=nowhere
    )

    with pytest.raises(BackboneError, match=f"{nowhere}: cannot be fetched .* give the path of"):
        fetch_backbone(net)


def test_a_download_with_another_hash_is_refused(
    tmp_path: Path, weights: State, cache: Path
) -> None:
    net = published(tmp_path, weights)
    address = Path(str(net.url).removeprefix("file://"))
    torch.save({}, address)

    with pytest.raises(BackboneError, match=rf"{address.name}: what arrived, or lies at {cache}"):
        fetch_backbone(net)

    assert list(cache.iterdir()) == []


@pytest.mark.parametrize("kept", [b"damaged", None])
def test_a_kept_download_is_not_trusted(
    tmp_path: Path, weights: State, cache: Path, kept: bytes | None
) -> None:
    net = published(tmp_path, weights)
    fetch_backbone(net)
    (file,) = cache.iterdir()
    if kept is None:
        torch.save({key: value * 2 for key, value in weights.items()}, file)
    else:
        file.write_bytes(kept)

    with pytest.raises(BackboneError, match=rf"lies at {file}, is not the file of that hash"):
        fetch_backbone(net)


def test_a_fetched_file_with_another_hash_than_asked_is_refused(
    tmp_path: Path, weights: State, cache: Path
) -> None:
    with pytest.raises(BackboneError, match=rf"has sha256 \w+, expected {'0' * 64}"):
        fetch_backbone(published(tmp_path, weights), sha256="0" * 64)


FETCHES = [
    ("mobilenet_v2", "mobilenet_v2-7ebf99e0.pth"),
    ("mobilenet_v2.IMAGENET1K_V1", "mobilenet_v2-b0353104.pth"),
    ("mobilenet_v2.IMAGENET1K_V2", "mobilenet_v2-7ebf99e0.pth"),
]


@pytest.mark.parametrize(("name", "file_name"), FETCHES)
def test_a_name_is_fetched_from_torchvision_and_its_hash_is_checked(
    weights: State, cache: Path, monkeypatch: pytest.MonkeyPatch, name: str, file_name: str
) -> None:
    asked: list[tuple[str, dict[str, Any]]] = []

    def fetcher(url: str, **how: Any) -> State:
        asked.append((url, how))
        cache.mkdir(parents=True)
        torch.save(weights, cache / file_name)
        return weights

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", fetcher)

    with pytest.raises(BackboneError, match="is not the file of that hash"):  # it is a fake
        load_backbone(name)

    ((url, how),) = asked
    assert url == f"https://download.pytorch.org/models/{file_name}"
    assert how["check_hash"] is True
    assert how["weights_only"] is True
    assert how["model_dir"] == str(cache)


def test_names_of_torchvision_expect_the_normalisation_of_imagenet() -> None:
    assert {weights.normalisation for weights in BY_NAME.values()} == {IMAGENET}
    assert all(weights.sha256_begins in str(weights.url) for weights in BY_NAME.values())


def test_weights_without_address_are_our_mistake() -> None:
    with pytest.raises(AssertionError, match="published at no address"):
        fetch_backbone(replace(BY_NAME["mobilenet_v2"], url=None))


def pretrained() -> Path:
    """The pretrained file, from the folder of INSPECT_TEST_WEIGHTS or beside the project."""
    folder = os.environ.get("INSPECT_TEST_WEIGHTS") or ROOT.parent / "shared" / "weights"
    path = Path(folder) / PRETRAINED
    if not path.is_file():
        pytest.skip(f"no {PRETRAINED} here: name its folder in INSPECT_TEST_WEIGHTS")
    return path


@torch.no_grad()
def test_pretrained_features_tell_two_pictures_apart() -> None:
    backbone = load_backbone(str(pretrained()))
    ramp = torch.linspace(0, 1, 96).expand(1, 3, 96, 96)
    board = (torch.arange(96) // 8 % 2 == torch.arange(96)[:, None] // 8 % 2).float()

    pooled = [
        torch.cat([maps.mean(dim=(2, 3)) for maps in backbone.network(picture)], dim=1)[0]
        for picture in (ramp, board[None, None])
    ]

    assert_normalises(backbone.network, TO_PLUS_MINUS_ONE)
    assert backbone.name == "mobilenet_v2_1.0_224_quant"
    assert all(bool(vector.isfinite().all()) for vector in pooled)
    assert torch.cosine_similarity(pooled[0], pooled[1], dim=0) < 0.9


def assert_normalises(network: ContextNetwork, expected: Normalisation) -> None:
    torch.testing.assert_close(network.mean.flatten(), torch.tensor(expected.mean))
    torch.testing.assert_close(network.deviation.flatten(), torch.tensor(expected.deviation))
