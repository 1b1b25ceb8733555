"""A recorded video as a camera: every picture once, and then it has ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Self

import cv2

from inspect_pipeline.capture.camera import Gap, Shot
from inspect_pipeline.capture.lossless import png_of
from inspect_pipeline.capture.opencv_reading import open_video
from inspect_pipeline.errors import CameraEnded, CaptureError
from plant_config.camera import VideoCameraSettings

_ESTIMATED = 2  # some formats only know their length and rate: the count may be off by that much


class VideoFile:
    """Times are the file's own plus the place in the video: the same video gives the same shots."""

    def __init__(self, settings: VideoCameraSettings) -> None:
        self._settings = settings

    def __enter__(self) -> Self:
        path = self._settings.path
        try:
            self._began_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            self._reader = open_video(path)
        except (OSError, CaptureError) as error:
            raise CaptureError(
                f"camera {self._settings.id}: video {path} cannot be opened: check that it is "
                "there and that a player shows it"
            ) from error
        self._rate_hz = self._reader.ask(cv2.CAP_PROP_FPS) or 25.0
        self._announced = round(self._reader.ask(cv2.CAP_PROP_FRAME_COUNT))
        self._number = 0
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()

    def wait(self, timeout_s: float) -> Shot | Gap | None:  # noqa: ARG002 - a file makes nobody wait
        while True:
            number = self._number
            if not self._reader.grab():
                return self._end()
            self._number += 1
            if number % self._settings.every:
                continue
            taken_at = self._began_at + timedelta(seconds=number / self._rate_hz)
            pixels = self._reader.picture()
            source = f"{self._settings.path}#{number}"
            if pixels is None:
                reason = f"{source} cannot be decoded"
                return Gap(noticed_at=taken_at, reason=reason, shots=1)
            content = png_of(pixels)
            return Shot(content=content, taken_at=taken_at, source=source, sequence=number)

    def acknowledge(self, shot: Shot) -> None:
        """The video stays as it is."""

    def _end(self) -> Gap:
        """Raises CameraEnded; before that, what the file announced and did not hold is a gap."""
        missing = self._announced - self._number
        if missing <= max(_ESTIMATED, self._announced // 100):
            raise CameraEnded(f"camera {self._settings.id}: video {self._settings.path} is over")
        self._announced = 0
        reason = (
            f"{self._settings.path} breaks off: {missing} pictures that it announces are missing"
        )
        return Gap(noticed_at=self._began_at, reason=reason, shots=missing)
