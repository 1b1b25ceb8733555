"""Procedural pictures: textures, reliefs, patterns and simple objects, drawn from formulas alone.

Nothing is read from disk and no real picture enters, so weights learnt from these pictures are free
of anybody's rights. A picture is one or several fields of the families, bent, lit or mixed into one
another, then coloured, then at times covered with objects, then photographed.
"""

from __future__ import annotations

import cv2
import numpy as np

from inspect_pipeline.records import Picture
from inspect_pipeline.training.base.fields import (
    Family,
    Field,
    Numbers,
    Rng,
    blurred,
    clipped,
    log_uniform,
    pixel_grid,
    rotation,
    smooth_noise,
)
from inspect_pipeline.training.base.patterns import bricks, lattice, waves, weave
from inspect_pipeline.training.base.shapes import (
    TURN_RAD,
    Points,
    dead_leaves,
    fill,
    glyphs,
    outline,
    strokes,
)
from inspect_pipeline.training.base.textures import (
    brushed,
    fractal_noise,
    gabor_noise,
    grains,
    iterated_maps,
    shading,
    speckle,
    spectrum_noise,
)

FAMILIES: tuple[Family, ...] = (  # named twice: drawn twice as often
    spectrum_noise,
    spectrum_noise,
    gabor_noise,
    fractal_noise,
    fractal_noise,
    grains,
    grains,
    waves,
    weave,
    bricks,
    brushed,
    brushed,
    speckle,
    speckle,
    lattice,
    dead_leaves,
    strokes,
    glyphs,
    iterated_maps,
    shading,
)
MIXED_SHARE = (0.6, 0.3)  # of fields, by depth: deeper ones stay pure, so that mixing ends
PURE = len(MIXED_SHARE)


def drawn_picture(seed: int, number: int, side_px: int) -> Picture:
    """Picture `number` of a seed, uint8 (side, side, 3): the same in whatever order one asks."""
    return draw_picture(np.random.default_rng((seed, number)), side_px)


def draw_picture(rng: Rng, side_px: int) -> Picture:
    """The next picture of this generator, uint8 (side, side, 3)."""
    colours = _coloured(rng, _field(rng, side_px))
    if rng.random() < 0.2:
        patch = np.clip((_pure(rng, side_px) - 0.5) * 30 + 0.5, 0, 1)[..., None]
        colours = colours * (1 - patch) + _coloured(rng, _field(rng, side_px, 1)) * patch
    if rng.random() < 0.4:
        colours = _with_objects(rng, colours)
    return _photographed(rng, colours.astype(np.float32))


def _pure(rng: Rng, side: int) -> Field:
    return FAMILIES[int(rng.integers(len(FAMILIES)))](rng, side)


def _field(rng: Rng, side: int, depth: int = 0) -> Field:
    """One field of a family, or several bent, lit, blended or masked into one another."""
    field: Numbers = _pure(rng, side)
    if rng.random() < 0.3:
        field = _bent(rng, field)
    if rng.random() < 0.2:
        field = _relief(rng, field)
    if depth < PURE and rng.random() < MIXED_SHARE[depth]:
        field = _mixed(rng, field, _field(rng, side, depth + 1))
    if rng.random() < 0.25:
        field = field ** log_uniform(rng, 0.4, 2.5)
    return field.astype(np.float32)


def _mixed(rng: Rng, first: Numbers, second: Field) -> Numbers:
    """Blended, multiplied, the lighter or darker of the two, or one through a mask of a third."""
    kind = int(rng.integers(4))
    if kind == 0:
        return first + (second - first) * rng.uniform(0.2, 0.8)
    if kind == 1:
        weight = rng.uniform(0.3, 1.0)
        return first * (1 - weight + weight * second)
    if kind == 2:
        return np.maximum(first, second) if rng.random() < 0.5 else np.minimum(first, second)
    mask = _pure(rng, len(first))
    level, slope = rng.uniform(0.3, 0.7), log_uniform(rng, 2, 40)
    mask = np.clip((mask - level) * slope + 0.5, 0, 1)
    return np.asarray(first * (1 - mask) + second * mask)


def _bent(rng: Rng, field: Numbers) -> Field:
    """Shifted from place to place by smooth noise."""
    side = len(field)
    x, y = pixel_grid(side)
    cells, reach_px = rng.uniform(2, 8), log_uniform(rng, 1, 16)
    dx, dy = ((smooth_noise(rng, side, cells) - 0.5) * 2 * reach_px for _ in range(2))
    bent: Field = cv2.remap(field, x + dx, y + dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return bent


def _relief(rng: Rng, field: Numbers) -> Field:
    """The field as heights, lit from one side, with some gloss."""
    heights = cv2.GaussianBlur(field, (0, 0), rng.uniform(0.5, 2.0))
    light_rad, depth = rng.uniform(0, TURN_RAD), log_uniform(rng, 2, 12)
    along_x = np.cos(light_rad) * cv2.Sobel(heights, -1, 1, 0, ksize=3)
    along_y = np.sin(light_rad) * cv2.Sobel(heights, -1, 0, 1, ksize=3)
    slope = depth * (along_x + along_y) / 4
    lit = 0.5 + 0.4 * np.tanh(slope)
    gloss = rng.uniform(0, 0.6) * np.clip(slope, 0, 1) ** 4
    return clipped(lit + gloss)


def _coloured(rng: Rng, field: Field) -> Numbers:
    """RGB (side, side, 3): grey, tinted, or from one colour to another, at times with a third."""
    kind, side = rng.random(), len(field)
    low, high = sorted(rng.uniform(0, 1, 2))
    spread = max(high - low, 0.08)
    grey = low + spread * field
    if kind < 0.35:
        return np.repeat(grey[..., None], 3, 2)
    if kind < 0.65:
        return np.asarray(grey[..., None] * rng.uniform(0.5, 1.1, 3).astype(np.float32))
    first, second = rng.random(3), rng.random(3)
    share = ((grey - low) / spread)[..., None]
    colours = share * first + (1 - share) * second
    if kind > 0.85:
        if rng.random() < 0.5:
            mask = smooth_noise(rng, side, rng.uniform(2, 30))[..., None]
        else:
            mask = _field(rng, side, PURE)[..., None]
        colours = colours * (1 - mask) + mask * rng.random(3)
    return np.asarray(colours, np.float32)


def _with_objects(rng: Rng, colours: Numbers) -> Numbers:
    """One large or some small objects of one skin on the ground, most of them of one shape."""
    side = len(colours)
    is_alone = rng.random() < 0.5
    count, reach = (1, 0.45) if is_alone else (int(rng.integers(2, 9)), 0.22)
    skin = _coloured(rng, _field(rng, side, 1))
    shape: Points | None = None
    for _ in range(count):
        size_px = side * reach * rng.uniform(0.5, 1)
        if shape is None or rng.random() < 0.3:
            shape = outline(rng, side, size_px, np.zeros(2))
        turned = shape @ rotation(rng.uniform(0, TURN_RAD))
        corners = turned + rng.uniform(0.15, 0.85, 2) * side
        colours = _with_object(rng, colours, skin, corners, size_px)
    return colours.astype(np.float32)


def _with_object(
    rng: Rng, colours: Numbers, skin: Numbers, corners: Points, size_px: float
) -> Numbers:
    """A shape with textured skin, darker or raised towards its edge, and its soft shadow."""
    canvas = np.zeros(colours.shape[:2], np.uint8)
    fill(canvas, corners, 255)
    cover = cv2.GaussianBlur(canvas, (0, 0), rng.uniform(0.4, 1.2)).astype(np.float32) / 255
    offset_px = tuple(int(step) for step in rng.integers(-6, 7, 2))
    shadow = blurred(np.roll(cover, offset_px, (0, 1)), rng.uniform(1, 8))
    colours = colours * (1 - rng.uniform(0, 0.7) * shadow[..., None])
    to_edge_px = cv2.distanceTransform((cover > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    depth = np.minimum(to_edge_px / (size_px * rng.uniform(0.1, 1)), 1)
    weight = rng.uniform(0, 0.7)
    body = skin * (1 - weight + weight * np.sqrt(depth))[..., None]
    if rng.random() < 0.5:
        raised = (_relief(rng, depth.astype(np.float32)) - 0.5)[..., None]
        body = np.clip(body + raised * rng.uniform(0.3, 1), 0, 1)
    return np.asarray(colours * (1 - cover[..., None]) + body * cover[..., None])


def _photographed(rng: Rng, colours: Field) -> Picture:
    """Under uneven light, a little blurred, with gain, sensor noise and JPEG."""
    side = len(colours)
    if rng.random() < 0.5:
        weight = rng.uniform(0.1, 0.6)
        colours = colours * (1 - weight + weight * shading(rng, side))[..., None]
    if rng.random() < 0.4:
        colours = blurred(colours, log_uniform(rng, 0.3, 1.6))
    colours = colours * rng.uniform(0.6, 1.2) + rng.uniform(-0.05, 0.15)
    if rng.random() < 0.6:
        channels = 3 if rng.random() < 0.5 else 1
        noise = rng.standard_normal((side, side, channels), dtype=np.float32)
        colours = colours + noise * log_uniform(rng, 0.004, 0.06)
    pixels = np.rint(np.clip(colours, 0, 1) * 255).astype(np.uint8)
    if rng.random() < 0.3:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 96))]
        jpeg = cv2.imencode(".jpg", pixels, quality)[1]
        pixels = np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8)
    return pixels
