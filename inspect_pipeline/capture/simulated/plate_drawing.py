"""How a machined plate reflects light: face, boss, bore, holes, slot, engraving, edge.

Lengths are in plate units: the plate reaches from -1 to 1 in x and y. Brightness is in grey
levels, warmth is a tint: positive is brassy, negative is steel blue.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from inspect_pipeline.capture.simulated.plate_pose import Hole, Pose, Window
from inspect_pipeline.capture.simulated.scene import BRIGHTEST_GREY, Field, mottle

CORNER, BEVEL = 0.15, 0.05
BOSS, BOSS_STEP, BUSH, BORE, BORE_CHAMFER = 0.60, 0.035, 0.34, 0.215, 0.03
HOLE_CHAMFER = 0.038
_TALL, _SHORT = 0.072, 0.045  # half heights of the engraved lines
ENGRAVED_LINES = (
    (-0.20, _TALL),
    (-0.145, _TALL),
    (-0.09, _SHORT),
    (-0.02, _TALL),
    (0.05, _SHORT),
    (0.105, _TALL),
    (0.19, _TALL),
)
BELT_GREY = 40.0
WARMTH_RGB = (0.062, 0.004, -0.085)  # what one unit of warmth does to red, green and blue

_ALL: Window = (slice(None), slice(None))


@dataclass(frozen=True, kw_only=True, eq=False)
class Drawing:
    """RGB grey levels (H, W, 3), silhouette and face in [0, 1]."""

    pixels: Field
    silhouette: Field
    face: Field


@dataclass(eq=False)
class _Canvas:
    """The plate's pixels while they are being painted, in the plate's coordinates."""

    x: Field
    y: Field
    light_xy: tuple[float, float]  # in plate coordinates
    pixel: float  # side of one, in plate units
    grey: Field
    warmth: Field
    silhouette: Field
    face: Field

    def cover(self, distance: Field) -> Field:
        """Share of each pixel inside a shape, from its signed distance (negative inside)."""
        return np.clip(0.5 - distance / self.pixel, 0.0, 1.0)

    def paint(
        self, weight: Field, grey: Field | float, warmth: Field | float, *, at: Window = _ALL
    ) -> None:
        self.grey[at] += weight * (grey - self.grey[at])
        self.warmth[at] += weight * (warmth - self.warmth[at])

    def window(self, x: float, y: float, *, reach_x: float, reach_y: float) -> Window:
        """The pixels near a feature, so that a small one costs little; it must lie in the frame."""
        rows = _reached(self.y[:, 0], self.y[:, -1], y, reach_y)
        return rows, _reached(self.x[0], self.x[-1], x, reach_x)

    def polar(self, x: float, y: float, at: Window) -> tuple[Field, Field]:
        """Distance from a centre, and how far the direction away from it faces the lamp."""
        right, down = self.x[at] - x, self.y[at] - y
        radius = np.sqrt(right * right + down * down)
        facing = right * self.light_xy[0] + down * self.light_xy[1]
        return radius, facing / (radius + 1e-9)


def draw_plate(pose: Pose) -> Drawing:
    """Every edge is antialiased by its exact distance, so nothing needs to be drawn larger."""
    cloud = mottle(np.random.default_rng(pose.texture_seed), frame_wh=pose.frame_wh, cell_px=22.0)
    grey, warmth = _belt(pose, cloud)
    outline, face = np.zeros_like(grey), np.zeros_like(grey)
    at = _plate_window(pose)
    canvas = _painted(pose, at)
    outline[at] = canvas.silhouette
    face[at] = canvas.face * canvas.silhouette
    grey[at] += canvas.silhouette * (canvas.grey * (1.0 + 0.008 * cloud[at]) - grey[at])
    warmth[at] += canvas.silhouette * (canvas.warmth - warmth[at])
    channels = [
        (1.0 + tint * warmth) * (gain * pose.brightness) * grey
        for tint, gain in zip(WARMTH_RGB, pose.tint_rgb, strict=True)
    ]
    pixels = np.clip(np.stack(channels, axis=2), 0.0, BRIGHTEST_GREY)
    lens = np.array([0.12, 0.76, 0.12])
    blurred = cv2.sepFilter2D(pixels, -1, lens, lens, borderType=cv2.BORDER_REPLICATE)
    return Drawing(pixels=np.asarray(blurred), silhouette=outline, face=face)


def _belt(pose: Pose, cloud: Field) -> tuple[Field, Field]:
    """Dark woven belt with the plate's shadow: brightness and warmth, frame pixels."""
    width, height = pose.frame_wh
    warp = np.sin(np.arange(width) * (2 * np.pi / 4.6) + pose.weave_phases[0])
    weft = np.sin(np.arange(height) * (2 * np.pi / 4.6) + pose.weave_phases[1])
    grey = BELT_GREY + 2.6 * np.outer(weft, warp) + 1.3 * weft[:, None]
    grey += 2.0 * cloud
    x, y = pose.to_plate((slice(0, height), slice(0, width)))
    light_x, light_y = pose.light_xy
    distance = _rounded_square(x + 0.05 * light_x, y + 0.05 * light_y)
    shade = np.clip(1.0 - distance / 0.11, 0.0, 1.0)
    return grey * (1.0 - 0.6 * shade * shade), np.full_like(grey, -0.6)


def _plate_window(pose: Pose) -> Window:
    """The part of the frame that the plate may touch."""
    reach_px = pose.half_px * (np.cos(pose.turn_rad) + abs(np.sin(pose.turn_rad))) + 1.0
    sides = []
    for side_px, shift_px in zip(pose.frame_wh, pose.centre_px, strict=True):
        middle_px = side_px / 2 + shift_px
        first, last = int(middle_px - reach_px), int(np.ceil(middle_px + reach_px))
        sides.append(slice(max(0, first), min(side_px, last)))
    return sides[1], sides[0]


def _painted(pose: Pose, at: Window) -> _Canvas:
    x, y = pose.to_plate(at)
    canvas = _Canvas(
        x=x,
        y=y,
        light_xy=pose.light_xy,
        pixel=1.0 / pose.half_px,
        grey=_milled_face(x, y, pose),
        warmth=np.full_like(x, -0.15),
        silhouette=np.ones_like(x),
        face=np.ones_like(x),
    )
    _edge(canvas)
    _boss(canvas, pose)
    _bush(canvas, pose)
    for hole in pose.holes:
        _bolt_hole(canvas, hole)
    _slot(canvas)
    _engraving(canvas)
    return canvas


def _rounded_square(x: Field, y: Field) -> Field:
    """Signed distance to the plate's outline, negative inside."""
    out_x = np.abs(x) - (1.0 - CORNER)
    out_y = np.abs(y) - (1.0 - CORNER)
    over_x, over_y = np.clip(out_x, 0.0, np.inf), np.clip(out_y, 0.0, np.inf)
    outside = np.sqrt(over_x * over_x + over_y * over_y)
    inside = np.clip(np.maximum(out_x, out_y), -np.inf, 0.0)
    return np.asarray(outside + inside - CORNER)


def _milled_face(x: Field, y: Field, pose: Pose) -> Field:
    """Two passes of a face mill: arcs that advance along x, a seam between the passes."""
    offset = np.abs(y) - 0.52
    feed = x - np.sqrt(np.clip(0.78 * 0.78 - offset * offset, 0.02, 1.0))
    marks = _looked_up(pose.milling, (feed + 2.0) / 4.0)
    seam = np.clip(1.0 - np.abs(y) / 0.016, 0.0, 1.0)
    slope = x * pose.light_xy[0] + y * pose.light_xy[1]
    return 142.0 + 9.0 * marks + 11.0 * slope - 16.0 * seam - 16.0 * np.abs(offset)


def _edge(canvas: _Canvas) -> None:
    """The outline, and its bevel all round: bright towards the lamp, dark away from it."""
    inner = 1.0 - CORNER
    distance = _rounded_square(canvas.x, canvas.y)
    canvas.silhouette[:] = canvas.cover(distance)
    normal_x = canvas.x - np.clip(canvas.x, -inner, inner)
    normal_y = canvas.y - np.clip(canvas.y, -inner, inner)
    length = np.sqrt(normal_x * normal_x + normal_y * normal_y) + 1e-9
    facing = (normal_x * canvas.light_xy[0] + normal_y * canvas.light_xy[1]) / length
    canvas.paint(canvas.cover(-BEVEL - distance), 128.0 + 78.0 * facing, 0.1 - 0.3 * facing)


def _boss(canvas: _Canvas, pose: Pose) -> None:
    """Raised turned disc with the bow-tie highlight of concentric grooves."""
    reach = BOSS + BOSS_STEP + 0.03
    at = canvas.window(0.0, 0.0, reach_x=reach, reach_y=reach)
    radius, facing = canvas.polar(0.0, 0.0, at)
    step = canvas.cover(radius - BOSS - BOSS_STEP)
    canvas.paint(step, 126.0 + 74.0 * facing, -0.2, at=at)
    marks = _looked_up(pose.turning, radius / 1.6)
    lit = facing * facing
    bow_tie = lit * lit * lit
    grey = 124.0 + 8.0 * marks + bow_tie * (52.0 + 12.0 * marks)
    canvas.paint(canvas.cover(radius - BOSS), grey, -0.75 - 0.25 * bow_tie, at=at)


def _bush(canvas: _Canvas, pose: Pose) -> None:
    """Bronze bush pressed into the boss, turned with it, and its bore."""
    at = canvas.window(0.0, 0.0, reach_x=BUSH + 0.03, reach_y=BUSH + 0.03)
    radius, facing = canvas.polar(0.0, 0.0, at)
    marks = _looked_up(pose.turning, radius / 1.6)
    lit = facing * facing
    bush_grey = 134.0 + 6.0 * marks + 44.0 * lit * lit * lit
    canvas.paint(canvas.cover(radius - BUSH), bush_grey, 3.0, at=at)
    joint = np.clip(1.0 - np.abs(radius - BUSH) / (1.3 * canvas.pixel), 0.0, 1.0)
    canvas.grey[at] *= 1.0 - 0.5 * joint
    chamfer = canvas.cover(radius - BORE - BORE_CHAMFER)
    canvas.paint(chamfer, 128.0 - 76.0 * facing, 2.4, at=at)
    wall = _lit_wall(facing, radius / BORE)
    canvas.paint(canvas.cover(radius - BORE), 26.0 + 78.0 * wall, 1.2 * wall, at=at)
    canvas.face[at] *= 1.0 - chamfer


def _bolt_hole(canvas: _Canvas, hole: Hole) -> None:
    x, y, bore = hole
    outer = bore + HOLE_CHAMFER
    at = canvas.window(x, y, reach_x=outer + 0.03, reach_y=outer + 0.03)
    radius, facing = canvas.polar(x, y, at)
    chamfer = canvas.cover(radius - outer)
    canvas.paint(chamfer, 132.0 - 98.0 * facing, -0.4, at=at)
    wall = _lit_wall(facing, radius / bore)
    canvas.paint(canvas.cover(radius - bore), 20.0 + 62.0 * wall, -0.3, at=at)
    canvas.face[at] *= 1.0 - chamfer


def _lit_wall(facing: Field, depth: Field) -> Field:
    """Light on a bore's wall: only on the far side from the lamp, fading towards the middle."""
    near_wall = np.clip(depth, 0.0, 1.0)
    near_wall = near_wall * near_wall
    return np.clip(-facing, 0.0, 1.0) * near_wall * near_wall


def _slot(canvas: _Canvas) -> None:
    """Obround slot below the boss: dark floor, lit far wall."""
    half_length, half_width, centre_y = 0.24, 0.052, 0.795
    at = canvas.window(0.0, centre_y, reach_x=half_length + 0.12, reach_y=half_width + 0.05)
    x = np.clip(np.abs(canvas.x[at]) - half_length, 0.0, np.inf)
    y = canvas.y[at] - centre_y
    distance = np.sqrt(x * x + y * y) - half_width
    facing = np.clip(y / half_width, -1.0, 1.0) * canvas.light_xy[1]
    rim = canvas.cover(distance - 0.016)
    canvas.paint(rim, 128.0 - 70.0 * facing, -0.3, at=at)
    canvas.paint(canvas.cover(distance), 46.0 - 26.0 * facing, -0.4, at=at)
    canvas.face[at] *= 1.0 - rim


def _engraving(canvas: _Canvas) -> None:
    """The part's mark: long and short engraved lines, each with one lit edge."""
    at = canvas.window(0.0, -0.8, reach_x=0.26, reach_y=0.12)
    lines = np.array(ENGRAVED_LINES)[:, :, None, None]  # (n, 2, 1, 1)
    middle_x, half_height = lines[:, 0], lines[:, 1]
    beyond_ends = np.abs(canvas.y[at] + 0.728 + half_height) - half_height  # one common foot
    lit_edge = 0.011 * np.sign(canvas.light_xy[0])
    for shift, grey in ((lit_edge, 196.0), (0.0, 50.0)):
        beside = np.abs(canvas.x[at] + shift - middle_x) - 0.0115
        nearest = np.maximum(beside, beyond_ends).min(axis=0)
        canvas.paint(canvas.cover(nearest), grey, -0.3, at=at)


def _reached(first: Field, last: Field, centre: float, reach: float) -> slice:
    """Which lines, given the coordinate at both of their ends, come within reach of a centre."""
    low, high = np.minimum(first, last), np.maximum(first, last)
    lines = np.flatnonzero((low < centre + reach) & (high > centre - reach))
    return slice(int(lines[0]), int(lines[-1]) + 1)


def _looked_up(table: Field, position: Field) -> Field:
    """Table values at positions in [0, 1]: tool marks vary along one line only."""
    index: npt.NDArray[np.int32] = (position * len(table)).astype(np.int32)
    return np.take(table, index, mode="clip")
