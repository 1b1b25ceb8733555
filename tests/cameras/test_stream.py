"""Streams over a real connection: colours, time-outs, reconnects, a frozen picture, secrets."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inspect_pipeline.capture.camera import Shot
from inspect_pipeline.capture.live_video import LiveVideo
from inspect_pipeline.capture.reading import decode_picture
from inspect_pipeline.capture.stream import address_with, shown_address, stream_camera
from inspect_pipeline.errors import CaptureError
from inspect_pipeline.records import Picture
from plant_config.camera import StreamCameraSettings
from tests.cameras.mjpeg_server import MjpegCamera, serving, shaded
from tests.cameras.shots import drain, next_of, next_shot


def stream(url: str, password: str | None = None, **changed: Any) -> LiveVideo:
    said = {
        "id": "c1",
        "line": "L1",
        "part": "bracket",
        "kind": "stream",
        "url": url,
        "open_timeout_s": 3.0,
        "read_timeout_s": 2.0,
    }
    return stream_camera(StreamCameraSettings.model_validate(said | changed), password=password)


def pixels_of(shot: Shot) -> Picture:
    return decode_picture(shot.content, source=Path("shot.png"))


def corner_rgb(shot: Shot) -> list[int]:
    """The median colour of the picture: the moving band is small."""
    return [round(value) for value in np.median(pixels_of(shot).reshape(-1, 3), axis=0)]


def test_pictures_arrive_in_their_own_colours_and_order() -> None:
    with serving(MjpegCamera(shaded)) as server, stream(server.url) as camera:
        shots = [next_shot(camera) for _ in range(5)]

    assert corner_rgb(shots[0]) == pytest.approx([220, 40, 30], abs=4)
    sequence = [shot.sequence for shot in shots]
    assert sequence == sorted(set(sequence), key=int)  # type: ignore[arg-type]
    assert {shot.source for shot in shots} == {server.url}
    assert [shot.taken_at for shot in shots] == sorted(shot.taken_at for shot in shots)


def test_a_camera_that_breaks_off_is_lost_and_comes_back_in_the_same_colours() -> None:
    server = MjpegCamera(shaded)
    with serving(server), stream(server.url) as camera:
        next_shot(camera)
        server.stopping.set()
        with pytest.raises(CaptureError, match=r"camera c1: http://.* gives no more pictures"):
            drain(camera)

    with serving(server, port=server.port), stream(server.url) as camera:
        assert corner_rgb(next_shot(camera)) == pytest.approx([220, 40, 30], abs=4)


def test_a_camera_that_hangs_is_lost_in_time() -> None:
    server = MjpegCamera(shaded)
    with serving(server), stream(server.url, read_timeout_s=0.5) as camera:
        next_shot(camera)
        server.hang.set()
        with pytest.raises(CaptureError, match=r"has sent nothing for|gives no more pictures"):
            drain(camera)


def test_a_frozen_picture_is_told_from_a_still_one() -> None:
    still = MjpegCamera(lambda _: shaded(0))
    with (
        serving(still),
        stream(still.url, frozen_after_s=0.2) as camera,
        pytest.raises(CaptureError, match="is frozen: the very same picture for"),
    ):
        drain(camera)

    moving = MjpegCamera(shaded)
    with serving(moving), stream(moving.url, frozen_after_s=0.2) as camera:
        assert len([next_shot(camera) for _ in range(15)]) == 15


def test_one_picture_every_so_often_is_no_gap() -> None:
    server = MjpegCamera(shaded)
    with serving(server), stream(server.url, every_s=0.2) as camera:
        shots = [next_of(camera) for _ in range(3)]

    assert all(isinstance(shot, Shot) for shot in shots)
    first, last = shots[0], shots[-1]
    assert isinstance(first, Shot)
    assert isinstance(last, Shot)
    assert (last.taken_at - first.taken_at).total_seconds() > 0.35


def test_nobody_there_is_said_with_camera_and_address() -> None:
    with pytest.raises(CaptureError, match=r"camera c1: http://127.0.0.1:9/x cannot be opened"):
        stream("http://127.0.0.1:9/x").__enter__()


def test_the_password_goes_to_the_camera_and_nowhere_else(
    capfd: pytest.CaptureFixture[str],
) -> None:
    login = "Basic " + base64.b64encode(b"eve:s3cr/t").decode()
    server = MjpegCamera(shaded, login=login)
    with serving(server):
        url = server.url.replace("http://", "http://eve@")
        with stream(url, password="s3cr/t") as camera:
            assert next_shot(camera).source == server.url
        with pytest.raises(CaptureError) as refused, stream(url, password="wr0ng") as camera:
            pass

    assert login in server.asked_with
    said = str(refused.value) + "".join(capfd.readouterr())
    assert "wr0ng" not in said
    assert "s3cr" not in said
    assert "check the camera" in str(refused.value)


@pytest.mark.parametrize(
    ("url", "shown", "opened"),
    [
        ("rtsp://10.0.0.5/a", "rtsp://10.0.0.5/a", "rtsp://admin:p%2Fw%40@10.0.0.5/a"),
        ("rtsp://u@h:554/a?x=1", "rtsp://h:554/a", "rtsp://u:p%2Fw%40@h:554/a?x=1"),
        ("http://[fe80::1]:80/", "http://[fe80::1]:80/", "http://admin:p%2Fw%40@[fe80::1]:80/"),
    ],
)
def test_addresses_are_shown_without_what_is_secret(url: str, shown: str, opened: str) -> None:
    assert shown_address(url) == shown
    assert address_with(url, "p/w@") == opened
