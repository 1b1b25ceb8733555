"""Live cameras with a reader that does as it is told: gaps, hanging, USB settings."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from inspect_pipeline.capture.camera import Gap
from inspect_pipeline.capture.live_video import LiveSettings, LiveVideo
from inspect_pipeline.capture.lossless import png_of
from inspect_pipeline.capture.picture_pump import KEPT_MAX
from inspect_pipeline.capture.reading import decode_picture
from inspect_pipeline.capture.usb import usb_camera
from inspect_pipeline.errors import CaptureError
from inspect_pipeline.records import Picture
from plant_config.camera import UsbCameraSettings
from tests.cameras.shots import next_of, next_shot


class ScriptedReader:
    """Gives the pictures of a script, then hangs until it is let go."""

    def __init__(self, pictures: list[Picture | None], let_go: threading.Event) -> None:
        self.pictures = iter(pictures)
        self.let_go = let_go
        self.all_read = threading.Event()
        self.is_closed = threading.Event()
        self.grabbed: Picture | None = None

    def grab(self) -> bool:
        for picture in self.pictures:
            self.grabbed = picture
            return True
        self.all_read.set()
        self.let_go.wait(60.0)
        return False

    def picture(self) -> Picture | None:
        return self.grabbed

    def close(self) -> None:
        self.is_closed.set()


def noisy(number: int) -> Picture:
    return np.random.default_rng(number).integers(0, 256, (20, 30, 3), np.uint8)


def live(reader: ScriptedReader, **changed: Any) -> LiveVideo:
    said: dict[str, Any] = {
        "camera_id": "c1",
        "name": "device 0",
        "every_s": 0.0,
        "open_timeout_s": 5.0,
        "read_timeout_s": 0.3,
        "frozen_after_s": 0.0,
        "what_to_do": "check its cable",
    }
    settings = LiveSettings(**(said | changed))
    return LiveVideo(settings, lambda: reader, now=lambda: datetime(2026, 1, 2, tzinfo=UTC))


@pytest.fixture
def let_go() -> Any:
    event = threading.Event()
    yield event
    event.set()


@pytest.mark.parametrize("channels", [1, 3])
def test_a_kept_picture_is_the_very_same(channels: int) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (31, 17, channels), np.uint8)

    assert np.array_equal(decode_picture(png_of(pixels), source=Path("a.png")), pixels)


def test_what_came_too_fast_is_a_gap_before_the_next_shot(let_go: threading.Event) -> None:
    reader = ScriptedReader([noisy(number) for number in range(KEPT_MAX + 3)], let_go)
    with live(reader) as camera:
        assert reader.all_read.wait(30.0)
        gap = next_of(camera)
        shots = [next_shot(camera) for _ in range(KEPT_MAX)]
        let_go.set()

    assert isinstance(gap, Gap)
    assert gap.shots == 3
    assert [shot.sequence for shot in shots] == list(range(3, KEPT_MAX + 3))


def test_a_picture_that_cannot_be_decoded_is_a_gap(let_go: threading.Event) -> None:
    reader = ScriptedReader([noisy(0), None, noisy(2)], let_go)
    with live(reader) as camera:
        given = [next_of(camera) for _ in range(3)]
        let_go.set()

    assert [type(each).__name__ for each in given] == ["Shot", "Gap", "Shot"]


def test_a_camera_that_ended_as_soon_as_it_was_open_still_gives_its_pictures(
    monkeypatch: pytest.MonkeyPatch, let_go: threading.Event
) -> None:
    starting = threading.Thread.start
    let_go.set()

    def started_and_ended(thread: threading.Thread) -> None:
        starting(thread)
        thread.join(30.0)

    monkeypatch.setattr(threading.Thread, "start", started_and_ended)
    with live(ScriptedReader([noisy(0)], let_go)) as camera:
        shot = next_shot(camera)
        with pytest.raises(CaptureError, match="device 0 gives no more pictures"):
            next_of(camera)

    assert shot.sequence == 0


def test_a_camera_that_hangs_does_not_hang_who_waits(let_go: threading.Event) -> None:
    reader = ScriptedReader([noisy(0)], let_go)
    with live(reader) as camera:
        next_shot(camera)
        with pytest.raises(CaptureError, match=r"camera c1: device 0 has sent nothing for .*cable"):
            next_of(camera)
        let_go.set()

    assert reader.is_closed.wait(30.0)


def test_a_camera_that_does_not_open_in_time_is_lost() -> None:
    let_go = threading.Event()

    def hanging() -> ScriptedReader:
        let_go.wait(60.0)
        return ScriptedReader([], let_go)

    settings = LiveSettings(
        camera_id="c1",
        name="device 0",
        every_s=0.0,
        open_timeout_s=0.1,
        read_timeout_s=1.0,
        frozen_after_s=0.0,
        what_to_do="check its cable",
    )
    camera = LiveVideo(settings, hanging, now=lambda: datetime(2026, 1, 2, tzinfo=UTC))
    with pytest.raises(CaptureError, match="has not answered for"):
        camera.__enter__()
    let_go.set()


class ScriptedDevice:
    """Stands where OpenCV's reader stands: takes settings as a camera with one size does."""

    def __init__(self, wh: tuple[int, int]) -> None:
        self.features: dict[int, float] = {
            cv2.CAP_PROP_FRAME_WIDTH: wh[0],
            cv2.CAP_PROP_FRAME_HEIGHT: wh[1],
        }
        self.wh = wh
        self.number = 0

    def set(self, feature: int, value: float) -> bool:
        if feature not in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT):
            self.features[feature] = value
        return True

    def ask(self, feature: int) -> float:
        return self.features.get(feature, 0.0)

    def grab(self) -> bool:
        self.number += 1
        return self.number < 50

    def picture(self) -> Picture | None:
        return noisy(self.number)

    def close(self) -> None:
        """Nothing is open."""


def usb(open_reader: Callable[[int | str], Any] | None = None, **changed: Any) -> LiveVideo:
    said = {"id": "c1", "line": "L1", "part": "p", "kind": "usb", "device": 63}
    settings = UsbCameraSettings.model_validate(said | changed)
    return usb_camera(settings, open_reader=open_reader) if open_reader else usb_camera(settings)


def test_exposure_and_gain_are_set_by_hand() -> None:
    device = ScriptedDevice((640, 480))
    with usb(lambda _: device, frame_wh=[640, 480], exposure=120.0, gain=3.0) as camera:
        assert next_shot(camera).source == "device 63"

    assert device.ask(cv2.CAP_PROP_EXPOSURE) == 120.0
    assert device.ask(cv2.CAP_PROP_AUTO_EXPOSURE) == 1
    assert device.ask(cv2.CAP_PROP_GAIN) == 3.0


def test_a_size_that_the_camera_does_not_have_is_refused() -> None:
    with pytest.raises(CaptureError, match="gives 640 x 480 px, frame_wh asks for 800 x 600 px"):
        usb(lambda _: ScriptedDevice((640, 480)), frame_wh=[800, 600]).__enter__()


def test_a_device_that_is_absent_is_said_with_what_to_check() -> None:
    with pytest.raises(CaptureError, match=r"camera c1: device 63 cannot be opened: .*/dev/video"):
        usb().__enter__()
