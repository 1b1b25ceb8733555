"""Cameras are opened by their kind; passwords come from the environment, or the key is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from inspect_pipeline.capture.camera import Shot
from inspect_pipeline.capture.drop_folder import DropFolder
from inspect_pipeline.capture.gige import GigeCamera
from inspect_pipeline.capture.live_video import LiveVideo
from inspect_pipeline.capture.simulated import SimulatedCamera
from inspect_pipeline.capture.video_file import VideoFile
from inspect_pipeline.errors import CameraEnded, CaptureError, UsageError
from inspect_pipeline.service.opening import build_correction, open_camera
from plant_config.camera import CameraSettings
from tests import make


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


SIMULATED = settings(
    "simulated", material="brushed_web", seed=1, frames=2, defect_rate=0.0, frame_wh=(128, 128)
)


def test_a_folder_that_is_asked_once_gives_what_lies_in_it_and_ends(tmp_path: Path) -> None:
    make.write_picture(tmp_path / "a.png", make.picture())

    with open_camera(settings("folder", path=str(tmp_path)), once=True) as camera:
        shot = camera.wait(0.0)
        assert isinstance(shot, Shot)
        assert shot.content == (tmp_path / "a.png").read_bytes()
        with pytest.raises(CameraEnded):
            camera.wait(0.0)


def test_a_simulated_line_is_remembered_where_there_is_a_place_for_it(tmp_path: Path) -> None:
    def first_number() -> int | None:
        with open_camera(SIMULATED, state=tmp_path, once=True) as camera:
            shot = camera.wait(0.0)
            assert isinstance(shot, Shot)
            camera.acknowledge(shot)
            return shot.sequence

    assert [first_number() for _ in range(4)] == [0, 1, 0, 1]  # the third time it begins anew
    assert isinstance(open_camera(SIMULATED), SimulatedCamera)


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
