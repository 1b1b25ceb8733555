"""GigE Vision over the real protocols, against a camera of Aravis on the loopback interface."""

from __future__ import annotations

import fcntl
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inspect_pipeline.capture.camera import Gap, Shot
from inspect_pipeline.capture.gige import GigeCamera, aravis_or_refusal, discovered
from inspect_pipeline.capture.reading import decode_picture
from inspect_pipeline.errors import CaptureError
from inspect_pipeline.records import Picture
from plant_config.camera import GigeCameraSettings
from tests.cameras.gige_serve import drawn, said_in
from tests.cameras.shots import drain, next_of, next_shot

SERVE = Path(__file__).with_name("gige_serve.py")
ADDRESS = "127.0.0.1"
Serving = Callable[..., AbstractContextManager["subprocess.Popen[str]"]]


@pytest.fixture
def served() -> Iterator[Serving]:
    """Starts cameras, one at a time on this computer: their port is fixed by the standard."""
    try:
        aravis_or_refusal()
    except CaptureError as missing:
        pytest.skip(str(missing))
    with Path(tempfile.gettempdir(), "gige-on-loopback.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield serving


@contextmanager
def serving(lost_share: float = 0.0) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, str(SERVE), ADDRESS, "TEST1", str(lost_share)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def camera(**changed: Any) -> GigeCamera:
    said = {
        "id": "c1",
        "line": "L1",
        "part": "bracket",
        "kind": "gige",
        "device": ADDRESS,
        "roi_px": [0, 0, 128, 64],
        "frame_rate_hz": 50.0,
        "packet_bytes": 1400,
    }
    said = {key: value for key, value in (said | changed).items() if value is not None}
    return GigeCamera(GigeCameraSettings.model_validate(said))


def pixels_of(shot: Shot) -> Picture:
    return decode_picture(shot.content, source=Path("shot.png"))


def assert_as_sent(shot: Shot) -> int:
    """Every pixel is as it was sent; the number that it was sent with."""
    found = pixels_of(shot)[..., 0]
    said = said_in(found)
    assert np.array_equal(found, drawn(said, *found.shape))
    return said[0]


def test_every_picture_arrives_as_it_was_sent(served: Serving) -> None:
    with served(), camera() as opened:
        shots = [next_shot(opened) for _ in range(20)]

    numbers = [assert_as_sent(shot) for shot in shots]
    sequence = [shot.sequence or 0 for shot in shots]
    assert [number - numbers[0] for number in numbers] == [each - sequence[0] for each in sequence]
    assert numbers == sorted(set(numbers))
    assert {pixels_of(shot).shape for shot in shots} == {(64, 128, 1)}
    assert shots[0].source == f"gige://{ADDRESS}"
    assert abs((datetime.now(UTC) - shots[-1].taken_at).total_seconds()) < 60


def test_lost_packets_become_gaps_that_add_up(served: Serving) -> None:
    with served(lost_share=0.05), camera(roi_px=[0, 0, 256, 128]) as opened:
        given = [next_of(opened) for _ in range(30)]

    shots = [each for each in given if isinstance(each, Shot)]
    numbers = [assert_as_sent(shot) for shot in shots]
    first = given.index(shots[0])
    last = given.index(shots[-1])
    lost = sum(each.shots for each in given[first:last] if isinstance(each, Gap))
    assert lost > 0
    assert len(shots) + lost == numbers[-1] - numbers[0] + 1


def test_a_software_trigger_asks_for_pictures_one_by_one(served: Serving) -> None:
    with served(), camera(trigger="software", frame_rate_hz=None) as opened:
        numbers = [assert_as_sent(next_shot(opened)) for _ in range(5)]

    assert numbers == list(range(numbers[0], numbers[0] + 5))


def test_a_line_that_stands_still_is_no_fault(served: Serving) -> None:
    with (
        served(),
        camera(trigger="hardware", trigger_source="Line0", frame_rate_hz=None) as opened,
    ):
        assert opened.wait(0.5) is None


def test_a_camera_that_dies_is_lost_soon_and_comes_back(served: Serving) -> None:
    with served() as process, camera(frame_timeout_s=0.5) as opened:
        next_shot(opened)
        process.kill()
        process.wait()
        with pytest.raises(CaptureError, match=r"camera c1: GigE camera 127.0.0.1 .* check its"):
            drain(opened)

    with served(), camera() as again:
        assert_as_sent(next_shot(again))


def test_a_camera_that_is_not_there_is_refused(served: Serving) -> None:
    with pytest.raises(CaptureError, match=r"camera c1: GigE camera 127.0.0.1 cannot be opened"):
        camera().__enter__()


def test_what_the_camera_refuses_is_named_by_its_key(served: Serving) -> None:
    with served():
        with pytest.raises(CaptureError, match=r"refuses pixel_format 'BGR8' .*plant file"):
            camera(pixel_format="BGR8").__enter__()
        with pytest.raises(CaptureError, match="no trigger_source 'Line7': use one of Line0, Soft"):
            camera(trigger="hardware", trigger_source="Line7", frame_rate_hz=None).__enter__()


def test_exposure_and_gain_are_set(served: Serving) -> None:
    with served(), camera(exposure_us=5000.0, gain=2.0) as opened:
        _, exposure_us, gain = said_in(pixels_of(next_shot(opened))[..., 0])

    assert (exposure_us, gain) == (5000, 2)


def test_cameras_on_the_network_are_found(served: Serving) -> None:
    with served():
        found = [each for each in discovered() if each.serial == "TEST1"]

    assert [each.address for each in found] == [ADDRESS]
