"""A full spool makes the camera wait, or gives up a frame by the plant's rule, never in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.words import EventKind
from inspect_pipeline.ingestion.admission import Admission, Decision, shed
from inspect_pipeline.ingestion.entry import as_file
from inspect_pipeline.ingestion.spool import SHEDDER, CameraSpool
from plant_config.ingestion import Ingestion
from tests.fakes import WallClock
from tests.unit.ingestion.disks import SmallDisk
from tests.unit.ingestion.entries import NOON, entry, notices, said, spool


def admission(folder: Path, when_full: str, **limits: object) -> Admission:
    chosen = {"entries_max": 3, "keep_free_megabytes": 0, **limits}
    settings = Ingestion.model_validate({"when_full": when_full, **chosen})
    return Admission(spool(folder), notices(folder), settings, now=WallClock(NOON))


def numbers(found: CameraSpool) -> list[int | None]:
    return [found.read(place).sequence for place in found.queue()]


@pytest.mark.parametrize(
    ("when_full", "decisions", "left", "given_up"),
    [
        ("block", [Decision.WAIT, Decision.WAIT], [0, 1, 2], []),
        ("shed_newest", [Decision.SHED, Decision.SHED], [0, 1, 2], [3, 4]),
        ("shed_oldest", [Decision.TAKEN, Decision.TAKEN], [2, 3, 4], [0, 1]),
    ],
)
def test_a_full_spool_does_what_the_plant_says_and_tells_of_each_frame(
    tmp_path: Path,
    when_full: str,
    decisions: list[Decision],
    left: list[int],
    given_up: list[int],
) -> None:
    door = admission(tmp_path, when_full)
    assert [door.admit(entry(number)) for number in range(3)] == [Decision.TAKEN] * 3

    assert [door.admit(entry(number)) for number in (3, 4)] == decisions

    assert numbers(door.spool) == left
    told = said(door.notices)
    assert {one.kind for one in told} <= {EventKind.SHED}
    assert sorted(one.facts["sequence"] for one in told) == given_up  # type: ignore[type-var]
    assert len({one.key for one in told}) == len(given_up)


def test_there_is_room_again_when_the_writer_has_taken_a_frame(tmp_path: Path) -> None:
    door = admission(tmp_path, "block")
    for number in range(3):
        door.admit(entry(number))
    assert door.admit(entry(3)) is Decision.WAIT
    door.spool.disk.remove(door.spool.queue()[0].path)

    assert door.admit(entry(3)) is Decision.TAKEN


def test_megabytes_are_a_limit_too(tmp_path: Path) -> None:
    door = admission(tmp_path, "block", megabytes_max=1, entries_max=100)
    large = [entry(number, size=400_000) for number in range(3)]

    assert [door.admit(one) for one in large] == [Decision.TAKEN, Decision.TAKEN, Decision.WAIT]


def test_room_on_the_disk_is_kept_for_the_results(tmp_path: Path) -> None:
    door = admission(tmp_path, "block", keep_free_megabytes=1)
    door.spool.disk = SmallDisk(tmp_path, room_bytes=1_000_000 + len(as_file(entry())))

    assert door.admit(entry()) is Decision.TAKEN
    assert door.admit(entry(1)) is Decision.WAIT


def test_where_workers_have_all_frames_the_newest_is_given_up(tmp_path: Path) -> None:
    door = admission(tmp_path, "shed_oldest", entries_max=1)
    door.admit(entry(0))
    door.spool.claim(door.spool.queue()[0], "worker-1")

    assert door.admit(entry(1)) is Decision.SHED
    assert [one.facts["sequence"] for one in said(door.notices)] == [1]


def test_a_frame_that_was_being_given_up_when_the_program_ended_is_given_up_once(
    tmp_path: Path,
) -> None:
    door = admission(tmp_path, "shed_oldest")
    door.admit(entry(0))
    taken = door.spool.claim(door.spool.queue()[0], SHEDDER)
    assert taken is not None
    content = taken.path.read_bytes()
    shed(door.spool, door.notices, taken, now=WallClock(NOON))
    taken.path.write_bytes(content)  # as if the program had ended before the file was removed

    (again,) = door.spool.repair(SHEDDER)
    shed(door.spool, door.notices, again, now=WallClock(NOON))

    assert len({one.key for one in said(door.notices)}) == 1
    assert door.spool.is_empty()
