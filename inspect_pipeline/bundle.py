"""A model bundle: one folder that holds everything to inspect one part, and says where it is from.

    MODELS/PART/
        weights.safetensors   generator, encoder, DIPN and DICN in half precision
        model.json            format, sizes, preparation, what was trained on, hash of the weights
        contextual.safetensors, contextual.json   DIPN's contextual branch, where there is one
        familiar.safetensors  evidence of good parts at each place, for parts that lie always alike
        verification.json     which share of a region restoration may explain
        calibration.json      held-out scores, budget, limits (rewritten by `calibrate`)
        card.json, card.md    for people: data, hashes, durations, figures, the command
        sheet.png             samples, golden, discrepancy, evidence and restored tiles

Nothing in it is pickled. Weights are rounded to half precision before they are calibrated, so the
file that ships is the network that was measured.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from inspect_pipeline.conformal import Calibration
from inspect_pipeline.errors import (
    BundleDamaged,
    BundleNotFound,
    CalibrationError,
    InspectError,
)
from inspect_pipeline.limits import LEFT_TO_PEOPLE, Limits, VerificationLimits
from inspect_pipeline.networks.config import NetworkConfig
from inspect_pipeline.networks.context import ContextNetwork
from inspect_pipeline.networks.contextual import Contextual, ContextualConfig
from inspect_pipeline.networks.layers import channels_last
from inspect_pipeline.networks.part_networks import PartNetworks
from inspect_pipeline.records import Heat, sha256_of
from inspect_pipeline.stages.prepare import Preparation

FORMAT = 1
WEIGHTS, MODEL = "weights.safetensors", "model.json"
FAMILIAR = "familiar.safetensors"
CONTEXTUAL, CONTEXTUAL_WORDS = "contextual.safetensors", "contextual.json"
VERIFICATION, CALIBRATION = "verification.json", "calibration.json"
CALIBRATION_FIGURES = "calibration"  # key of the card
CARD, CARD_WORDS, SHEET = "card.json", "card.md", "sheet.png"


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The good parts behind a model, as content hashes: what was learnt never calibrates."""

    trained_on: tuple[str, ...]
    held_out: tuple[str, ...]
    frame_wh_min: tuple[int, int]
    frame_wh_max: tuple[int, int]


@dataclass(frozen=True, kw_only=True, eq=False)
class Calibrated:
    """What `calibrate` measured; `limits.threshold` is always the calibration's."""

    calibration: Calibration
    limits: Limits

    def to_dict(self) -> dict[str, Any]:
        return {"calibration": self.calibration.to_dict(), "limits": self.limits.to_dict()}


@dataclass(frozen=True, kw_only=True, eq=False)
class PartModel:
    """A loaded bundle. `calibrated` is None only between training and the first calibration."""

    part: str
    networks: PartNetworks
    preparation: Preparation
    origin: Origin
    weights_sha256: str
    calibrated: Calibrated | None
    card: Mapping[str, Any]
    verification: VerificationLimits = LEFT_TO_PEOPLE
    contextual: Contextual | None = None  # without it DIPN's local evidence is the evidence
    contextual_sha256: str | None = None
    familiar: Heat | None = None  # (H, W) log-odds, None for parts without fixed places

    @property
    def model_id(self) -> str:
        """Hash of weights, preparation and calibration: equal ids give equal findings."""
        said = {
            "weights": self.weights_sha256,
            "preparation": self.preparation.to_dict(),
            "calibrated": self.calibrated.to_dict() if self.calibrated else None,
            "familiar": None if self.familiar is None else sha256_of(self.familiar.tobytes()),
        }
        if self.contextual_sha256 is not None:
            said["contextual"] = self.contextual_sha256
        return sha256_of(json.dumps(said, sort_keys=True).encode())

    @cached_property
    def descriptor_space(self) -> str:
        """Hash of the weights whose features describe findings (stages.describe)."""
        if self.contextual is None:
            return self.weights_sha256
        state = self.contextual.context.state_dict()
        return sha256_of(b"".join(state[key].cpu().numpy().tobytes() for key in sorted(state)))

    def require_calibration(self) -> Calibrated:
        if self.calibrated is None:
            raise CalibrationError(
                f"the model of {self.part} was never calibrated: run "
                f"`run_pipeline.py calibrate {self.part} --images DIR` with good parts"
            )
        return self.calibrated


def half_precision(networks: PartNetworks) -> PartNetworks:
    """The same networks with weights rounded as the bundle stores them, ready for inspection."""
    rounded = PartNetworks(networks.config)
    state = {key: value.cpu().half().float() for key, value in networks.state_dict().items()}
    rounded.load_state_dict(state)
    return _ready(rounded)


def rounded_context(context: ContextNetwork) -> ContextNetwork:
    """The same context network with kernels as the bundle stores them."""
    rounded = ContextNetwork()
    state = context.state_dict()
    rounded.load_state_dict({key: _as_computed(_as_stored(v)) for key, v in state.items()})
    return rounded.requires_grad_(False)


def save_bundle(
    models: Path,
    *,
    part: str,
    networks: PartNetworks,
    preparation: Preparation,
    origin: Origin,
    card: Mapping[str, Any],
    sheet: Path | None = None,
) -> Path:
    """Writes MODELS/PART as a whole or not at all; an older bundle stays until the new one is."""
    models.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{part}-", dir=models))
    state = {k: v.cpu().half().contiguous() for k, v in networks.state_dict().items()}
    save_file(state, fresh / WEIGHTS)
    write_json(
        fresh / MODEL,
        {
            "format": FORMAT,
            "part": part,
            "networks": networks.config.to_dict(),
            "preparation": preparation.to_dict(),
            "weights_sha256": sha256_of((fresh / WEIGHTS).read_bytes()),
            "frame_wh_min": list(origin.frame_wh_min),
            "frame_wh_max": list(origin.frame_wh_max),
            "held_out": list(origin.held_out),
            "trained_on": list(origin.trained_on),
        },
    )
    write_card(fresh, card)
    if sheet is not None:
        shutil.copyfile(sheet, fresh / SHEET)
    fresh.chmod(0o755)
    return _swapped_in(fresh, models / part)


def write_card(folder: Path, card: Mapping[str, Any]) -> None:
    write_json(folder / CARD, card)
    (folder / CARD_WORDS).write_text(card_words(card), encoding="utf-8")


def write_familiar(folder: Path, familiar: Heat | None) -> None:
    """Stored in half precision; None removes the file."""
    path = folder / FAMILIAR
    if familiar is None:
        path.unlink(missing_ok=True)
        return
    fresh = path.with_suffix(".new")
    save_file({"log_odds": torch.from_numpy(familiar).half()}, fresh)
    fresh.replace(path)


def write_contextual(folder: Path, contextual: Contextual, origin: Mapping[str, Any]) -> None:
    """Kernels and memories in half precision; `origin` says where the context network is from.

    What is usual stays exact: the plain signs are small differences of large numbers.
    """
    path = folder / CONTEXTUAL
    fresh = path.with_suffix(".new")
    state = {k: _as_stored(v.cpu()).contiguous() for k, v in contextual.state_dict().items()}
    state["usual"] = contextual.usual.cpu().contiguous()
    save_file(state, fresh)
    fresh.replace(path)
    said = {
        "config": contextual.config.to_dict(),
        "context_network": dict(origin),
        "sha256": sha256_of(path.read_bytes()),
    }
    write_json(folder / CONTEXTUAL_WORDS, said)


def write_verification(folder: Path, limits: VerificationLimits) -> None:
    write_json(folder / VERIFICATION, asdict(limits))


def write_calibration(folder: Path, calibrated: Calibrated) -> None:
    write_json(folder / CALIBRATION, calibrated.to_dict())


def load_bundle(models: Path, part: str) -> PartModel:
    """Reads MODELS/PART; BundleNotFound or BundleDamaged names the file and what to do."""
    folder = models / part
    if not (folder / MODEL).is_file():
        raise BundleNotFound(_not_found(models, part))
    return _loaded(folder)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Replaces a JSON file atomically."""
    fresh = path.with_name(path.name + ".new")
    with fresh.open("w", encoding="utf-8") as handle:
        json.dump(content, handle, indent=1, ensure_ascii=False)
        handle.write("\n")
        handle.flush()
        os.fsync(handle.fileno())
    fresh.replace(path)


def card_words(card: Mapping[str, Any], depth: int = 2) -> str:
    """The card as Markdown: headings for sections, one line per fact."""
    lines = [f"# Model card: {card.get('part', '')}", ""] if depth == 2 else []
    for key, value in card.items():
        title = key.replace("_", " ")
        if isinstance(value, Mapping):
            lines += ["", f"{'#' * depth} {title}", "", card_words(value, depth + 1)]
        elif isinstance(value, list | tuple):
            lines += [f"- {title}:", *(f"  - {item}" for item in value)]
        else:
            lines.append(f"- {title}: {value}")
    return "\n".join(lines) + ("\n" if depth == 2 else "")


def _loaded(folder: Path) -> PartModel:
    with _reading(folder / MODEL) as path:
        model = json.loads(path.read_text(encoding="utf-8"))
        if model["format"] != FORMAT:
            raise ValueError(
                f"format {model['format']}, this version of the program reads {FORMAT}"
            )
        networks = PartNetworks(NetworkConfig.from_dict(model["networks"]))
        preparation = Preparation(**model["preparation"])
        origin = Origin(
            trained_on=tuple(model["trained_on"]),
            held_out=tuple(model["held_out"]),
            frame_wh_min=_pair(model["frame_wh_min"]),
            frame_wh_max=_pair(model["frame_wh_max"]),
        )
        part, weights_sha256 = str(model["part"]), str(model["weights_sha256"])
    with _reading(folder / WEIGHTS) as path:
        found = sha256_of(path.read_bytes())
        if found != weights_sha256:
            raise ValueError(
                f"not the file that {MODEL} names (sha256 {found[:12]}, "
                f"expected {weights_sha256[:12]})"
            )
        state: dict[str, Tensor] = load_file(path)
        networks.load_state_dict({key: value.to(torch.float32) for key, value in state.items()})
    contextual, contextual_sha256 = _contextual(folder)
    with _reading(folder / CARD) as path:
        card = json.loads(path.read_text(encoding="utf-8"))
    return PartModel(
        part=part,
        networks=_ready(networks),
        preparation=preparation,
        origin=origin,
        weights_sha256=weights_sha256,
        calibrated=_calibrated(folder / CALIBRATION),
        verification=_verification(folder / VERIFICATION),
        contextual=contextual,
        contextual_sha256=contextual_sha256,
        familiar=_familiar(folder / FAMILIAR),
        card=card,
    )


@contextmanager
def _reading(
    path: Path, advice: str = "restore the folder or train again", *, described_by: str = MODEL
) -> Iterator[Path]:
    """Whatever is wrong with a file of a bundle is said in one line that names the file."""
    try:
        yield path
    except OSError as error:
        raise BundleDamaged(f"{path}: {error.strerror}; {advice}") from error
    except KeyError as error:
        raise BundleDamaged(f"{path}: {error} is missing; {advice}") from error
    except RuntimeError as error:  # load_state_dict lists every tensor that is missing or too many
        told = f"the tensors are not those of the networks that {described_by} describes"
        raise BundleDamaged(f"{path}: {told}; {advice}") from error
    except (InspectError, SafetensorError, TypeError, ValueError) as error:
        raise BundleDamaged(f"{path}: {error}; {advice}") from error


def _ready(networks: PartNetworks) -> PartNetworks:
    """For inspection: no gradients, and channels last, in which narrow layers run faster."""
    networks.eval().requires_grad_(False)
    channels_last(networks)
    return networks


def _calibrated(path: Path) -> Calibrated | None:
    if not path.exists():
        return None
    with _reading(path, advice="delete this file and calibrate again"):
        said = json.loads(path.read_text(encoding="utf-8"))
        return Calibrated(
            calibration=Calibration.from_dict(said["calibration"]),
            limits=Limits.from_dict(said["limits"]),
        )


def _verification(path: Path) -> VerificationLimits:
    if not path.exists():
        return LEFT_TO_PEOPLE
    with _reading(path):
        return VerificationLimits(**json.loads(path.read_text(encoding="utf-8")))


def _familiar(path: Path) -> Heat | None:
    if not path.exists():
        return None
    with _reading(path):
        heat: Heat = load_file(path)["log_odds"].to(torch.float32).numpy()
        return heat


def _contextual(folder: Path) -> tuple[Contextual | None, str | None]:
    if not (folder / CONTEXTUAL_WORDS).exists():
        return None, None
    with _reading(folder / CONTEXTUAL_WORDS) as path:
        said = json.loads(path.read_text(encoding="utf-8"))
        config = ContextualConfig.from_dict(said["config"])
        wanted = str(said["sha256"])
    with _reading(folder / CONTEXTUAL, described_by=CONTEXTUAL_WORDS) as path:
        if (found := sha256_of(path.read_bytes())) != wanted:
            raise ValueError(f"sha256 {found[:12]}, {CONTEXTUAL_WORDS} names {wanted[:12]}")
        contextual = Contextual(config, ContextNetwork())
        state: dict[str, Tensor] = load_file(path)
        contextual.load_state_dict({key: _as_computed(value) for key, value in state.items()})
    contextual.eval().requires_grad_(False)
    channels_last(contextual)
    return contextual, wanted


def _as_stored(value: Tensor) -> Tensor:
    """Kernels and memories in half precision; norms stay, their variances may be tiny."""
    return value.half() if value.is_floating_point() and value.dim() > 1 else value


def _as_computed(value: Tensor) -> Tensor:
    return value.float() if value.is_floating_point() else value


def _pair(values: list[int]) -> tuple[int, int]:
    first, second = values
    return int(first), int(second)


def _swapped_in(fresh: Path, place: Path) -> Path:
    old = place.with_name(f".{place.name}-old")
    if place.exists():
        shutil.rmtree(old, ignore_errors=True)
        place.rename(old)
    fresh.rename(place)
    shutil.rmtree(old, ignore_errors=True)
    return place


def _not_found(models: Path, part: str) -> str:
    known = sorted(p.parent.name for p in models.glob(f"*/{MODEL}")) if models.is_dir() else []
    have = f"it holds {', '.join(known)}" if known else "it holds no model at all"
    return (
        f"no model of part {part!r} in {models} ({have}): train it with "
        f"`run_pipeline.py train {part} --images DIR`, or name another folder with --models"
    )
