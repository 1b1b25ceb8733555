"""Cameras of a plant file, opened by their kind, and what is put right in their pictures."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from inspect_pipeline.capture.camera import Camera
from inspect_pipeline.capture.corrections.correction import Correction, correction_of
from inspect_pipeline.capture.corrections.kept_calibrations import load_calibration
from inspect_pipeline.errors import UsageError
from inspect_pipeline.stages.repeated import RepeatedContent
from plant_config.camera import (
    CameraSettings,
    FolderCameraSettings,
    GigeCameraSettings,
    SimulatedCameraSettings,
    StreamCameraSettings,
    UsbCameraSettings,
    VideoCameraSettings,
)

if TYPE_CHECKING:
    from inspect_pipeline.capture.simulated import SimulatedCamera


def open_camera(
    settings: CameraSettings,
    *,
    state: Path | None = None,
    once: bool = False,
    start_at: datetime | None = None,
    environment: Mapping[str, str] | None = None,
) -> Camera:
    """The camera, not yet entered. `state` is a folder in which it keeps what it has handed over.

    `once`: a folder is read as it is now, and ends; a simulated line runs as fast as it is asked,
    and one that had ended begins anew. It begins at `start_at`, or now. Raises UsageError where a
    password is not in the environment.
    """
    known = os.environ if environment is None else environment
    match settings:
        case FolderCameraSettings():
            return _folder(settings, state, once=once)
        case VideoCameraSettings():
            from inspect_pipeline.capture.video_file import VideoFile

            return VideoFile(settings)
        case StreamCameraSettings():
            from inspect_pipeline.capture.stream import stream_camera

            return stream_camera(settings, password=_password(settings, known))
        case UsbCameraSettings():
            from inspect_pipeline.capture.usb import usb_camera

            return usb_camera(settings)
        case GigeCameraSettings():
            from inspect_pipeline.capture.gige import GigeCamera

            return GigeCamera(settings)
        case SimulatedCameraSettings():
            return _simulated(settings, state, once=once, start_at=start_at or datetime.now(UTC))


def build_correction(settings: CameraSettings) -> Correction:
    """What is put right in the camera's pictures: `corrections.correction.corrected` applies it."""
    said = settings.corrections
    folder = said.calibration_folder
    return correction_of(said, load_calibration(folder, settings.id) if folder else None)


def repeated_content(settings: CameraSettings) -> RepeatedContent | None:
    """What tells frozen frames, of live cameras; None where the file asks for no such check.

    A stream or USB camera that stays frozen is opened anew besides (`frozen_after_s`).
    """
    match settings:
        case FolderCameraSettings() | VideoCameraSettings():
            return None
        case StreamCameraSettings() | UsbCameraSettings() if settings.frozen_after_s <= 0:
            return None
    return RepeatedContent()


def _folder(settings: FolderCameraSettings, state: Path | None, *, once: bool) -> Camera:
    from inspect_pipeline.capture.drop_folder import DropFolder
    from inspect_pipeline.capture.folder import FolderCamera
    from inspect_pipeline.ingestion.sources import PicturesOfNow

    if not once:
        return DropFolder(settings, state=state)
    return PicturesOfNow(
        FolderCamera(
            settings.path,
            line_id=settings.line,
            camera_id=settings.id,
            part=settings.part,
            pattern=settings.pattern,
            recursive=settings.recursive,
        )
    )


def _simulated(
    settings: SimulatedCameraSettings, state: Path | None, *, once: bool, start_at: datetime
) -> Camera:
    from inspect_pipeline.ingestion.sources import RememberedCamera
    from inspect_pipeline.service.webs import simulated_camera

    def begun(at: datetime, after_sequence: int) -> SimulatedCamera:
        return simulated_camera(
            settings, start_at=at, in_real_time=not once, after_sequence=after_sequence
        )

    if state is None:
        return begun(start_at, -1)
    return RememberedCamera(
        begun,
        named=settings.model_dump_json(),
        shots=settings.frames,
        memory=state / "camera.json",
        start_at=start_at,
        begin_anew=once,
    )


def _password(settings: StreamCameraSettings, environment: Mapping[str, str]) -> str | None:
    if settings.password_env is None:
        return None
    password = environment.get(settings.password_env, "").strip()
    if not password:
        raise UsageError(
            f"camera {settings.id}: password_env names the environment variable "
            f"{settings.password_env}, which is not set or empty: set it before the program starts"
        )
    return password
