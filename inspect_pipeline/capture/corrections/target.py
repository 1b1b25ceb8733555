"""Millimetres per pixel from a picture of a calibration target: checkerboard or grid of circles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from inspect_pipeline.errors import UsageError
from inspect_pipeline.records import Picture

Corners = npt.NDArray[np.float64]  # (rows * columns, 2), x and y in pixels


@dataclass(frozen=True, kw_only=True)
class Target:
    """`columns`, `rows`: inner corners of a checkerboard, or circles of a grid."""

    kind: Literal["checkerboard", "circles"]
    columns: int
    rows: int
    spacing_mm: float  # from one corner or centre to the next


@dataclass(frozen=True, kw_only=True, eq=False)
class Scale:
    """What a target says of the camera's view."""

    mm_per_px: float
    across_mm_per_px: float
    down_mm_per_px: float
    misfit_px: float  # root mean square: lens distortion and tilt show here
    corners_px: Corners


def scale_of(picture: Picture, target: Target) -> Scale:
    """Raises UsageError where the target is not found as a whole."""
    corners = _found(picture, target)
    grid = np.stack(
        np.meshgrid(np.arange(target.columns), np.arange(target.rows)), axis=-1
    ).reshape(-1, 2)
    design = np.hstack([grid, np.ones((len(grid), 1))])  # (N, 3): column, row, 1
    solution, *_ = np.linalg.lstsq(design, corners, rcond=None)  # (3, 2): px per step
    misfit = np.sqrt(((design @ solution - corners) ** 2).sum(axis=1).mean())
    across, down = (target.spacing_mm / float(np.hypot(*solution[axis])) for axis in (0, 1))
    return Scale(
        mm_per_px=float(np.sqrt(across * down)),
        across_mm_per_px=across,
        down_mm_per_px=down,
        misfit_px=float(misfit),
        corners_px=corners,
    )


def _found(picture: Picture, target: Target) -> Corners:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) if picture.shape[2] == 3 else picture[..., 0]
    size = (target.columns, target.rows)
    if target.kind == "checkerboard":
        is_found, corners = cv2.findChessboardCornersSB(grey, size)
    else:
        is_found, corners = cv2.findCirclesGrid(grey, size)
    if not is_found:
        what = "inner corners" if target.kind == "checkerboard" else "circles"
        raise UsageError(
            f"no {target.kind} with {target.columns} x {target.rows} {what} is found in the "
            "picture: it has to be seen as a whole, sharp and evenly lit; count them again"
        )
    found: Corners = np.asarray(corners, np.float64).reshape(-1, 2)
    return found
