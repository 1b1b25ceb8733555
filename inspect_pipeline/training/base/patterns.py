"""Families with a period: gratings and rings, cloth, bricks, perforated sheet."""

from __future__ import annotations

import numpy as np

from inspect_pipeline.training.base.fields import (
    FULL_TURN,
    Field,
    Numbers,
    Rng,
    clipped,
    log_uniform,
    rotated_axes,
    stretched,
)


def waves(rng: Rng, side: int) -> Field:
    """Sums or products of one to three waves of any profile: grids, gratings, moire, rings."""
    added, multiplied = np.zeros((side, side), np.float32), np.ones((side, side), np.float32)
    period_px = log_uniform(rng, 3, 40)
    for _ in range(int(rng.integers(1, 4))):
        u, v = rotated_axes(rng, side)
        if rng.random() < 0.15:
            centre_u, centre_v = (rng.uniform(-side, side) / 2 for _ in range(2))
            u = np.hypot(u - centre_u, v - centre_v).astype(np.float32)
        phase = (u / (period_px * rng.choice((0.5, 1, 1, 1, 2))) + rng.random()) % 1
        wave = _profile(rng, phase)
        added += wave
        multiplied *= wave
    return stretched(added if rng.random() < 0.6 else multiplied)


def _profile(rng: Rng, phase: Numbers) -> Numbers:
    """Sine, saw or bars of any width, from a phase in [0, 1)."""
    kind = int(rng.integers(3))
    if kind == 0:
        return np.asarray(0.5 + 0.5 * np.sin(FULL_TURN * phase))
    if kind == 1:
        return phase
    return np.asarray(np.clip((abs(2 * phase - 1) - rng.uniform(0.05, 0.9)) * 6 + 0.5, 0, 1))


def weave(rng: Rng, side: int) -> Field:
    """Rounded threads over and under one another: plain weave, twill or satin."""
    u, v = rotated_axes(rng, side)
    pitch_u = log_uniform(rng, 4, 22)
    pitch_v = pitch_u * rng.uniform(0.6, 1.6)
    column, row = np.floor(u / pitch_u), np.floor(v / pitch_v)
    repeat, shift = int(rng.integers(2, 6)), int(rng.integers(1, 4))
    warp_is_above = ((column * shift + row) % repeat) < rng.integers(1, repeat)
    across, along = u / pitch_u - column - 0.5, v / pitch_v - row - 0.5
    warp = (1 - (2 * across) ** 2) * (1 - 0.5 * along**2)
    weft = (1 - (2 * along) ** 2) * (1 - 0.5 * across**2)
    threads = np.where(warp_is_above, warp, weft - rng.uniform(0, 0.5))
    tones = rng.random(int(np.ptp(column)) + 2, dtype=np.float32)
    tone = tones[(column - column.min()).astype(int)]
    return stretched(threads + rng.uniform(0, 0.5) * tone)


def bricks(rng: Rng, side: int) -> Field:
    """Tiles or bricks with joints, each in a tone of its own."""
    u, v = rotated_axes(rng, side)
    height = log_uniform(rng, 6, 40)
    width = height * log_uniform(rng, 0.8, 4)
    row = np.floor(v / height)
    shifted = u + row % 2 * width * rng.choice((0, 0.5, 0.33))
    column = np.floor(shifted / width)
    inside = np.minimum((shifted / width - column) * width, (v / height - row) * height)
    is_joint = inside < rng.uniform(0.5, 4)
    # A number in [0, 1) that looks random and belongs to the brick.
    tone = ((np.sin(column * 12.9898 + row * 78.233) * 43758.5453) % 1).astype(np.float32)
    joint = rng.random()
    return np.where(is_joint, joint, 0.5 + (tone - 0.5) * rng.uniform(0, 1)).astype(np.float32)


def lattice(rng: Rng, side: int) -> Field:
    """Dots, holes or knobs in rows or in a honeycomb, each a little off its place."""
    u, v = rotated_axes(rng, side)
    pitch = log_uniform(rng, 5, 40)
    row = np.floor(v / pitch)
    shifted = u + (row % 2) * pitch * rng.choice((0, 0.5))
    play = rng.uniform(0, 0.15) * pitch
    column = np.floor(shifted / pitch)
    off_u = np.sin(column * 12.99 + row * 78.2) * play
    off_v = np.sin(column * 39.3 + row * 11.1) * play
    du, dv = shifted - (column + 0.5) * pitch - off_u, v - (row + 0.5) * pitch - off_v
    distance = np.hypot(du, dv) / pitch
    radius = rng.uniform(0.12, 0.48)
    return clipped((radius - distance) * pitch * rng.uniform(0.15, 1.0) + 0.5)
