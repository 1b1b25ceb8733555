"""A web without end: brushed metal that runs down the picture, drawn alike wherever one looks.

It is drawn in stretches of STRETCH_LINES, each from its own random numbers and those of its two
neighbours, as far as streaks reach over its ends: stretches fit without a seam, and line 5 000 000
costs as much as line 0. Inside, the web runs from left to right, as `brushed_web` draws it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from scipy import ndimage

from inspect_pipeline.capture.simulated.brushed_web import (
    BASE_GREY,
    GRAIN,
    STREAKS,
    WOBBLE_PAD_PX,
    BrushedWeb,
    across_bands,
    white_impulses,
)
from inspect_pipeline.capture.simulated.planting import (
    MAX_SIDE_PX,
    MIN_AREA_PX,
    MIN_CONTRAST_GREY,
    MIN_SIDE_PX,
    Stream,
)
from inspect_pipeline.capture.simulated.scene import BRIGHTEST_GREY, Field, Scene, photographed
from inspect_pipeline.errors import UsageError
from inspect_pipeline.records import Mask, Picture

STRETCH_LINES = 256  # more than the longest streak reaches
BRUSH_LINES = 0.5  # stronger brush lines per stretch and 256 px of width: normal, not a defect
_CLEAR_PX = 3  # between a mark and the end of its stretch
_ATTEMPTS = 40


@dataclass(frozen=True, kw_only=True, eq=False)
class WebDefect:
    """The truth about one defect: a half-open box of lines and columns, and which pixels of it."""

    kind: str
    first_line: int
    until_line: int
    first_px: int
    until_px: int
    mask: Mask  # (lines, columns) of the box
    contrast: float  # mean change inside the mask, grey levels

    @property
    def centre(self) -> tuple[float, float]:
        """(line, column) of the centre of gravity; the first line's middle is at 0.5."""
        lines, columns = np.nonzero(self.mask)
        return (
            self.first_line + float(lines.mean()) + 0.5,
            self.first_px + float(columns.mean()) + 0.5,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Stretch:
    good: Picture
    marred: Picture
    defects: tuple[WebDefect, ...]


@dataclass(frozen=True)
class SimulatedWeb:
    """Line by line the same for the same seed, width and rate, however it is asked for.

    `defect_rate`: probability that a stretch of 256 lines carries a defect, of one kind of those
    of `brushed_web`, whole inside its stretch.
    """

    seed: int
    width_px: int = 256
    defect_rate: float = 0.5

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise UsageError(f"a simulated web needs a seed of 0 or more, got {self.seed}")
        if not MIN_SIDE_PX <= self.width_px <= MAX_SIDE_PX:
            raise UsageError(
                f"a simulated web is {MIN_SIDE_PX} to {MAX_SIDE_PX} px wide, got {self.width_px}"
            )
        if not 0.0 <= self.defect_rate <= 1.0:
            raise UsageError(f"defect_rate must lie in [0, 1], got {self.defect_rate}")

    def lines(self, first_line: int, until_line: int) -> Picture:
        """uint8 (lines, width, 1)."""
        return self._cut(first_line, until_line, good=False)

    def good_lines(self, first_line: int, until_line: int) -> Picture:
        """The same web as it would be without its defects."""
        return self._cut(first_line, until_line, good=True)

    def defects(self, first_line: int, until_line: int) -> list[WebDefect]:
        """Those that show at least one line in the range, in the order of their first lines."""
        found = [
            defect
            for _, stretch in self._stretches(first_line, until_line)
            for defect in stretch.defects
            if defect.first_line < until_line and defect.until_line > first_line
        ]
        return sorted(found, key=lambda defect: (defect.first_line, defect.first_px))

    def _cut(self, first_line: int, until_line: int, *, good: bool) -> Picture:
        assert 0 <= first_line < until_line, f"no lines from {first_line} to {until_line}"
        rows = []
        for begin, stretch in self._stretches(first_line, until_line):
            pixels = stretch.good if good else stretch.marred
            rows.append(pixels[max(0, first_line - begin) : until_line - begin])
        return np.concatenate(rows)

    def _stretches(self, first_line: int, until_line: int) -> Iterator[tuple[int, _Stretch]]:
        first, last = first_line // STRETCH_LINES, (until_line - 1) // STRETCH_LINES
        for number in range(first, last + 1):
            yield number * STRETCH_LINES, _drawn(self, number)

    @cached_property
    def profile(self) -> Field:
        """Brightness bands (width + padding, 1), the same all along the web."""
        return across_bands(self.rng("profile"), self.width_px + 2 * WOBBLE_PAD_PX)

    @cached_property
    def lamp(self) -> Field:
        rng, across = self.rng("lamp"), np.linspace(-1.0, 1.0, self.width_px)
        fall = 1.04 - rng.uniform(0.13, 0.19) * (across - rng.uniform(-0.12, 0.12)) ** 2
        return np.asarray(fall[:, None])

    @cached_property
    def wander(self) -> tuple[tuple[float, float, float], ...]:
        """How the web wanders sideways: (pixels, length in lines, phase) of a few waves."""
        rng = self.rng("wander")
        return tuple(
            (rng.uniform(0.3, 0.9), rng.uniform(190.0, 900.0), rng.uniform(0.0, 2 * np.pi))
            for _ in range(3)
        )

    def rng(self, layer: str, stretch: int = -1) -> np.random.Generator:
        """Of one layer in one stretch; before the first stretch there are numbers too."""
        names = ("profile", "lamp", "wander", "sensor", "marks", "lines", "drift", "thick")
        code = names.index(layer) if layer in names else len(names) + int(layer)
        key = (BrushedWeb().code, int(Stream.WEB), code, stretch + 2)
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))


@lru_cache(maxsize=8)
def _drawn(web: SimulatedWeb, number: int) -> _Stretch:
    scene = _scene(web, number)
    pixels, defects = _marred(web, scene, number)
    good, marred = (
        photographed(drawn, web.rng("sensor", number)).transpose(1, 0, 2)
        for drawn in (scene.pixels, pixels)
    )
    return _Stretch(good=good, marred=marred, defects=defects)


def _scene(web: SimulatedWeb, number: int) -> Scene:
    texture = _streaks(web, number) + _brush_lines(web, number) + _bands(web, number)
    grey = (BASE_GREY + _wandered(texture, web, number)) * web.lamp
    shape = grey.shape
    return Scene(
        pixels=np.clip(grey, 0.0, BRIGHTEST_GREY)[..., None],
        part=np.ones(shape, dtype=bool),
        face=np.ones(shape),
        light_rad=-np.pi / 2,
    )


def _streaks(web: SimulatedWeb, number: int) -> Field:
    height = web.width_px + 2 * WOBBLE_PAD_PX
    streaks = np.zeros((height, STRETCH_LINES))
    for layer, (length_px, density, grey) in enumerate(STREAKS):
        short_px = max(3, length_px // 5)
        run = _noise(web, number, str(layer), height, density)
        run = ndimage.uniform_filter1d(run, length_px, axis=1)
        run = ndimage.uniform_filter1d(run, short_px, axis=1)
        spread = np.sqrt(density * (length_px - short_px / 3)) / length_px
        streaks += grey / spread * _middle(run)
    thick_grey, thick_px = GRAIN
    thick = _noise(web, number, "thick", height // 2 + 2, 1.0)
    thick = np.repeat(_middle(ndimage.uniform_filter1d(thick, thick_px, axis=1)), 2, axis=0)
    streaks += thick_grey * np.sqrt(float(thick_px)) * thick[1 : height + 1]
    return np.asarray(ndimage.correlate1d(streaks, [0.16, 0.68, 0.16], axis=0))


def _noise(web: SimulatedWeb, number: int, layer: str, height: int, density: float) -> Field:
    """Three stretches side by side: what lies beyond the ends of the middle one belongs to it."""
    return np.concatenate(
        [
            white_impulses(web.rng(layer, near), (height, STRETCH_LINES), density)
            for near in (number - 1, number, number + 1)
        ],
        axis=1,
    )


def _middle(three: Field) -> Field:
    return three[..., STRETCH_LINES : 2 * STRETCH_LINES]


def _brush_lines(web: SimulatedWeb, number: int) -> Field:
    height = web.width_px + 2 * WOBBLE_PAD_PX
    lines = np.zeros((height, STRETCH_LINES))
    y, x = np.arange(height), number * STRETCH_LINES + np.arange(STRETCH_LINES)
    for near in (number - 1, number, number + 1):
        rng = web.rng("lines", near)
        for _ in range(int(rng.poisson(BRUSH_LINES * height / 256))):
            centre_x = (near + rng.random()) * STRETCH_LINES
            reach_px = rng.uniform(0.25, 0.95) * STRETCH_LINES
            along = np.clip(2.0 * (1.0 - np.abs(x - centre_x) / reach_px), 0.0, 1.0)
            centre_y, width_px = rng.uniform(0, height), rng.uniform(0.5, 1.1)
            across = np.exp(-(((y - centre_y) / width_px) ** 2))
            lines += rng.uniform(6.0, 12.0) * rng.choice((-1.0, 1.0)) * np.outer(across, along)
    return lines


def _bands(web: SimulatedWeb, number: int) -> Field:
    drift = _noise(web, number, "drift", 1, 1.0)[0]
    drift = _middle(ndimage.gaussian_filter1d(drift, 60.0))
    return web.profile * (1.0 + 2.0 * drift[None, :])


def _wandered(tall: Field, web: SimulatedWeb, number: int) -> Field:
    x = number * STRETCH_LINES + np.arange(STRETCH_LINES)
    shift_px = np.full(STRETCH_LINES, float(WOBBLE_PAD_PX))
    for reach_px, length_px, phase in web.wander:
        shift_px += reach_px * np.sin(2 * np.pi * x / length_px + phase)
    whole = np.floor(shift_px).astype(np.int64)
    part = shift_px - whole
    rows = np.arange(web.width_px)[:, None] + whole[None, :]
    columns = np.arange(STRETCH_LINES)
    return np.asarray(tall[rows, columns] * (1.0 - part) + tall[rows + 1, columns] * part)


def _marred(web: SimulatedWeb, scene: Scene, number: int) -> tuple[Field, tuple[WebDefect, ...]]:
    rng = web.rng("marks", number)
    if rng.random() >= web.defect_rate:
        return scene.pixels, ()
    material = BrushedWeb()
    kind = str(rng.choice(material.kinds))
    for _ in range(_ATTEMPTS):
        mark = material.mar(scene, kind, rng)
        ends = mark.mask[:, :_CLEAR_PX].any() or mark.mask[:, -_CLEAR_PX:].any()
        large = np.count_nonzero(mark.mask) >= MIN_AREA_PX
        if large and mark.contrast >= MIN_CONTRAST_GREY and not ends:
            defect = _defect(kind, mark.mask.T, number * STRETCH_LINES, mark.contrast)
            return mark.pixels, (defect,)
    return scene.pixels, ()


def _defect(kind: str, mask: Mask, begin: int, contrast: float) -> WebDefect:
    """`mask` (lines, columns) of the whole stretch, which begins at line `begin`."""
    lines, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    y0, y1, x0, x1 = (int(i) for i in (lines[0], lines[-1] + 1, columns[0], columns[-1] + 1))
    return WebDefect(
        kind=kind,
        first_line=begin + y0,
        until_line=begin + y1,
        first_px=x0,
        until_px=x1,
        mask=mask[y0:y1, x0:x1],
        contrast=contrast,
    )
