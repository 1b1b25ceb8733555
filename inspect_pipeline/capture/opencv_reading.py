"""OpenCV's video reader behind a small door: the only place where channels arrive as BGR."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from inspect_pipeline.errors import CaptureError
from inspect_pipeline.records import Picture


class PictureReader(Protocol):
    """Gives one picture after the other; each call may take as long as the camera does."""

    def grab(self) -> bool:
        """On to the next picture; False where there is none any more."""
        ...

    def picture(self) -> Picture | None:
        """What was grabbed, RGB or grey; None where it cannot be decoded."""
        ...

    def close(self) -> None: ...


class OpenCvReader:
    """Raises CaptureError where OpenCV cannot open it; `name` is what people are told."""

    def __init__(
        self, target: int | str, backend: int, *, name: str, options: Mapping[int, int] | None
    ) -> None:
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)  # our messages say it
        flat = [number for option in (options or {}).items() for number in option]
        self._capture = cv2.VideoCapture(target, backend, flat)
        if not self._capture.isOpened():
            self._capture.release()
            raise CaptureError(f"{name} cannot be opened")

    def grab(self) -> bool:
        try:
            return bool(self._capture.grab())
        except cv2.error:
            return False

    def picture(self) -> Picture | None:
        try:
            is_there, pixels = self._capture.retrieve()
        except cv2.error:
            return None
        return _rgb(pixels) if is_there and pixels is not None else None

    def close(self) -> None:
        self._capture.release()

    def ask(self, feature: int) -> float:
        return float(self._capture.get(feature))

    def set(self, feature: int, value: float) -> bool:
        return bool(self._capture.set(feature, value))


OpenReader = Callable[[], PictureReader]


def open_video(path: Path) -> OpenCvReader:
    return OpenCvReader(str(path), cv2.CAP_FFMPEG, name=f"video {path}", options=None)


def open_stream(
    address: str, *, name: str, open_timeout_s: float, read_timeout_s: float
) -> OpenCvReader:
    """RTSP goes by TCP unless the environment says otherwise: lost packets look like defects."""
    os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp")
    options = {
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC: round(open_timeout_s * 1000),
        cv2.CAP_PROP_READ_TIMEOUT_MSEC: round(read_timeout_s * 1000),
    }
    return OpenCvReader(address, cv2.CAP_FFMPEG, name=name, options=options)


def open_device(device: int | str) -> OpenCvReader:
    return OpenCvReader(device, cv2.CAP_V4L2, name=f"device {device}", options=None)


def _rgb(pixels: Any) -> Picture:
    """The border: from here on a picture is RGB (H, W, 3) or grey (H, W, 1)."""
    if pixels.ndim == 2 or pixels.shape[2] == 1:
        grey: Picture = np.ascontiguousarray(pixels).reshape(*pixels.shape[:2], 1)
        return grey
    rgb: Picture = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
    return rgb
