"""The tables of alerts and of their messages: what they refuse, how they are found, up and down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from db.engine import session
from db.errors import RecordRefused
from db.integrity import broken_places
from db.models import Alert, Delivery
from db.upgrade import downgrade, upgrade
from db.words import AlertState, DeliveryAbout, DeliveryState, Severity
from tests.integration.db.full_plant import everything, fill

NOON = datetime(2026, 3, 30, 12, tzinfo=UTC)
ALERT_TABLES = ("alerts", "alert_deliveries")


def alert(key: str = "rate line-1 2026-03-30T12", **facts: Any) -> Alert:
    """Open, of line 1."""
    usual = {
        "rule": "rate",
        "place": "rate line-1",
        "text": "12.5 % of the parts of line-1 failed",
        "line_id": "line-1",
        "severity": Severity.MAJOR,
        "state": AlertState.OPEN,
        "events": 1,
        "facts": {"rate": 0.125, "limit": None},
        "opened_at": NOON,
        "last_event_at": NOON,
    }
    return Alert(key=key, **{**usual, **facts})


def delivery(key: str = "rate 1 mail", **facts: Any) -> Delivery:
    """Of the first alert, due at noon."""
    usual = {
        "alert_id": 1,
        "channel": "mail",
        "about": DeliveryAbout.OPENED,
        "state": DeliveryState.WAITING,
        "attempts": 0,
        "next_try_at": NOON,
    }
    return Delivery(key=key, **{**usual, **facts})


ACKNOWLEDGED = {
    "state": AlertState.ACKNOWLEDGED,
    "acknowledged_by": "Ada",
    "acknowledged_at": NOON,
}
RESOLVED = {"state": AlertState.RESOLVED, "resolved_at": NOON}
SENT = {"state": DeliveryState.SENT, "attempts": 1, "next_try_at": None, "sent_at": NOON}
DEAD = {
    "state": DeliveryState.DEAD,
    "attempts": 9,
    "next_try_at": None,
    "last_error": "the server said 500",
}


def write(engine: Engine, *rows: Alert | Delivery) -> None:
    with session(engine) as opened:
        opened.add_all(rows)


def test_an_alert_lives_from_open_to_resolved_and_keeps_its_facts(engine: Engine) -> None:
    write(
        engine,
        alert("a"),
        alert("b", line_id=None, events=7, last_event_at=NOON + timedelta(hours=1)),
        alert("c", **ACKNOWLEDGED),
        alert("d", **RESOLVED),
        alert("e", **{**ACKNOWLEDGED, **RESOLVED}, resolved_by="Bo"),
    )

    with session(engine, read_only=True) as opened:
        rows = opened.scalars(sa.select(Alert).order_by(Alert.key)).all()
        assert [row.state for row in rows] == ["open", "open", "acknowledged", *2 * ["resolved"]]
        assert rows[0].facts == {"rate": 0.125, "limit": None}
        assert rows[2].acknowledged_at == NOON


@pytest.mark.parametrize(
    ("facts", "constraint"),
    [
        ({"key": "taken"}, "key"),
        ({"events": 0}, "ck_alerts_events"),
        ({"last_event_at": NOON - timedelta(seconds=1)}, "ck_alerts_period"),
        ({"acknowledged_by": "Ada"}, "ck_alerts_acknowledgement_has_a_name_and_a_time"),
        ({"state": AlertState.ACKNOWLEDGED}, "ck_alerts_acknowledged"),
        ({**ACKNOWLEDGED, "state": AlertState.OPEN}, "ck_alerts_acknowledged"),
        ({"state": AlertState.RESOLVED}, "ck_alerts_resolved"),
        ({"resolved_at": NOON}, "ck_alerts_resolved"),
        ({"resolved_by": "Ada"}, "ck_alerts_resolved_by"),
        ({"finding_id": 99}, "(?i)foreign key"),
    ],
    ids=str,
)
def test_an_alert_that_contradicts_itself_is_refused(
    engine: Engine, facts: dict[str, Any], constraint: str
) -> None:
    write(engine, alert("taken"))

    with pytest.raises(RecordRefused, match=constraint):
        write(engine, alert(**{"key": "another", **facts}))


def test_a_message_waits_is_sent_or_is_given_up(engine: Engine) -> None:
    write(engine, alert())
    write(engine, delivery("a"), delivery("b", **SENT), delivery("c", **DEAD))

    with session(engine, read_only=True) as opened:
        rows = opened.execute(sa.select(Delivery.key, Delivery.state).order_by(Delivery.key))
        assert list(rows) == [("a", "waiting"), ("b", "sent"), ("c", "dead")]


@pytest.mark.parametrize(
    ("facts", "constraint"),
    [
        ({"key": "taken"}, "key"),
        ({"attempts": -1}, "ck_alert_deliveries_attempts"),
        ({"next_try_at": None}, "ck_alert_deliveries_waiting"),
        ({**SENT, "next_try_at": NOON}, "ck_alert_deliveries_waiting"),
        ({**SENT, "sent_at": None}, "ck_alert_deliveries_sent"),
        ({"sent_at": NOON}, "ck_alert_deliveries_sent"),
        ({**DEAD, "last_error": None}, "ck_alert_deliveries_dead"),
        ({"alert_id": 99}, "(?i)foreign key"),
    ],
    ids=str,
)
def test_a_message_that_contradicts_itself_is_refused(
    engine: Engine, facts: dict[str, Any], constraint: str
) -> None:
    write(engine, alert())
    write(engine, delivery("taken"))

    with pytest.raises(RecordRefused, match=constraint):
        write(engine, delivery(**{"key": "another", **facts}))


def test_open_alerts_of_a_line_and_messages_that_are_due_are_found_by_their_indexes(
    engine: Engine,
) -> None:
    of_line = (
        sa.select(Alert.id)
        .where(Alert.line_id == "line-1", sa.text("state IN ('open', 'acknowledged')"))
        .order_by(Alert.opened_at, Alert.id)
    )
    due = (
        sa.select(Delivery.id)
        .where(sa.text("state = 'waiting'"), Delivery.next_try_at <= NOON)
        .order_by(Delivery.next_try_at, Delivery.id)
        .limit(100)
    )

    with session(engine, read_only=True) as opened:
        assert "ix_alerts_unresolved_of_line" in plan(opened, of_line)
        assert "ix_alert_deliveries_due" in plan(opened, due)


def plan(opened: Session, chosen: sa.Select[Any]) -> str:
    """How the database would read it, were the tables too long to be read through."""
    written = chosen.compile(opened.connection(), compile_kwargs={"literal_binds": True})
    is_server = opened.get_bind().dialect.name == "postgresql"
    if is_server:
        opened.execute(sa.text("SET LOCAL enable_seqscan = off"))
    explain = "EXPLAIN" if is_server else "EXPLAIN QUERY PLAN"
    return str(opened.connection().exec_driver_sql(f"{explain} {written}").all())


def test_the_way_back_takes_alerts_alone_and_the_way_up_makes_room_for_new_ones(
    engine: Engine, tmp_path: Path
) -> None:
    fill(engine, tmp_path / "evidence")
    downgrade(engine, "r0007")  # where the alerts came
    full = everything(engine)
    others = {name: rows for name, rows in full.items() if name not in ALERT_TABLES}
    assert all(full[name] for name in ALERT_TABLES)

    downgrade(engine, "r0006")
    assert everything(engine) == others

    upgrade(engine, "r0007")
    assert everything(engine) == {**others, **{name: [] for name in ALERT_TABLES}}
    upgrade(engine)
    write(engine, alert("new", finding_id=1))
    write(engine, delivery("new"))
    with session(engine, read_only=True) as opened:
        assert broken_places(opened) == []


def test_lives_of_alerts_go_and_come_and_what_was_there_before_stays(
    engine: Engine, tmp_path: Path
) -> None:
    fill(engine, tmp_path / "evidence")
    downgrade(engine, "r0015")
    lived = everything(engine)
    assert all(lived[name] for name in ("alert_calls", "alert_steps", "alert_watermarks"))

    downgrade(engine, "r0014")
    before = everything(engine)
    assert "alert_calls" not in before
    upgrade(engine, "r0015")

    after = everything(engine)
    assert {name: rows for name, rows in after.items() if name not in _LIVED} == {
        name: rows for name, rows in lived.items() if name not in _LIVED
    }
    with session(engine, read_only=True) as opened:
        row = opened.scalars(sa.select(Alert)).one()
        assert (row.place, row.text, row.told_at) == ("alert 1", "severity", None)
        assert opened.scalars(sa.select(Delivery.about)).one() == DeliveryAbout.OPENED


_LIVED = ("alerts", "alert_deliveries", "alert_calls", "alert_steps", "alert_watermarks")
