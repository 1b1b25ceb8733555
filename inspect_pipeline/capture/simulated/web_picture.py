"""A stretch of the simulated web as files, for people to look at and for programs to be tested."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

from inspect_pipeline.capture.lossless import png_of
from inspect_pipeline.capture.simulated.endless_web import SimulatedWeb, WebDefect
from inspect_pipeline.errors import CaptureError, UsageError
from inspect_pipeline.records import Picture

MOST_LINES = 20_000  # of one picture, which people's programs still open
_RED = (255, 0, 0)
_FRAME_PX = 4  # between a defect and the line around it


def write_web(
    folder: Path, *, lines: int, width_px: int, seed: int, defect_rate: float = 1.0
) -> list[WebDefect]:
    """`web.png`, `good.png` without defects, `marked.png` with red boxes, and `defects.json`."""
    if not 1 <= lines <= MOST_LINES:
        raise UsageError(f"--web takes 1 to {MOST_LINES} lines, got {lines}")
    web = SimulatedWeb(seed, width_px=width_px, defect_rate=defect_rate)
    pixels, defects = web.lines(0, lines), web.defects(0, lines)
    told = [
        {
            "kind": defect.kind,
            "lines": [defect.first_line, defect.until_line],
            "columns": [defect.first_px, defect.until_px],
            "contrast": defect.contrast,
        }
        for defect in defects
    ]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "web.png").write_bytes(png_of(pixels))
        (folder / "good.png").write_bytes(png_of(web.good_lines(0, lines)))
        (folder / "marked.png").write_bytes(png_of(_marked(pixels, defects)))
        (folder / "defects.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise CaptureError(f"cannot write a simulated web to {folder}: {error}") from error
    return defects


def _marked(pixels: Picture, defects: list[WebDefect]) -> Picture:
    marked = np.ascontiguousarray(np.repeat(pixels, 3, axis=2))
    for defect in defects:
        upper_left = (defect.first_px - _FRAME_PX, defect.first_line - _FRAME_PX)
        lower_right = (defect.until_px + _FRAME_PX, defect.until_line + _FRAME_PX)
        cv2.rectangle(marked, upper_left, lower_right, _RED, 1)
    return marked
