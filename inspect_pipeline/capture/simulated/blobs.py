"""Marks that are areas: pit, stain, smear."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from inspect_pipeline.capture.simulated.scene import (
    Field,
    Marred,
    Scene,
    blended,
    marred,
    mottle,
    place_on,
)


def draw_pit(scene: Scene, rng: np.random.Generator) -> Marred:
    """A round depression: its wall towards the lamp lies in shade, the far wall is lit."""
    radius_px = rng.uniform(2.6, 9.0)
    x, y = _around(scene, place_on(scene, rng, margin_px=round(radius_px) + 4))
    turn_rad, squeeze = rng.uniform(0.0, np.pi), rng.uniform(0.75, 1.0)
    u = (np.cos(turn_rad) * x + np.sin(turn_rad) * y) / radius_px
    v = (np.cos(turn_rad) * y - np.sin(turn_rad) * x) / (radius_px * squeeze)
    r2 = u**2 + v**2
    r2 = r2 * (1.0 + 0.12 * mottle(rng, frame_wh=scene.frame_wh, cell_px=5.0))
    bowl = np.exp(-1.6 * np.maximum(r2, 0.0) ** 2)
    light_x, light_y = scene.light_xy
    facing = (x * light_x + y * light_y) / radius_px  # towards the lamp: positive
    walls = -1.9 * facing * bowl
    strength_grey = rng.uniform(26.0, 70.0)
    floor_share = rng.uniform(0.2, 0.9) if radius_px < 5.0 else rng.uniform(0.05, 0.3)
    change = strength_grey * (walls - floor_share * bowl) * scene.face
    return marred(scene.pixels, scene.pixels + change[..., None], within=scene.part)


def draw_stain(scene: Scene, rng: np.random.Generator) -> Marred:
    """A dried drop: soft, dark or tinted, irregular, often a little darker at its rim."""
    reach_px = rng.uniform(7.0, 24.0)
    inner = _irregular(scene, rng, reach_wh_px=(reach_px, reach_px * rng.uniform(0.55, 1.0)))
    body = _ramp(inner / 0.35) * scene.face
    rim = body * np.exp(-(((inner - 0.22) / 0.16) ** 2))
    weight = body * (1.0 - rng.uniform(0.0, 0.4)) + rim * rng.uniform(0.0, 0.5)
    loss = rng.uniform(0.13, 0.42) * _stain_tint(scene, rng)
    after = scene.pixels * (1.0 - weight[..., None] * loss)
    return marred(scene.pixels, after, within=scene.part)


def draw_smear(scene: Scene, rng: np.random.Generator) -> Marred:
    """A patch that the brush missed or that was rubbed flat: the streaks are gone inside it."""
    reach = (rng.uniform(17.0, 46.0), rng.uniform(8.0, 19.0))
    patch = _ramp(_irregular(scene, rng, reach_wh_px=reach) / 0.3) * scene.face
    blurred = ndimage.uniform_filter(scene.pixels, (11, 25, 1))
    flat = ndimage.uniform_filter(blurred, (7, 13, 1))
    sheen_grey = rng.choice((-1.0, 1.0), p=(0.4, 0.6)) * rng.uniform(7.0, 24.0)
    cloud = 1.6 * mottle(rng, frame_wh=scene.frame_wh, cell_px=9.0)
    after = blended(scene.pixels, flat + sheen_grey + cloud[..., None], patch)
    return marred(scene.pixels, after, within=scene.part, footprint=patch > 0.12)


def _around(scene: Scene, centre_xy: tuple[float, float]) -> tuple[Field, Field]:
    """Coordinates of every pixel from a centre: x (1, W) and y (H, 1), pixels."""
    width, height = scene.frame_wh
    x = np.arange(width)[None, :] + 0.5 - centre_xy[0]
    y = np.arange(height)[:, None] + 0.5 - centre_xy[1]
    return np.asarray(x), np.asarray(y)


def _irregular(
    scene: Scene, rng: np.random.Generator, *, reach_wh_px: tuple[float, float]
) -> Field:
    """1 in the middle, 0 at an outline that noise has frayed, negative outside."""
    margin_px = round(0.6 * min(reach_wh_px)) + 3
    x, y = _around(scene, place_on(scene, rng, margin_px=margin_px))
    slant = rng.normal(0.0, 0.12)
    reach_x, reach_y = reach_wh_px
    distance = np.sqrt((x / reach_x) ** 2 + ((y + slant * x) / reach_y) ** 2)
    cell_px = max(4.0, 0.55 * reach_y)
    fray = 0.2 * mottle(rng, frame_wh=scene.frame_wh, cell_px=cell_px)
    fray += 0.06 * mottle(rng, frame_wh=scene.frame_wh, cell_px=3.0)
    # The fraying ends with the blob: no specks of stain far away from it.
    return 1.0 - distance + np.clip(fray, -0.5, 0.5) * np.clip(2.2 - distance, 0.0, 1.0)


def _ramp(values: Field) -> Field:
    """Smooth step from 0 to 1 over [0, 1]."""
    t = np.clip(values, 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def _stain_tint(scene: Scene, rng: np.random.Generator) -> Field:
    """How much of its loss each channel takes: oil is brown, coolant bluish, dirt is grey."""
    if scene.pixels.shape[2] == 1:
        return np.ones(1)
    tints = ((0.55, 0.85, 1.25), (1.2, 0.95, 0.6), (1.0, 1.0, 1.0))
    return np.array(tints[rng.integers(len(tints))])
