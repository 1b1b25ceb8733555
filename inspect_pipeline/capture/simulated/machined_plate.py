"""Machined plate, colour: milled face, turned boss with a bronze bush, four bolt holes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from inspect_pipeline.capture.simulated.blobs import draw_pit, draw_stain
from inspect_pipeline.capture.simulated.lines import draw_crack, draw_fibre, draw_scratch, stroke
from inspect_pipeline.capture.simulated.plate_drawing import (
    BEVEL,
    BOSS,
    BOSS_STEP,
    HOLE_CHAMFER,
    draw_plate,
)
from inspect_pipeline.capture.simulated.plate_pose import Hole, Pose
from inspect_pipeline.capture.simulated.scene import Field, Marred, Scene, marred

LAMP_RAD = np.radians(-125.0)  # the lamp stands up and to the left of the part
MARKS = 2048


@dataclass(frozen=True, kw_only=True, eq=False)
class PlateScene(Scene):
    """A scene that knows its pose, so that a hole can be left out or drilled too many."""

    pose: Pose
    as_made: Field  # the pixels before any mark


@dataclass(frozen=True)
class MachinedPlate:
    """A plate seen from above on a dark belt, with small differences of place and light."""

    name: str = "machined_plate"
    code: int = 2
    default_wh: tuple[int, int] = (256, 256)
    kinds: tuple[str, ...] = (
        "scratch",
        "pit",
        "stain",
        "crack",
        "fibre",
        "missing_hole",
        "extra_hole",
        "burr",
    )

    def scene(self, rng: np.random.Generator, frame_wh: tuple[int, int]) -> PlateScene:
        pose = Pose(
            frame_wh=frame_wh,
            centre_px=(rng.uniform(-3.0, 3.0), rng.uniform(-3.0, 3.0)),
            turn_rad=np.radians(rng.uniform(-1.5, 1.5)),
            light_rad=LAMP_RAD + np.radians(rng.uniform(-7.0, 7.0)),
            brightness=rng.uniform(0.95, 1.05),
            tint_rgb=_tint(rng),
            turning=_tool_marks(rng, pitch=0.031, reach=1.6),
            milling=_tool_marks(rng, pitch=0.066, reach=4.0),
            weave_phases=(rng.uniform(0.0, 2 * np.pi), rng.uniform(0.0, 2 * np.pi)),
            texture_seed=int(rng.integers(2**32)),
        )
        return _pictured(pose)

    def mar(self, scene: Scene, kind: str, rng: np.random.Generator) -> Marred:
        if not isinstance(scene, PlateScene):
            raise TypeError(f"a machined plate mars its own scenes, got {type(scene).__name__}")
        draw: Callable[[PlateScene, np.random.Generator], Marred] = {
            "scratch": draw_scratch,
            "pit": draw_pit,
            "stain": draw_stain,
            "crack": draw_crack,
            "fibre": draw_fibre,
            "missing_hole": _missing_hole,
            "extra_hole": _extra_hole,
            "burr": _burr,
        }[kind]
        return draw(scene, rng)


def _pictured(pose: Pose) -> PlateScene:
    drawing = draw_plate(pose)
    return PlateScene(
        pixels=drawing.pixels,
        part=drawing.silhouette > 0.5,
        face=drawing.face,
        light_rad=pose.light_rad,
        pose=pose,
        as_made=drawing.pixels,
    )


def _tint(rng: np.random.Generator) -> tuple[float, float, float]:
    """The lamp ages from warm to cool; green hardly moves."""
    warm, green = rng.uniform(-0.014, 0.014), rng.uniform(-0.003, 0.003)
    return 1.0 + warm, 1.0 + green, 1.0 - warm


def _tool_marks(rng: np.random.Generator, *, pitch: float, reach: float) -> Field:
    """Brightness along the feed: grooves of one pitch with wear, slow rings, a stronger mark."""
    position = np.linspace(0.0, reach, MARKS)
    phase = 2 * np.pi * position / (pitch * rng.uniform(0.97, 1.03)) + rng.uniform(0, 2 * np.pi)
    samples_per_pitch = MARKS * pitch / reach
    wear = ndimage.gaussian_filter1d(rng.standard_normal(MARKS), samples_per_pitch * 1.5)
    chatter = ndimage.gaussian_filter1d(rng.standard_normal(MARKS), samples_per_pitch * 0.18)
    marks = 0.55 * np.sin(phase) * (1.0 + 0.35 * wear / wear.std())
    marks += 0.28 * chatter / chatter.std() + 0.25 * wear / wear.std()
    if rng.random() < 0.3:  # normal: the tool paused once
        place = rng.uniform(0.1, 0.9) * reach
        marks += rng.uniform(0.8, 1.5) * np.exp(-(((position - place) / (0.3 * pitch)) ** 2))
    return np.asarray(marks)


def _missing_hole(scene: PlateScene, rng: np.random.Generator) -> Marred:
    """One bolt hole was not drilled: the milled face goes on where it should be."""
    kept = list(scene.pose.holes)
    kept.pop(int(rng.integers(len(kept))))
    return _redrawn(scene, tuple(kept))


def _extra_hole(scene: PlateScene, rng: np.random.Generator) -> Marred:
    """A hole too many on the milled face, clear of the other features."""
    radius = rng.uniform(0.035, 0.085)
    reach = radius + HOLE_CHAMFER + 0.035
    while True:
        x, y = rng.uniform(-0.9, 0.9, 2)
        on_face = max(abs(x), abs(y)) + reach < 1.0 - BEVEL
        off_boss = np.hypot(x, y) > BOSS + BOSS_STEP + reach
        off_slot = not (abs(x) < 0.32 + reach and abs(abs(y) - 0.8) < 0.09 + reach)
        apart = all(
            np.hypot(x - hx, y - hy) > r + HOLE_CHAMFER + reach for hx, hy, r in scene.pose.holes
        )
        if on_face and off_boss and off_slot and apart:
            return _redrawn(scene, (*scene.pose.holes, (float(x), float(y), radius)))


def _redrawn(scene: PlateScene, holes: tuple[Hole, ...]) -> Marred:
    """The difference that other holes make, on top of the marks that are there already."""
    otherwise = draw_plate(replace(scene.pose, holes=holes)).pixels
    return marred(scene.pixels, scene.pixels + otherwise - scene.as_made, within=scene.part)


def _burr(scene: PlateScene, rng: np.random.Generator) -> Marred:
    """Metal pushed over the edge of a bolt hole: a ragged bright lip with its shadow."""
    x, y, radius = scene.pose.holes[int(rng.integers(len(scene.pose.holes)))]
    span_rad, start_rad = rng.uniform(0.9, 2.6), rng.uniform(0.0, 2 * np.pi)
    points = round(14 * span_rad) + 4
    angles_rad = np.linspace(start_rad, start_rad + span_rad, points)
    ragged = ndimage.gaussian_filter1d(rng.normal(0.0, 1.0, points), 2.0)
    ragged *= 0.6 / ragged.std()
    reach = radius + HOLE_CHAMFER * (0.5 + 0.7 * ragged)
    circle = np.stack([np.cos(angles_rad), np.sin(angles_rad)], axis=1)
    path = scene.pose.to_frame_px(np.array((x, y)) + reach[:, None] * circle)
    bulge = np.sin(np.linspace(0.15, np.pi - 0.15, points - 1))
    widths_px = rng.uniform(1.8, 3.2) * bulge * rng.uniform(0.75, 1.0, points - 1)
    lip = stroke([(path, widths_px)], scene.frame_wh)
    away = -1.5 * np.array(scene.light_xy)
    shadow = stroke([(path + away, widths_px)], scene.frame_wh)
    after = scene.pixels * (1.0 - 0.55 * shadow[..., None])
    shine = rng.uniform(170.0, 240.0) * np.array((1.0, 0.99, 0.96))
    after = after + lip[..., None] * (shine - after)
    return marred(scene.pixels, after, within=scene.part)
