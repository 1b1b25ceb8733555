"""A folder as a camera: which files, in which order, with which key."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inspect_pipeline.capture.folder import FolderCamera
from inspect_pipeline.errors import CaptureError
from inspect_pipeline.records import Captured, Frame, UnreadableFrame


def camera(*sources: Path, pattern: str | None = None, recursive: bool = True) -> FolderCamera:
    return FolderCamera(
        sources,
        line_id="L1",
        camera_id="c1",
        part="bracket",
        pattern=pattern,
        recursive=recursive,
    )


def put(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.arange(12, dtype=np.uint8).reshape(3, 4)).save(path)


def lock(path: Path) -> None:
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")


def names(captured: list[Captured], folder: Path) -> list[str]:
    return [Path(each.key.source).relative_to(folder).as_posix() for each in captured]


def test_frames_come_in_natural_order(tmp_path: Path) -> None:
    put(tmp_path, "img10.png", "img2.png", "b/img1.png", "img1.png", "img01.png")

    found = names(list(camera(tmp_path).frames()), tmp_path)

    assert found == ["b/img1.png", "img01.png", "img1.png", "img2.png", "img10.png"]


def test_pictures_are_told_by_their_ending_in_any_case(tmp_path: Path) -> None:
    put(tmp_path, "a.PNG", "b.jpg", "c.JPEG", "d.bmp", "e.tif", "f.TIFF", "g.webp")
    (tmp_path / "notes.txt").write_text("shift 2")

    found = names(list(camera(tmp_path).frames()), tmp_path)

    assert found == ["a.PNG", "b.jpg", "c.JPEG", "d.bmp", "e.tif", "f.TIFF", "g.webp"]


def test_names_that_begin_with_a_dot_are_left_out(tmp_path: Path) -> None:
    put(tmp_path, "a.png", ".thumbs/a.png")
    (tmp_path / "._a.png").write_bytes(b"\0")

    assert names(list(camera(tmp_path).frames()), tmp_path) == ["a.png"]


def test_folders_inside_are_left_out_where_the_plant_says_so(tmp_path: Path) -> None:
    put(tmp_path, "a.png", "old/b.png")

    assert names(list(camera(tmp_path, recursive=False).frames()), tmp_path) == ["a.png"]


def test_a_pattern_narrows_the_files(tmp_path: Path) -> None:
    put(tmp_path, "c1_1.png", "c2_1.png", "old/c1_2.png")

    found = names(list(camera(tmp_path, pattern="c1_*").frames()), tmp_path)

    assert found == ["c1_1.png", "old/c1_2.png"]


def test_sources_come_in_the_order_given_and_no_picture_twice(tmp_path: Path) -> None:
    put(tmp_path, "z.png", "a/1.png", "a/2.png")

    sources = (tmp_path / "z.png", tmp_path / "a" / "2.png", tmp_path / "a")

    assert names(list(camera(*sources).frames()), tmp_path) == ["z.png", "a/2.png", "a/1.png"]


def test_a_single_path_may_stand_for_a_list(tmp_path: Path) -> None:
    put(tmp_path, "a.png")

    single = FolderCamera(tmp_path / "a.png", line_id="L1", camera_id="c1", part="bracket")

    assert len(list(single.frames())) == 1


def test_the_key_says_line_camera_part_time_content_and_source(tmp_path: Path) -> None:
    put(tmp_path, "a.png")
    path = tmp_path / "a.png"
    os.utime(path, (1_700_000_000.25, 1_700_000_000.25))

    [frame] = camera(path).frames()

    assert isinstance(frame, Frame)
    key = frame.key
    assert (key.line_id, key.camera_id, key.part) == ("L1", "c1", "bracket")
    assert key.taken_at == datetime(2023, 11, 14, 22, 13, 20, 250_000, tzinfo=UTC)
    assert key.content_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert key.source == str(path)


def test_a_relative_source_is_kept_as_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "in/a.png")
    monkeypatch.chdir(tmp_path)

    [frame] = camera(Path("in")).frames()

    assert frame.key.source == "in/a.png"


def test_the_pixels_are_those_of_the_file(tmp_path: Path) -> None:
    put(tmp_path, "a.png")

    [frame] = camera(tmp_path).frames()

    assert isinstance(frame, Frame)
    assert frame.pixels.ravel().tolist() == list(range(12))


def test_a_source_that_does_not_exist_is_told_before_the_first_frame(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"camera c1: .*nowhere does not exist, check the path"):
        camera(tmp_path / "nowhere").frames()


def test_a_folder_without_pictures_is_told_with_the_endings(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("shift 2")

    with pytest.raises(CaptureError, match=r"holds no picture, put pictures there .*\.jpg"):
        camera(tmp_path).frames()


def test_a_pattern_that_matches_nothing_is_told(tmp_path: Path) -> None:
    put(tmp_path, "a.png")

    with pytest.raises(CaptureError, match=r"holds no picture that matches 'b\*'"):
        camera(tmp_path, pattern="b*").frames()


def test_no_source_at_all_is_told() -> None:
    with pytest.raises(CaptureError, match="no source was named"):
        camera().frames()


def test_a_link_in_a_circle_is_an_unreadable_record(tmp_path: Path) -> None:
    put(tmp_path, "b.png")
    (tmp_path / "a.png").symlink_to(tmp_path / "a.png")

    circle, good = camera(tmp_path).frames()

    assert isinstance(circle, UnreadableFrame)
    assert "a.png cannot be read (Too many levels of symbolic links)" in circle.unfit.detail
    assert isinstance(good, Frame)


def test_a_link_to_nowhere_is_an_unreadable_record(tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to(tmp_path / "gone.png")

    [lost] = camera(tmp_path).frames()

    assert isinstance(lost, UnreadableFrame)
    assert "cannot be read (No such file or directory)" in lost.unfit.detail


def test_a_linked_folder_is_followed_but_not_in_a_circle(tmp_path: Path) -> None:
    put(tmp_path, "in/a.png", "elsewhere/b.png")
    (tmp_path / "in" / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "in" / "loop").symlink_to(tmp_path / "in")

    found = names(list(camera(tmp_path / "in").frames()), tmp_path / "in")

    assert found == ["a.png", "linked/b.png"]


def test_a_file_without_permission_is_an_unreadable_record(tmp_path: Path) -> None:
    put(tmp_path, "a.png")
    lock(tmp_path / "a.png")

    [locked] = camera(tmp_path).frames()

    assert isinstance(locked, UnreadableFrame)
    assert "cannot be read (Permission denied)" in locked.unfit.detail


def test_a_folder_inside_without_permission_is_an_unreadable_record(tmp_path: Path) -> None:
    put(tmp_path, "a/1.png", "b.png")
    lock(tmp_path / "a")

    locked, good = camera(tmp_path).frames()

    assert isinstance(locked, UnreadableFrame)
    assert "is a folder, not a picture: check the path and the folder's perm" in locked.unfit.detail
    assert isinstance(good, Frame)


def test_a_pipe_named_like_a_picture_does_not_stop_the_line(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")

    [pipe] = camera(tmp_path).frames()

    assert isinstance(pipe, UnreadableFrame)
    assert "is not a file" in pipe.unfit.detail


def test_a_file_that_vanishes_after_listing_is_an_unreadable_record(tmp_path: Path) -> None:
    put(tmp_path, "a.png", "b.png")

    frames = camera(tmp_path).frames()
    (tmp_path / "a.png").unlink()

    assert [type(each) for each in frames] == [UnreadableFrame, Frame]


def test_two_empty_files_of_the_same_time_have_two_keys(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (1_700_000_000, 1_700_000_000))

    first, second = camera(tmp_path).frames()

    assert first.key.taken_at == second.key.taken_at
    assert first.key.content_sha256 != second.key.content_sha256


def test_a_name_that_is_not_text_can_be_stored(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/\xff.png"
    with open(path, "wb"):  # noqa: PTH123 - a name that is bytes
        pass

    [odd] = camera(tmp_path).frames()

    assert isinstance(odd, UnreadableFrame)
    assert f"{odd.key.source} {odd.unfit.detail}".encode()


def test_a_file_time_outside_the_calendar_does_not_stop_the_line(tmp_path: Path) -> None:
    put(tmp_path, "a.png")
    os.utime(tmp_path / "a.png", (-2e11, -2e11))  # some 4000 years before the calendar begins

    [frame] = camera(tmp_path).frames()

    assert isinstance(frame, Frame)
