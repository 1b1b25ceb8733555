"""Lamp and lens in six figures of a frame: cheap enough for every frame of a running line."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from inspect_pipeline.records import InputFigures, Picture
from inspect_pipeline.stages.prepare import as_channels
from inspect_pipeline.stages.sharpness import sharpness

PATCHES = 16  # per side: dirt on the lens is small
FOCUS_PX = 1024  # the side of the middle in which focus is measured
_SEEN_PX = 512  # brightness and contrast need no more pixels than this per side
_MIDDLE = slice(PATCHES // 4, PATCHES - PATCHES // 4)


def input_figures(
    pixels: Picture, polygon_px: Sequence[tuple[float, float]] | None = None
) -> InputFigures:
    """Of a corrected frame, inside the box around `polygon_px` where the part has one."""
    seen = _inside(pixels, polygon_px)
    grey = as_channels(seen, 1)[..., 0]
    step = max(1, math.ceil(max(grey.shape) / _SEEN_PX))
    sample = grey[::step, ::step]
    brightness = float(grey.mean())
    dark, bright = np.percentile(sample, (5, 95))
    patches = cv2.resize(
        grey.astype(np.float32), (PATCHES, PATCHES), interpolation=cv2.INTER_AREA
    )  # (PATCHES, PATCHES)
    edges = np.ones_like(patches, dtype=bool)
    edges[_MIDDLE, _MIDDLE] = False
    middle = float(patches[_MIDDLE, _MIDDLE].mean())
    usual = float(np.median(patches))
    return InputFigures(
        brightness=brightness,
        contrast=100.0 * float(bright - dark) / (brightness + 1.0),
        focus=sharpness(_middle_of(seen)),
        shading=100.0 * (1.0 - (float(patches[edges].mean()) + 1.0) / (middle + 1.0)),
        darkest_spot=100.0 * (1.0 - (float(patches.min()) + 1.0) / (usual + 1.0)),
        clipped=100.0 * float(((sample == 0) | (sample == 255)).mean()),
    )


def _inside(pixels: Picture, polygon_px: Sequence[tuple[float, float]] | None) -> Picture:
    """The whole frame where the polygon lies outside of it."""
    if polygon_px is None:
        return pixels
    xs, ys = ([corner[axis] for corner in polygon_px] for axis in (0, 1))
    cut = pixels[
        max(0, math.floor(min(ys))) : math.ceil(max(ys)),
        max(0, math.floor(min(xs))) : math.ceil(max(xs)),
    ]
    return cut if min(cut.shape[:2]) >= PATCHES else pixels


def _middle_of(pixels: Picture) -> Picture:
    height, width = pixels.shape[:2]
    top, left = max(0, height - FOCUS_PX) // 2, max(0, width - FOCUS_PX) // 2
    return pixels[top : top + FOCUS_PX, left : left + FOCUS_PX]
