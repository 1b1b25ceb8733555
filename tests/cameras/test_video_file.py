"""A recorded video: every picture once, the same again the next time, and then an end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from inspect_pipeline.capture.reading import decode_picture
from inspect_pipeline.capture.video_file import VideoFile
from inspect_pipeline.errors import CameraEnded, CaptureError
from inspect_pipeline.records import Picture
from plant_config.camera import VideoCameraSettings
from tests.cameras.shots import shots_of


def picture(number: int) -> Picture:
    drawn = np.zeros((48, 64, 3), np.uint8)
    drawn[:] = (200, 20 * number, 10)
    return drawn


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"FFV1"), 10.0, (64, 48))
    for number in range(6):
        writer.write(cv2.cvtColor(picture(number), cv2.COLOR_RGB2BGR))
    writer.release()
    return path


def video(path: Path, **changed: Any) -> VideoFile:
    said = {"id": "c1", "line": "L1", "part": "p", "kind": "video", "path": str(path)}
    return VideoFile(VideoCameraSettings.model_validate(said | changed))


def test_every_picture_comes_once_and_then_it_ends(film: Path) -> None:
    with video(film) as camera:
        shots = shots_of(camera, 6)
        with pytest.raises(CameraEnded, match="is over"):
            camera.wait(0.0)

    for number, shot in enumerate(shots):
        found = decode_picture(shot.content, source=film)
        assert np.abs(found.astype(int) - picture(number)).max() <= 2
        assert (shot.sequence, shot.source) == (number, f"{film}#{number}")


def test_the_same_video_gives_the_same_shots_again(film: Path) -> None:
    with video(film) as one:
        first = shots_of(one, 6)
    with video(film) as again:
        assert shots_of(again, 6) == first

    seconds = [(shot.taken_at - first[0].taken_at).total_seconds() for shot in first]
    assert seconds == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4, 0.5])


def test_every_third_picture(film: Path) -> None:
    with video(film, every=3) as camera:
        assert [shot.sequence for shot in shots_of(camera, 2)] == [0, 3]
        with pytest.raises(CameraEnded):
            camera.wait(0.0)


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"no film")

    with pytest.raises(CaptureError, match=r"camera c1: video .*film.mp4 cannot be opened"):
        video(path).__enter__()
