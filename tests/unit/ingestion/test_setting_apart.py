"""Frames that were set apart: bounded, tried again, or discarded by somebody, always with a row."""

from __future__ import annotations

from pathlib import Path

from db.words import EventKind
from inspect_pipeline.ingestion.disk import Disk
from inspect_pipeline.ingestion.spool import CameraSpool, Place
from inspect_pipeline.service.ingesting.setting_apart import discard, set_apart
from tests.unit.ingestion.entries import NOON, entry, notices, said


def apart(folder: Path, count: int, *, at_most: int) -> CameraSpool:
    """So many frames are set apart, one after the other."""
    spool = CameraSpool(folder / "cam-1", Disk(), quarantined_max=at_most)
    for number in range(count):
        spool.put(entry(number))
        claimed = spool.claim(spool.queue()[0], "worker-1")
        assert claimed is not None
        set_apart(spool, claimed, notices(folder), entry=entry(number), reason="a riddle", at=NOON)
    return spool


def names(places: list[Place]) -> list[str]:
    return [place.stem for place in places]


def test_a_full_quarantine_keeps_the_first_frames_and_tells_of_those_it_gives_up(
    tmp_path: Path,
) -> None:
    spool = apart(tmp_path, 4, at_most=3)

    assert names(spool.set_apart()) == [entry(number).stem for number in range(3)]
    assert spool.is_empty()
    told = said(notices(tmp_path))
    assert sorted(one.kind for one in told) == ["quarantined"] * 3 + ["shed"]
    (given_up,) = (one for one in told if one.kind is EventKind.SHED)
    assert given_up.facts["source"] == "camera://3"
    assert given_up.text.endswith("is given up, the quarantine is full: a riddle")


def test_one_that_is_tried_again_waits_as_if_it_were_new(tmp_path: Path) -> None:
    spool = apart(tmp_path, 1, at_most=3)

    spool.retry(spool.set_apart()[0])

    (waiting,) = spool.queue()
    assert (waiting.stem, waiting.tries) == (entry(0).stem, 0)
    assert spool.set_apart() == []


def test_one_that_is_discarded_leaves_who_and_why(tmp_path: Path) -> None:
    spool = apart(tmp_path, 1, at_most=3)

    discard(spool, spool.set_apart()[0], notices(tmp_path), by="anna", why="lens cap on", at=NOON)

    assert spool.set_apart() == []
    told = said(notices(tmp_path))[-1]
    assert (told.facts["by"], told.facts["why"]) == ("anna", "lens cap on")
    assert {one.kind for one in said(notices(tmp_path))} == {EventKind.QUARANTINED, EventKind.SHED}
