"""What is due is begun once, whatever happens to the process and to its database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine

from db import jobs as record
from db.engine import connect, default_url, session
from db.errors import UnknownRecord
from db.words import EventKind, JobOutcome
from tests.integration.ingesting.clockwork import Desk, scheduled_plant

EVERY_TEN_MINUTES = "every_s = 600\nframes = 2\n"
SHIFTS = """
[[schedule.shifts]]
name = "early"
begins = "06:00"
ends = "14:00"
weekdays = ["mon", "tue"]
"""
RETENTION = """
[[jobs]]
name = "pictures"
kind = "retention"
cron = "30 2 * * *"
passed_days = 30
"""
MONDAY = "2026-11-23T{}+00:00"  # Berlin is one hour ahead


def at(time: str) -> str:
    return MONDAY.format(time)


@pytest.fixture
def timed(database_url: str, tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(scheduled_plant(tmp_path, database_url, schedule=EVERY_TEN_MINUTES), at("12:01:00"))
    yield desk
    desk.engine.dispose()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return default_url(tmp_path / "findings.db")


def wish(engine: Engine, what: str, job: str = "cam-1", *, at: object = None, **who: str) -> None:
    with session(engine) as opened:
        getattr(record, what)(opened, job, at=at, **who)


def test_a_camera_gets_its_order_and_its_run_ends_with_what_it_gave(timed: Desk) -> None:
    assert (timed.told, timed.orders.current()) == ([], None)

    timed.look(at("12:10:00"))
    order = timed.orders.current()
    timed.camera_gives(1, ended=False)
    timed.look(at("12:10:01"))
    going_on = timed.told
    timed.camera_gives(2)
    timed.look(at("12:10:02"))

    assert order is not None
    assert (order.frames, f"{order.until_at:%H:%M:%S}") == (2, "12:11:00")
    assert going_on == [("12:10:00", "going on", "")]
    assert timed.told == [("12:10:00", "done", "")]
    assert [(one.frames, one.findings) for one in timed.runs] == [(2, 0)]


def test_a_camera_that_gives_too_little_has_failed_and_an_event_says_so(timed: Desk) -> None:
    timed.look(at("12:10:00"))
    timed.camera_gives(1, ended=False)
    timed.look(at("12:11:06"))

    text = "the camera gave 1 of 2 frames in the time it had"
    assert timed.told == [("12:10:00", "failed", text)]
    assert timed.events == [EventKind.JOB_FAILED]


def test_a_restart_neither_doubles_a_run_nor_loses_one(timed: Desk) -> None:
    timed.look(at("12:10:00"))
    timed.begin()
    timed.camera_gives(2)
    timed.look(at("12:10:05"))
    timed.begin()
    timed.hand.set(at("12:20:10"))  # it was dead at 12:20, and is back within the 30 s
    timed.begin()
    timed.begin()
    timed.camera_gives(2)
    timed.look()

    assert [one[:2] for one in timed.told] == [("12:10:00", "done"), ("12:20:00", "done")]


def test_times_that_passed_while_it_was_dead_are_one_entry_and_one_event(timed: Desk) -> None:
    timed.hand.set(at("13:04:00"))
    timed.begin()
    timed.begin()

    text = "6 times passed while nothing could begin it, the first at 2026-11-23 12:10:00 UTC"
    assert timed.told == [("13:00:00", "missed", text)]
    assert timed.events == [EventKind.JOB_MISSED]


def test_a_time_that_comes_during_a_run_is_skipped(timed: Desk) -> None:
    timed.look(at("12:10:00"))
    timed.hand.set(at("12:10:30"))
    order = timed.orders.current()
    wish(timed.engine, "want_run", by="anna", at=timed.hand.moment)
    timed.look()

    assert timed.orders.current() == order
    assert [one[:2] for one in timed.told] == [("12:10:00", "going on"), ("12:10:30", "skipped")]


def test_a_pause_survives_a_restart_and_what_passed_in_it_is_not_made_up_for(timed: Desk) -> None:
    wish(timed.engine, "pause_job", by="anna", at=timed.hand.moment)
    timed.begin()
    timed.look(at("12:10:00"))
    with session(timed.engine, read_only=True) as opened:
        (paused,) = record.jobs(opened)
    wish(timed.engine, "want_run", by="otto", at=timed.hand.moment.replace(minute=15))
    timed.look(at("12:15:01"))
    timed.camera_gives(2)
    timed.look(at("12:25:00"))
    wish(timed.engine, "resume_job", at=timed.hand.moment)
    timed.look(at("12:25:01"))
    timed.look(at("12:30:00"))

    assert (paused.paused_by, paused.next_at) == ("anna", None)
    assert [(one[0], one[1]) for one in timed.told] == [
        ("12:15:00", "done"),
        ("12:30:00", "going on"),
    ]
    assert timed.runs[0].wanted_by == "otto"


def test_a_clock_that_is_set_back_does_not_stop_the_camera(timed: Desk) -> None:
    timed.look(at("12:10:00"))
    timed.camera_gives(2)
    timed.look(at("12:10:01"))
    timed.look(at("09:00:00"))
    timed.look(at("09:00:01"))
    timed.look(at("09:10:00"))

    assert [one[:2] for one in timed.told] == [("09:10:00", "going on"), ("12:10:00", "done")]


def test_a_camera_that_works_in_shifts_begins_in_the_middle_of_one_and_rests_after(
    url: str, tmp_path: Path
) -> None:
    plant = scheduled_plant(tmp_path, url, schedule='shifts = ["all"]', blocks=SHIFTS)
    desk = Desk(plant, at("08:00:00"))
    first = desk.orders.current()
    desk.begin()
    wish(desk.engine, "pause_job", by="anna", at=desk.hand.moment)
    desk.look(at("09:00:00"))
    resting = desk.orders.current()
    wish(desk.engine, "resume_job", at=desk.hand.moment)
    desk.look(at("09:00:01"))
    again = desk.orders.current()
    desk.camera_gives(7)
    desk.look(at("13:00:06"))
    desk.look("2026-11-24T05:00:00+00:00")
    next_day = desk.orders.current()
    desk.engine.dispose()

    assert first is not None
    assert again is not None
    assert next_day is not None
    assert f"{first.until_at:%H:%M}" == f"{again.until_at:%H:%M}" == "13:00"
    assert resting is None
    assert f"{next_day.until_at:%d %H:%M}" == "24 13:00"
    assert desk.told == [
        ("08:00:00", "done", "paused by anna"),
        ("09:00:00", "done", ""),
        ("05:00:00", "going on", ""),
    ]


def test_a_job_is_made_up_for_once_after_a_night_without_power(url: str, tmp_path: Path) -> None:
    desk = Desk(scheduled_plant(tmp_path, url, blocks=RETENTION), at("00:00:00"))
    desk.look(at("01:30:00"))
    for _ in range(2):
        desk.hand.set("2026-11-26T07:00:00+00:00")
        desk.begin()
    with session(desk.engine, read_only=True) as opened:
        (job,) = record.jobs(opened)
    desk.engine.dispose()

    assert [(f"{one.planned_at:%d %H:%M}", one.outcome) for one in desk.runs] == [
        ("23 01:30", JobOutcome.DONE),
        ("26 01:30", JobOutcome.DONE),
    ]
    assert desk.runs[1].text.startswith("0 rows lost pictures, 0 files")
    assert f"{job.next_at:%d %H:%M}" == "27 01:30"
    assert (job.says, job.last_outcome) == ("cron 30 2 * * * (Europe/Berlin)", JobOutcome.DONE)


def test_a_job_that_its_process_left_in_the_middle_was_interrupted(
    url: str, tmp_path: Path
) -> None:
    desk = Desk(scheduled_plant(tmp_path, url, blocks=RETENTION), at("00:00:00"))
    desk.hand.is_working = False
    desk.look(at("01:30:00"))
    going_on = desk.told
    desk.begin()
    desk.look(at("01:30:02"))
    desk.engine.dispose()

    assert going_on == [("01:30:00", "going on", "")]
    text = "the program ended in the middle of it"
    assert desk.told == [("01:30:00", "interrupted", text)]
    assert desk.events == [EventKind.JOB_FAILED]


@pytest.mark.parametrize("dies", [False, True])
def test_cameras_go_on_while_the_database_is_locked_and_the_record_follows(
    url: str, tmp_path: Path, dies: bool
) -> None:
    plant = scheduled_plant(tmp_path, url, schedule=EVERY_TEN_MINUTES, blocks=RETENTION)
    desk = Desk(plant, at("12:01:00"))
    desk.engine.dispose()
    desk.engine = impatient = connect(f"{url}?timeout=0")
    desk.scheduler.book.engine = impatient
    with closing(sqlite3.connect(tmp_path / "findings.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        desk.look(at("12:10:00"))
        during = desk.orders.current()
        desk.camera_gives(2)
        desk.look(at("12:10:02"))
        if dies:
            desk.begin()
        assert desk.told == []
        other.rollback()
    for _ in range(2 if dies else 0):
        desk.hand.set(at("12:19:00"))  # later than the order's grace
        desk.begin()
    desk.look()
    desk.engine.dispose()

    assert during is not None
    assert desk.told == [("12:10:00", "done", "")]
    assert list((tmp_path / "spool" / "runs").glob("*.run")) == []


def test_a_run_that_a_dead_process_could_not_record_goes_on_after_it(
    url: str, tmp_path: Path
) -> None:
    desk = Desk(scheduled_plant(tmp_path, url, schedule=EVERY_TEN_MINUTES), at("12:01:00"))
    desk.engine.dispose()
    desk.engine = desk.scheduler.book.engine = connect(f"{url}?timeout=0")
    with closing(sqlite3.connect(tmp_path / "findings.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        desk.look(at("12:10:00"))
        other.rollback()
    (line,) = (tmp_path / "spool" / "runs").glob("*.run")
    line.with_name("000000000000.run").write_bytes(b"{}")  # what a bad disk makes of another
    desk.hand.set(at("12:10:40"))
    desk.begin()
    going_on = desk.told
    desk.camera_gives(2)
    desk.look(at("12:10:50"))
    desk.engine.dispose()

    assert going_on == [("12:10:00", "going on", "")]
    assert desk.told == [("12:10:00", "done", "")]


def test_who_asks_for_a_job_that_is_not_there_is_told_which_are(timed: Desk) -> None:
    with pytest.raises(UnknownRecord, match="no job 'cam-2': there are cam-1"):
        wish(timed.engine, "want_run", "cam-2", by="anna", at=timed.hand.moment)
