"""From the rows of an evaluation to its figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from inspect_pipeline.measures import PixelFigures, average_precision
from inspect_pipeline.reports.gallery import EvaluatedImage
from inspect_pipeline.reports.ranking import Rate, auroc, rate


@dataclass(frozen=True, kw_only=True)
class KindLine:
    """One kind of defect against all good pictures."""

    kind: str
    auroc: float | None
    detections: Rate


@dataclass(frozen=True, kw_only=True)
class EvaluationFigures:
    """Image figures are None where good or defective pictures are missing, pixel figures where the
    ground truth marks nothing; kinds in alphabetical order."""

    auroc: float | None
    average_precision: float | None
    false_alarms: Rate
    detections: Rate
    kinds: tuple[KindLine, ...]
    pixels: PixelFigures


def figures_of(rows: Sequence[EvaluatedImage], pixels: PixelFigures) -> EvaluationFigures:
    good, defective = by_label(rows)
    good_scores = [image.score for image in good]
    return EvaluationFigures(
        auroc=auroc(good_scores, [image.score for image in defective]),
        average_precision=average_precision(
            [image.label for image in rows], [image.score for image in rows]
        ),
        false_alarms=_failed(good),
        detections=_failed(defective),
        kinds=tuple(
            _kind_line(kind, defective, good_scores)
            for kind in sorted({image.kind for image in defective})
        ),
        pixels=pixels,
    )


def figures_as_json(figures: EvaluationFigures) -> dict[str, Any]:
    """Plain numbers under the names that the field uses; null where a figure is not defined."""
    pixels = figures.pixels
    return {
        "image_AUROC": figures.auroc,
        "image_AP": figures.average_precision,
        "pixel_AUROC": pixels.auroc,
        "pixel_AP": pixels.average_precision,
        "AUPRO": pixels.aupro,
        "regions": pixels.regions,
        "false_alarms": _rate_as_json(figures.false_alarms),
        "detections": _rate_as_json(figures.detections),
        "image_AUROC_by_kind": {line.kind: line.auroc for line in figures.kinds},
        "detections_by_kind": {line.kind: _rate_as_json(line.detections) for line in figures.kinds},
    }


def by_label(
    rows: Iterable[EvaluatedImage],
) -> tuple[list[EvaluatedImage], list[EvaluatedImage]]:
    """Good ones, defective ones."""
    rows = list(rows)
    good = [image for image in rows if image.label == 0]
    return good, [image for image in rows if image.label == 1]


def _rate_as_json(found: Rate) -> dict[str, Any]:
    return {**asdict(found), "share": found.share}


def _failed(images: Sequence[EvaluatedImage]) -> Rate:
    return rate(sum(image.decision for image in images), len(images))


def _kind_line(
    kind: str, defective: Iterable[EvaluatedImage], good_scores: Sequence[float]
) -> KindLine:
    ours = [image for image in defective if image.kind == kind]
    return KindLine(
        kind=kind,
        auroc=auroc(good_scores, [image.score for image in ours]),
        detections=_failed(ours),
    )
