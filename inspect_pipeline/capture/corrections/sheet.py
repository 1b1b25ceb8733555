"""One picture that shows what a calibration found: for the folder and for the eye."""

from __future__ import annotations

import cv2
import numpy as np

from inspect_pipeline.capture.corrections.calibration import Calibration
from inspect_pipeline.capture.corrections.target import Scale
from inspect_pipeline.records import Picture

PANEL_PX = 480
_MARGIN_PX, _LINE_PX = 12, 22
_INK, _PAPER, _MARK = (30, 30, 30), (250, 250, 250), (0, 150, 60)


def calibration_sheet(
    calibration: Calibration, told: list[str], *, target: Picture | None, scale: Scale | None
) -> Picture:
    """The target with its corners, the gain of each pixel from blue (1 or less) to red, words."""
    panels = []
    if target is not None and scale is not None:
        panels.append(_panel(_marked(target, scale)))
    if calibration.flat_gain is not None:
        panels.append(_panel(_shading(calibration.flat_gain.mean(axis=2))))
    words = np.full((2 * _MARGIN_PX + _LINE_PX * len(told), 2 * PANEL_PX, 3), _PAPER, np.uint8)
    for row, line in enumerate(told, start=1):
        place = (_MARGIN_PX, _MARGIN_PX + _LINE_PX * row - 6)
        cv2.putText(words, line, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, _INK, 1, cv2.LINE_AA)
    if not panels:
        return words
    while len(panels) < 2:
        panels.append(np.full_like(panels[0], 250))
    return np.vstack([np.hstack(panels), words])


def _marked(target: Picture, scale: Scale) -> Picture:
    colour = np.repeat(target, 3, axis=2) if target.shape[2] == 1 else target.copy()
    radius = max(3, round(max(colour.shape) / 200))
    for x, y in scale.corners_px:
        cv2.circle(colour, (round(x), round(y)), radius, _MARK, max(1, radius // 2), cv2.LINE_AA)
    return np.ascontiguousarray(colour)


def _shading(gain: np.typing.NDArray[np.float32]) -> Picture:
    shares = np.clip((gain - 0.5) / 1.5, 0.0, 1.0)  # gain 0.5 to 2
    tall = np.repeat(shares, 64, axis=0) if shares.shape[0] == 1 else shares
    blue_to_red = cv2.applyColorMap((tall * 255).astype(np.uint8), cv2.COLORMAP_TURBO)
    shown: Picture = cv2.cvtColor(blue_to_red, cv2.COLOR_BGR2RGB)
    return shown


def _panel(picture: Picture) -> Picture:
    """Fitted into a square of paper."""
    height, width = picture.shape[:2]
    share = PANEL_PX / max(height, width)
    wh = (max(1, round(width * share)), max(1, round(height * share)))
    fitted = cv2.resize(picture, wh, interpolation=cv2.INTER_AREA)
    panel = np.full((PANEL_PX, PANEL_PX, 3), _PAPER, np.uint8)
    panel[: wh[1], : wh[0]] = fitted
    return panel
