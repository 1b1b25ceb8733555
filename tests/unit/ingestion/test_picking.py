"""Cameras take turns, however much one of them has waiting."""

from __future__ import annotations

from pathlib import Path

from inspect_pipeline.ingestion.disk import Disk
from inspect_pipeline.ingestion.picking import Picker
from inspect_pipeline.ingestion.spool import CameraSpool
from tests.unit.ingestion.entries import entry


def plant(folder: Path, **waiting: int) -> list[CameraSpool]:
    spools = [CameraSpool(folder / name, Disk()) for name in waiting]
    for spool, count in zip(spools, waiting.values(), strict=True):
        for number in range(count):
            spool.put(entry(number))
    return spools


def picked(picker: Picker) -> list[str]:
    found = []
    while taken := picker.next():
        found.append(taken[0].camera_id)
    return found


def test_a_quick_camera_cannot_starve_a_slow_one(tmp_path: Path) -> None:
    picker = Picker(plant(tmp_path, quick=6, slow=2), "worker-1")

    assert picked(picker)[:4] == ["quick", "slow", "quick", "slow"]


def test_a_camera_with_a_share_of_three_has_three_turns_of_four(tmp_path: Path) -> None:
    picker = Picker(plant(tmp_path, wide=8, other=8), "worker-1", {"wide": 3})

    found = picked(picker)

    assert [found[:4].count("wide"), found[4:8].count("wide")] == [3, 3]
    assert sorted(found) == ["other"] * 8 + ["wide"] * 8


def test_a_camera_with_nothing_to_do_gives_its_turn_away(tmp_path: Path) -> None:
    picker = Picker(plant(tmp_path, quick=3, idle=0), "worker-1")

    assert picked(picker) == ["quick"] * 3


def test_two_workers_share_what_waits_and_take_nothing_twice(tmp_path: Path) -> None:
    spools = plant(tmp_path, one=5, two=4)
    pickers = [Picker(spools, f"worker-{number}") for number in (1, 2)]
    taken = []
    while found := [one for picker in pickers if (one := picker.next())]:
        taken += [(spool.camera_id, place.stem) for spool, place in found]

    assert len(taken) == len(set(taken)) == 9


def test_what_comes_after_the_first_look_is_picked_too(tmp_path: Path) -> None:
    (spool,) = plant(tmp_path, one=1)
    picker = Picker([spool], "worker-1")
    assert len(picked(picker)) == 1

    spool.put(entry(7))

    assert len(picked(picker)) == 1
