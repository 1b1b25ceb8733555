"""A frame in the spool is safe, whenever the program ends, and leaves it only when it is done."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspect_pipeline.errors import DiskFull, EntryDamaged
from inspect_pipeline.ingestion.disk import Disk
from inspect_pipeline.ingestion.entry import Entry, as_file, from_file
from inspect_pipeline.ingestion.spool import CameraSpool, Place, intact
from tests.unit.ingestion.disks import DyingDisk, PulledPlug, SmallDisk
from tests.unit.ingestion.entries import POST, entry, shot, spool

WORKER = "worker-1"


def claimed(found: CameraSpool, number: int = 0) -> Place:
    taken = found.claim(found.queue()[number], WORKER)
    assert taken is not None
    return taken


def only(found: CameraSpool) -> Entry:
    (place,) = found.queue()
    return found.read(place)


def test_an_entry_comes_back_from_its_file_with_every_byte() -> None:
    before = entry(3)

    assert from_file(as_file(before), name="3") == before
    assert before.key.content_sha256 == before.content_sha256
    assert (before.key.serial, before.key.web_position_mm) == ("SN3", 1.5)


def test_bytes_that_hold_line_ends_are_kept_as_they_are() -> None:
    odd = entry(0)
    changed = from_file(as_file(odd), name="odd")

    assert changed.content == odd.content
    assert shot(0).content == odd.content


@pytest.mark.parametrize("place", [3, 20, 100, -1])
def test_a_byte_that_has_changed_is_noticed_wherever_it_is(place: int) -> None:
    content = bytearray(as_file(entry()))
    content[place] ^= 1

    with pytest.raises(EntryDamaged, match="17"):
        from_file(bytes(content), name="17")


def test_what_waits_comes_out_in_the_order_in_which_it_was_taken(tmp_path: Path) -> None:
    found = spool(tmp_path)
    for number in (2, 0, 1):
        found.put(entry(number))

    assert [found.read(place).sequence for place in found.queue()] == [0, 1, 2]


@pytest.mark.parametrize("by_half", [False, True])
@pytest.mark.parametrize("steps", range(4))
def test_a_program_that_ends_while_it_spools_leaves_the_whole_entry_or_none(
    tmp_path: Path, steps: int, by_half: bool
) -> None:
    dying = spool(tmp_path, DyingDisk(steps, by_half=by_half))
    is_acknowledged = True
    try:
        dying.put(entry())
    except PulledPlug:
        is_acknowledged = False

    after = spool(tmp_path)
    after.sweep()
    waiting = [after.read(place) for place in after.queue()]

    assert waiting in ([], [entry()])
    assert waiting == [entry()] or not is_acknowledged
    assert list(after.arriving.iterdir()) == []


def test_the_same_shot_spooled_again_after_a_kill_is_one_entry(tmp_path: Path) -> None:
    for _ in range(2):
        spool(tmp_path).put(entry())

    assert only(spool(tmp_path)) == entry()


def test_one_of_two_workers_gets_an_entry(tmp_path: Path) -> None:
    found = spool(tmp_path)
    found.put(entry())
    (place,) = found.queue()

    taken = [found.claim(place, worker) for worker in ("worker-1", "worker-2")]

    assert [one is not None for one in taken] == [True, False]


def test_each_claim_counts_a_try_and_an_untried_one_is_given_back(tmp_path: Path) -> None:
    found = spool(tmp_path)
    found.put(entry())
    found.give_back(claimed(found))
    twice = claimed(found)
    assert twice.tries == 2

    found.give_back(twice, untried=True)

    assert claimed(found).tries == 2


def test_what_a_dead_worker_had_in_hand_is_found_and_what_it_had_done_is_not(
    tmp_path: Path,
) -> None:
    found = spool(tmp_path)
    for number in range(2):
        found.put(entry(number))
    done = claimed(found)
    found.hand_over(done, b"result")
    begun = claimed(found)
    (begun.path.parent / f"{begun.result.name}.part").write_bytes(b"half a res")

    left = found.repair(WORKER)

    assert left == [begun]
    assert found.results() == [done]
    assert not list(begun.path.parent.glob("*.part"))


@pytest.mark.parametrize("steps", range(3))
def test_a_writer_that_ends_while_it_tidies_up_leaves_a_result_that_can_be_written_again(
    tmp_path: Path, steps: int
) -> None:
    found = spool(tmp_path)
    found.put(entry())
    found.hand_over(claimed(found), b"result")
    (place,) = found.results()
    found.disk = DyingDisk(steps)
    is_done = True
    try:
        found.done(place)
    except PulledPlug:
        is_done = False

    after = spool(tmp_path)

    assert is_done == (after.results() == [])
    assert after.repair(WORKER) == [], "a frame without a result would be inspected again"
    for left in after.results():
        assert left.result.read_bytes() == b"result"
        after.done(left)
    assert after.is_empty()


def test_a_copy_that_came_meanwhile_goes_with_the_frame(tmp_path: Path) -> None:
    found = spool(tmp_path)
    found.put(entry())
    found.give_back(claimed(found))
    found.put(entry())
    both = [claimed(found), claimed(found)]
    assert {place.tries for place in both} == {1, 2}
    found.hand_over(both[0], b"result")

    found.done(found.results()[0])

    assert found.is_empty()


def test_a_full_disk_takes_all_of_an_entry_or_none(tmp_path: Path) -> None:
    size = len(as_file(entry(0, size=500)))
    found = spool(tmp_path, SmallDisk(tmp_path, room_bytes=size + 100))
    found.put(entry(0, size=500))

    with pytest.raises(DiskFull, match="free some space"):
        found.put(entry(1, size=500))

    assert only(found) == entry(0, size=500)
    assert list(found.arriving.iterdir()) == []
    found.disk = Disk()
    found.put(entry(1, size=500))
    assert len(found.queue()) == 2


def test_a_quarantined_entry_keeps_its_bytes_and_takes_no_share_of_the_spool(
    tmp_path: Path,
) -> None:
    found = spool(tmp_path)
    found.put(entry())

    kept = found.quarantine(claimed(found))

    assert kept is not None
    assert intact(found, kept) == entry()
    assert found.is_empty()
    assert found.occupancy().entries == 0


def test_occupancy_counts_what_waits_and_what_workers_have(tmp_path: Path) -> None:
    found = spool(tmp_path)
    for number in range(3):
        found.put(entry(number))
    claimed(found)

    occupied = found.occupancy()

    assert occupied.entries == 3
    assert occupied.content_bytes == sum(len(as_file(entry(number))) for number in range(3))


def test_an_entry_knows_whose_it_is(tmp_path: Path) -> None:
    found = spool(tmp_path)
    found.put(entry())

    assert only(found).post == POST
    assert found.camera_id == POST.camera_id
