"""The process of a camera: what it gives is acknowledged when it is safe, and not before."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

import pytest

from db.words import EventKind
from inspect_pipeline.capture.camera import Gap, Shot
from inspect_pipeline.errors import CameraEnded, CaptureError
from inspect_pipeline.ingestion.admission import Admission
from inspect_pipeline.ingestion.disk import Disk
from inspect_pipeline.service.ingesting.capturing import FREE_AFTER_S, Capture, Duty
from inspect_pipeline.service.ingesting.link import Link, Stop
from inspect_pipeline.stages.repeated import RepeatedContent
from plant_config.ingestion import Ingestion
from tests.fakes import FastClock, WallClock
from tests.unit.ingestion.disks import SmallDisk
from tests.unit.ingestion.entries import NOON, POST, notices, said, shot, spool

Act = Shot | Gap | CaptureError


class ScriptedCamera:
    """Gives what stands in the script, one after the other; then it has ended."""

    def __init__(self, script: Sequence[Act]) -> None:
        self.left = list(script)
        self.acknowledged: list[int | None] = []
        self.openings = 0
        self.before_last: Callable[[], None] = lambda: None

    def __enter__(self) -> Self:
        self.openings += 1
        return self

    def __exit__(self, *_: object) -> None:
        """Closed."""

    def wait(self, timeout_s: float) -> Shot | Gap | None:
        if not self.left:
            raise CameraEnded("the script is over")
        act = self.left.pop(0)
        if not self.left:
            self.before_last()
        if isinstance(act, CaptureError):
            raise act
        return act

    def acknowledge(self, shot: Shot) -> None:
        self.acknowledged.append(shot.sequence)


class Scene:
    """A camera's process without a process: spool, notices, link, and a stop to be asked for."""

    def __init__(
        self,
        folder: Path,
        script: Sequence[Act],
        disk: Disk | None = None,
        *,
        entries_max: int = 2,
        repeated: RepeatedContent | None = None,
    ) -> None:
        self.camera = ScriptedCamera(script)
        self.spool = spool(folder, disk)
        self.notices = notices(folder)
        self.stop = Stop()
        ours, theirs = multiprocessing.Pipe(duplex=False)
        self.heard = ours
        limits = Ingestion(
            keep_free_megabytes=0,
            entries_max=entries_max,
            restart_after_s=0.05,
            restart_at_most_s=0.1,
        )
        self.capture = Capture(
            lambda: self.camera,
            POST,
            Admission(self.spool, self.notices, limits, now=WallClock(NOON)),
            Link(theirs, self.stop, beat_every_s=0.02),
            Duty(repeated=repeated),
            now=WallClock(NOON),
            clock=FastClock(tick_s=FREE_AFTER_S + 1.0),
        )

    @property
    def kinds(self) -> list[EventKind]:
        return [one.kind for one in said(self.notices)]

    @property
    def spooled(self) -> list[int | None]:
        return [self.spool.read(place).sequence for place in self.spool.queue()]


def test_a_shot_is_acknowledged_when_it_lies_in_the_spool(tmp_path: Path) -> None:
    scene = Scene(tmp_path, [shot(0), shot(1)])

    scene.capture.run()

    assert scene.camera.acknowledged == [0, 1] == scene.spooled
    assert scene.kinds == [EventKind.CAMERA_ENDED]


def test_a_gap_is_an_event_with_what_is_missing(tmp_path: Path) -> None:
    gap = Gap(noticed_at=NOON, reason="3 packets lost", shots=3, web_from_mm=10.0)
    scene = Scene(tmp_path, [shot(0), gap, shot(1)])

    scene.capture.run()

    told = next(one for one in said(scene.notices) if one.kind is EventKind.GAP)
    assert (told.facts["shots"], told.facts["web_from_mm"]) == (3, 10.0)
    assert "3 packets lost" in told.text


def test_a_camera_that_is_gone_is_opened_again_and_both_are_told_once(tmp_path: Path) -> None:
    gone = CaptureError("cable pulled")
    scene = Scene(tmp_path, [shot(0), gone, gone, shot(1)])

    scene.capture.run()

    assert scene.camera.openings == 3
    assert scene.spooled == [0, 1]
    assert sorted(scene.kinds) == ["camera_back", "camera_ended", "camera_lost"]


def test_a_full_spool_makes_the_camera_wait_until_it_is_told_to_stop(tmp_path: Path) -> None:
    scene = Scene(tmp_path, [shot(0), shot(1)])

    def told_to_stop() -> None:
        scene.stop.asked += 1

    scene.camera.left += [shot(2)]
    scene.camera.before_last = told_to_stop

    scene.capture.run()

    assert scene.camera.acknowledged == [0, 1] == scene.spooled
    assert scene.kinds == [EventKind.SPOOL_FULL]


def test_a_full_disk_leaves_the_shot_with_the_camera_and_is_told(tmp_path: Path) -> None:
    disk = SmallDisk(tmp_path / "cam-1", room_bytes=1200, freed_bytes=2000)
    acknowledged: list[list[int | None]] = []
    scene = Scene(tmp_path, [shot(0, size=400), shot(1, size=400)], disk)
    disk.refused = lambda: acknowledged.append([*scene.camera.acknowledged])

    scene.capture.run()

    assert acknowledged == [[0]], "the second shot is the camera's while there is no room for it"
    assert scene.camera.acknowledged == [0, 1] == scene.spooled
    assert sorted(scene.kinds) == ["camera_ended", "disk_full", "spool_free"]


def test_once_a_camera_that_is_gone_is_an_error(tmp_path: Path) -> None:
    scene = Scene(tmp_path, [CaptureError("no such folder")])
    scene.capture.duty = Duty(once=True)

    with pytest.raises(CaptureError, match="no such folder"):
        scene.capture.run()
    assert scene.kinds == [EventKind.CAMERA_LOST]


def test_the_third_very_same_picture_is_spooled_as_frozen_until_another_one_comes(
    tmp_path: Path,
) -> None:
    script = [*(replace(shot(number), content=b"the same") for number in range(4)), shot(4)]
    scene = Scene(tmp_path, script, entries_max=10, repeated=RepeatedContent())

    scene.capture.run()

    found = [scene.spool.read(place).frozen for place in scene.spool.queue()]
    assert [one is not None for one in found] == [False, False, True, True, False]
    assert "the very same picture 4 times in a row" in str(found[3])
