"""Rules over a real database: with the finding or not at all, each thing once, nothing missed."""

from __future__ import annotations

import json
import multiprocessing
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, select
from typer.testing import CliRunner

from db.alert_pages import newest_alerts
from db.alerting import resolve
from db.engine import session
from db.events import newest_events, note_event
from db.models import AlertCall, Event, Finding
from db.queries import find_inspection
from db.upgrade import open_database
from db.words import EventKind
from db.words import Severity as Stored
from inspect_pipeline.alerts.rules import Calendar
from inspect_pipeline.alerts.watching import watch
from inspect_pipeline.service.calling_out import call_out
from inspect_pipeline.service.cli import build_app
from inspect_pipeline.service.ingesting.alerting import Alerting, rules_of
from inspect_pipeline.service.ingesting.link import Link, Stop
from inspect_pipeline.service.ledger import Ledger
from plant_config.loader import load_plant
from plant_config.plant import Plant
from plant_config.schedule import Schedule
from tests.fakes import WallClock
from tests.integration.alerts.alerting_plant import ZONE, rule
from tests.integration.db.database_records import (
    CARD,
    CONFIG_ID,
    MODEL_ID,
    NOON,
    failed,
    frame_key,
    passed,
)
from tests.plant_files import small_plant

CALENDAR = Calendar(zone=ZONE, schedule=Schedule())
RULES = """
[[channels]]
name = "drop"
kind = "file"
folder = "dropped"
[[alerts]]
name = "severe"
kind = "finding"
channels = ["drop"]
[[alerts]]
name = "three"
kind = "row"
channels = ["drop"]
escalate_after_minutes = 5
escalate_to = ["drop"]
"""


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    (tmp_path / "plant.toml").write_text(small_plant() + RULES)
    return load_plant(tmp_path / "plant.toml", environment={})


def ledger_of(engine: Engine, folder: Path, plant: Plant | None, clock: WallClock) -> Ledger:
    outbox = call_out(plant, now=clock) if plant is not None else None
    ledger = Ledger(engine, folder / "evidence", now=clock, outbox=outbox)
    ledger.register_model(MODEL_ID, "bracket", CARD)
    return ledger


def texts(engine: Engine) -> list[str]:
    with session(engine, read_only=True) as opened:
        return [row.text for row in newest_alerts(opened)]


def test_an_alert_about_a_finding_is_written_with_it(
    engine: Engine, tmp_path: Path, plant: Plant, clock: WallClock
) -> None:
    with ledger_of(engine, tmp_path, plant, clock) as ledger:
        for _ in range(2):
            ledger.record(failed(0))
        ledger.record(passed(1))

    with session(engine, read_only=True) as opened:
        (alert,) = newest_alerts(opened)
    assert (alert.rule, alert.events, alert.finding_id) == ("severe", 1, 1)


def test_where_the_alert_cannot_be_written_the_finding_is_not_either(
    engine: Engine, tmp_path: Path, plant: Plant, clock: WallClock
) -> None:
    def broken() -> None:
        raise RuntimeError("the power is gone")

    with ledger_of(engine, tmp_path, None, clock) as ledger:
        ledger._outbox = lambda _opened, _findings: broken()
        with pytest.raises(RuntimeError, match="power"):
            ledger.record(failed(0))

    key = frame_key(0)
    with session(engine, read_only=True) as opened:
        known = find_inspection(
            opened,
            camera_id=key.camera_id,
            taken_at=key.taken_at,
            content_sha256=key.content_sha256,
            model_id=MODEL_ID,
            config_id=CONFIG_ID,
        )
    assert known is None


def test_a_finding_that_others_called_out_at_the_same_time_is_recorded_all_the_same(
    engine: Engine, tmp_path: Path, plant: Plant, clock: WallClock
) -> None:
    with ledger_of(engine, tmp_path, plant, clock) as ledger:
        ledger.record(failed(0))
    with session(engine) as opened:  # as if the other program's transaction were not seen yet
        resolve(opened, 1, at=clock())
        opened.execute(delete(AlertCall))
    outbox = call_out(plant, now=clock)
    assert outbox is not None

    with session(engine) as opened:
        outbox(opened, opened.scalars(select(Finding)).all())
        note_event(opened, an_event("beside"))

    with session(engine, read_only=True) as opened:
        assert [one.key for one in newest_events(opened)] == ["beside"]
        assert len(newest_alerts(opened)) == 1


def an_event(key: str) -> Event:
    return Event(
        key=key, at=NOON, kind=EventKind.STARTED, severity=Stored.MINOR, text=key, facts={}
    )


def test_a_restart_neither_repeats_nor_misses_and_late_frames_count(
    engine: Engine, tmp_path: Path, clock: WallClock
) -> None:
    rules = [
        rule("row"),
        rule("silent", minutes=30, shifts=[]),
        rule("event", events=["input_health"]),
        rule("backlog", more_than=4),
    ]
    with ledger_of(engine, tmp_path, None, clock) as ledger:

        def beat(minutes: float) -> None:
            watch(engine, rules, at=NOON + timedelta(minutes=minutes), calendar=CALENDAR)

        ledger.record(failed(0))  # before anybody watched
        beat(0.5)
        ledger.record(failed(1))
        ledger.record(failed(3))
        beat(4)  # 0, 1, 3 in a row
        beat(4.5)
        assert texts(engine) == ["3 parts in a row failed at cam-1 on line-1, bracket"]
        ledger.record(failed(5))
        ledger.record(failed(6))
        beat(8)
        ledger.record(failed(4))  # late: with it 0 to 6 are six in a row
        with session(engine) as opened:
            note_event(
                opened,
                Event(
                    key="dark",
                    at=NOON + timedelta(minutes=7),
                    kind=EventKind.INPUT_HEALTH,
                    severity=Stored.MAJOR,
                    text="cam-1 is dark",
                    facts={},
                ),
            )
        beat(9)
        beat(40)

    assert texts(engine) == [
        "No frame for 30 min from cam-1 on line-1",
        "cam-1 is dark",
        "5 findings wait for people",
        "6 parts in a row failed at cam-1 on line-1, bracket",
    ]


def test_a_camera_is_missed_only_where_the_plant_expects_frames_of_it(tmp_path: Path) -> None:
    schedules = {"always": "", "hourly": "every_s = 3600", "early": 'shifts = ["early"]'}
    cameras = "".join(
        f"""[[cameras]]
id = "{name}"
kind = "simulated"
line = "line-1"
part = "bracket"
material = "brushed_web"
seed = 1
frames = 4
defect_rate = 0.0
frame_wh = [64, 48]
[cameras.schedule]
{says}
"""
        for name, says in schedules.items()
    )
    shift = '[[schedule.shifts]]\nname = "early"\nbegins = "06:00"\n'
    silent = '[[alerts]]\nname = "{0}"\nkind = "silent"\n{1}\n'
    rules = [("any", ""), ("shift", 'shifts = ["early"]'), ("own", 'cameras = ["hourly"]')]
    written = "".join(silent.format(*one) for one in rules)
    (tmp_path / "plant.toml").write_text(small_plant() + cameras + shift + written)

    found = rules_of(load_plant(tmp_path / "plant.toml", environment={}))

    assert [one.cameras for one in found] == [
        ("cam-1", "always"),
        ("cam-1", "always", "early"),
        ("hourly",),
    ]


def test_a_camera_that_is_gone_is_not_missed_where_others_are_named(
    engine: Engine, tmp_path: Path, clock: WallClock
) -> None:
    named = [rule("silent", minutes=30, shifts=[], cameras=["cam-2"])]
    with ledger_of(engine, tmp_path, None, clock) as ledger:
        ledger.record(failed(0))  # of cam-1

    for minutes in (1, 50):
        watch(engine, named, at=NOON + timedelta(minutes=minutes), calendar=CALENDAR)

    assert texts(engine) == []


def test_a_rule_is_tried_over_what_is_stored_and_nothing_is_sent(
    tmp_path: Path, plant: Plant, clock: WallClock
) -> None:
    with Ledger(plant.storage.database_url.get_secret_value(), now=clock) as ledger:
        ledger.register_model(MODEL_ID, "bracket", CARD)
        for number in range(3):
            ledger.record(failed(number))
    file = str(tmp_path / "plant.toml")
    asked = ["alerts", "try", "three", "--plant", file, "--since", "2026-03-29", "--until"]

    said = CliRunner().invoke(build_app(), [*asked, "2026-03-30"])

    assert said.exit_code == 0, said.output
    assert "three: 1 times, 1 alerts, 2 messages" in said.output
    assert "escalated" in said.output
    assert (
        "There are no alerts"
        in CliRunner().invoke(build_app(), ["alerts", "list", "--plant", file]).output
    )
    unknown = CliRunner().invoke(build_app(), ["alerts", "try", "none", "--plant", file])
    assert "its rules: severe, three" in str(unknown.exception)


def test_the_process_sends_what_was_called_out_and_ends_when_told(
    tmp_path: Path, plant: Plant
) -> None:
    clock, stop = WallClock(NOON), Stop()
    engine = open_database(plant.storage.database_url.get_secret_value())
    with ledger_of(engine, tmp_path, plant, clock) as ledger:
        ledger.record(failed(0))
    engine.dispose()
    ours, theirs = multiprocessing.Pipe(duplex=False)
    process = Alerting(plant, Link(theirs, stop), now=clock)
    thread = threading.Thread(target=process.run)
    thread.start()
    try:
        ticks = (threading.Event().wait(0.05) for _ in range(1200))
        assert any(list((tmp_path / "dropped").glob("*.json")) or tick for tick in ticks)
    finally:
        stop.asked = 1
        thread.join(60)
    assert not thread.is_alive()
    assert b"ready" in ours.recv_bytes()
    (dropped,) = (tmp_path / "dropped").glob("*.json")
    (alert,) = json.loads(dropped.read_text())["alerts"]
    assert (alert["rule"], alert["finding"]) == ("severe", 1)
    assert len(list((tmp_path / "dropped").glob("*.files/*.png"))) == 2


def test_a_channel_is_tried_by_hand(tmp_path: Path, plant: Plant) -> None:
    file = str(tmp_path / "plant.toml")

    said = CliRunner().invoke(build_app(), ["alerts", "test-channel", "drop", "--plant", file])

    assert said.exit_code == 0, said.output
    (dropped,) = (tmp_path / "dropped").glob("*.json")
    assert "Nothing has happened" in dropped.read_text()
