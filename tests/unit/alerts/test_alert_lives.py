"""When people are told, and when not: grouping, cool-down, quiet hours, escalation, replay."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from db.words import DeliveryAbout, Severity
from inspect_pipeline.alerts.history import Call, Spot
from inspect_pipeline.alerts.lives import Life, Move, decide, due
from inspect_pipeline.alerts.replay import replay
from tests.unit.alerts.literal_histories import BERLIN, MORNING, SPOT, at, rule

ABOUT = DeliveryAbout


def call(minutes: float, *, spot: Spot = SPOT, is_end: bool = False) -> Call:
    return Call(
        key=f"{spot.words} {minutes} {is_end}",
        at=at(minutes),
        spot=spot,
        text=f"minute {minutes:g}",
        severity=Severity.MAJOR,
        is_end=is_end,
    )


def told(keys: dict[str, Any], *calls: Call) -> list[tuple[float, str]]:
    """When which messages would have gone."""
    sent = replay(rule("burst", channels=["mail"], **keys), calls, BERLIN).messages
    return [((one.due_at - MORNING).total_seconds() / 60, one.about.value) for one in sent]


@pytest.mark.parametrize(
    ("keys", "calls", "messages"),
    [
        ({}, [call(0)], [(0, "opened")]),
        ({}, [call(minute) for minute in range(1000)], [(0, "opened")]),  # a storm is one message
        ({}, [call(0), call(61)], [(0, "opened"), (61, "again")]),
        ({}, [call(0), call(60)], [(0, "opened")]),
        ({}, [call(0), call(30, is_end=True)], [(0, "opened"), (30, "ended")]),
        ({}, [call(0, is_end=True)], []),
        (
            {},
            [call(0), call(5, is_end=True), call(6)],  # it flutters: the second waits
            [(0, "opened"), (5, "ended"), (15, "opened")],
        ),
        (
            {"cool_down_minutes": 0},
            [call(0), call(5, is_end=True), call(6)],
            [(0, "opened"), (5, "ended"), (6, "opened")],
        ),
        (
            {"quiet_hours": ["07:00-09:00"]},  # 05:00 to 07:00 in UTC: it is summer
            [call(0), call(10), call(20)],
            [(60, "opened")],
        ),
        (
            {"escalate_after_minutes": 30, "escalate_to": ["boss"]},
            [call(0), call(1)],
            [(0, "opened"), (30, "escalated")],
        ),
        (
            {"escalate_after_minutes": 30, "escalate_to": ["boss"]},
            [call(0), call(10, is_end=True)],
            [(0, "opened"), (10, "ended")],
        ),
    ],
    ids=str,
)
def test_people_are_told_once_and_in_time(
    keys: dict[str, Any], calls: list[Call], messages: list[tuple[float, str]]
) -> None:
    assert told(keys, *calls) == messages


def test_two_cameras_are_two_alerts() -> None:
    other = Spot(line_id="L1", camera_id="cam-2")

    assert told({}, call(0), call(1, spot=other)) == [(0, "opened"), (1, "opened")]


@pytest.mark.parametrize(
    ("hours", "moment", "until"),
    [
        (["22:00-06:00"], "2026-03-30T21:00:00+02:00", None),
        (["22:00-06:00"], "2026-03-30T23:00:00+02:00", "2026-03-31T06:00:00+02:00"),
        (["22:00-06:00"], "2026-03-30T05:59:00+02:00", "2026-03-30T06:00:00+02:00"),
        (["22:00-06:00"], "2026-03-29T01:00:00+01:00", "2026-03-29T06:00:00+02:00"),  # clocks move
        (["22:00-06:00", "06:00-07:00"], "2026-03-30T23:00:00+02:00", "2026-03-31T07:00:00+02:00"),
    ],
)
def test_quiet_hours_are_on_the_plants_clock(
    hours: list[str], moment: str, until: str | None
) -> None:
    asked_at = datetime.fromisoformat(moment)

    found = due(rule("burst", quiet_hours=hours), asked_at, None, BERLIN.zone)

    assert found == datetime.fromisoformat(until or moment)


def test_a_finding_that_comes_late_is_told_although_the_alert_is_resolved() -> None:
    life = Life(opened_at=at(0), last_event_at=at(10), told_at=at(0), resolved_at=at(20))

    finding = decide(rule("finding"), life, call(5), at=at(30), zone=BERLIN.zone)
    burst = decide(rule("burst"), life, call(5), at=at(30), zone=BERLIN.zone)

    assert (finding.move, burst.move) == (Move.OPEN, Move.COUNT)
    assert finding.about is ABOUT.OPENED
