"""Cameras at this computer's USB ports, as the system shows them (V4L2 on Linux)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from plant_config.cameras.base import CameraSection, FrameSide, Seconds
from plant_config.section import refuse_value


def _device(written: int | str) -> int | str:
    if isinstance(written, int) and not 0 <= written <= 255:
        refuse_value(f"{written} is no number of a camera: 0 is the first, 255 the last")
    if isinstance(written, str) and not written.startswith("/dev/"):
        refuse_value(f"{written!r} is no device: write a number such as 0, or /dev/video0")
    return written


class UsbCameraSettings(CameraSection):
    """A camera at a USB port."""

    kind: Literal["usb"] = Field(description="usb: a camera at a USB port of this computer.")
    device: Annotated[int | str, AfterValidator(_device)] = Field(
        description="Number of the camera, or its path; /dev/v4l/by-id/... stays the same."
    )
    frame_wh: tuple[FrameSide, FrameSide] | None = Field(
        default=None,
        strict=False,
        description="Width and height to ask of the camera; leave out for what it gives.",
    )
    exposure: float | None = Field(
        default=None,
        description="Exposure in the camera's own unit, by hand; leave out for automatic.",
    )
    gain: float | None = Field(
        default=None, ge=0.0, description="Gain in the camera's own unit; leave out to keep it."
    )
    every_s: Annotated[float, Field(ge=0.0, le=86_400.0)] = Field(
        default=0.0, description="Take one picture every so many seconds; 0: all of them."
    )
    read_timeout_s: Seconds = Field(
        default=5.0, description="Without a picture for so many seconds the camera is lost."
    )
    frozen_after_s: Annotated[float, Field(ge=0.0, le=86_400.0)] = Field(
        default=60.0,
        description="The very same picture for so many seconds means frozen; 0: never.",
    )
