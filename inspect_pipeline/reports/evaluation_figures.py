"""From the rows of an evaluation to its figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

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
    """`auroc` is None where good or defective pictures are missing; kinds in alphabetical order."""

    auroc: float | None
    false_alarms: Rate
    detections: Rate
    kinds: tuple[KindLine, ...]


def figures_of(rows: Sequence[EvaluatedImage]) -> EvaluationFigures:
    good, defective = by_label(rows)
    good_scores = [image.score for image in good]
    return EvaluationFigures(
        auroc=auroc(good_scores, [image.score for image in defective]),
        false_alarms=_failed(good),
        detections=_failed(defective),
        kinds=tuple(
            _kind_line(kind, defective, good_scores)
            for kind in sorted({image.kind for image in defective})
        ),
    )


def by_label(
    rows: Iterable[EvaluatedImage],
) -> tuple[list[EvaluatedImage], list[EvaluatedImage]]:
    """Good ones, defective ones."""
    rows = list(rows)
    good = [image for image in rows if image.label == 0]
    return good, [image for image in rows if image.label == 1]


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
