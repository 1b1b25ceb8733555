"""Pictures that can be asked for again, as cameras."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from inspect_pipeline.capture.camera import Camera, Shot
from inspect_pipeline.capture.folder import FolderCamera
from inspect_pipeline.capture.reading import decode_picture
from inspect_pipeline.capture.simulated import (
    PartsUnderCamera,
    SimulatedCamera,
    SimulatedLine,
)
from inspect_pipeline.errors import CameraEnded, CaptureError
from inspect_pipeline.ingestion.sources import PicturesOfNow, RememberedCamera
from tests import make
from tests.unit.ingestion.entries import NOON


def line_from(at: datetime, seed: int = 1) -> SimulatedLine:
    return SimulatedLine(
        "brushed_web",
        seed=seed,
        line_id="L1",
        camera_id="cam-1",
        part="bracket",
        start_at=at,
        frame_wh=(128, 128),
    )


def line_camera(
    folder: Path, *, later_s: int = 0, anew: bool = False, seed: int = 1
) -> RememberedCamera:
    """Of three shots."""

    def begun(at: datetime, after_sequence: int) -> SimulatedCamera:
        return SimulatedCamera(
            PartsUnderCamera(line_from(at, seed)),
            start_at=at,
            shots=3,
            after_sequence=after_sequence,
        )

    return RememberedCamera(
        begun,
        named=f"line {seed}",
        shots=3,
        memory=folder / "camera.json",
        start_at=NOON + timedelta(seconds=later_s),
        begin_anew=anew,
    )


def taken(camera: Camera, *, acknowledged: int = 99) -> list[Shot]:
    """What it gives until it ends, or until so many were acknowledged and one more was not."""
    shots: list[Shot] = []
    with camera:
        while True:
            try:
                given = camera.wait(0)
            except CameraEnded:
                return shots
            assert isinstance(given, Shot)
            shots.append(given)
            if len(shots) > acknowledged:
                return shots
            camera.acknowledge(given)


def test_a_simulated_camera_goes_on_with_the_very_shot_that_was_not_acknowledged(
    tmp_path: Path,
) -> None:
    first = taken(line_camera(tmp_path), acknowledged=1)
    second = taken(line_camera(tmp_path, later_s=60))

    assert second[0] == first[1]
    assert [shot.sequence for shot in second] == [1, 2]
    assert {shot.taken_at for shot in second} == {NOON + timedelta(seconds=n) for n in (1, 2)}


def test_a_simulated_camera_that_has_ended_begins_anew_only_when_asked(tmp_path: Path) -> None:
    taken(line_camera(tmp_path))

    assert taken(line_camera(tmp_path, later_s=60)) == []
    again = taken(line_camera(tmp_path, later_s=60, anew=True))
    assert again[0].taken_at == NOON + timedelta(seconds=60)


def test_another_line_than_the_remembered_one_begins_at_its_first_part(tmp_path: Path) -> None:
    taken(line_camera(tmp_path), acknowledged=1)

    assert taken(line_camera(tmp_path, seed=2))[0].sequence == 0


def test_a_shot_of_a_simulated_line_is_the_drawn_picture_without_loss(tmp_path: Path) -> None:
    shot = taken(line_camera(tmp_path), acknowledged=0)[0]
    drawn = line_from(NOON).frame_at(0).frame.pixels

    assert (decode_picture(shot.content, source=Path("0.png")) == drawn).all()


def test_a_folder_is_read_once_bytes_as_they_are_and_broken_files_too(tmp_path: Path) -> None:
    path = make.write_picture(tmp_path / "a.png", make.picture())
    (tmp_path / "b.png").symlink_to(tmp_path / "nowhere")
    folder = FolderCamera(tmp_path, line_id="L1", camera_id="cam-1", part="bracket")

    good, broken = taken(PicturesOfNow(folder))

    assert good.content == path.read_bytes()
    assert good.taken_at.timestamp() == pytest.approx(path.stat().st_mtime)
    assert b"b.png" in broken.content


def test_a_folder_that_is_gone_is_a_camera_that_is_gone(tmp_path: Path) -> None:
    folder = FolderCamera(tmp_path / "gone", line_id="L1", camera_id="cam-1", part="bracket")

    with pytest.raises(CaptureError, match="does not exist"):
        taken(PicturesOfNow(folder))
