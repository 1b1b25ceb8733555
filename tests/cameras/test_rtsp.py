"""A stream by RTSP: what arrives is what the camera sent, and it comes back after a fall."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from inspect_pipeline.capture.reading import decode_picture
from inspect_pipeline.capture.stream import stream_camera
from inspect_pipeline.errors import CaptureError
from inspect_pipeline.records import Picture
from plant_config.camera import StreamCameraSettings
from tests.cameras.shots import drain, next_shot
from tests.make import write_picture

SERVE = Path(__file__).with_name("rtsp_serve.py")
PICTURES = 12


def sent(number: int) -> Picture:
    """Flat colours, so that compression takes little away; the number stands in the blocks."""
    picture = np.full((96, 160, 3), (210, 60, 40), np.uint8)
    for bit in range(4):
        picture[:48, 40 * bit : 40 * bit + 40] = 230 if number >> bit & 1 else 20
    return picture


def number_of(picture: Picture) -> int:
    return sum(1 << bit for bit in range(4) if picture[24, 40 * bit + 20].mean() > 128)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    try:
        import gi

        gi.require_version("GstRtspServer", "1.0")
    except (ImportError, ValueError) as missing:
        pytest.skip(f"no RTSP server here: apt-get install gir1.2-gst-rtsp-server-1.0 ({missing})")
    for number in range(PICTURES):
        write_picture(tmp_path / f"{number}.png", sent(number))
    return tmp_path


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    with subprocess.Popen(
        [sys.executable, str(SERVE), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            yield f"rtsp://127.0.0.1:{port}/line", process
        finally:
            process.kill()


def settings(url: str) -> StreamCameraSettings:
    said = {"id": "c1", "line": "L1", "part": "p", "kind": "stream", "url": url}
    return StreamCameraSettings.model_validate(said | {"read_timeout_s": 3.0})


def test_pictures_arrive_in_order_and_as_they_were_sent(folder: Path) -> None:
    """The server begins anew once it is asked to play: the first few do not count."""
    with serving(folder) as (url, _), stream_camera(settings(url), password=None) as camera:
        shots = [next_shot(camera) for _ in range(2 * PICTURES)][PICTURES:]

    found = [decode_picture(shot.content, source=folder) for shot in shots]
    numbers = [number_of(picture) for picture in found]
    assert [(number - numbers[0]) % PICTURES for number in numbers] == list(range(PICTURES))
    for number, picture in zip(numbers, found, strict=True):
        assert np.abs(picture.astype(int) - sent(number)).mean() < 4.0


def test_a_server_that_falls_is_lost_and_comes_back_in_the_same_colours(folder: Path) -> None:
    with serving(folder) as (url, process), stream_camera(settings(url), password=None) as camera:
        next_shot(camera)
        process.kill()
        with pytest.raises(CaptureError, match=r"camera c1: rtsp://127.0.0.1"):
            drain(camera)

    with serving(folder) as (url, _), stream_camera(settings(url), password=None) as camera:
        picture = decode_picture(next_shot(camera).content, source=folder)
        assert picture[80, 20].tolist() == pytest.approx([210, 60, 40], abs=6)
