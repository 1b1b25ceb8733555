"""GigE Vision cameras: address or name, and the features that are set when they are opened."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from plant_config.cameras.base import CameraSection, FrameSide, Pixel, Seconds
from plant_config.section import Problem, refuse

PixelFormat = Literal["Mono8", "RGB8", "BGR8", "BayerRG8", "BayerGB8", "BayerGR8", "BayerBG8"]


class GigeCameraSettings(CameraSection):
    """A GigE Vision camera (GenICam), through Aravis."""

    kind: Literal["gige"] = Field(description="gige: a GigE Vision camera on the network.")
    device: Annotated[str, Field(min_length=1, max_length=200)] = Field(
        description="IP address of the camera, which opens at once, or its name as discovered."
    )
    pixel_format: PixelFormat = Field(
        default="Mono8", description="What the camera sends: Mono8, RGB8, BGR8 or a Bayer pattern."
    )
    roi_px: tuple[Pixel, Pixel, FrameSide, FrameSide] | None = Field(
        default=None,
        strict=False,
        description="[x, y, width, height] on the sensor; leave out to keep the camera's own.",
    )
    exposure_us: float | None = Field(
        default=None, gt=0.0, description="Exposure in microseconds; leave out to keep it."
    )
    gain: float | None = Field(
        default=None, ge=0.0, description="Gain, mostly in dB; leave out to keep it."
    )
    frame_rate_hz: float | None = Field(
        default=None, gt=0.0, le=100_000.0, description="Pictures a second without trigger."
    )
    trigger: Literal["off", "software", "hardware"] = Field(
        default="off",
        description="off: free running; software: asked for one by one; hardware: by a signal.",
    )
    trigger_source: Annotated[str, Field(min_length=1, max_length=60)] | None = Field(
        default=None, description="With trigger = hardware: the camera's input, such as Line1."
    )
    packet_bytes: int | None = Field(
        default=None,
        ge=576,
        le=16_110,
        description="Size of network packets; 8164 with jumbo frames, leave out to find it out.",
    )
    buffers: int = Field(
        default=16, ge=2, le=1024, description="How many pictures wait in memory at most."
    )
    frame_timeout_s: Seconds | None = Field(
        default=None,
        description="Without a picture for so long the camera is lost; by trigger: leave out.",
    )

    @model_validator(mode="after")
    def _check_trigger(self) -> Self:
        problems = []
        if self.trigger == "hardware" and self.trigger_source is None:
            reason = "is missing beside trigger = 'hardware': name the input, such as 'Line1'"
            problems.append(Problem(key="trigger_source", reason=reason))
        if self.trigger != "hardware" and self.trigger_source is not None:
            reason = f"stands beside trigger = {self.trigger!r}: write trigger = 'hardware'"
            problems.append(Problem(key="trigger_source", reason=reason))
        if self.trigger != "off" and self.frame_rate_hz is not None:
            reason = f"stands beside trigger = {self.trigger!r}, which sets the pace: leave it out"
            problems.append(Problem(key="frame_rate_hz", reason=reason))
        refuse(problems)
        return self
