"""Draws what the ladder left of one data set: scores, ROC and PRO curves, regions, verification.

    python -m benchmarks.accuracy_plots DATA RESULTS [--ladder out/ladder/NAME] [--out DIR]

DATA is the data set, RESULTS its results file, --ladder the --out of `benchmarks.accuracy`.
Only numbers are drawn, never a test picture.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from inspect_pipeline.errors import InspectError, UsageError
from inspect_pipeline.measures import PRO_LIMIT, PixelTally
from inspect_pipeline.reports.evaluation_files import map_path
from inspect_pipeline.reports.ranking import roc_curve
from inspect_pipeline.service.evaluating import LabelledImage, labelled_images

TELLING = ("system_pretrained", "system")  # the first there is: its scores and regions
GOOD_TONE, BAD_TONE, PLAIN_TONE = "#2b6cb0", "#c05621", "#718096"
BINS = 30


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("--ladder", type=Path)
    parser.add_argument("--out", type=Path, default=Path("docs/pictures"))
    asked = parser.parse_args()
    try:
        ladder = asked.ladder or Path("out/ladder") / asked.data.resolve().name
        print(draw(asked.data, asked.results, ladder, asked.out))
    except InspectError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def draw(data: Path, results: Path, ladder: Path, out: Path) -> Path:
    """The picture's path. UsageError where the results or the scores behind them are missing."""
    runs = _first_seed(results)
    told = next((name for name in TELLING if name in runs), None)
    if told is None:
        raise UsageError(f"{results} has no run of {' or '.join(TELLING)}: climb the ladder first")
    name = data.resolve().name
    images = labelled_images(data)
    figure = Figure(figsize=(11, 8), layout="constrained")
    panels = figure.subplots(2, 2)
    figure.suptitle(name.replace("_", " "))
    places = {run: ladder / run / f"seed-{runs[run]['seed']}" for run in runs}
    _histogram(panels[0, 0], _scores(places[told]), runs[told], told)
    for run, place in places.items():
        _roc(panels[0, 1], _scores(place), run)
        _pro(panels[1, 0], images, place, run)
    _labelled(panels[0, 1], "ROC of pictures", "false-alarm rate", "detection rate")
    _labelled(
        panels[1, 0], "overlap with defects (PRO)", "false-positive rate of pixels", "overlap"
    )
    _regions(panels[1, 1], runs[told]["verification"], told)
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"accuracy_{name}.png"
    figure.savefig(path, dpi=80)
    return path


def _first_seed(results: Path) -> dict[str, dict[str, Any]]:
    try:
        runs = json.loads(results.read_text(encoding="utf-8"))["runs"]
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(f"{results} is no results file of the ladder ({error})") from error
    kept: dict[str, dict[str, Any]] = {}
    for run in runs:
        kept.setdefault(run["variant"], run)
    return kept


def _scores(place: Path) -> tuple[list[float], list[float]]:
    """Of good and of defective pictures."""
    path = place / "scores.csv"
    if not path.exists():
        raise UsageError(f"{path} is not there: --ladder must be the --out of benchmarks.accuracy")
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    good, bad = ([float(r["score"]) for r in rows if r["label"] == label] for label in ("0", "1"))
    return good, bad


def _histogram(
    panel: Axes, scores: tuple[list[float], list[float]], run: dict[str, Any], name: str
) -> None:
    edges = np.histogram_bin_edges([*scores[0], *scores[1]], BINS)
    for values, tone, said in zip(
        scores, (GOOD_TONE, BAD_TONE), ("good", "defective"), strict=True
    ):
        shares = np.full(len(values), 1 / max(1, len(values)))
        panel.hist(values, list(edges), weights=shares, color=tone, alpha=0.6, label=said)
    for one, style in zip(run["calibration"], ("-", "--"), strict=False):
        said = f"threshold for {one['budget']:.0%}"
        panel.axvline(one["threshold"], color="black", linestyle=style, label=said)
    _labelled(panel, f"scores of {name}", "score (log-odds)", "share of pictures")


def _roc(panel: Axes, scores: tuple[list[float], list[float]], name: str) -> None:
    alarms, found = zip(*roc_curve(*scores), strict=True)
    panel.plot(alarms, found, label=name)


def _pro(panel: Axes, images: Sequence[LabelledImage], place: Path, name: str) -> None:
    tally = PixelTally()
    for image in images:
        with Image.open(map_path(place, image.name)) as heat:
            tally.add(np.asarray(heat, dtype=np.float32), image.mask())
    rate, overlap = tally.pro_curve()
    thinned = np.unique(np.linspace(0, len(rate) - 1, 400).astype(int))
    panel.plot(rate[thinned], overlap[thinned], label=name)
    panel.set_xlim(0, PRO_LIMIT)


def _regions(panel: Axes, verification: dict[str, Any] | None, name: str) -> None:
    if verification is None:
        raise UsageError(f"the run of {name} has no verification")
    for kind, tone in (("alone", PLAIN_TONE), ("verified", GOOD_TONE)):
        points = [one[kind] for one in verification["curve"] if one[kind]["precision"] is not None]
        recalls = [one["recall"] for one in points]
        panel.plot(recalls, [one["precision"] for one in points], "o-", color=tone, label=kind)
    _labelled(
        panel,
        f"regions of {name}",
        "share of defective pictures hit",
        "share of regions that are defects",
    )


def _labelled(panel: Axes, title: str, x: str, y: str) -> None:
    panel.set_title(title)
    panel.set_xlabel(x)
    panel.set_ylabel(y)
    panel.legend(fontsize="small")
    panel.grid(visible=True, alpha=0.3)


if __name__ == "__main__":
    sys.exit(main())
