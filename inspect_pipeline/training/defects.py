"""Synthetic defects on good tiles: what DIPN learns to see, for nobody labels real ones.

Families after DRAEM (arXiv 2108.07610: Perlin-masked foreign texture), CutPaste (arXiv 2104.04015:
pasted pieces and scars), and our own thin strokes, spots, and local blur, gain and missing texture.
A tile is float32 (C, T, T) in [-1, 1]; the mask (T, T) marks pixels that visibly changed.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

Tile = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Rng = np.random.Generator

VISIBLE = 0.06  # change that counts as visible, in units of the part's grey spread
MIN_AREA_PX = 6
TRIES = 4


def with_defect(tile: Tile, other: Tile, rng: Rng) -> tuple[Tile, Mask]:
    """The tile with one to three synthetic defects, and where it changed.

    `other` is another good tile, the source of foreign texture and pasted pieces. After some tries
    without a visible change the tile comes back as it was, with an empty mask.
    """
    for _ in range(TRIES):
        changed = tile
        for _ in range(int(rng.choice((1, 1, 1, 2, 3)))):
            family = FAMILIES[int(rng.integers(len(FAMILIES)))]
            changed = family(changed, other, rng)
        changed = np.clip(changed, -1.0, 1.0).astype(np.float32)
        mask = _changed(tile, changed)
        if mask.sum() >= MIN_AREA_PX:
            return changed, mask
    return tile, np.zeros(tile.shape[1:], dtype=bool)


def foreign_texture(tile: Tile, other: Tile, rng: Rng) -> Tile:
    """Another picture or plain noise shows through a Perlin-like mask."""
    side = tile.shape[-1]
    alpha = _blob(side, rng)
    if rng.random() < 0.5:
        foreign = _turned(other, rng) * rng.uniform(0.4, 1.6) + rng.uniform(-0.6, 0.6)
    else:
        grain = value_noise(side, rng, cells=int(rng.integers(4, side // 2)))
        foreign = np.repeat(grain[None] * rng.uniform(0.1, 1.0), tile.shape[0], axis=0)
        foreign = foreign + rng.uniform(-0.7, 0.7, (tile.shape[0], 1, 1))
    strength = rng.uniform(0.3, 1.0)
    return _blend(tile, foreign, alpha * strength)


def pasted_piece(tile: Tile, other: Tile, rng: Rng) -> Tile:
    """A rotated piece of good material in the wrong place: a scar, a chip, a misplaced feature."""
    side = tile.shape[-1]
    size = (side * rng.uniform(0.06, 0.4), side * rng.uniform(0.04, 0.25))
    alpha = _rotated_box(side, size, rng)
    source = _turned(other if rng.random() < 0.5 else tile, rng)
    return _blend(tile, source * rng.uniform(0.7, 1.3) + rng.uniform(-0.25, 0.25), alpha)


def stroke(tile: Tile, _other: Tile, rng: Rng) -> Tile:
    """A scratch, crack or fibre: a wandering thin line, at times with a flank of other sign."""
    side = tile.shape[-1]
    points = _wander(side, rng)
    width = int(rng.choice((1, 1, 1, 2, 2, 3)))
    line = _drawn(side, points, width)
    tone = _tone(tile.shape[0], rng)
    out = tile + tone * line
    if rng.random() < 0.4:
        out = out - 0.6 * tone * _drawn(side, points + rng.choice((-1.5, 1.5), 2), width)
    return out


def spot(tile: Tile, _other: Tile, rng: Rng) -> Tile:
    """A pit, dent, bubble or grain: a small disc, plain or shaded from one side."""
    side = tile.shape[-1]
    yy, xx = np.mgrid[:side, :side].astype(np.float32)
    cx, cy = rng.uniform(0, side, 2)
    radius = rng.uniform(1.2, max(2.0, side * 0.12))
    stretch = rng.uniform(0.6, 1.6)
    away = np.hypot((xx - cx) * stretch, yy - cy) / radius
    disc = np.clip(1.5 - away, 0.0, 1.0)
    if rng.random() < 0.5:
        angle = rng.uniform(0, 2 * np.pi)
        slope = ((xx - cx) * np.cos(angle) + (yy - cy) * np.sin(angle)) / radius
        disc = disc * np.clip(slope, -1, 1) * 1.3
    shaded: Tile = tile + _tone(tile.shape[0], rng) * disc
    return shaded


def lost_texture(tile: Tile, _other: Tile, rng: Rng) -> Tile:
    """Local blur: grain or an edge is smeared away."""
    sigma = rng.uniform(1.2, 4.0)
    blurred = np.stack([cv2.GaussianBlur(c, (0, 0), sigma) for c in tile])
    return _blend(tile, blurred, _blob(tile.shape[-1], rng))


def local_gain(tile: Tile, _other: Tile, rng: Rng) -> Tile:
    """Stain, wear or wet patch: contrast and brightness change inside a soft outline."""
    alpha = cv2.GaussianBlur(_blob(tile.shape[-1], rng), (0, 0), rng.uniform(0.5, 3.0))
    shift = rng.uniform(0.12, 0.6) * rng.choice((-1, 1))
    shifted = tile * rng.uniform(0.5, 1.4) + shift * rng.uniform(0.7, 1.3, (tile.shape[0], 1, 1))
    return _blend(tile, shifted.astype(np.float32), alpha)


FAMILIES: tuple[Callable[[Tile, Tile, Rng], Tile], ...] = (
    foreign_texture,
    pasted_piece,
    stroke,
    stroke,
    spot,
    spot,
    lost_texture,
    local_gain,
)


def _changed(before: Tile, after: Tile) -> Mask:
    """Pixels that visibly differ; pinholes, where grain happens to agree, are closed."""
    differs = (np.abs(after - before).max(axis=0) > VISIBLE).astype(np.uint8)
    closed: npt.NDArray[np.uint8] = cv2.morphologyEx(differs, cv2.MORPH_CLOSE, np.ones((3, 3)))
    return closed.astype(bool)


def value_noise(side: int, rng: Rng, *, cells: int) -> npt.NDArray[np.float32]:
    """Smooth noise (side, side) in about [-1, 1]: a coarse random grid, raised by cubic steps."""
    grid = rng.uniform(-1, 1, (max(2, cells), max(2, cells))).astype(np.float32)
    raised: npt.NDArray[np.float32] = cv2.resize(grid, (side, side), interpolation=cv2.INTER_CUBIC)
    return raised


def _blob(side: int, rng: Rng) -> npt.NDArray[np.float32]:
    """Irregular patch in [0, 1] covering roughly 0.5 to 25 % of the tile."""
    noise = value_noise(side, rng, cells=int(2 ** rng.integers(1, 4)) + 1)
    noise = noise + 0.5 * value_noise(side, rng, cells=int(2 ** rng.integers(3, 5)))
    yy, xx = np.mgrid[:side, :side].astype(np.float32) / side
    cx, cy = rng.uniform(0, 1, 2)
    reach = rng.uniform(0.06, 0.4)
    noise = noise - 1.5 * np.hypot(xx - cx, yy - cy) / reach
    cover = np.quantile(noise, 1 - min(0.25, rng.uniform(0.2, 1.0) * reach**2 * 2.5))
    soft = rng.uniform(0.05, 0.3)
    patch: npt.NDArray[np.float32] = np.clip((noise - cover) / soft, 0, 1).astype(np.float32)
    return patch


def _rotated_box(side: int, size_px: tuple[float, float], rng: Rng) -> npt.NDArray[np.float32]:
    centre = tuple(float(v) for v in rng.uniform(0.1 * side, 0.9 * side, 2))
    corners = cv2.boxPoints((centre, size_px, float(rng.uniform(0, 180))))
    canvas = np.zeros((side, side), dtype=np.float32)
    filled: npt.NDArray[np.float32] = cv2.fillPoly(canvas, [np.rint(corners).astype(np.int32)], 1.0)
    return filled


def _wander(side: int, rng: Rng) -> npt.NDArray[np.float64]:
    """Points (n, 2) of a line that turns a little (scratch) or a lot (crack, fibre)."""
    steps = int(rng.integers(4, 14))
    reach = side * rng.uniform(0.08, 0.9)
    turn = float(rng.choice((0.04, 0.15, 0.6)))
    angles = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, turn, steps))
    moves = np.stack([np.cos(angles), np.sin(angles)], axis=1) * (reach / steps)
    points = np.cumsum(moves, axis=0)
    placed: npt.NDArray[np.float64] = points - points.mean(axis=0)
    return placed + rng.uniform(0.1 * side, 0.9 * side, 2)


def _drawn(side: int, points: npt.NDArray[np.float64], width_px: int) -> npt.NDArray[np.float32]:
    canvas = np.zeros((side, side), dtype=np.uint8)
    fixed = np.rint(points * 16).astype(np.int32)
    drawn = cv2.polylines(canvas, [fixed], False, 255, width_px, cv2.LINE_AA, shift=4)
    line: npt.NDArray[np.float32] = drawn.astype(np.float32) / 255
    return line


def _tone(channels: int, rng: Rng) -> npt.NDArray[np.float32]:
    """Signed contrast per channel (C, 1, 1): mostly grey, sometimes tinted."""
    tone = np.full(channels, rng.uniform(0.15, 0.9) * rng.choice((-1, 1)))
    if channels > 1 and rng.random() < 0.5:
        tone = tone * rng.uniform(0.2, 1.2, channels)
    return tone.astype(np.float32)[:, None, None]


def _turned(tile: Tile, rng: Rng) -> Tile:
    turned = np.rot90(tile, int(rng.integers(4)), axes=(1, 2))
    return np.ascontiguousarray(turned[:, :, ::-1] if rng.random() < 0.5 else turned)


def _blend(tile: Tile, over: Tile, alpha: npt.NDArray[np.float32]) -> Tile:
    return (tile * (1 - alpha) + over * alpha).astype(np.float32)
