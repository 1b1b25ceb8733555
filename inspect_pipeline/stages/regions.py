"""Where a frame is anomalous: connected regions of its discrepancy map, and the score of the frame.

Both use the same idea of size, so that they cannot disagree: a frame has a region if and only if
its score exceeds the threshold. Closing only widens regions, it never makes one.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from inspect_pipeline.geometry import Box
from inspect_pipeline.limits import Limits
from inspect_pipeline.records import DiscrepancyMap, Heat, Mask, Region

NEVER = np.float32(-np.inf)  # the value of pixels that are not inspected


def find_regions(
    heat: DiscrepancyMap, limits: Limits, inspected: Mask | None = None
) -> list[Region]:
    """Areas above the part's thresholds inside the inspected mask, highest peak first.

    Hysteresis: a region is an 8-connected area above `low_threshold` around at least one connected
    set of `min_area_px` pixels above `threshold`. Its peak is robust to specks (see `frame_score`).
    """
    values = _inspected_values(heat, inspected)
    seeds = _large_parts(_above(values, limits.threshold), limits.min_area_px)
    if not seeds.any():
        return []
    low = _closed(_above(values, limits.low_threshold), limits.closing_px) & (values > NEVER)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(low.view(np.uint8), connectivity=8)
    numbers = np.unique(labels[seeds]).tolist()
    regions = [
        _region_of(values, labels, number, _box_of(stats[number]), limits.min_area_px)
        for number in numbers
    ]
    return sorted(regions, key=lambda region: (-region.peak, region.box.y0, region.box.x0))


def frame_score(heat: DiscrepancyMap, *, min_area_px: int, inspected: Mask | None = None) -> float:
    """The highest level that some connected set of `min_area_px` inspected pixels reaches.

    This is the maximum of the grey area opening (Vincent 1993; 8-connected), exact: one hot pixel
    counts for nothing. ValueError where no connected inspected area is that large, because then
    nothing could ever be found.
    """
    if min_area_px < 1:
        raise ValueError(f"min_area_px must be at least 1, got {min_area_px}")
    return _opened_peak(_inspected_values(heat, inspected), min_area_px)


def _inspected_values(heat: DiscrepancyMap, inspected: Mask | None) -> Heat:
    """The map with NEVER outside the mask."""
    values = heat.values
    if not np.isfinite(values).all():
        broken = int((~np.isfinite(values)).sum())
        raise ValueError(f"{broken} of {values.size} pixels of the map are not finite numbers")
    if inspected is None:
        return values
    if inspected.shape != values.shape or inspected.dtype != np.bool_:
        raise ValueError(
            f"the inspected mask must be bool {values.shape}, "
            f"got {inspected.dtype} {inspected.shape}"
        )
    return np.where(inspected, values, NEVER)


def _opened_peak(values: Heat, min_area_px: int) -> float:
    """Bisection over the levels that occur, on ever fewer candidates; starts from a lower bound."""
    level = _lower_bound(values, min_area_px)
    values = _candidates(values, level, min_area_px)
    if not values.size:
        raise ValueError(
            f"no connected inspected area has the {min_area_px} px of min_area_px: "
            f"widen the inspected polygon or lower min_area_px"
        )
    open_levels = values[values > level]
    while open_levels.size:
        middle = np.partition(open_levels, open_levels.size // 2)[open_levels.size // 2]
        candidates = _candidates(values, middle, min_area_px)
        if candidates.size:
            level, values = middle, candidates
            open_levels = values[values > level]
        else:
            open_levels = open_levels[open_levels < middle]
    return float(level)


def _lower_bound(values: Heat, min_area_px: int) -> np.float32:
    """A level that is certainly reached: the best rectangle of the area, by its lowest pixel."""
    height = min(math.isqrt(min_area_px - 1) + 1, values.shape[0])
    width = math.ceil(min_area_px / height)
    level = NEVER
    if width <= values.shape[1]:
        kernel = np.ones((height, width), dtype=np.uint8)
        lowest = cv2.erode(values, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=float(NEVER))
        level = lowest.max()
    return level if level > NEVER else np.min(values, initial=np.inf, where=values > NEVER)


def _candidates(values: Heat, level: np.float32, min_area_px: int) -> Heat:
    """The part of the map where large areas reach the level, all else NEVER; empty if none does."""
    kept = _large_parts(values >= level, min_area_px)
    rows, columns = np.flatnonzero(kept.any(axis=1)), np.flatnonzero(kept.any(axis=0))
    if not rows.size:
        return values[:0, :0]
    window = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return np.where(kept[window], values[window], NEVER)


def _large_parts(mask: Mask, min_area_px: int) -> Mask:
    """The 8-connected parts of a mask that have at least the area."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    is_large: npt.NDArray[np.bool_] = stats[:, cv2.CC_STAT_AREA] >= min_area_px
    is_large[0] = False  # the background
    if not is_large.any():
        return np.zeros_like(mask)
    large: Mask = is_large[labels]
    return large


def _above(values: Heat, limit: float) -> Mask:
    """Compared in float64: a limit rounded to float32 could turn a pixel at the limit over it."""
    above: Mask = values > np.float64(limit)
    return above


def _closed(mask: Mask, radius_px: int) -> Mask:
    """The mask with gaps narrower than the disk filled; never smaller than it was."""
    if radius_px == 0:
        return mask
    side = 2 * radius_px + 1
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    filled: npt.NDArray[np.uint8] = cv2.morphologyEx(mask.view(np.uint8), cv2.MORPH_CLOSE, disk)
    return mask | (filled > 0)


def _region_of(
    values: Heat, labels: npt.NDArray[np.int32], number: int, box: Box, min_area_px: int
) -> Region:
    mask: Mask = labels[box.slices] == number
    inside = np.where(mask, values[box.slices], NEVER)
    return Region(
        box=box,
        mask=mask,
        peak=_opened_peak(inside, min_area_px),
        mean=float(inside[mask].mean(dtype=np.float64)),
    )


def _box_of(stats: npt.NDArray[np.int32]) -> Box:
    x0, y0, width, height = (int(length) for length in stats[:4])
    return Box(x0=x0, y0=y0, x1=x0 + width, y1=y0 + height)
