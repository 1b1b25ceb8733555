"""What the families of procedural pictures share: stretching, rotated axes, smooth noise.

A field is one channel of a picture before it is coloured: float32 (side, side) in [0, 1]. Every
function draws its random numbers in a fixed order, so that a seed gives the same picture anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Rng = np.random.Generator
Field = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.floating[Any]]
Family = Callable[[Rng, int], Field]

FULL_TURN = 2 * np.pi
LEAST_SPREAD = 1e-4


def stretched(values: Numbers) -> Field:
    """To [0, 1] between the 1st and 99th percentile; a sparse field from its least to its most."""
    low, high = np.percentile(values[::2, ::2], (1, 99))
    if high - low < LEAST_SPREAD:
        low, high = float(values.min()), float(values.max())
    return clipped((values - low) / max(high - low, LEAST_SPREAD))


def clipped(values: Numbers) -> Field:
    """Whatever leaves [0, 1] is cut off."""
    field: Field = np.clip(values, 0, 1).astype(np.float32)
    return field


def log_uniform(rng: Rng, low: float, high: float) -> float:
    """Between low and high, each doubling equally likely."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def pixel_grid(side: int) -> tuple[Field, Field]:
    """x and y of every pixel."""
    y, x = np.mgrid[:side, :side].astype(np.float32)
    return x, y


def rotated_axes(rng: Rng, side: int) -> tuple[Field, Field]:
    """Pixel coordinates (u, v) from the centre, turned: mostly anyhow, at times upright."""
    x, y = pixel_grid(side)
    angle = rng.uniform(0, FULL_TURN) if rng.random() < 0.7 else rng.choice((0, np.pi / 2))
    x, y = x - side / 2, y - side / 2
    u = np.cos(angle) * x + np.sin(angle) * y
    v = np.cos(angle) * y - np.sin(angle) * x
    return u.astype(np.float32), v.astype(np.float32)


def rotation(angle: float) -> npt.NDArray[np.float64]:
    """(2, 2) for points as rows."""
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def smooth_noise(rng: Rng, side: int, cells: float) -> Field:
    """A coarse grid of random numbers, raised by cubic steps: it may leave [0, 1] a little."""
    count = max(2, int(cells))
    grid = rng.random((count, count), dtype=np.float32)
    raised: Field = cv2.resize(grid, (side, side), interpolation=cv2.INTER_CUBIC)
    return raised


def blurred(field: Field, sigma_px: float, sigma_y_px: float = 0.0) -> Field:
    """Gaussian blur; without `sigma_y_px` the same both ways."""
    soft: Field = cv2.GaussianBlur(field, (0, 0), sigma_px, sigmaY=sigma_y_px)
    return soft
