"""The writer alone: odd notices, results that are damaged or refused, all of it once."""

from __future__ import annotations

import multiprocessing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from benchmarks.ingestion.running import frames_in
from db.engine import connect, session
from db.events import newest_events
from db.evidence import EvidenceStore
from db.upgrade import upgrade
from db.words import EventKind, Severity
from inspect_pipeline.ingestion.notices import Notice
from inspect_pipeline.ingestion.spool import CameraSpool, Place
from inspect_pipeline.service.ingesting import handed_over
from inspect_pipeline.service.ingesting.handed_over import Handed
from inspect_pipeline.service.ingesting.link import Link, Stop
from inspect_pipeline.service.ingesting.places import notices_of, spool_of
from inspect_pipeline.service.ingesting.writing import Writer
from inspect_pipeline.service.rows import RowMaker, frame_row
from plant_config.loader import load_plant
from plant_config.plant import Plant
from tests.fakes import WallClock
from tests.integration.db.bare_rows import sha
from tests.integration.db.database_records import CARD, a_finding, failed
from tests.integration.ingesting.tiny_plant import tiny_plant
from tests.unit.ingestion.entries import NOON, entry


@pytest.fixture
def plant(database_url: str, tmp_path: Path) -> Plant:
    engine = connect(database_url)
    upgrade(engine)
    engine.dispose()
    return load_plant(tiny_plant(tmp_path, database_url, tries=2, models=tmp_path / "none"))


def write_all(plant: Plant) -> None:
    """A writer that is told to stop at once: it writes what is there, and ends."""
    stop = Stop()
    stop.asked = 1
    _heard, pipe = multiprocessing.Pipe(duplex=False)
    spools = [spool_of(plant, "cam-1")]
    link = Link(pipe, stop)
    Writer(plant, spools, notices_of(plant), link, now=WallClock(NOON)).run()


def inspected(plant: Plant, number: int, **changes: object) -> tuple[CameraSpool, Place]:
    """A frame that a worker has inspected and handed over."""
    spool = spool_of(plant, "cam-1")
    spool.put(entry(number))
    place = spool.claim(spool.queue()[0], "worker-1")
    assert place is not None
    inspection = failed(number, a_finding(1))
    if changes:  # inspected again, in another way
        inspection = replace(inspection, config_id=sha("another"))
    rows = RowMaker(EvidenceStore(plant.storage.evidence_folder), WallClock(NOON))
    frame = frame_row(inspection)
    for name, value in changes.items():
        setattr(frame, name, value)
    handed = Handed(
        frame=frame,
        inspection=rows.inspection_row(inspection),
        model_part="bracket",
        model_card=CARD,
        received_at=NOON,
    )
    spool.hand_over(place, handed_over.as_file(handed))
    return spool, place


def url_of(plant: Plant) -> str:
    return plant.storage.database_url.get_secret_value()


def events(plant: Plant) -> list[tuple[EventKind, str]]:
    engine: Engine = connect(url_of(plant))
    with session(engine, read_only=True) as opened:
        found = [(row.kind, row.text) for row in newest_events(opened)]
    engine.dispose()
    return found


def test_a_result_is_one_row_also_when_the_writer_was_killed_after_the_transaction(
    plant: Plant,
) -> None:
    spool, place = inspected(plant, 0)
    result = place.result.read_bytes()
    write_all(plant)
    place.result.write_bytes(result)  # as if it had ended before the file was removed

    write_all(plant)

    assert len(frames_in(url_of(plant))) == 1
    assert spool.is_empty()


def test_a_damaged_result_sends_its_frame_back_to_the_workers(plant: Plant) -> None:
    spool, place = inspected(plant, 0)
    place.result.write_bytes(place.result.read_bytes()[:-5])

    write_all(plant)

    assert [waiting.stem for waiting in spool.queue()] == [place.stem]
    assert not place.result.exists()


def test_a_result_that_the_database_refuses_is_set_apart_and_the_others_are_written(
    plant: Plant,
) -> None:
    inspected(plant, 0)
    write_all(plant)
    spool, place = inspected(plant, 0, line_id="another line")
    inspected(plant, 1)

    write_all(plant)

    assert len(frames_in(url_of(plant))) == 2
    (kept,) = spool.quarantined.iterdir()
    assert kept.name == place.path.name
    ((kind, text),) = events(plant)
    assert kind is EventKind.QUARANTINED
    assert "'another line'" in text


def test_notices_become_events_whatever_they_quote(plant: Plant) -> None:
    notices = notices_of(plant)
    for _ in range(2):
        notices.put(
            Notice(
                kind=EventKind.GAP,
                severity=Severity.MAJOR,
                at=NOON,
                text="file \udc80 \0",
                facts={"file": "\0", "shots": 3},
                key="once",
            )
        )
    (notices.folder / "broken.notice").write_text("{")

    write_all(plant)

    assert events(plant) == [(EventKind.GAP, "file ? ?")]
    assert notices.waiting() == []
    assert (notices.folder / "broken.damaged").exists()
