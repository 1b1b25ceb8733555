"""A drop folder: complete files, their own bytes, each once, and nothing skipped in silence."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inspect_pipeline.capture.camera import Camera, Gap, Shot
from inspect_pipeline.capture.drop_folder import DropFolder
from inspect_pipeline.errors import CaptureError
from plant_config.camera import FolderCameraSettings
from tests.cameras.shots import next_of, next_shot, shots_of

WATCHES = pytest.mark.parametrize("watch", ["events", "polling"])


def settings(folder: Path, **changed: Any) -> FolderCameraSettings:
    said = {
        "id": "c1",
        "line": "L1",
        "part": "bracket",
        "kind": "folder",
        "path": str(folder),
        "settle_s": 0.1,
        "poll_s": 0.1,
    }
    return FolderCameraSettings.model_validate(said | changed)


def camera(folder: Path, state: Path | None = None, **changed: Any) -> DropFolder:
    return DropFolder(settings(folder, **changed), state=state, refused_max_s=0.5)


@pytest.fixture
def incoming(tmp_path: Path) -> Path:
    folder = tmp_path / "incoming"
    folder.mkdir()
    return folder


def put(folder: Path, name: str, content: bytes = b"picture", at_s: float | None = None) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    if at_s is not None:
        os.utime(path, (at_s, at_s))
    return path


def names(shots: list[Shot]) -> list[str]:
    return [Path(shot.source).name for shot in shots]


def test_a_drop_folder_is_a_camera(incoming: Path) -> None:
    put(incoming, "a.png")
    opened: Camera = camera(incoming)

    with opened as one:
        assert next_shot(one).content == b"picture"


@WATCHES
def test_old_files_come_first_and_oldest_first(incoming: Path, watch: str) -> None:
    put(incoming, "b.png", b"2", at_s=1_700_000_002)
    put(incoming, "c.png", b"1", at_s=1_700_000_001)
    put(incoming, "a10.png", b"4", at_s=1_700_000_003)
    put(incoming, "a2.png", b"3", at_s=1_700_000_003)

    with camera(incoming, watch=watch) as one:
        assert names(shots_of(one, 4)) == ["c.png", "b.png", "a2.png", "a10.png"]


@WATCHES
def test_a_file_that_appears_comes_with_its_own_bytes_and_time(incoming: Path, watch: str) -> None:
    content = bytes(range(256)) * 40

    with camera(incoming, watch=watch) as one:
        assert one.wait(0.0) is None
        put(incoming, "a.png", content)
        shot = next_shot(one)

    assert shot.content == content
    assert shot.taken_at.timestamp() == pytest.approx((incoming / "a.png").stat().st_mtime)
    assert shot.source == str(incoming / "a.png")


@WATCHES
def test_a_file_renamed_into_the_folder_comes(incoming: Path, watch: str) -> None:
    with camera(incoming, watch=watch) as one:
        put(incoming, ".a.part", b"whole").replace(incoming / "a.png")

        assert next_shot(one).content == b"whole"


def test_a_file_is_not_given_while_its_writer_goes_on(incoming: Path) -> None:
    """Closing tells that it is complete: no look at the clock would know that so early."""
    with (
        camera(incoming, settle_s=600.0) as one,
        (incoming / "a.png").open("wb") as growing,
    ):
        for _ in range(3):
            growing.write(b"half")
            growing.flush()
            assert one.wait(0.1) is None
        growing.close()

        assert next_shot(one).content == b"halfhalfhalf"


def test_where_nothing_tells_a_file_must_stand_still(incoming: Path) -> None:
    """As on a network share: no word of closing, so what grows between two looks is left."""
    with camera(incoming, watch="polling", settle_s=0.6) as one:
        path = put(incoming, "a.png", b"1")
        for part in range(2, 6):
            assert one.wait(0.25) is None
            with path.open("ab") as growing:
                growing.write(b"%d" % part)

        assert next_shot(one).content == b"12345"


def test_what_is_no_picture_of_this_camera_is_left(incoming: Path) -> None:
    for name in ("notes.txt", ".hidden.png", "cam2_1.png", "inner/cam1_2.png", "cam1_1.png"):
        put(incoming, name)

    with camera(incoming, pattern="cam1_*", recursive=False) as one:
        put(incoming, "cam2_3.png")
        put(incoming, "inner/cam1_4.png")
        put(incoming, "cam1_5.png")

        assert sorted(names(shots_of(one, 2))) == ["cam1_1.png", "cam1_5.png"]
        assert one.wait(0.3) is None


def test_pictures_in_folders_inside_come_too(incoming: Path) -> None:
    put(incoming, "day1/a.png")

    with camera(incoming) as one:
        assert names(shots_of(one, 1)) == ["a.png"]
        put(incoming, "day2/b.png")
        assert names(shots_of(one, 1)) == ["b.png"]


@WATCHES
def test_a_file_left_in_place_is_not_given_twice(
    incoming: Path, tmp_path: Path, watch: str
) -> None:
    put(incoming, "a.png", b"a")
    with camera(incoming, tmp_path / "state", watch=watch) as one:
        assert names(shots_of(one, 1)) == ["a.png"]
        assert one.wait(0.4) is None

    with camera(incoming, tmp_path / "state", watch=watch) as again:
        put(incoming, "b.png", b"b")
        assert names(shots_of(again, 1)) == ["b.png"]
        assert again.wait(0.4) is None


def test_what_was_not_acknowledged_comes_again(incoming: Path, tmp_path: Path) -> None:
    put(incoming, "a.png")
    with camera(incoming, tmp_path / "state") as one:
        given = next_shot(one)
        assert one.wait(0.3) is None, "it is on its way: not given twice meanwhile"

    with camera(incoming, tmp_path / "state") as again:
        again.acknowledge(given)  # of the time before: changes nothing
        assert next_shot(again) == given


def test_the_same_name_written_anew_is_another_picture(incoming: Path, tmp_path: Path) -> None:
    put(incoming, "latest.png", b"first", at_s=1_700_000_000)

    with camera(incoming, tmp_path / "state") as one:
        assert shots_of(one, 1)[0].content == b"first"
        put(incoming, "latest.png", b"second")
        assert shots_of(one, 1)[0].content == b"second"


@WATCHES
def test_what_the_camera_itself_moves_away_did_not_vanish(
    incoming: Path, tmp_path: Path, watch: str
) -> None:
    """A look at the folder may have begun before a file was moved, and end after."""
    for number in range(400):
        put(incoming, f"{number}.png", b"%d" % number)
    moving = settings(
        incoming, watch=watch, settle_s=0, poll_s=0.05, after="move", move_to=str(tmp_path / "done")
    )

    with DropFolder(moving, state=None) as one:
        given = []
        for _ in range(400):
            given.append(next_of(one))
            if isinstance(given[-1], Shot):
                one.acknowledge(given[-1])
        rest = one.wait(0.3)

    assert [gap.reason for gap in given if isinstance(gap, Gap)] == []
    assert rest is None


@WATCHES
def test_processed_files_are_moved_with_their_folders(
    incoming: Path, tmp_path: Path, watch: str
) -> None:
    done = tmp_path / "done"
    put(incoming, "day1/a.png", b"new")
    put(done, "day1/a.png", b"old")

    with camera(incoming, after="move", move_to=str(done), watch=watch) as one:
        shot = next_shot(one)
        assert (incoming / "day1/a.png").exists(), "not before it is safe"
        one.acknowledge(shot)
        assert one.wait(0.3) is None

    assert not (incoming / "day1/a.png").exists()
    assert (done / "day1/a.png").read_bytes() == b"old"
    assert (done / "day1/a~2.png").read_bytes() == b"new"


def test_processed_files_are_removed_unless_written_anew(incoming: Path) -> None:
    put(incoming, "a.png", b"a", at_s=1_700_000_000)
    put(incoming, "b.png", b"b", at_s=1_700_000_001)

    with camera(incoming, after="remove") as one:
        first, second = next_shot(one), next_shot(one)
        put(incoming, "b.png", b"anew")
        one.acknowledge(first)
        one.acknowledge(second)

        assert next_shot(one).content == b"anew"

    assert not (incoming / "a.png").exists()
    assert (incoming / "b.png").exists()


def test_a_removal_that_a_crash_prevented_is_made_up_for(incoming: Path, tmp_path: Path) -> None:
    path = put(incoming, "a.png")
    with camera(incoming, tmp_path / "state") as before:
        shots_of(before, 1)  # acknowledged, and then the power went

    with camera(incoming, tmp_path / "state", after="remove") as one:
        assert one.wait(1.0) is None
        wait_until(lambda: not path.exists(), one)


def wait_until(is_so: Callable[[], bool], one: DropFolder) -> None:
    for _ in range(100):
        if is_so():
            return
        assert one.wait(0.1) is None
    raise AssertionError("it did not become so")


def test_a_file_that_cannot_be_read_becomes_a_shot(incoming: Path) -> None:
    (incoming / "broken.png").symlink_to(incoming / "nowhere.png")
    put(incoming, "empty.png", b"")

    with camera(incoming) as one:
        shots = {Path(shot.source).name: shot.content for shot in shots_of(one, 2)}
        assert one.wait(0.3) is None

    assert shots == {"broken.png": b"", "empty.png": b""}


def test_a_file_that_vanishes_is_a_gap(incoming: Path) -> None:
    path = put(incoming, "a.png")
    with camera(incoming, settle_s=0.5) as one:
        assert one.wait(0.2) is None  # it has been seen
        path.unlink()
        given = next_of(one)

    assert isinstance(given, Gap)
    assert given.shots == 1
    assert "a.png vanished before it could be read" in given.reason


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(CaptureError, match=r"camera c1: folder .*gone.* mount"),
        camera(tmp_path / "gone"),
    ):
        pass


@WATCHES
def test_a_share_that_goes_and_comes_back(incoming: Path, tmp_path: Path, watch: str) -> None:
    with camera(incoming, watch=watch) as one:
        incoming.rename(tmp_path / "unmounted")
        with pytest.raises(CaptureError, match="is not there"):
            next_of(one)

    (tmp_path / "unmounted").rename(incoming)
    put(incoming, "a.png")
    with camera(incoming, watch=watch) as again:
        assert names(shots_of(again, 1)) == ["a.png"]


def test_an_empty_folder_in_place_of_a_share_is_noticed(incoming: Path, tmp_path: Path) -> None:
    with camera(incoming) as one:
        incoming.rename(tmp_path / "unmounted")
        incoming.mkdir()
        with pytest.raises(CaptureError, match="is not there"):
            next_of(one)


def test_many_known_files_are_not_read_again(incoming: Path, tmp_path: Path) -> None:
    for number in range(300):
        put(incoming, f"{number}.png", b"%d" % number)
    with camera(incoming, tmp_path / "state") as one:
        assert len({shot.content for shot in shots_of(one, 300)}) == 300

    put(incoming, "new.png", b"new")
    with camera(incoming, tmp_path / "state", watch="polling") as again:
        assert shots_of(again, 1)[0].content == b"new"
        assert again.wait(0.4) is None


def test_threads_end_with_the_camera(incoming: Path) -> None:
    before = set(threading.enumerate())
    with camera(incoming):
        assert len(threading.enumerate()) > len(before)

    assert {thread for thread in threading.enumerate() if thread.is_alive()} <= before
