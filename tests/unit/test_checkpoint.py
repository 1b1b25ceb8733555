"""The state of a running training: whole after any kill, and refused when it is not ours."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from inspect_pipeline.errors import ModelError
from inspect_pipeline.training.checkpoint import (
    FILE_NAME,
    Progress,
    load_modules,
    load_progress,
    load_tensors,
    save_checkpoint,
    tensors_below,
)

PROGRESS = Progress(
    settings={"options": {"seed": 1, "scale": None}, "train_count": 12},
    phase="encoder",
    step=41,
    phase_seconds=12.5,
    seconds_by_phase={"generator": 60.1},
    steps_by_phase={"generator": 300},
    final_losses={"generator": {"L1": 0.1}},
)


def saved(folder: Path, module: nn.Module, progress: Progress = PROGRESS) -> None:
    save_checkpoint(folder, progress, {"networks": module}, {"codes": torch.arange(3)})


def test_progress_and_weights_come_back_as_they_were(tmp_path: Path) -> None:
    first, second = nn.Linear(3, 2), nn.Linear(3, 2)
    saved(tmp_path, first)

    tensors = load_tensors(tmp_path)
    load_modules(tensors, {"networks": second})

    assert load_progress(tmp_path) == PROGRESS
    assert torch.equal(first.weight, second.weight)
    assert tensors_below(tensors, "phase/")["codes"].tolist() == [0, 1, 2]


def test_a_newer_checkpoint_replaces_the_older_one(tmp_path: Path) -> None:
    module = nn.Linear(3, 2)
    saved(tmp_path, module)
    saved(tmp_path, module, replace(PROGRESS, step=42))

    progress = load_progress(tmp_path)

    assert progress is not None
    assert progress.step == 42
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


def test_a_half_written_checkpoint_leaves_the_one_before(tmp_path: Path) -> None:
    saved(tmp_path, nn.Linear(3, 2))
    (tmp_path / FILE_NAME).with_suffix(".new").write_bytes(b"half")

    assert load_progress(tmp_path) == PROGRESS


def test_a_tensor_of_any_layout_is_saved(tmp_path: Path) -> None:
    module = nn.Conv2d(4, 4, 3).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    other = nn.Conv2d(4, 4, 3)
    saved(tmp_path, module)

    load_modules(load_tensors(tmp_path), {"networks": other})

    assert torch.equal(module.weight, other.weight)


def test_a_run_that_never_saved_has_no_progress(tmp_path: Path) -> None:
    assert load_progress(tmp_path) is None


def test_a_damaged_checkpoint_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"no checkpoint at all")

    with pytest.raises(ModelError, match=f"{FILE_NAME}: not a checkpoint .* delete {tmp_path}"):
        load_progress(tmp_path)


@pytest.mark.parametrize("said", [None, {"progress": "{}"}, {"progress": "[1"}])
def test_a_checkpoint_without_our_words_is_refused(
    tmp_path: Path, said: dict[str, str] | None
) -> None:
    save_file({"a": torch.zeros(1)}, tmp_path / FILE_NAME, metadata=said)

    with pytest.raises(ModelError, match="not a checkpoint of this program"):
        load_progress(tmp_path)


def test_names_below_a_prefix_lose_it() -> None:
    tensors = {"phase/a": torch.ones(1), "phase/b/c": torch.zeros(1), "networks/a": torch.ones(2)}

    assert list(tensors_below(tensors, "phase/")) == ["a", "b/c"]
