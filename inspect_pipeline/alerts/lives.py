"""The life of an alert: what a call does to it, and when people are told. Pure decisions.

A place has at most one unresolved alert. What is called out there meanwhile is counted by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from db.words import DeliveryAbout
from inspect_pipeline.alerts.history import Call
from plant_config.alerts import AlertRule, FindingRule


class Move(StrEnum):
    OPEN = "open"
    COUNT = "count"
    END = "end"
    NOTHING = "nothing"


@dataclass(frozen=True, kw_only=True)
class Life:
    """The newest alert about a place. `told_at` is when its last message was or will be due."""

    opened_at: datetime
    last_event_at: datetime
    told_at: datetime | None
    resolved_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Decision:
    """`about` and `due_at`: tell people; else nobody is told."""

    move: Move
    about: DeliveryAbout | None = None
    due_at: datetime | None = None


def place_of(rule: AlertRule, call: Call) -> str:
    """What shares one alert: rule, line, camera, part, and the thing it is about."""
    spot = call.spot
    return "\n".join(
        (rule.name, spot.line_id or "", spot.camera_id or "", spot.part or "", call.thing)
    )


def decide(
    rule: AlertRule, life: Life | None, call: Call, *, at: datetime, zone: ZoneInfo
) -> Decision:
    """What the call, known at `at`, does to the newest alert about its place."""
    if call.is_end:
        is_over = life is None or life.resolved_at is not None or call.at < life.last_event_at
        return Decision(move=Move.NOTHING if is_over else Move.END)
    told_at = None if life is None else life.told_at
    due_at = due(rule, at, told_at, zone)
    if life is None or (life.resolved_at is not None and _is_news(rule, life, call)):
        return Decision(move=Move.OPEN, about=DeliveryAbout.OPENED, due_at=due_at)
    is_long_ago = call.at - life.last_event_at > timedelta(minutes=rule.group_minutes)
    is_told = told_at is None or told_at <= at  # else its message waits, and counts this one too
    if life.resolved_at is None and is_long_ago and is_told:
        return Decision(move=Move.COUNT, about=DeliveryAbout.AGAIN, due_at=due_at)
    return Decision(move=Move.COUNT)


def _is_news(rule: AlertRule, life: Life, call: Call) -> bool:
    """Has nobody seen it who resolved the alert? Findings may come late, each is one of its own."""
    return isinstance(rule, FindingRule) or call.at > life.last_event_at


def due(rule: AlertRule, at: datetime, told_at: datetime | None, zone: ZoneInfo) -> datetime:
    """When to tell: not within the cool-down of the last message, not in quiet hours."""
    if told_at is not None:
        at = max(at, told_at + timedelta(minutes=rule.cool_down_minutes))
    for _ in rule.quiet_hours:  # the end of one may lie in the next
        ends = [end for hours in rule.quiet_hours if (end := _quiet_until(hours, at, zone))]
        if not ends:
            break
        at = max(ends)
    return at


def escalate_at(rule: AlertRule, told_at: datetime) -> datetime | None:
    """When others are told, unless somebody acknowledges before."""
    if rule.escalate_after_minutes is None:
        return None
    return told_at + timedelta(minutes=rule.escalate_after_minutes)


def _quiet_until(hours: str, at: datetime, zone: ZoneInfo) -> datetime | None:
    """The end of the quiet hours that `at` lies in."""
    begin, end = (time.fromisoformat(one) for one in hours.split("-"))
    local = at.astimezone(zone)
    for day in (local.date() - timedelta(days=1), local.date()):
        last = day if begin < end else day + timedelta(days=1)
        from_at = datetime.combine(day, begin, tzinfo=zone).astimezone(UTC)
        to_at = datetime.combine(last, end, tzinfo=zone).astimezone(UTC)
        if from_at <= at < to_at:
            return to_at
    return None
