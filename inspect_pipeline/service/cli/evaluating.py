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
        Path,
        typer.Option(
            "--out", metavar="DIR", help="Gets scores.csv, maps/, figures.json, index.html."
        ),
    ],
    models: Models = DEFAULT_MODELS,
    plant: PlantFile = None,
) -> None:
    """Score every test picture of a data set whose truth is known, and draw what went wrong.

    OUT/scores.csv has a raw score and a decision per picture, OUT/maps/ the raw map of each picture
    (float32 TIFF), OUT/figures.json the figures, OUT/index.html the same for people with the worst
    misses and the worst false alarms. Nothing is tuned on these pictures: the threshold is the
    model's.
    """
    from inspect_pipeline.service.build import build_inspector
    from inspect_pipeline.service.cli.inspecting import part_settings
    from inspect_pipeline.service.evaluating import evaluate_model, labelled_images

    inspector = build_inspector(models, part_settings(part, plant))
    images = labelled_images(data)
    watched = counted(images, len(images), f"evaluating {part}")
    figures = evaluate_model(inspector, data, out, images=watched)
    screen = console()
    pixels = figures.pixels
    for what, named in (
        ("image", {"AUROC": figures.auroc, "AP": figures.average_precision}),
        ("pixel", {"AUROC": pixels.auroc, "AP": pixels.average_precision, "AUPRO": pixels.aupro}),
    ):
        told = (f"{name} {_figure(value)}" for name, value in named.items())
        screen.print(f"{what} {', '.join(told)}", highlight=False)
    for what, rate in (("false alarms", figures.false_alarms), ("detections", figures.detections)):
        share = "none to judge" if rate.share is None else f"{rate.share:.1%}"
        interval = f"95 % interval {rate.low:.1%} to {rate.high:.1%}"
        screen.print(f"{what}: {rate.count} of {rate.of}, {share} ({interval})", highlight=False)
    screen.print(f"page: {out / 'index.html'}", highlight=False)


def _figure(value: float | None) -> str:
    return "not defined" if value is None else f"{value:.3f}"
