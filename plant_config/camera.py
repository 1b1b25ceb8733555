"""Where frames come from. The `kind` of a camera decides which keys it has."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from plant_config.cameras.base import CameraSection, Corrections, FrameSide
from plant_config.cameras.folder import FolderCameraSettings
from plant_config.cameras.gige import GigeCameraSettings
from plant_config.cameras.usb import UsbCameraSettings
from plant_config.cameras.video import StreamCameraSettings, VideoCameraSettings
from plant_config.section import Problem, refuse
from plant_config.simulated import SimulatedFault

__all__ = [
    "CameraSettings",
    "Corrections",
    "FolderCameraSettings",
    "GigeCameraSettings",
    "SimulatedCameraSettings",
    "StreamCameraSettings",
    "UsbCameraSettings",
    "VideoCameraSettings",
]


class SimulatedCameraSettings(CameraSection):
    """A line that exists only in the computer, for demonstrations and tests."""

    kind: Literal["simulated"] = Field(description="simulated: frames are drawn by the computer.")
    material: Literal["brushed_web", "machined_plate"] = Field(
        description="What passes under the camera: brushed_web is grey, machined_plate is colour."
    )
    seed: int = Field(ge=0, lt=2**32, description="The same seed gives the same frames again.")
    frames: int = Field(
        ge=1, le=1_000_000, description="How many frames come before the line ends."
    )
    defect_rate: float = Field(
        ge=0.0, le=1.0, description="Share of frames, 0 to 1, that carry a drawn defect."
    )
    frame_wh: tuple[FrameSide, FrameSide] = Field(
        strict=False, description="Width and height of a frame in pixels, 32 to 16384 each."
    )
    period_s: float = Field(
        default=1.0, gt=0.0, le=3600.0, description="Seconds from one frame to the next."
    )
    faults: tuple[SimulatedFault, ...] = Field(
        default=(), strict=False, description="What goes wrong: [[cameras.faults]] blocks."
    )

    @model_validator(mode="after")
    def _check_material(self) -> Self:
        if self.line_scan is not None and self.material != "brushed_web":
            found = f"is {self.material!r}, which is no web: use brushed_web, or no line_scan"
            refuse([Problem(key="material", reason=found)])
        return self


CameraSettings = Annotated[
    FolderCameraSettings
    | SimulatedCameraSettings
    | VideoCameraSettings
    | StreamCameraSettings
    | UsbCameraSettings
    | GigeCameraSettings,
    Field(discriminator="kind"),
]
