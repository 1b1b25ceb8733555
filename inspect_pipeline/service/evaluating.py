"""A model against a data set in MVTec layout: scores, maps and a page with pictures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from PIL import Image

from inspect_pipeline.capture.folder import FolderCamera
from inspect_pipeline.errors import TrainingDataError
from inspect_pipeline.inspector import Inspector
from inspect_pipeline.measures import PixelTally
from inspect_pipeline.records import Mask, Outcome, UnreadableFrame
from inspect_pipeline.reports.drawing import scale_for
from inspect_pipeline.reports.evaluation_figures import EvaluationFigures
from inspect_pipeline.reports.evaluation_files import write_map
from inspect_pipeline.reports.evaluation_page import EvaluationHead, write_evaluation
from inspect_pipeline.reports.gallery import EvaluatedImage, Gallery
from inspect_pipeline.stages.fitness import unfit_reason

GOOD = "good"


@dataclass(frozen=True, kw_only=True)
class LabelledImage:
    """One picture of the test set: `name` is its path below the data folder."""

    name: str
    kind: str
    path: Path
    mask_path: Path | None

    def mask(self) -> Mask | None:
        """Ground truth (H, W), None where there is none: a good part, or no mask file."""
        if self.mask_path is None:
            return None
        return np.asarray(Image.open(self.mask_path).convert("L")) > 127


def labelled_images(data: Path) -> list[LabelledImage]:
    """Every picture below DATA/test; TrainingDataError where the layout is not MVTec's."""
    test = data / "test"
    if not test.is_dir():
        raise TrainingDataError(
            f"{data} has no folder test/: expected MVTec layout with test/good, test/<kind> and "
            "ground_truth/<kind>/<name>_mask.png"
        )
    camera = FolderCamera(test, line_id="evaluation", camera_id="test set", part="test")
    return [_labelled(data, path) for path in camera.paths()]


def evaluate_model(
    inspector: Inspector, data: Path, out: Path, *, images: Iterable[LabelledImage]
) -> EvaluationFigures:
    """Scores every picture, writes its map at once, and the page at the end.

    A frame that is not fit is scored all the same and counts as rejected. A picture that cannot be
    read ends the evaluation: a test set should be clean. Of maps only small copies stay in memory.
    """
    gallery, tally = Gallery(), PixelTally()
    rows = []
    for image in images:
        evaluated = _evaluated(inspector, image)
        assert evaluated.pictures is not None, f"{image.name} was inspected without pictures"
        write_map(out, image.name, evaluated.pictures.heat)
        tally.add(evaluated.pictures.heat, evaluated.truth)
        rows.append(gallery.offer(evaluated))
    return write_evaluation(
        out, rows, head=_head(inspector, data), gallery=gallery, pixels=tally.figures()
    )


def _evaluated(inspector: Inspector, image: LabelledImage) -> EvaluatedImage:
    camera = FolderCamera(
        image.path, line_id="evaluation", camera_id="test set", part=inspector.part.name
    )
    captured = next(iter(camera.frames()))
    if isinstance(captured, UnreadableFrame):
        raise TrainingDataError(captured.unfit.detail)
    inspection = inspector.judged(captured, keep_pictures=True)
    assert inspection.raw_score is not None, f"{image.name} was inspected without a score"
    unfit = unfit_reason(captured, inspector.fitness) is not None
    return EvaluatedImage(
        name=image.name,
        kind=image.kind,
        label=int(image.kind != GOOD),
        score=inspection.raw_score,
        decision=int(unfit or inspection.outcome is Outcome.FAILED),
        pictures=inspection.pictures,
        truth=image.mask(),
    )


def _head(inspector: Inspector, data: Path) -> EvaluationHead:
    calibration, limits = inspector.calibration, inspector.limits
    return EvaluationHead(
        title=f"Evaluation of {inspector.part.name}",
        created_at=datetime.now(UTC),
        threshold=limits.threshold,
        scale=scale_for(threshold=limits.threshold, typical=limits.low_threshold),
        facts={
            "part": inspector.part.name,
            "data": data.name,
            "model": inspector.standard.model_id[:12],
            "false-alarm budget": f"{calibration.budget:.2%}",
            "held-out good parts": str(len(calibration.scores)),
        },
    )


def _labelled(data: Path, path: Path) -> LabelledImage:
    name = path.relative_to(data)
    if len(name.parts) < 3:
        raise TrainingDataError(f"{path} lies directly in test/: put it into test/<kind>/")
    kind = name.parts[1]
    mask = data / "ground_truth" / kind / f"{path.stem}_mask.png"
    return LabelledImage(
        name=name.as_posix(), kind=kind, path=path, mask_path=mask if mask.is_file() else None
    )
