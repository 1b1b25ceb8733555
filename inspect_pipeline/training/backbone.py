"""Weights for the optional context network: from a file, or by name from where torchvision fetches.

A part model can do without them. Whatever is loaded is known by the hash of its file and is checked
tensor by tensor before it is used: a file that almost fits would give features that mean nothing.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from pickle import UnpicklingError  # the name of an error of torch.load; nothing is unpickled here
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from inspect_pipeline.errors import BackboneError
from inspect_pipeline.networks.context import IMAGENET, ContextNetwork, Normalisation
from inspect_pipeline.records import sha256_of

SAFETENSORS, PICKLED = ".safetensors", (".pth", ".pt")
TO_PLUS_MINUS_ONE = Normalisation(mean=(0.5, 0.5, 0.5), deviation=(0.5, 0.5, 0.5))
EXPECTED = "expected the tensors of torchvision's mobilenet_v2 of width 1.0"

# Which of these a damaged pickle or archive causes depends on the byte that is wrong.
UNREADABLE = (
    *(SafetensorError, UnpicklingError, RuntimeError, ValueError, LookupError, TypeError, EOFError),
    *(AttributeError, AssertionError, ArithmeticError, MemoryError, struct.error),
)

OWN = "base"  # shipped with the program, trained on synthetic pictures alone
OWN_FILE = Path(__file__).with_name("base_context.safetensors")


@dataclass(frozen=True, kw_only=True, eq=False)
class Backbone:
    """A context network with pretrained weights: frozen, in evaluation mode, on the CPU.

    `sha256` is that of the file; `origin` says where it was found and how pictures are normalised.
    """

    network: ContextNetwork
    name: str
    sha256: str
    origin: str


@dataclass(frozen=True, kw_only=True)
class PublishedWeights:
    """A file known by the first digits of its SHA-256, at least the eight that its URL names."""

    name: str
    sha256_begins: str
    normalisation: Normalisation
    url: str | None = None


PUBLISHED = (
    PublishedWeights(
        name="mobilenet_v2.IMAGENET1K_V1",
        sha256_begins="b0353104",
        normalisation=IMAGENET,
        url="https://download.pytorch.org/models/mobilenet_v2-b0353104.pth",
    ),
    PublishedWeights(
        name="mobilenet_v2.IMAGENET1K_V2",
        sha256_begins="7ebf99e0",
        normalisation=IMAGENET,
        url="https://download.pytorch.org/models/mobilenet_v2-7ebf99e0.pth",
    ),
    PublishedWeights(
        name=OWN,
        sha256_begins="b300a9826f62e9226c4b8568eab4bdcfa93b4e7597b61194d018380dbc8b3cb2",
        normalisation=TO_PLUS_MINUS_ONE,
    ),
    PublishedWeights(  # of google-coral/edgetpu, de-quantised
        name="mobilenet_v2_1.0_224_quant",
        sha256_begins="94f99a196e6dd10397d1feb518ccd860d140348825401348b74a4cdcd12bb890",
        normalisation=TO_PLUS_MINUS_ONE,
    ),
)
PUBLISHED_BY_NAME = {weights.name: weights for weights in PUBLISHED}
FETCHED = {weights.name: weights for weights in PUBLISHED if weights.url}
BY_NAME = {"mobilenet_v2": FETCHED["mobilenet_v2.IMAGENET1K_V2"], **FETCHED}  # torchvision's choice


def load_backbone(source: str, *, sha256: str | None = None) -> Backbone:
    """The context network with the weights of a file, of a name in `BY_NAME`, or with our own.

    A file is .safetensors, .pth or .pt with the tensors of torchvision's `mobilenet_v2` in any
    floating precision; its later layers and its classifier are left out. A name is fetched once and
    kept in torch's cache. `sha256`, where given, is the hash that the file must have.

    Raises BackboneError: nothing of that name, unreachable, another hash, or tensors that differ.
    """
    if source in BY_NAME:
        return fetch_backbone(BY_NAME[source], sha256=sha256)
    path = OWN_FILE if source == OWN else Path(source)
    content = _content(path)
    found = sha256_of(content)
    _check_hash(found, sha256, source)
    if source == OWN:
        _check_hash(found, PUBLISHED_BY_NAME[OWN].sha256_begins, str(path))
    known = next((each for each in PUBLISHED if found.startswith(each.sha256_begins)), None)
    normalised = f"as {known.name} expects" if known else "as ImageNet's: the file is not known"
    return Backbone(
        network=_built(_tensors(content, path), known.normalisation if known else IMAGENET, source),
        name=known.name if known else path.stem,
        sha256=found,
        origin=f"{source}, pictures normalised {normalised}",
    )


def fetch_backbone(weights: PublishedWeights, *, sha256: str | None = None) -> Backbone:
    """Downloads into torch's cache, or reads from there what was downloaded before."""
    assert weights.url is not None, f"{weights.name} is published at no address"
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    kept = folder / PurePosixPath(weights.url).name
    try:
        state = torch.hub.load_state_dict_from_url(
            weights.url,
            model_dir=str(folder),
            map_location="cpu",
            progress=False,
            check_hash=True,
            weights_only=True,
        )
        found = sha256_of(kept.read_bytes())
    except (OSError, HTTPException) as error:
        raise BackboneError(
            f"{weights.url}: cannot be fetched to {folder} ({error}): without internet, give the "
            "path of a file instead of the name"
        ) from error
    except UNREADABLE as error:
        raise _damaged_download(weights.url, kept) from error
    if not found.startswith(weights.sha256_begins):  # torch checks what arrives, not what is kept
        raise _damaged_download(weights.url, kept)
    _check_hash(found, sha256, weights.url)
    return Backbone(
        network=_built(state, weights.normalisation, weights.url),
        name=weights.name,
        sha256=found,
        origin=f"{weights.url}, pictures normalised as {weights.name} expects",
    )


def _damaged_download(url: str, kept: Path) -> BackboneError:
    return BackboneError(
        f"{url}: what arrived, or lies at {kept}, is not the file of that hash: delete it there "
        "and try again, or give the path of a file instead of the name"
    )


def _check_hash(found: str, expected: str | None, where: str) -> None:
    if expected is not None and expected.lower() != found:
        raise BackboneError(
            f"{where}: has sha256 {found}, expected {expected.lower()}: give the file that was "
            "meant, or leave the hash away to accept this one"
        )


def _content(path: Path) -> bytes:
    if not path.exists():
        names = ", ".join(sorted((OWN, *BY_NAME)))
        raise BackboneError(
            f"{path}: no such file, and no name of weights that are known ({names})"
        )
    if path.suffix not in (SAFETENSORS, *PICKLED):
        raise BackboneError(
            f"{path}: weights are read from {SAFETENSORS}, {' or '.join(PICKLED)}, "
            f"got {path.suffix or 'a name without suffix'}"
        )
    try:
        return path.read_bytes()
    except OSError as error:
        raise BackboneError(f"{path}: {error.strerror}; give the path of another file") from error


def _tensors(content: bytes, path: Path) -> object:
    try:
        if path.suffix == SAFETENSORS:
            return safetensors.torch.load(content)
        return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except UNREADABLE as error:
        raise BackboneError(
            f"{path}: holds no tensors by name that can be read safely: fetch or convert it again"
        ) from error


def _built(state: object, normalisation: Normalisation, where: str) -> ContextNetwork:
    if not isinstance(state, Mapping):
        raise BackboneError(f"{where}: holds a {type(state).__name__}, {EXPECTED}")
    network = ContextNetwork(normalisation)
    own: dict[str, Tensor] = network.state_dict()
    weights = [key for key in own if _is_weight(key)]
    for key in weights:
        if complaint := _complaint(state.get(key), own[key]):
            raise BackboneError(f"{where}: {key} {complaint}; {EXPECTED}")
    layers = "|".join(str(number) for number in range(len(network.features)))
    for key in map(str, state):  # a bias beside a batch norm, say: without it the rest is wrong
        if key not in own and re.match(rf"features\.({layers})\.", key):
            raise BackboneError(f"{where}: {key} is a tensor too many; {EXPECTED}")
    network.load_state_dict({**own, **{key: state[key].float() for key in weights}})
    return network.requires_grad_(False)


def _is_weight(key: str) -> bool:
    """Not the normalisation, and not the counters of batches, which serve training alone."""
    return key.startswith("features.") and not key.endswith(".num_batches_tracked")


def _complaint(found: Any, own: Tensor) -> str | None:
    if found is None:
        return "is missing"
    if not isinstance(found, Tensor):
        return f"is a {type(found).__name__}"
    if found.shape != own.shape:
        return f"has shape {tuple(found.shape)} instead of {tuple(own.shape)}"
    if not found.is_floating_point():
        return f"holds {found.dtype} instead of floating numbers"
    if not found.float().isfinite().all():
        return "holds numbers that are not finite"
    return None
