"""The table of events: each once, newest first, up and down, and who alone may write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from db.engine import keep_through_power_cuts, session
from db.errors import DatabaseError
from db.events import EventFilter, count_events, newest_events, note_event
from db.leases import sole_writer
from db.models import Event
from db.questions.catalogue import ask
from db.upgrade import downgrade, upgrade
from db.words import EventKind, Severity
from tests.integration.db.full_plant import everything, fill
from tests.integration.db.test_alert_tables import plan

NOON = datetime(2026, 3, 30, 12, tzinfo=UTC)
BEFORE = "r0009"


def event(key: str = "gap 1", **facts: Any) -> Event:
    """A gap of camera 1 at noon."""
    usual = {
        "at": NOON,
        "kind": EventKind.GAP,
        "severity": Severity.MAJOR,
        "line_id": "L1",
        "camera_id": "cam-1",
        "part": "bracket",
        "text": "three frames are missing",
        "facts": {"shots": 3, "web_from_mm": None},
    }
    return Event(key=key, **{**usual, **facts})


def note(engine: Engine, *events: Event) -> list[bool]:
    with session(engine) as opened:
        return [note_event(opened, one) for one in events]


def keys(opened: Session, **wanted: Any) -> list[str]:
    return [row.key for row in newest_events(opened, EventFilter(**wanted))]


def test_an_event_that_is_told_twice_is_written_once(engine: Engine) -> None:
    assert note(engine, event(), event(text="told again")) == [True, False]
    assert note(engine, event()) == [False]

    with session(engine, read_only=True) as opened:
        (row,) = newest_events(opened)
    assert row.text == "three frames are missing"
    assert row.facts == {"shots": 3, "web_from_mm": None}
    assert row.at == NOON


def test_events_are_read_newest_first_by_camera_kind_line_and_time(engine: Engine) -> None:
    minute = timedelta(minutes=1)
    note(
        engine,
        event("a"),
        event("b", at=NOON + minute, camera_id="cam-2"),
        event("c", at=NOON + 2 * minute, kind=EventKind.SHED),
        event("d", at=NOON + 2 * minute, line_id=None, camera_id=None, part=None),
    )

    with session(engine, read_only=True) as opened:
        assert keys(opened) == ["d", "c", "b", "a"]
        assert keys(opened, camera_id="cam-1") == ["c", "a"]
        assert keys(opened, kind=EventKind.GAP) == ["d", "b", "a"]
        assert keys(opened, since=NOON + 2 * minute) == ["d", "c"]
        assert keys(opened, until=NOON + minute) == ["a"]
        (newest,) = newest_events(opened, EventFilter(line_id="L1"), limit=1)
        assert newest.key == "c"
        assert count_events(opened) == {EventKind.GAP: 3, EventKind.SHED: 1}
        assert count_events(opened, EventFilter(since=NOON + minute)) == {
            EventKind.GAP: 2,
            EventKind.SHED: 1,
        }


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["it began", "lost", "three frames are missing"]),
        ({"kind": "gap"}, ["three frames are missing"]),
        ({"severity": "critical", "line": "L1"}, ["lost"]),
        ({"part": "bracket", "until": "2026-03-30T12:00:30+00:00"}, ["three frames are missing"]),
        ({"since": "2026-03-30T12:02:00+00:00"}, ["it began"]),
        ({"camera": "cam-9"}, []),
    ],
)
def test_what_happened_can_be_asked(
    engine: Engine, wanted: dict[str, str], found: list[str]
) -> None:
    minute = timedelta(minutes=1)
    of_all: dict[str, Any] = {"line_id": None, "camera_id": None, "part": None}
    lost = {"kind": EventKind.CAMERA_LOST, "severity": Severity.CRITICAL}
    note(
        engine,
        event("a"),
        event("b", at=NOON + minute, text="lost", **lost),
        event("c", at=NOON + 2 * minute, kind=EventKind.STARTED, text="it began", **of_all),
    )

    with session(engine, read_only=True) as opened:
        table = ask(opened, "events", wanted, now=NOON)
    assert list(table["text"]) == found
    assert set(table["facts"]) <= {'{"shots": 3, "web_from_mm": null}'}


def test_an_unknown_kind_of_event_is_refused(engine: Engine) -> None:
    with pytest.raises(DatabaseError, match="ck_events_kind"):
        note(engine, event(kind="coffee"))


def test_the_events_of_a_camera_are_found_by_their_index(engine: Engine) -> None:
    chosen = (
        sa.select(Event.id)
        .where(Event.camera_id == "cam-1", Event.kind == EventKind.GAP)
        .order_by(Event.at.desc(), Event.id.desc())
    )

    with session(engine, read_only=True) as opened:
        assert "ix_events_camera_id_kind_at_id" in plan(opened, chosen)


def test_the_way_back_takes_events_alone_and_the_way_up_makes_room_for_new_ones(
    engine: Engine, tmp_path: Path
) -> None:
    fill(engine, tmp_path / "evidence")
    downgrade(engine, "r0010")  # where the events came
    full = everything(engine)
    assert full["events"]
    others = {name: rows for name, rows in full.items() if name != "events"}

    downgrade(engine, BEFORE)
    assert everything(engine) == others

    upgrade(engine, "r0010")
    assert everything(engine) == {**others, "events": []}
    assert note(engine, event()) == [True]


def test_one_program_at_a_time_writes_for_a_plant(engine: Engine) -> None:
    is_server = engine.dialect.name == "postgresql"

    with sole_writer(engine, "Works") as first, sole_writer(engine, "Works") as second:
        assert first is not None
        first.prove()
        assert (second is None) == is_server
        with sole_writer(engine, "Mill") as other:
            assert other is not None
    with sole_writer(engine, "Works") as later:
        assert later is not None


def test_a_writer_may_ask_for_transactions_that_outlive_power_cuts(engine: Engine) -> None:
    keep_through_power_cuts(engine)

    with engine.connect() as connection:
        question = "SHOW fsync" if engine.dialect.name == "postgresql" else "PRAGMA synchronous"
        found = connection.exec_driver_sql(question).scalar_one()
    assert engine.dialect.name == "postgresql" or found == 2
