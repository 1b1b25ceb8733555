"""`python -m inspect_pipeline.training.base OUT.safetensors`: makes context weights from nothing.

The weights that are shipped as `base` were made in this way (docs/decisions/0008).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from inspect_pipeline.errors import ModelError, UsageError
from inspect_pipeline.networks.context import ContextNetwork
from inspect_pipeline.training.base.pretraining import (
    Losses,
    PretrainingPlan,
    forget,
    pretrain,
    write_weights,
)

FAILED, INTERRUPTED = 1, 130
SMOOTHING = 0.95


def main() -> None:
    """Says what it will do, learns with a bar, writes the file and says its hash."""
    parser = argparse.ArgumentParser(prog="inspect_pipeline.training.base", description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT.safetensors")
    parser.add_argument("--steps", type=int, default=PretrainingPlan.steps)
    parser.add_argument("--pictures", type=int, default=PretrainingPlan.pictures)
    parser.add_argument("--seed", type=int, default=PretrainingPlan.seed)
    asked = parser.parse_args()
    try:
        out = _fresh(asked.out)
        plan = PretrainingPlan(steps=asked.steps, pictures=asked.pictures, seed=asked.seed)
    except UsageError as error:
        parser.error(str(error))
    torch.set_num_threads(1)  # several would add in another order: other weights for the same seed
    cv2.setNumThreads(1)
    screen, folder = Console(), out.with_name(f"{out.stem}-training")
    for sentence in _sentences(plan, out, folder):
        screen.print(f"- {sentence}", highlight=False, soft_wrap=True)
    try:
        network = _with_bar(plan, folder)
        found = write_weights(network, out)
    except KeyboardInterrupt:
        screen.print("interrupted: nothing is lost, the same command goes on")
        raise SystemExit(INTERRUPTED) from None
    except ModelError as error:
        screen.print(str(error), highlight=False, markup=False, soft_wrap=True)
        raise SystemExit(FAILED) from None
    forget(folder)
    screen.print(f"{out}: sha256 {found}", highlight=False, markup=False, soft_wrap=True)


def _fresh(out: Path) -> Path:
    if out.suffix != ".safetensors":
        raise UsageError(f"{out}: weights are written as .safetensors, give such a name")
    if out.exists():
        raise UsageError(f"{out} exists: give another name, or remove it")
    return out


def _sentences(plan: PretrainingPlan, out: Path, folder: Path) -> list[str]:
    return [
        f"draws up to {plan.pictures} pictures of seed {plan.seed} from formulas, "
        f"{plan.picture_px} px wide; no file is read",
        f"learns for {plan.steps} steps of {plan.episodes} episodes with {plan.views} views of "
        f"{plan.view_px} px, on one thread: about a second each",
        f"keeps its state in {folder}; Ctrl-C loses nothing, the same command goes on",
        f"writes {out}, made for pictures in [-1, 1]; `training/backbone.py` knows such weights "
        "by their hash and takes others for ImageNet's",
    ]


def _with_bar(plan: PretrainingPlan, folder: Path) -> ContextNetwork:
    smooth: dict[str, float] = {}
    with Progress(
        TextColumn("pretraining"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
        console=Console(stderr=True),
    ) as bars:
        task = bars.add_task("", total=plan.steps)

        def told(done: int, losses: Losses) -> None:
            for name, value in (("memory", losses.memory), ("identity", losses.identity)):
                before = smooth.get(name, value)
                smooth[name] = SMOOTHING * before + (1 - SMOOTHING) * value
            words = ", ".join(f"{name} {value:.3f}" for name, value in smooth.items())
            bars.update(task, completed=done, description=words)

        return pretrain(plan, folder, told=told)


if __name__ == "__main__":
    main()
