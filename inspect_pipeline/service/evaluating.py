"""A model against a data set in MVTec layout: scores, maps and a page with pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from inspect_pipeline.capture.folder import FolderCamera
from inspect_pipeline.errors import TrainingDataError
from inspect_pipeline.inspector import Inspector
from inspect_pipeline.records import Inspection, Mask, Outcome, UnreadableFrame
from inspect_pipeline.stages.fitness import unfit_reason

GOOD = "good"


@dataclass(frozen=True, kw_only=True)
class LabelledImage:
    """One picture of the test set: `name` is its path below the data folder."""

    name: str
    kind: str
    path: Path
    mask_path: Path | None

    @property
    def label(self) -> int:
        return int(self.kind != GOOD)

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


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluated:
    """`rejected`: failed, or not fit to be inspected (then scored all the same)."""

    image: LabelledImage
    inspection: Inspection
    rejected: bool


def evaluated(inspector: Inspector, images: Sequence[LabelledImage]) -> Iterator[Evaluated]:
    """Each test picture with its result, in order.

    A picture that cannot be read ends the evaluation: a test set should be clean.
    """
    for image in images:
        camera = FolderCamera(
            image.path, line_id="evaluation", camera_id="test set", part=inspector.part.name
        )
        captured = next(iter(camera.frames()))
        if isinstance(captured, UnreadableFrame):
            raise TrainingDataError(captured.unfit.detail)
        inspection = inspector.judged(captured, keep_pictures=True)
        unfit = unfit_reason(captured, inspector.fitness) is not None
        rejected = unfit or inspection.outcome is Outcome.FAILED
        yield Evaluated(image=image, inspection=inspection, rejected=rejected)


def _labelled(data: Path, path: Path) -> LabelledImage:
    name = path.relative_to(data)
    if len(name.parts) < 3:
        raise TrainingDataError(f"{path} lies directly in test/: put it into test/<kind>/")
    kind = name.parts[1]
    mask = data / "ground_truth" / kind / f"{path.stem}_mask.png"
    return LabelledImage(
        name=name.as_posix(), kind=kind, path=path, mask_path=mask if mask.is_file() else None
    )
