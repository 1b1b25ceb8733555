"""Does the part lie where it should? A picture is laid over one of a good part in its place."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from inspect_pipeline.records import Picture
from inspect_pipeline.stages.prepare import as_channels, resized

Grey = npt.NDArray[np.float32]

COMPARED_PX = 256  # the longer side while two pictures are laid over each other
_FLAT = 1e-3


@dataclass(frozen=True, kw_only=True)
class Placement:
    """How far the part lies from its place, right and down, and how alike it then looks: -1 to 1.

    `likeness` is the correlation of grey levels where the two overlap: light and contrast do not
    count. A picture without any structure has likeness 0.
    """

    shift_px: tuple[float, float]
    likeness: float

    @property
    def distance_px(self) -> float:
        return float(np.hypot(*self.shift_px))


def placement_of(pixels: Picture, reference: Picture) -> Placement:
    """Only shifts of less than half the picture are found, and no turning. Sizes must be equal."""
    if pixels.shape[:2] != reference.shape[:2]:
        raise ValueError(f"a picture {pixels.shape} cannot be laid over one {reference.shape}")
    share = min(1.0, COMPARED_PX / max(pixels.shape[:2]))
    seen, wanted = _small(pixels, share), _small(reference, share)
    if min(float(seen.std()), float(wanted.std())) < _FLAT:
        return Placement(shift_px=(0.0, 0.0), likeness=0.0)
    window = cv2.createHanningWindow(seen.shape[::-1], cv2.CV_32F)
    (across, down), _ = cv2.phaseCorrelate(wanted, seen, window)
    return Placement(
        shift_px=(float(across) / share, float(down) / share),
        likeness=_likeness(seen, wanted, round(across), round(down)),
    )


def _small(pixels: Picture, share: float) -> Grey:
    height, width = pixels.shape[:2]
    wh = (max(8, round(width * share)), max(8, round(height * share)))
    grey: Grey = resized(as_channels(pixels, 1), wh)[..., 0].astype(np.float32)
    grey -= grey.mean()
    return grey


def _likeness(seen: Grey, wanted: Grey, across: int, down: int) -> float:
    height, width = seen.shape
    left, top = max(0, across), max(0, down)
    right, bottom = width + min(0, across), height + min(0, down)
    if right - left < 2 or bottom - top < 2:
        return 0.0
    first = seen[top:bottom, left:right].ravel()
    second = wanted[top - down : bottom - down, left - across : right - across].ravel()
    first, second = first - first.mean(), second - second.mean()
    length = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second) / length if length > _FLAT else 0.0
