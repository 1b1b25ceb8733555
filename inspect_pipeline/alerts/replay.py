"""What would a rule have sent? The rule and the life of its alerts over a stored history."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from db.words import DeliveryAbout, Severity
from inspect_pipeline.alerts.history import Call
from inspect_pipeline.alerts.lives import Decision, Life, Move, decide, escalate_at, place_of
from inspect_pipeline.alerts.rules import Calendar
from plant_config.alerts import AlertRule


@dataclass(frozen=True, kw_only=True)
class WouldSend:
    due_at: datetime
    about: DeliveryAbout
    channels: tuple[str, ...]
    severity: Severity
    text: str


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """`calls` is how often the rule saw something, `alerts` how many would have been opened."""

    calls: int
    alerts: int
    messages: tuple[WouldSend, ...]


def replay(rule: AlertRule, calls: Iterable[Call], calendar: Calendar) -> Replayed:
    """As if each call had been known when it happened, and nobody had acknowledged or resolved."""
    lives: dict[str, Life] = {}
    waiting: dict[str, WouldSend] = {}  # who will be told unless somebody acknowledges
    sent: list[WouldSend] = []
    counted = opened = 0
    for call in calls:
        counted += not call.is_end
        place = place_of(rule, call)
        for other in [one for one, message in waiting.items() if message.due_at <= call.at]:
            sent.append(waiting.pop(other))
        decision = decide(rule, lives.get(place), call, at=call.at, zone=calendar.zone)
        opened += decision.move is Move.OPEN
        sent += _messages(rule, call, decision, lives.get(place))
        if decision.move is Move.OPEN and decision.due_at is not None:
            later = escalate_at(rule, decision.due_at)
            if later is not None:
                waiting[place] = _message(call, DeliveryAbout.ESCALATED, later, rule.escalate_to)
        if decision.move is Move.END:
            waiting.pop(place, None)
        life = _lived(lives.get(place), call, decision)
        if life is not None:
            lives[place] = life
    sent += waiting.values()
    return Replayed(
        calls=counted,
        alerts=opened,
        messages=tuple(sorted(sent, key=lambda one: (one.due_at, one.text))),
    )


def _messages(
    rule: AlertRule, call: Call, decision: Decision, life: Life | None
) -> list[WouldSend]:
    if decision.about is not None and decision.due_at is not None:
        return [_message(call, decision.about, decision.due_at, rule.channels)]
    was_told = life is not None and life.told_at is not None and life.told_at <= call.at
    if decision.move is Move.END and was_told:
        return [_message(call, DeliveryAbout.ENDED, call.at, rule.channels)]
    return []


def _message(
    call: Call, about: DeliveryAbout, due_at: datetime, channels: tuple[str, ...]
) -> WouldSend:
    return WouldSend(
        due_at=due_at, about=about, channels=channels, severity=call.severity, text=call.text
    )


def _lived(life: Life | None, call: Call, decision: Decision) -> Life | None:
    if decision.move is Move.OPEN:
        return Life(opened_at=call.at, last_event_at=call.at, told_at=decision.due_at)
    if life is None or decision.move is Move.NOTHING:
        return life
    if decision.move is Move.END:
        return replace(life, resolved_at=call.at)
    last_at = max(life.last_event_at, call.at)
    return replace(life, last_event_at=last_at, told_at=decision.due_at or life.told_at)
