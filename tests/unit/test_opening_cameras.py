"""Cameras are opened by their kind; passwords come from the environment, or the key is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from inspect_pipeline.capture.drop_folder import DropFolder
from inspect_pipeline.capture.gige import GigeCamera
from inspect_pipeline.capture.live_video import LiveVideo
from inspect_pipeline.capture.video_file import VideoFile
from inspect_pipeline.errors import CaptureError, UsageError
from inspect_pipeline.service.opening import build_correction, open_camera
from plant_config.camera import CameraSettings


def settings(kind: str, **said: Any) -> CameraSettings:
    adapter: TypeAdapter[CameraSettings] = TypeAdapter(CameraSettings)
    return adapter.validate_python(
        {"id": "c1", "line": "L1", "part": "bracket", "kind": kind} | said
    )


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (settings("folder", path="/srv/incoming"), DropFolder),
        (settings("video", path="/srv/film.mp4"), VideoFile),
        (settings("stream", url="rtsp://10.0.0.5/a"), LiveVideo),
        (settings("usb", device=0), LiveVideo),
        (settings("gige", device="10.0.0.7"), GigeCamera),
    ],
)
def test_the_kind_decides(said: CameraSettings, kind: type, tmp_path: Path) -> None:
    assert isinstance(open_camera(said, state=tmp_path), kind)


@pytest.mark.parametrize("environment", [{}, {"C1_PASSWORD": " "}])
def test_a_missing_password_is_said_with_camera_and_key(environment: dict[str, str]) -> None:
    said = settings("stream", url="rtsp://10.0.0.5/a", password_env="C1_PASSWORD")

    with pytest.raises(UsageError, match=r"camera c1: password_env names .* C1_PASSWORD, which is"):
        open_camera(said, environment=environment)
    assert open_camera(said, environment={"C1_PASSWORD": "x"}) is not None


def test_a_camera_that_was_not_calibrated_is_refused_where_it_should_be(tmp_path: Path) -> None:
    corrections = {"calibration_folder": str(tmp_path)}

    with pytest.raises(CaptureError, match="cameras calibrate c1"):
        build_correction(settings("usb", device=0, corrections=corrections))
    assert build_correction(settings("usb", device=0)).gain is None
