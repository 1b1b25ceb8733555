"""Calls become alerts and messages, in the transaction that records what they are about."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.alerting import (
    UNRESOLVED,
    add_deliveries,
    newest_alert,
    note_call,
    open_alert,
    resolve,
    sha,
    take_step,
    unknown_calls,
)
from db.models import Alert, Finding
from db.words import AlertState, AlertStep, DeliveryAbout, Severity
from inspect_pipeline.alerts.counting import finding_calls
from inspect_pipeline.alerts.history import Call, History
from inspect_pipeline.alerts.lives import Decision, Life, Move, decide, escalate_at, place_of
from inspect_pipeline.alerts.reading import finding_history
from inspect_pipeline.alerts.rules import Calendar, calls_of
from plant_config.alerts import AlertRule, FindingRule

_RANKS = tuple(Severity)


def call_out_findings(
    opened: Session,
    rules: Iterable[AlertRule],
    findings: Iterable[Finding],
    *,
    at: datetime,
    calendar: Calendar,
) -> int:
    """What the rules about single findings say of these; call it where they are recorded.

    Costs nothing where no finding is severe enough.
    """
    seen = tuple(finding_history(one) for one in findings)
    opened_alerts = 0
    for rule in rules:
        if not isinstance(rule, FindingRule) or not finding_calls(rule, seen):
            continue
        times = [one.taken_at for one in seen]
        calls = calls_of(
            rule,
            History(findings=seen),
            after=min(times) - timedelta(seconds=1),
            until=max(times),
            calendar=calendar,
        )
        opened_alerts += take_calls(opened, rule, calls, at=at, zone=calendar.zone)
    return opened_alerts


def take_calls(
    opened: Session, rule: AlertRule, calls: Iterable[Call], *, at: datetime, zone: ZoneInfo
) -> int:
    """Writes what the calls change; those that are known change nothing. How many opened?"""
    keyed = {sha(f"{rule.name}\n{call.key}"): call for call in calls}
    unknown = unknown_calls(opened, keyed)
    return sum(
        _take(opened, rule, key, call, at=at, zone=zone)
        for key, call in keyed.items()
        if key in unknown
    )


def escalate_due(opened: Session, rules: Iterable[AlertRule], *, at: datetime) -> int:
    """Tells others of alerts that nobody has acknowledged in time."""
    by_name = {rule.name: rule for rule in rules}
    late = opened.scalars(
        select(Alert)
        .where(Alert.state == AlertState.OPEN, Alert.escalate_at <= at)
        .with_for_update()  # who acknowledges at this moment comes before or after
    ).all()
    for alert in late:
        alert.escalate_at = None
        rule = by_name.get(alert.rule)
        if rule is None or not rule.escalate_to:
            continue
        add_deliveries(opened, alert.id, DeliveryAbout.ESCALATED, rule.escalate_to, due_at=at)
        take_step(opened, alert.id, AlertStep.ESCALATED, at=at, note=", ".join(rule.escalate_to))
    return len(late)


def _take(
    opened: Session, rule: AlertRule, key: str, call: Call, *, at: datetime, zone: ZoneInfo
) -> int:
    place = sha(place_of(rule, call))
    newest = newest_alert(opened, place)
    decision = decide(rule, _life(newest), call, at=at, zone=zone)
    if decision.move is Move.NOTHING:
        return 0
    if decision.move is Move.OPEN:
        alert_id = _open(opened, rule, call, decision, place=place, key=key, at=at)
        note_call(opened, key, alert_id, call.at)
        return 1
    assert newest is not None, "only an alert that is there can be counted or ended"
    if note_call(opened, key, newest.id, call.at):
        if decision.move is Move.END:
            resolve(opened, newest.id, at=call.at, note=call.text)
        else:
            _count(opened, rule, newest, call, decision)
    return 0


def _open(
    opened: Session,
    rule: AlertRule,
    call: Call,
    decision: Decision,
    *,
    place: str,
    key: str,
    at: datetime,
) -> int:
    assert decision.due_at is not None
    alert_id = open_alert(
        opened,
        Alert(
            key=key,
            rule=rule.name,
            place=place,
            text=call.text,
            line_id=call.spot.line_id,
            camera_id=call.spot.camera_id,
            part=call.spot.part,
            finding_id=call.finding_id,
            severity=call.severity,
            state=AlertState.OPEN,
            events=1,
            facts=dict(call.facts),
            opened_at=call.at,
            last_event_at=call.at,
            told_at=decision.due_at,
            escalate_at=escalate_at(rule, decision.due_at),
        ),
        at=at,
    )
    add_deliveries(opened, alert_id, DeliveryAbout.OPENED, rule.channels, due_at=decision.due_at)
    return alert_id


def _count(opened: Session, rule: AlertRule, alert: Alert, call: Call, decision: Decision) -> None:
    alert.events += 1
    alert.severity = max(alert.severity, call.severity, key=_RANKS.index)
    if call.at >= alert.last_event_at:
        alert.last_event_at, alert.text, alert.facts = call.at, call.text, dict(call.facts)
        alert.finding_id = call.finding_id or alert.finding_id
    if decision.about is not None and decision.due_at is not None:
        alert.told_at = decision.due_at
        add_deliveries(
            opened,
            alert.id,
            decision.about,
            rule.channels,
            due_at=decision.due_at,
            number=alert.events,
        )
    opened.flush()


def _life(alert: Alert | None) -> Life | None:
    if alert is None:
        return None
    return Life(
        opened_at=alert.opened_at,
        last_event_at=alert.last_event_at,
        told_at=alert.told_at,
        resolved_at=None if alert.state in UNRESOLVED else alert.resolved_at,
    )
