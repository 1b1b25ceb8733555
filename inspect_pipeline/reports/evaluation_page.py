"""What an evaluation leaves for people: figures, histogram, ROC curve and a gallery on one page.

OUT/index.html       the page; it needs the pictures beside it and nothing else
OUT/pictures/*.png   the gallery
OUT/figures.json     the figures of the page as plain numbers
OUT/scores.csv       image,label,score,decision: one line per picture
OUT/maps/NAME.tiff   raw scores of every pixel, written while the evaluation runs
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from inspect_pipeline.errors import UsageError
from inspect_pipeline.measures import MAX_SIDE_PX, PRO_LIMIT, PixelFigures
from inspect_pipeline.reports.drawing import HeatScale
from inspect_pipeline.reports.evaluation_figures import (
    EvaluationFigures,
    by_label,
    figures_as_json,
    figures_of,
)
from inspect_pipeline.reports.evaluation_files import write_scores
from inspect_pipeline.reports.exhibits import write_exhibits
from inspect_pipeline.reports.gallery import EvaluatedImage, Gallery
from inspect_pipeline.reports.pages import rendered, write_page
from inspect_pipeline.reports.plots import AREA, HistogramPlot, RocPlot, histogram_plot, roc_plot
from inspect_pipeline.reports.ranking import histogram, roc_curve

PAGE, FIGURES = "index.html", "figures.json"


@dataclass(frozen=True, kw_only=True)
class EvaluationHead:
    """What was evaluated, and how its scores are to be read."""

    title: str
    created_at: datetime
    threshold: float  # raw score above which a frame has a region
    scale: HeatScale
    facts: Mapping[str, str] = field(default_factory=dict)  # lines such as part, model, folder
    left_out: Mapping[str, str] = field(default_factory=dict)  # pictures without a score: why


def write_evaluation(
    out: Path,
    rows: Sequence[EvaluatedImage],
    *,
    head: EvaluationHead,
    gallery: Gallery,
    pixels: PixelFigures,
) -> EvaluationFigures:
    """Writes scores.csv, the pictures, the page and its figures, which it returns.

    UsageError without any row, or where OUT cannot be written. Files of an evaluation that wrote
    to OUT before are replaced.
    """
    if not rows:
        raise UsageError(f"no picture was evaluated, so there is no page to write to {out}")
    write_scores(out, rows)
    figures = figures_of(rows, pixels)
    write_page(out / FIGURES, json.dumps(figures_as_json(figures), indent=1) + "\n")
    page = rendered(
        "evaluation.html.j2",
        {
            "head": head,
            "area": AREA,
            "figures": figures,
            "pro_limit": PRO_LIMIT,
            "max_side_px": MAX_SIDE_PX,
            "histogram": _histogram(rows, head.threshold),
            "roc": _roc(rows, figures),
            "groups": write_exhibits(out, gallery, head.scale),
        },
    )
    write_page(out / PAGE, page)
    return figures


def _histogram(rows: Sequence[EvaluatedImage], threshold: float) -> HistogramPlot:
    good, defective = ([image.score for image in images] for images in by_label(rows))
    return histogram_plot(histogram(good, defective, include=threshold), threshold=threshold)


def _roc(rows: Sequence[EvaluatedImage], figures: EvaluationFigures) -> RocPlot | None:
    """None where there is nothing to tell apart."""
    alarms, found = figures.false_alarms.share, figures.detections.share
    if alarms is None or found is None:
        return None
    good, defective = ([image.score for image in images] for images in by_label(rows))
    return roc_plot(roc_curve(good, defective), working_point=(alarms, found))
