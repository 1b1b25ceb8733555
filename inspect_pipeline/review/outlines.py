"""The edge of a region as an SVG path: along the pixels, so that it is exact at every zoom."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from inspect_pipeline.records import Mask

Corner = tuple[int, int]  # x, y between pixels: (0, 0) is the upper left one of the mask
_TURNS = ((1, 0), (0, 1), (-1, 0), (0, -1))  # right, down, left, up


def outline(mask: Mask, *, x0: int = 0, y0: int = 0) -> str:
    """Closed lines around every part and hole of the mask, moved by (x0, y0); "" where empty."""
    edges = _edges(mask)
    lines = []
    while edges:
        corners = _line_from(next(iter(edges)), edges)
        lines.append(_path(corners, x0, y0))
    return "".join(lines)


def _edges(mask: Mask) -> dict[Corner, list[int]]:
    """Where edges begin, with their directions into _TURNS; the region is on their right."""
    padded = np.pad(mask, 1)
    inside = padded[1:-1, 1:-1]
    found: dict[Corner, list[int]] = {}
    for turn, outside, begin_x, begin_y in (
        (0, padded[:-2, 1:-1], 0, 0),  # nothing above: to the right along the upper side
        (1, padded[1:-1, 2:], 1, 0),
        (2, padded[2:, 1:-1], 1, 1),
        (3, padded[1:-1, :-2], 0, 1),
    ):
        for y, x in np.argwhere(inside & ~outside).tolist():
            found.setdefault((x + begin_x, y + begin_y), []).append(turn)
    return found


def _line_from(start: Corner, edges: dict[Corner, list[int]]) -> list[Corner]:
    """Takes one closed line out of the edges: its corners, the first one again at the end.

    Where two lines touch at a corner, the one that turns right keeps pixels that touch only there
    apart.
    """
    first_turn = edges[start][0]
    here, turn = start, first_turn
    corners = [start]
    while True:
        _take(edges, here, turn)
        here = (here[0] + _TURNS[turn][0], here[1] + _TURNS[turn][1])
        choices = edges.get(here, []) + ([first_turn] if here == start else [])
        following = _next(turn, choices)
        if here == start and following == first_turn:
            return [*corners, start]
        if following != turn:
            corners.append(here)
        turn = following


def _take(edges: dict[Corner, list[int]], here: Corner, turn: int) -> None:
    edges[here].remove(turn)
    if not edges[here]:
        del edges[here]


def _next(turn: int, choices: list[int]) -> int:
    return next(way for way in ((turn + 1) % 4, turn, (turn - 1) % 4) if way in choices)


def _path(corners: list[Corner], x0: int, y0: int) -> str:
    steps = [f"M{corners[0][0] + x0} {corners[0][1] + y0}"]
    for (_, before_y), (x, y) in pairwise(corners):
        steps.append(f"H{x + x0}" if y == before_y else f"V{y + y0}")
    return "".join(steps[:-1]) + "Z"
