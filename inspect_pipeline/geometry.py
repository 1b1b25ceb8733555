"""Boxes and polygons in frame coordinates: pure functions, pixels in, pixels out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """Half-open pixel box [x0, x1) x [y0, y1) in frame coordinates."""

    x0: int
    y0: int
    x1: int
    y1: int

    def __post_init__(self) -> None:
        if not (0 <= self.x0 < self.x1 and 0 <= self.y0 < self.y1):
            raise ValueError(f"a box needs 0 <= x0 < x1 and 0 <= y0 < y1, got {self}")

    @property
    def width_px(self) -> int:
        return self.x1 - self.x0

    @property
    def height_px(self) -> int:
        return self.y1 - self.y0

    @property
    def area_px(self) -> int:
        return self.width_px * self.height_px

    @property
    def slices(self) -> tuple[slice, slice]:
        """(rows, columns) for indexing an (H, W, ...) array."""
        return slice(self.y0, self.y1), slice(self.x0, self.x1)


def grown(box: Box, *, margin_px: int, frame_wh: tuple[int, int]) -> Box:
    """The box with a margin on every side, cut at the frame's border."""
    width, height = frame_wh
    return Box(
        x0=max(0, box.x0 - margin_px),
        y0=max(0, box.y0 - margin_px),
        x1=min(width, box.x1 + margin_px),
        y1=min(height, box.y1 + margin_px),
    )


def intersection_px(first: Box, second: Box) -> int:
    """How many pixels two boxes share."""
    width = min(first.x1, second.x1) - max(first.x0, second.x0)
    height = min(first.y1, second.y1) - max(first.y0, second.y0)
    return max(0, width) * max(0, height)


def polygon_mask(
    polygon_xy: Sequence[tuple[float, float]], frame_wh: tuple[int, int]
) -> npt.NDArray[np.bool_]:
    """(H, W) bool, True at pixels whose centre lies inside the polygon (even-odd rule).

    Vertices are pixels of the frame, (0, 0) the upper left corner of the upper left pixel.
    """
    if len(polygon_xy) < 3:
        raise ValueError(f"a polygon needs at least 3 corners, got {len(polygon_xy)}")
    width, height = frame_wh
    x = np.arange(width)[None, :] + 0.5
    y = np.arange(height)[:, None] + 0.5
    inside = np.zeros((height, width), dtype=bool)
    for (xa, ya), (xb, yb) in zip(polygon_xy, [*polygon_xy[1:], polygon_xy[0]], strict=True):
        if ya == yb:
            continue
        crosses = (ya > y) != (yb > y)
        x_at_y = xa + (y - ya) * (xb - xa) / (yb - ya)
        inside ^= crosses & (x < x_at_y)
    return inside
