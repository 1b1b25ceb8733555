"""One plate as it lies under the lamp, and the way between its coordinates and the frame's.

Plate units: the plate reaches from -1 to 1 in x (right) and y (down).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspect_pipeline.capture.simulated.scene import Field

PLATE_SHARE = 0.84  # the plate's side over the frame's shorter side

Hole = tuple[float, float, float]  # x, y, radius in plate units
Window = tuple[slice, slice]  # rows, columns of the frame
BOLT_HOLES: tuple[Hole, ...] = tuple((x, y, 0.088) for x in (-0.7, 0.7) for y in (-0.7, 0.7))


@dataclass(frozen=True, kw_only=True, eq=False)
class Pose:
    """One plate as it lies under the lamp: all that distinguishes one good frame from another."""

    frame_wh: tuple[int, int]
    centre_px: tuple[float, float]  # of the plate, from the frame's centre
    turn_rad: float
    light_rad: float
    brightness: float
    tint_rgb: tuple[float, float, float]
    turning: Field  # tool marks of the boss over the radius, a table, about [-1, 1]
    milling: Field  # tool marks of the face over the feed, a table, about [-1, 1]
    weave_phases: tuple[float, float]  # where the belt stopped
    texture_seed: int
    holes: tuple[Hole, ...] = BOLT_HOLES

    @property
    def half_px(self) -> float:
        """Pixels per plate unit."""
        return PLATE_SHARE * min(self.frame_wh) / 2

    @property
    def light_xy(self) -> tuple[float, float]:
        """Unit vector towards the lamp in the plate's coordinates."""
        lamp_rad = self.light_rad - self.turn_rad
        return float(np.cos(lamp_rad)), float(np.sin(lamp_rad))

    def to_plate(self, at: Window) -> tuple[Field, Field]:
        """Plate coordinates x and y (H, W) of a window of frame pixels."""
        rows, columns = (np.arange(side.start, side.stop) + 0.5 for side in at)
        x_px = columns - self.frame_wh[0] / 2 - self.centre_px[0]
        y_px = rows - self.frame_wh[1] / 2 - self.centre_px[1]
        cos, sin = np.cos(self.turn_rad) / self.half_px, np.sin(self.turn_rad) / self.half_px
        x = (cos * x_px)[None, :] + (sin * y_px)[:, None]
        y = (-sin * x_px)[None, :] + (cos * y_px)[:, None]
        return x, y

    def to_frame_px(self, points: Field) -> Field:
        """Frame pixels (n, 2) of plate coordinates (n, 2)."""
        cos, sin = np.cos(self.turn_rad), np.sin(self.turn_rad)
        turned = points @ np.array(((cos, sin), (-sin, cos)))
        middle = np.array(self.frame_wh) / 2 + np.array(self.centre_px)
        return np.asarray(middle + self.half_px * turned)
