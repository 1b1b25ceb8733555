"""Cameras of a plant file, opened by their kind, and what is put right in their pictures."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from inspect_pipeline.capture.camera import Camera
from inspect_pipeline.capture.corrections.correction import Correction, correction_of
from inspect_pipeline.capture.corrections.kept_calibrations import load_calibration
from inspect_pipeline.errors import UsageError
from plant_config.camera import (
    CameraSettings,
    FolderCameraSettings,
    GigeCameraSettings,
    SimulatedCameraSettings,
    StreamCameraSettings,
    UsbCameraSettings,
    VideoCameraSettings,
)


def open_camera(
    settings: CameraSettings,
    *,
    state: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Camera:
    """The camera, not yet entered. `state` is a folder in which it keeps what it has handed over.

    Raises UsageError where a password is not in the environment, or the kind is no live camera.
    """
    known = os.environ if environment is None else environment
    match settings:
        case FolderCameraSettings():
            from inspect_pipeline.capture.drop_folder import DropFolder

            return DropFolder(settings, state=state)
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
            raise UsageError(f"camera {settings.id}: a simulated line hands over frames, not shots")


def build_correction(settings: CameraSettings) -> Correction:
    """What is put right in the camera's pictures: `corrections.correction.corrected` applies it."""
    said = settings.corrections
    folder = said.calibration_folder
    return correction_of(said, load_calibration(folder, settings.id) if folder else None)


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
