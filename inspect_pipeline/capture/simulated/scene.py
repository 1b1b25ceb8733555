"""What every simulated material has in common: a lit scene, marks on it, and the sensor.

Everything is computed in float64 and rounded to uint8 once, at the very end: the last-bit
differences between processors stay some twelve digits away from a grey level, so a seed gives the
same bytes everywhere. Nothing here depends on the number of threads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from inspect_pipeline.records import Mask, Picture

Field = npt.NDArray[np.float64]  # grey levels or weights, (H, W) or (H, W, C)

SENSOR_NOISE_GREY = 1.5  # standard deviation of the sensor's noise, grey levels
VISIBLE_GREY = 2.5  # a change below this drowns in the sensor's noise and is not planted
LARGEST_GAP_PX = 20  # an enclosed gap up to this area belongs to its mark
DARKEST_GREY, BRIGHTEST_GREY = 12.0, 250.0  # of parts and marks: headroom for the noise


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """One part under the lamp, before the sensor: grey levels (H, W, C) in float64."""

    pixels: Field
    part: Mask  # (H, W): the part's silhouette, holes included
    face: Field  # (H, W) in [0, 1]: share of the pixel that is surface a mark can lie on
    light_rad: float  # direction towards the lamp, 0 = right, pi / 2 = down in the picture

    @property
    def frame_wh(self) -> tuple[int, int]:
        return self.pixels.shape[1], self.pixels.shape[0]

    @property
    def light_xy(self) -> tuple[float, float]:
        """Unit vector towards the lamp in the picture plane."""
        return float(np.cos(self.light_rad)), float(np.sin(self.light_rad))


@dataclass(frozen=True, kw_only=True, eq=False)
class Marred:
    """A scene's pixels after one mark; outside `mask` they equal what was there before."""

    pixels: Field
    mask: Mask
    contrast: float  # mean over the mask of the largest channel's change, grey levels


class Material(Protocol):
    """What the line runs: how a good part looks, and which marks it can suffer."""

    @property
    def name(self) -> str: ...

    @property
    def code(self) -> int:
        """Part of every seed, so that two materials never share random numbers. Never reused."""

    @property
    def default_wh(self) -> tuple[int, int]: ...

    @property
    def kinds(self) -> tuple[str, ...]: ...

    def scene(self, rng: np.random.Generator, frame_wh: tuple[int, int]) -> Scene: ...

    def mar(self, scene: Scene, kind: str, rng: np.random.Generator) -> Marred: ...


def photographed(pixels: Field, noise_rng: np.random.Generator) -> Picture:
    """What the sensor makes of the light: noise, then uint8."""
    noisy = pixels + SENSOR_NOISE_GREY * noise_rng.standard_normal(pixels.shape, dtype=np.float32)
    return np.clip(np.rint(noisy, out=noisy), 0, 255, out=noisy).astype(np.uint8)


def marred(before: Field, after: Field, *, within: Mask, footprint: Mask | None = None) -> Marred:
    """The change as far as one can see it: invisible fringes are dropped, small gaps are closed.

    `footprint` replaces the visible change as the mask, for marks that are a texture and not a
    tone. Both are cut to `within`.
    """
    # A limit must not touch what was beyond it before: that would be a change far from the mark.
    darkest, brightest = np.minimum(before, DARKEST_GREY), np.maximum(before, BRIGHTEST_GREY)
    after = np.clip(after, darkest, brightest)
    change = np.abs(after - before).max(axis=2)  # (H, W)
    if footprint is None:
        seen = change >= VISIBLE_GREY
        footprint = _without_gaps(seen)
    mask = np.asarray(footprint, dtype=bool) & within
    contrast = float(change[mask].mean()) if mask.any() else 0.0
    return Marred(
        pixels=np.where(mask[..., None], after, before), mask=mask, contrast=round(contrast, 2)
    )


def _without_gaps(seen: Mask) -> Mask:
    """Gaps of a pixel or two are closed, small enclosed ones filled; a loop's inside stays out."""
    around = ndimage.find_objects(seen.astype(np.int8))
    if not around:
        return seen
    rows, columns = (slice(max(0, side.start - 2), side.stop + 2) for side in around[0])
    near = seen[rows, columns]
    closed = near | ndimage.binary_closing(near, np.ones((3, 3), dtype=bool))
    enclosed, _ = ndimage.label(ndimage.binary_fill_holes(closed) & ~closed)
    small = np.bincount(enclosed.ravel()) <= LARGEST_GAP_PX
    small[0] = False
    whole = seen.copy()
    whole[rows, columns] = closed | small[enclosed]
    return whole


def blended(before: Field, colour: Field | float, weight: Field) -> Field:
    """`before` covered by `colour` (a number, (C,) or (H, W, C)) where `weight` (H, W) says so."""
    return before + weight[..., None] * (np.asarray(colour) - before)


def place_on(scene: Scene, rng: np.random.Generator, *, margin_px: int) -> tuple[float, float]:
    """A point (x, y) of the part's face, if possible `margin_px` from its edge and from holes."""
    width, height = scene.frame_wh
    for _ in range(400):
        x = int(rng.integers(margin_px, width - margin_px))
        y = int(rng.integers(margin_px, height - margin_px))
        around = scene.face[y - margin_px : y + margin_px + 1, x - margin_px : x + margin_px + 1]
        if around.min() > 0.99:
            return x + 0.5, y + 0.5
    y, x = divmod(int(rng.choice(np.flatnonzero(scene.face > 0.99))), width)
    return x + 0.5, y + 0.5


def mottle(rng: np.random.Generator, *, frame_wh: tuple[int, int], cell_px: float) -> Field:
    """Smooth noise (H, W), about unit variance, with blobs of roughly `cell_px`."""
    width, height = frame_wh
    cells = (int(np.ceil(height / cell_px)) + 3, int(np.ceil(width / cell_px)) + 3)
    coarse = rng.standard_normal(cells)
    fine_wh = (round(cells[1] * cell_px), round(cells[0] * cell_px))
    fine = cv2.resize(coarse, fine_wh, interpolation=cv2.INTER_CUBIC)
    margin = round(1.5 * cell_px)
    return np.asarray(fine[margin : margin + height, margin : margin + width], dtype=np.float64)
