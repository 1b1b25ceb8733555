"""Is it the same defect that two frames of a web show? Pure rules, in absolute lines of the web.

Frames overlap, so that both show what lies at their border. Two regions are one where they share a
pixel; and, where one of them ends at the edge of its frame, where they lie next to each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from db.masks import decode_mask

EDGE_LINES = 2  # a region that ends so near to the edge of its frame goes on beyond it
REACH_PX = 2  # two regions so near to each other touch
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class WebRegion:
    """A region at its place on the web: lines from the beginning of the roll, columns.

    `is_cut`: it ends at the first or the last line of its frame.
    """

    first_line: int
    first_px: int
    mask: Mask  # (lines, columns)
    is_cut: bool = False

    @property
    def until_line(self) -> int:
        return self.first_line + int(self.mask.shape[0])

    @property
    def until_px(self) -> int:
        return self.first_px + int(self.mask.shape[1])


@dataclass(frozen=True, kw_only=True)
class WholeDefect:
    """What several regions are together: distinct pixels, and their centre of gravity.

    `centre_line`, `centre_px`: the middle of the first line of the roll is at 0.5.
    """

    area_px: int
    centre_line: float
    centre_px: float


def region_on_web(
    encoded: bytes, *, box: tuple[int, int, int, int], frame_line: int, frame_lines: int
) -> WebRegion:
    """`encoded` as db.masks has it, of the box (x0, y0, x1, y1) in a frame of so many lines."""
    x0, y0, x1, y1 = box
    cells = decode_mask(encoded, width_px=x1 - x0, height_px=y1 - y0)
    return WebRegion(
        first_line=frame_line + y0,
        first_px=x0,
        mask=np.frombuffer(cells, dtype=np.uint8).reshape(y1 - y0, x1 - x0) > 0,
        is_cut=y0 <= EDGE_LINES or y1 >= frame_lines - EDGE_LINES,
    )


def is_same_defect(one: WebRegion, other: WebRegion) -> bool:
    reach_px = REACH_PX if one.is_cut or other.is_cut else 0
    first_line = max(one.first_line, other.first_line - reach_px)
    until_line = min(one.until_line, other.until_line + reach_px)
    first_px = max(one.first_px, other.first_px - reach_px)
    until_px = min(one.until_px, other.until_px + reach_px)
    if first_line >= until_line or first_px >= until_px:
        return False
    near = _window(one, first_line, until_line, first_px, until_px)
    for line in range(-reach_px, reach_px + 1):
        for column in range(-reach_px, reach_px + 1):
            shifted = _window(
                other, first_line + line, until_line + line, first_px + column, until_px + column
            )
            if (near & shifted).any():
                return True
    return False


def whole_defect(regions: Sequence[WebRegion]) -> WholeDefect:
    """Of all pixels, each counted once however many frames show it."""
    first_line = min(region.first_line for region in regions)
    first_px = min(region.first_px for region in regions)
    until_line = max(region.until_line for region in regions)
    until_px = max(region.until_px for region in regions)
    whole = np.zeros((until_line - first_line, until_px - first_px), dtype=bool)
    for region in regions:
        rows = slice(region.first_line - first_line, region.until_line - first_line)
        columns = slice(region.first_px - first_px, region.until_px - first_px)
        whole[rows, columns] |= region.mask
    lines, columns_px = np.nonzero(whole)
    return WholeDefect(
        area_px=len(lines),
        centre_line=first_line + float(lines.mean()) + 0.5,
        centre_px=first_px + float(columns_px.mean()) + 0.5,
    )


def _window(
    region: WebRegion, first_line: int, until_line: int, first_px: int, until_px: int
) -> Mask:
    """The region's pixels in a window of the web; False beyond its box."""
    window = np.zeros((until_line - first_line, until_px - first_px), dtype=bool)
    top, bottom = max(first_line, region.first_line), min(until_line, region.until_line)
    left, right = max(first_px, region.first_px), min(until_px, region.until_px)
    if top < bottom and left < right:
        window[top - first_line : bottom - first_line, left - first_px : right - first_px] = (
            region.mask[
                top - region.first_line : bottom - region.first_line,
                left - region.first_px : right - region.first_px,
            ]
        )
    return window
