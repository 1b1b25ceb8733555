"""One function per camera: pixels as they came in, pixels as they are inspected out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from inspect_pipeline.capture.corrections.calibration import Calibration, Levels
from inspect_pipeline.errors import UnreadablePicture
from inspect_pipeline.records import Captured, Picture, Unfit, UnfitReason, UnreadableFrame
from plant_config.camera import Corrections

_TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


@dataclass(frozen=True, kw_only=True, eq=False)
class Correction:
    """Dark level off, gain of each pixel and colour, cut-out, turn, mirror; the same every time."""

    settings: Corrections
    dark: Levels | None  # grey levels, (H, W, C) or (1, W, C) for lines
    gain: Levels | None  # flat field times white balance, broadcast likewise

    def __call__(self, pixels: Picture) -> Picture:
        """Raises UnreadablePicture where the picture is not of the size that was calibrated."""
        return self._turned(self._cut(self._levelled(pixels)))

    def _levelled(self, pixels: Picture) -> Picture:
        if self.dark is None and self.gain is None:
            return pixels
        values = pixels.astype(np.float32)
        if self.dark is not None:
            values -= self._fitting(self.dark, pixels)
        if self.gain is not None:
            values *= self._fitting(self.gain, pixels)
        levelled: Picture = np.clip(np.rint(values), 0, 255).astype(np.uint8)
        levelled[pixels == 255] = 255  # what was overexposed stays so: its true level is unknown
        return levelled

    def _fitting(self, levels: Levels, pixels: Picture) -> Levels:
        rows, *rest = levels.shape
        if (rows not in (1, pixels.shape[0])) or rest != list(pixels.shape[1:]):
            raise UnreadablePicture(
                f"the picture is {_size(pixels.shape)}, the camera was calibrated for "
                f"{_size(levels.shape)}: set the camera as it was, or calibrate it again"
            )
        return levels

    def _cut(self, pixels: Picture) -> Picture:
        if self.settings.roi_px is None:
            return pixels
        x, y, width, height = self.settings.roi_px
        if x + width > pixels.shape[1] or y + height > pixels.shape[0]:
            raise UnreadablePicture(
                f"the picture is {_size(pixels.shape)}, roi_px of the camera reaches to "
                f"{x + width} x {y + height}: correct the plant file"
            )
        return pixels[y : y + height, x : x + width]

    def _turned(self, pixels: Picture) -> Picture:
        turned = pixels
        if self.settings.rotate_deg:
            turned = cv2.rotate(turned, _TURNS[self.settings.rotate_deg])
        if self.settings.flip != "no":
            turned = cv2.flip(turned, 1 if self.settings.flip == "left_right" else 0)
        corrected: Picture = np.ascontiguousarray(turned).reshape(*turned.shape[:2], -1)
        return corrected


def correction_of(settings: Corrections, calibration: Calibration | None) -> Correction:
    if calibration is None:
        return Correction(settings=settings, dark=None, gain=None)
    gain = calibration.flat_gain
    if calibration.white_gains is not None:
        white = np.array(calibration.white_gains, np.float32).reshape(1, 1, -1)
        gain = white if gain is None else gain * white
    return Correction(settings=settings, dark=calibration.dark, gain=gain)


def corrected(captured: Captured, correction: Correction) -> Captured:
    """The frame as it is inspected, under the key of what came; WRONG_SIZE where that cannot be."""
    if isinstance(captured, UnreadableFrame):
        return captured
    try:
        return replace(captured, pixels=correction(captured.pixels))
    except UnreadablePicture as error:
        unfit = Unfit(reason=UnfitReason.WRONG_SIZE, detail=str(error))
        return UnreadableFrame(key=captured.key, unfit=unfit)


def _size(shape: tuple[int, ...]) -> str:
    rows = f" x {shape[0]}" if shape[0] > 1 else " wide"
    return f"{shape[1]}{rows} px with {shape[2]} channels"
