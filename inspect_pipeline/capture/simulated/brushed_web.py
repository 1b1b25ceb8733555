"""Brushed metal web, grey: streaks along the travel of the web, a lamp across it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from inspect_pipeline.capture.simulated.blobs import draw_pit, draw_smear, draw_stain
from inspect_pipeline.capture.simulated.lines import draw_crack, draw_fibre, draw_scratch
from inspect_pipeline.capture.simulated.scene import BRIGHTEST_GREY, Field, Marred, Scene

BASE_GREY = 148.0
STRONG_LINE_RATE = 0.4  # share of good frames with stronger brush lines: normal, not a defect
WOBBLE_PAD_PX = 4
STREAKS = ((9, 1.0, 3.2), (31, 0.05, 4.0), (95, 0.02, 4.2))  # length px, density, grey levels
GRAIN = (2.6, 61)  # streaks of two to three lines: grey levels, length px

_DRAW = {
    "scratch": draw_scratch,
    "pit": draw_pit,
    "stain": draw_stain,
    "crack": draw_crack,
    "fibre": draw_fibre,
    "smear": draw_smear,
}


@dataclass(frozen=True)
class BrushedWeb:
    """Brushed metal that fills the frame; the web runs from left to right."""

    name: str = "brushed_web"
    code: int = 1
    default_wh: tuple[int, int] = (384, 256)
    kinds: tuple[str, ...] = tuple(_DRAW)

    def scene(self, rng: np.random.Generator, frame_wh: tuple[int, int]) -> Scene:
        width, height = frame_wh
        tall_wh = (width, height + 2 * WOBBLE_PAD_PX)
        texture = _brush_streaks(rng, tall_wh) + _brush_lines(rng, tall_wh)
        texture = _wobbled(texture + _bands(rng, tall_wh), rng)
        brightness = rng.uniform(0.94, 1.06)
        grey = (BASE_GREY + texture) * _lamp(rng, frame_wh) * brightness
        return Scene(
            pixels=np.clip(grey, 0.0, BRIGHTEST_GREY)[..., None],
            part=np.ones((height, width), dtype=bool),
            face=np.ones((height, width)),
            light_rad=-np.pi / 2,
        )

    def mar(self, scene: Scene, kind: str, rng: np.random.Generator) -> Marred:
        return _DRAW[kind](scene, rng)


def _brush_streaks(rng: np.random.Generator, frame_wh: tuple[int, int]) -> Field:
    """Fine streaks: dense short ones as grain, sparse long ones as the marks of single bristles."""
    width, height = frame_wh
    streaks = np.zeros((height, width))
    for length_px, density, grey in STREAKS:
        short_px = max(3, length_px // 5)
        run = white_impulses(rng, (height, width + 2 * length_px), density)
        run = ndimage.uniform_filter1d(run, length_px, axis=1, mode="constant")
        run = ndimage.uniform_filter1d(run, short_px, axis=1, mode="constant")
        spread = np.sqrt(density * (length_px - short_px / 3)) / length_px
        streaks += grey / spread * run[:, length_px:-length_px]
    thick = rng.standard_normal((height // 2 + 2, width))  # streaks of two to three lines
    thick = ndimage.uniform_filter1d(thick, GRAIN[1], axis=1, mode="reflect")
    thick = np.repeat(thick, 2, axis=0)[1 : height + 1]
    streaks += GRAIN[0] * np.sqrt(float(GRAIN[1])) * thick
    return ndimage.correlate1d(streaks, [0.16, 0.68, 0.16], axis=0)


def white_impulses(rng: np.random.Generator, shape: tuple[int, int], density: float) -> Field:
    """White noise of unit variance where it is; `density` is the share of pixels that have any."""
    if density >= 1.0:
        return rng.standard_normal(shape)
    impulses = np.zeros(shape)
    count = round(density * impulses.size)
    impulses.flat[rng.integers(0, impulses.size, count)] = rng.standard_normal(count)
    return impulses


def _brush_lines(rng: np.random.Generator, frame_wh: tuple[int, int]) -> Field:
    """Some frames: one to three stronger brush lines, along the brush and soft at their ends."""
    width, height = frame_wh
    lines = np.zeros((height, width))
    count = int(rng.integers(1, 4)) if rng.random() < STRONG_LINE_RATE else 0
    x, y = np.arange(width), np.arange(height)
    for _ in range(count):
        centre_x, reach_px = rng.uniform(0, width), rng.uniform(0.25, 0.9) * width
        along = np.clip(2.0 * (1.0 - np.abs(x - centre_x) / reach_px), 0.0, 1.0)
        across = np.exp(-(((y - rng.uniform(0, height)) / rng.uniform(0.5, 1.1)) ** 2))
        lines += rng.uniform(6.0, 12.0) * rng.choice((-1.0, 1.0)) * np.outer(across, along)
    return lines


def _bands(rng: np.random.Generator, frame_wh: tuple[int, int]) -> Field:
    """Slow brightness bands across the web, which change a little along it."""
    width, height = frame_wh
    bands = across_bands(rng, height)
    drift = ndimage.gaussian_filter1d(rng.standard_normal(width + 240), 60.0)[120:-120]
    return bands * (1.0 + 2.0 * drift[None, :])


def across_bands(rng: np.random.Generator, height: int) -> Field:
    """Brightness bands of three widths, (height, 1)."""
    bands = np.zeros((height, 1))
    for sigma_px, grey in ((2.5, 1.8), (9.0, 2.4), (28.0, 3.0)):
        profile = ndimage.gaussian_filter1d(rng.standard_normal(height + 120), sigma_px)
        bands += (grey / profile.std() * profile)[60:-60, None]
    return bands


def _wobbled(tall: Field, rng: np.random.Generator) -> Field:
    """The web wanders by about a pixel: each column is shifted along y by a smooth curve."""
    height, width = tall.shape[0] - 2 * WOBBLE_PAD_PX, tall.shape[1]
    x = np.arange(width)
    shift_px = WOBBLE_PAD_PX + rng.uniform(-1.0, 1.0) * (x / width - 0.5)
    for _ in range(2):
        length_px, phase = rng.uniform(150.0, 420.0), rng.uniform(0.0, 2 * np.pi)
        shift_px += rng.uniform(0.2, 0.7) * np.sin(2 * np.pi * x / length_px + phase)
    whole: npt.NDArray[np.int64] = np.floor(shift_px).astype(np.int64)
    part = shift_px - whole
    rows = np.arange(height)[:, None] + whole[None, :]
    return np.asarray(tall[rows, x] * (1.0 - part) + tall[rows + 1, x] * part)


def _lamp(rng: np.random.Generator, frame_wh: tuple[int, int]) -> Field:
    """Falloff of the line lamp: strongest near the middle of the web, weaker to both sides."""
    width, height = frame_wh
    x = np.linspace(-1.0, 1.0, width)
    y = np.linspace(-1.0, 1.0, height)
    across = 1.04 - rng.uniform(0.13, 0.19) * (y - rng.uniform(-0.12, 0.12)) ** 2
    along = 1.0 - 0.02 * (x - rng.uniform(-0.5, 0.5)) ** 2
    return np.outer(across, along)
