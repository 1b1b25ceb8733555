"""The state of a running training in one safetensors file, replaced atomically.

A kill at any moment leaves the previous checkpoint whole; the words beside the tensors (phase,
step, seconds used) travel in the file's own header, so that the two can never disagree.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from inspect_pipeline.errors import ModelError

FILE_NAME = "checkpoint.safetensors"


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a run stands: `settings` is what the run was started with and must not change."""

    settings: dict[str, object]
    phase: str
    step: int
    phase_seconds: float
    seconds_by_phase: dict[str, float]
    steps_by_phase: dict[str, int]
    final_losses: dict[str, dict[str, float]]


def save_checkpoint(
    folder: Path,
    progress: Progress,
    modules: Mapping[str, nn.Module],
    tensors: Mapping[str, Tensor],
) -> None:
    everything = {f"phase/{key}": value for key, value in tensors.items()}
    for name, module in modules.items():
        everything |= {f"{name}/{key}": value for key, value in module.state_dict().items()}
    plain = {key: value.detach().cpu().contiguous().clone() for key, value in everything.items()}
    path = folder / FILE_NAME
    fresh = path.with_suffix(".new")
    save_file(plain, fresh, metadata={"progress": json.dumps(asdict(progress))})
    with fresh.open("rb") as handle:
        os.fsync(handle.fileno())
    fresh.replace(path)


def load_progress(folder: Path) -> Progress | None:
    """None where no checkpoint was written yet; ModelError where the file cannot be read."""
    path = folder / FILE_NAME
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as handle:
            return Progress(**json.loads((handle.metadata() or {})["progress"]))
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"{path}: not a checkpoint of this program ({error}); delete {folder} to start afresh"
        ) from error


def load_tensors(folder: Path) -> dict[str, Tensor]:
    with safe_open(folder / FILE_NAME, framework="pt") as handle:
        return {key: handle.get_tensor(key) for key in handle.keys()}  # noqa: SIM118 - not a dict


def load_modules(tensors: Mapping[str, Tensor], modules: Mapping[str, nn.Module]) -> None:
    for name, module in modules.items():
        module.load_state_dict(tensors_below(tensors, f"{name}/"))


def tensors_below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose names begin with the prefix, without it."""
    return {key[len(prefix) :]: t for key, t in tensors.items() if key.startswith(prefix)}
