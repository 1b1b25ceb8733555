"""What every camera says, whatever its kind, and what is put right in its pictures."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from plant_config.camera_schedule import CameraSchedule
from plant_config.line_scan import LineScan
from plant_config.section import Identifier, PlantPath, Section

FrameSide = Annotated[int, Field(ge=32, le=16384)]
Pixel = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(gt=0.0, le=3600.0)]


class Corrections(Section):
    """Put right in this order: dark and flat field, white balance, cut-out, rotation, mirroring.

    The picture as the camera gave it is kept; what is inspected is the corrected one.
    """

    calibration_folder: PlantPath | None = Field(
        default=None,
        description="Folder in which `cameras calibrate` keeps this camera's calibrations.",
    )
    roi_px: tuple[Pixel, Pixel, FrameSide, FrameSide] | None = Field(
        default=None,
        strict=False,
        description="[x, y, width, height] in pixels of the camera: only this is inspected.",
    )
    rotate_deg: Literal[0, 90, 180, 270] = Field(
        default=0, description="Turn the picture clockwise by 0, 90, 180 or 270 degrees."
    )
    flip: Literal["no", "left_right", "up_down"] = Field(
        default="no", description="Mirror the picture after turning it: no, left_right or up_down."
    )


class CameraSection(Section):
    id: Identifier = Field(description="Short name of the camera, unique in the plant.")
    line: Identifier = Field(description="The id of the line at which the camera stands.")
    part: Identifier = Field(description="The name of the part that passes under the camera.")
    line_scan: LineScan | None = Field(
        default=None,
        description="For a line-scan camera, whose shots are blocks of lines; else leave it out.",
    )
    schedule: CameraSchedule = Field(
        default=CameraSchedule(),
        description="When it takes pictures: the [cameras.schedule] block; left out, always.",
    )
    corrections: Corrections = Field(
        default=Corrections(),
        description="What is put right in its pictures: the [cameras.corrections] block.",
    )
