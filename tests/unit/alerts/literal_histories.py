"""Short ways to write what happened, and to ask one rule about it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter

from db.words import EventKind, Outcome, Severity, Verdict
from inspect_pipeline.alerts.history import (
    Call,
    History,
    SeenEvent,
    SeenFinding,
    SeenInspection,
    Spot,
)
from inspect_pipeline.alerts.rules import Calendar, calls_of
from plant_config.alerts import Alert, AlertRule
from plant_config.schedule import Schedule

MORNING = datetime(2026, 3, 30, 6, tzinfo=UTC)  # a Monday
BERLIN = Calendar(zone=ZoneInfo("Europe/Berlin"), schedule=Schedule())
SPOT = Spot(line_id="L1", camera_id="cam-1", part="web")
CAMERA = Spot(line_id="L1", camera_id="cam-1")
_ALERTS: TypeAdapter[AlertRule] = TypeAdapter(Alert)


def rule(kind: str, **keys: Any) -> AlertRule:
    """As a plant file would have it."""
    return _ALERTS.validate_python({"name": f"the-{kind}", "kind": kind, **keys})


def at(minutes: float) -> datetime:
    return MORNING + timedelta(minutes=minutes)


def found(number: int, minutes: float, **facts: Any) -> SeenFinding:
    usual: dict[str, Any] = {
        "spot": SPOT,
        "verdict": Verdict.CONFIRMED,
        "severity": Severity.MAJOR,
        "kind": "scratch",
        "place_x": 0.5,
        "place_y": 0.5,
        "across_mm": 100.0,
        "web_mm": None,
    }
    return SeenFinding(finding_id=number, taken_at=at(minutes), **{**usual, **facts})


def parts(outcomes: str, spot: Spot = SPOT) -> tuple[SeenInspection, ...]:
    """`PPFF`: one part per minute, passed, failed or unfit."""
    words = {"P": Outcome.PASSED, "F": Outcome.FAILED, "U": Outcome.UNFIT}
    return tuple(
        SeenInspection(spot=spot, taken_at=at(minute), outcome=words[letter])
        for minute, letter in enumerate(outcomes)
    )


def told(
    text: str, minutes: float, kind: EventKind, *, severity: Severity = Severity.MAJOR
) -> SeenEvent:
    """An event about the camera."""
    return SeenEvent(key=text, at=at(minutes), kind=kind, severity=severity, spot=CAMERA, text=text)


def asked(
    wanted: AlertRule, history: History, *, after: float = -1.0, until: float = 10_000.0
) -> list[Call]:
    """The rule's calls; minutes count from the morning."""
    return calls_of(wanted, history, after=at(after), until=at(until), calendar=BERLIN)


def minutes_of(calls: list[Call]) -> list[float]:
    return [(call.at - MORNING).total_seconds() / 60 for call in calls]
