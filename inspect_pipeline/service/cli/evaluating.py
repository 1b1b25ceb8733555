"""`evaluate`: a model proves itself on pictures whose truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inspect_pipeline.service.cli.options import (
    DEFAULT_MODELS,
    Models,
    PartName,
    PlantFile,
    console,
    counted,
)


def evaluate(
    part: PartName,
    data: Annotated[
        Path,
        typer.Option(
            "--data", metavar="DIR", help="Data set in MVTec layout: test/, ground_truth/."
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Gets scores.csv, maps/ and index.html.")
    ],
    models: Models = DEFAULT_MODELS,
    plant: PlantFile = None,
) -> None:
    """Score every test picture of a data set whose truth is known, and draw what went wrong.

    OUT/scores.csv has a raw score and a decision per picture, OUT/maps/ the raw map of each picture
    (float32 TIFF), OUT/index.html the figures, the worst misses and the worst false alarms. Nothing
    is tuned on these pictures: the threshold is the model's.
    """
    from inspect_pipeline.service.build import build_inspector
    from inspect_pipeline.service.cli.inspecting import part_settings
    from inspect_pipeline.service.evaluating import evaluate_model, labelled_images

    inspector = build_inspector(models, part_settings(part, plant))
    images = labelled_images(data)
    watched = counted(images, len(images), f"evaluating {part}")
    figures = evaluate_model(inspector, data, out, images=watched)
    screen = console()
    auroc = "not defined" if figures.auroc is None else f"{figures.auroc:.3f}"
    screen.print(f"image AUROC {auroc}", highlight=False)
    for what, rate in (("false alarms", figures.false_alarms), ("detections", figures.detections)):
        share = "none to judge" if rate.share is None else f"{rate.share:.1%}"
        interval = f"95 % interval {rate.low:.1%} to {rate.high:.1%}"
        screen.print(f"{what}: {rate.count} of {rate.of}, {share} ({interval})", highlight=False)
    screen.print(f"page: {out / 'index.html'}", highlight=False)
