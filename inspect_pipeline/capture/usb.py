"""A camera at a USB port, as the system shows it (V4L2 on Linux)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime

import cv2

from inspect_pipeline.capture.live_video import LiveSettings, LiveVideo
from inspect_pipeline.capture.opencv_reading import OpenCvReader, PictureReader, open_device
from inspect_pipeline.errors import CaptureError
from plant_config.camera import UsbCameraSettings

_BY_HAND = 1  # V4L2's number for manual exposure; 3 is automatic
_OPEN_TIMEOUT_S = 10.0
_log = logging.getLogger(__name__)


def usb_camera(
    settings: UsbCameraSettings,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    open_reader: Callable[[int | str], OpenCvReader] = open_device,
) -> LiveVideo:
    live = LiveSettings(
        camera_id=settings.id,
        name=f"device {settings.device}",
        every_s=settings.every_s,
        open_timeout_s=_OPEN_TIMEOUT_S,
        read_timeout_s=settings.read_timeout_s,
        frozen_after_s=settings.frozen_after_s,
        what_to_do="check its cable, `ls /dev/video*`, and that no other program has it",
    )
    return LiveVideo(live, lambda: _prepared(open_reader(settings.device), settings), now=now)


def _prepared(reader: OpenCvReader, settings: UsbCameraSettings) -> PictureReader:
    """Raises CaptureError where the camera does not take the size that it was asked for."""
    wanted: list[tuple[int, float]] = []
    if settings.frame_wh is not None:
        wanted += zip(
            (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT), settings.frame_wh, strict=True
        )
    if settings.exposure is not None:
        wanted += [(cv2.CAP_PROP_AUTO_EXPOSURE, _BY_HAND)]
        wanted += [(cv2.CAP_PROP_EXPOSURE, settings.exposure)]
    if settings.gain is not None:
        wanted += [(cv2.CAP_PROP_GAIN, settings.gain)]
    for feature, value in wanted:
        reader.set(feature, value)
    found_wh = tuple(
        round(reader.ask(side)) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
    )
    if settings.frame_wh is not None and found_wh != settings.frame_wh:
        reader.close()
        asked = " x ".join(map(str, settings.frame_wh))
        raise CaptureError(
            f"gives {' x '.join(map(str, found_wh))} px, frame_wh asks for {asked} px"
        )
    for feature, value in wanted[2 if settings.frame_wh else 0 :]:
        if abs(reader.ask(feature) - value) > 0.01 * max(1.0, abs(value)):
            _log.warning(
                "camera %s: asked for %g, device %s set %g",
                settings.id,
                value,
                settings.device,
                reader.ask(feature),
            )
    return reader
