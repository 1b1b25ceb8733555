"""The results file of a ladder: one JSON per data set, a run per variant and seed.

    {"format": 1,
     "data": {"name", "train", "held_out", "test_good", "test_defective", "pictures_sha256"},
     "settings": {"budget_minutes", "steps", "options", "test_pictures"},
     "runs": [{"variant", "says", "seed", "options", "command", "commit", "date", "machine",
               "fit_seconds", "figures", "calibration", "verification", "fidelity",
               "seconds_per_picture", "parameters"}]}

All runs of a file are of one data set and one budget; the file is replaced as a whole after each.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from inspect_pipeline.bundle import write_json
from inspect_pipeline.errors import UsageError

FORMAT = 1
ROOT = Path(__file__).parents[2]


@dataclass(kw_only=True)
class Results:
    path: Path
    content: dict[str, Any]

    def has(self, variant: str, seed: int) -> bool:
        return any(run["variant"] == variant and run["seed"] == seed for run in self.runs)

    @property
    def runs(self) -> list[dict[str, Any]]:
        runs: list[dict[str, Any]] = self.content["runs"]
        return runs

    def add(self, run: Mapping[str, Any]) -> None:
        self.runs.append(dict(run))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_json(self.path, self.content)


def open_results(path: Path, *, data: Mapping[str, Any], settings: Mapping[str, Any]) -> Results:
    """What the file holds already, or nothing; UsageError where it is of other data or settings."""
    wanted: dict[str, Any] = json.loads(
        json.dumps({"data": dict(data), "settings": dict(settings)})
    )
    if not path.exists():
        return Results(path=path, content={"format": FORMAT, **wanted, "runs": []})
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        kept = {key: content[key] for key in wanted}
        runs_are_there = content["format"] == FORMAT and isinstance(content["runs"], list)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} is no results file of the ladder ({error}): move it") from error
    if not runs_are_there:
        raise UsageError(f"{path} is a results file of another format: move it")
    if kept != wanted:
        other = [
            name
            for key in wanted
            for name in wanted[key]
            if kept[key].get(name) != wanted[key][name]
        ]
        raise UsageError(
            f"{path} holds figures of another {', '.join(other) or 'ladder'}: name another file "
            "with --results, or move this one"
        )
    return Results(path=path, content=content)


def provenance(command: str) -> dict[str, Any]:
    """What a figure must name to be believed: command, commit, date and kind of machine."""
    return {
        "command": command,
        "commit": commit(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
    }


def commit() -> str | None:
    """Of the project, `-dirty` where files differ from it; None outside a git checkout."""
    words = [
        "git",
        "-C",
        str(ROOT),
        "describe",
        "--always",
        "--dirty",
        "--abbrev=40",
        "--exclude=*",
    ]
    try:
        told = subprocess.run(words, capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return None
    return told.stdout.strip()


def machine() -> dict[str, Any]:
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()
