"""Families of drawn things: shapes over one another, wandering lines, print.

Dead leaves after M. Baradad et al., "Learning to See by Looking at Noise", 2021 (arXiv 2106.05963).
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from inspect_pipeline.training.base.fields import Field, Rng, log_uniform, rotation

Points = npt.NDArray[np.float64]  # (n, 2) x and y, pixels
Canvas = npt.NDArray[np.uint8]

POLYGON, BOX, ELLIPSE = 0, 1, 3  # kinds of outline; 2 is a star
ELLIPSE_CORNERS = 28
TURN_RAD = 6.3  # a little over a full turn: any direction
SUBPIXEL_BITS = 4


def outline(rng: Rng, side: int, size_px: float, at: Points | None = None) -> Points:
    """Corners of a random polygon, box, star or wavy ellipse, around `at` (2,) or anywhere."""
    at = rng.uniform(0, side, 2) if at is None else at
    kind = int(rng.integers(4))
    count = ELLIPSE_CORNERS if kind == ELLIPSE else int(rng.integers(3, 9))
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False) + rng.uniform(0, TURN_RAD)
    radii = size_px * _relative_radii(rng, kind, angles)
    flat = log_uniform(rng, 0.3, 1)
    points = np.stack([np.cos(angles) * radii, np.sin(angles) * radii * flat], 1)
    if kind == BOX:
        wide_high = (2 * size_px, 2 * size_px * log_uniform(rng, 0.15, 1))
        points = cv2.boxPoints(((0, 0), wide_high, float(rng.uniform(0, 180))))
    turned: Points = points @ rotation(rng.uniform(0, TURN_RAD)) + at
    return turned


def _relative_radii(rng: Rng, kind: int, angles: Points) -> Points:
    count = len(angles)
    if kind == POLYGON:
        return rng.uniform(0.5, 1.2, count)
    if kind == ELLIPSE:
        return np.asarray(1 + 0.25 * rng.random() * np.sin(angles * int(rng.integers(2, 7))))
    return np.where(np.arange(count) % 2, rng.uniform(0.4, 1), 1)


def fill(canvas: Canvas, points: Points, tone: int) -> None:
    """Draws into the canvas."""
    cv2.fillPoly(canvas, [_fixed_point(points)], tone, cv2.LINE_AA, shift=SUBPIXEL_BITS)


def dead_leaves(rng: Rng, side: int) -> Field:
    """Shapes over one another; how many there are of a size falls off by a power law."""
    canvas = np.full((side, side), rng.integers(256), np.uint8)
    largest_px, count = rng.uniform(0.1, 0.45) * side, int(rng.integers(20, 160))
    for size_px in np.clip(rng.random(count) ** -0.5 * 2, 2, largest_px):
        leaf = outline(rng, side, size_px * rng.uniform(0.7, 2))
        fill(canvas, leaf, int(rng.integers(256)))
    return _toned(canvas)


def strokes(rng: Rng, side: int) -> Field:
    """Scratches, fibres, cracks, wires: wandering lines, about half of them in one direction."""
    canvas = np.full((side, side), 128, np.uint8)
    turn, widest_px = log_uniform(rng, 0.01, 0.8), int(rng.integers(1, 5))
    common = rng.uniform(0, TURN_RAD)
    for _ in range(int(log_uniform(rng, 1, 60))):
        steps = int(rng.integers(3, 24))
        shared = rng.random() < 0.5
        begin = common + rng.normal(0, 0.1) if shared else rng.uniform(0, TURN_RAD)
        angles = begin + np.cumsum(rng.normal(0, turn, steps))
        start = rng.uniform(0, side, 2)
        moves = np.stack([np.cos(angles), np.sin(angles)], 1) * rng.uniform(2, 10)
        line = _fixed_point(start + np.cumsum(moves, 0))
        tone, width_px = int(rng.integers(256)), int(rng.integers(1, widest_px + 1))
        cv2.polylines(canvas, [line], False, tone, width_px, cv2.LINE_AA, SUBPIXEL_BITS)
    return _toned(canvas)


def glyphs(rng: Rng, side: int) -> Field:
    """Print: rows of random characters, dark on light or light on dark."""
    paper = 255 * int(rng.random() < 0.5)
    canvas = np.full((side, side), paper, np.uint8)
    for _ in range(int(rng.integers(1, 7))):
        text = "".join(chr(int(rng.integers(33, 126))) for _ in range(int(rng.integers(1, 14))))
        x, y = (int(place) for place in rng.integers(-10, side, 2))
        font, scale = int(rng.integers(0, 8)), rng.uniform(0.3, 2)
        width_px = int(rng.integers(1, 4))
        cv2.putText(canvas, text, (x, y), font, scale, 255 - paper, width_px, cv2.LINE_AA)
    angle = rng.uniform(0, 360) if rng.random() < 0.5 else 0
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), angle, 1)
    turned: Canvas = cv2.warpAffine(canvas, turn, (side, side), borderMode=cv2.BORDER_REFLECT)
    return _toned(turned)


def _fixed_point(points: Points) -> npt.NDArray[np.int32]:
    """As OpenCV wants coordinates that lie between pixels."""
    fixed: npt.NDArray[np.int32] = np.rint(points * 2**SUBPIXEL_BITS).astype(np.int32)
    return fixed


def _toned(canvas: Canvas) -> Field:
    return np.asarray(canvas, np.float32) / np.float32(255)
