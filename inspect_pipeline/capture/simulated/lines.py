"""Marks that are lines: scratch, crack, fibre."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from inspect_pipeline.capture.simulated.scene import (
    Field,
    Marred,
    Scene,
    blended,
    marred,
    place_on,
)

SUBPIXELS = 4
_FRACTION_BITS = 4

Path = npt.NDArray[np.float64]  # (n, 2) x, y in frame pixels


def draw_scratch(scene: Scene, rng: np.random.Generator) -> Marred:
    """A thin curved line: bare bright metal, with a dark flank on the side away from the lamp.

    It crosses the brush by at least 15 degrees: one along the brush would be a brush line.
    """
    angle_rad = rng.uniform(np.radians(15), np.radians(165))
    length_px, bow_px = rng.uniform(22, 105), rng.normal(0.0, 7.0)
    along = np.array([np.cos(angle_rad), np.sin(angle_rad)])
    across = np.array([-along[1], along[0]])
    s = np.linspace(-1.0, 1.0, 25)[:, None]
    jitter = ndimage.gaussian_filter1d(rng.normal(0.0, 0.5, (25, 1)), 2.0, axis=0)
    bow = across * (bow_px * (1.0 - s**2) + jitter)
    path = place_on(scene, rng, margin_px=6) + along * s * length_px / 2 + bow
    taper = np.clip(1.6 * (1.0 - np.abs(s[:-1, 0])) + 0.35, 0.0, 1.0)
    widths_px = rng.uniform(0.75, 1.6) * taper
    core = stroke([(path, widths_px)], scene.frame_wh) * scene.face
    side = 1.0 if across @ np.array(scene.light_xy) < 0 else -1.0
    flank_path = path + side * across * (0.5 * widths_px.max() + 0.6)
    flank = stroke([(flank_path, widths_px * 0.9)], scene.frame_wh) * scene.face
    strength_grey = rng.uniform(28.0, 85.0)
    after = scene.pixels - (flank * rng.uniform(0.35, 0.7) * strength_grey)[..., None]
    after = after + (core * strength_grey)[..., None]
    return marred(scene.pixels, after, within=scene.part)


def draw_crack(scene: Scene, rng: np.random.Generator) -> Marred:
    """A dark jagged line that branches; the edge towards the lamp catches a little light."""
    start = np.array(place_on(scene, rng, margin_px=8))
    heading_rad = rng.uniform(0.0, 2 * np.pi)
    trunk = _jagged(start, heading_rad, rng.uniform(24, 75), rng)
    lines = [(trunk, _thinning(rng.uniform(1.1, 2.1), trunk))]
    for _ in range(int(rng.integers(1, 4))):
        fork = trunk[rng.integers(len(trunk) // 4, len(trunk) - 1)]
        turn_rad = rng.choice((-1.0, 1.0)) * rng.uniform(0.4, 1.0)
        branch = _jagged(fork, heading_rad + turn_rad, rng.uniform(8, 26), rng)
        lines.append((branch, _thinning(rng.uniform(0.7, 1.3), branch)))
    away = -0.9 * np.array(scene.light_xy)
    gap = stroke(lines, scene.frame_wh)
    lip = stroke([(path + away, widths_px) for path, widths_px in lines], scene.frame_wh)
    after = scene.pixels + (lip * scene.face * rng.uniform(6.0, 20.0))[..., None]
    depth_grey = rng.uniform(45.0, 115.0)
    after = after - (gap * scene.face)[..., None] * depth_grey
    return marred(scene.pixels, after, within=scene.part)


def draw_fibre(scene: Scene, rng: np.random.Generator) -> Marred:
    """A foreign thread that lies on the part: curly, bright or coloured, with a soft shadow."""
    steps = int(rng.integers(28, 75))
    curl = ndimage.gaussian_filter1d(rng.normal(0.0, 1.0, steps), 4.0)
    curl = rng.uniform(0.08, 0.2) * curl / curl.std() + rng.uniform(-0.06, 0.06)
    heading_rad = rng.uniform(0.0, 2 * np.pi) + np.cumsum(curl)
    path = np.cumsum(np.stack([np.cos(heading_rad), np.sin(heading_rad)], axis=1), axis=0)
    path += np.array(place_on(scene, rng, margin_px=8)) - path.mean(axis=0)
    widths_px = np.full(steps - 1, rng.uniform(0.9, 1.8))
    inside = ndimage.binary_erosion(scene.part, iterations=2, border_value=1)
    thread = stroke([(path, widths_px)], scene.frame_wh) * inside
    away = -1.6 * np.array(scene.light_xy)
    shadow = stroke([(path + away, widths_px + 0.6)], scene.frame_wh) * inside
    shadow = ndimage.uniform_filter(shadow, 3) * scene.face
    after = scene.pixels * (1.0 - rng.uniform(0.15, 0.4) * shadow[..., None])
    opacity = rng.uniform(0.75, 0.98)
    after = blended(after, _thread_colour(scene, rng), thread * opacity)
    return marred(scene.pixels, after, within=inside)


def stroke(lines: Sequence[tuple[Path, Field]], frame_wh: tuple[int, int]) -> Field:
    """Antialiased cover (H, W) in [0, 1] of lines: a path each, a width for each piece."""
    width, height = frame_wh
    fine = np.zeros((height * SUBPIXELS, width * SUBPIXELS), dtype=np.uint8)
    scale = SUBPIXELS * 2**_FRACTION_BITS
    for path, widths_px in lines:
        corners = np.rint(path * scale).astype(int).tolist()
        fine_px = np.maximum(1, np.rint(widths_px * SUBPIXELS)).astype(int).tolist()
        for start, end, thick in zip(corners[:-1], corners[1:], fine_px, strict=True):
            cv2.line(fine, start, end, 255, thick, cv2.LINE_8, _FRACTION_BITS)
    cover = cv2.resize(fine, frame_wh, interpolation=cv2.INTER_AREA)
    return np.asarray(cover, dtype=np.float64) / 255.0


def _thinning(width_px: float, path: Path) -> Field:
    return width_px * np.linspace(1.0, 0.45, len(path) - 1)


def _jagged(start: Path, heading_rad: float, length_px: float, rng: np.random.Generator) -> Path:
    """A path of short straight pieces that turn left and right around one heading."""
    pieces = max(3, round(length_px / 3.5))
    turns_rad = (
        heading_rad + rng.normal(0.0, 0.55, pieces) + 0.12 * rng.normal(size=pieces).cumsum()
    )
    steps_px = rng.uniform(2.0, 5.0, (pieces, 1))
    steps = steps_px * np.stack([np.cos(turns_rad), np.sin(turns_rad)], axis=1)
    return np.concatenate([start[None, :], start + np.cumsum(steps, axis=0)])


def _thread_colour(scene: Scene, rng: np.random.Generator) -> Field:
    if scene.pixels.shape[2] == 1:
        return np.array([rng.choice((18.0, 232.0), p=(0.3, 0.7)) + rng.uniform(-12.0, 12.0)])
    yarns = ((196, 44, 40), (40, 84, 190), (36, 130, 70), (244, 240, 230), (228, 170, 40))
    return np.array(yarns[rng.integers(len(yarns))]) + rng.uniform(-10.0, 10.0, 3)
