"""Rules about how it runs: silent cameras, late inspections, events, findings that wait."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from db.words import EventKind, Severity
from inspect_pipeline.alerts.charted import quarter_begun
from inspect_pipeline.alerts.counting import is_at_least
from inspect_pipeline.alerts.history import (
    Call,
    Gap,
    History,
    LateInspection,
    SeenEvent,
    Spot,
)
from plant_config.alerts import AlertRule, BacklogRule, BehindRule, EventRule, SilentRule

ENDED_BY = {
    EventKind.CAMERA_BACK: EventKind.CAMERA_LOST,
    EventKind.SPOOL_FREE: EventKind.SPOOL_FULL,
    EventKind.DATABASE_BACK: EventKind.DATABASE_AWAY,
}
Worked = Callable[[datetime, datetime, tuple[str, ...]], Sequence[tuple[datetime, datetime]]]
GIVEN_UP = (EventKind.SHED, EventKind.SPOOL_FULL, EventKind.DATABASE_AWAY)


def silent_calls(
    rule: SilentRule, gaps: Sequence[Gap], *, until: datetime, worked: Worked
) -> list[Call]:
    """When a camera had been silent for so long while people worked; the end is its next frame.

    A shift may begin with a camera that is silent since the last: it has so long from then on.
    """
    limit = timedelta(minutes=rule.minutes)
    calls = []
    for gap in gaps:
        key = f"silent {gap.spot.camera_id} {gap.from_at.isoformat()}"
        text = f"No frame for {rule.minutes:g} min from {gap.spot.words}"
        facts = {"last_frame": gap.from_at.isoformat()}
        called = [
            _call(rule, f"{key} {begin.isoformat()}", begin + limit, gap.spot, text, facts)
            for begin, end in worked(gap.from_at, gap.to_at or until, rule.shifts)
            if end - begin >= limit and (begin + limit < end or gap.to_at is None)
        ]
        calls += called
        if called and gap.to_at is not None:
            text = f"{gap.spot.words} gives frames again"
            calls.append(_call(rule, f"{key} end", gap.to_at, gap.spot, text, ends=True))
    return calls


def behind_calls(
    rule: BehindRule, late: Sequence[LateInspection], events: Sequence[SeenEvent]
) -> list[Call]:
    """Per camera and quarter of an hour at most once, and for each event of frames given up."""
    limit = timedelta(minutes=rule.minutes)
    calls: dict[str, Call] = {}
    for one in late:
        behind = one.inspected_at - one.taken_at
        if behind <= limit:
            continue
        key = f"behind {one.spot.camera_id} {quarter_begun(one.taken_at).isoformat()}"
        text = f"Frames of {one.spot.words} are inspected {_minutes(behind):g} min late"
        facts = {"behind_min": _minutes(behind)}
        calls.setdefault(key, _call(rule, key, one.taken_at, one.spot, text, facts))
    given_up = [
        _call(rule, f"event {event.key}", event.at, event.spot, event.text)
        for event in events
        if event.kind in GIVEN_UP
    ]
    return [*calls.values(), *given_up]


def event_calls(rule: EventRule, events: Sequence[SeenEvent]) -> list[Call]:
    """What is told of as over (a camera is back, a lamp is as it was) is the end, however minor."""
    wanted = [(ENDED_BY.get(event.kind, event.kind), event) for event in events]
    return [
        Call(
            key=f"event {event.key}",
            at=event.at,
            spot=event.spot,
            text=event.text,
            severity=Severity(rule.severity),
            facts={"kind": event.kind.value},
            thing=f"{kind} {event.figure}",
            is_end=event.is_over or kind is not event.kind,
        )
        for kind, event in wanted
        if kind.value in rule.events
        and (event.is_over or kind is not event.kind or is_at_least(event.severity, rule.at_least))
    ]


def backlog_calls(rule: BacklogRule, history: History) -> list[Call]:
    """Each time the limit is passed; the end is when half of it is left, not one less."""
    waiting, half = history.waiting_before, rule.more_than / 2
    calls = []
    for change in history.waiting:
        before, waiting = waiting, waiting + change.by
        if before <= rule.more_than < waiting:
            text = f"{waiting} findings wait for people"
            key = f"backlog {change.at.isoformat()}"
            calls.append(_call(rule, key, change.at, Spot(), text, {"waiting": waiting}))
        elif waiting <= half < before:
            key = f"backlog {change.at.isoformat()} end"
            text = f"Only {waiting} findings wait"
            calls.append(_call(rule, key, change.at, Spot(), text, ends=True))
    return calls


def _call(
    rule: AlertRule,
    key: str,
    at: datetime,
    spot: Spot,
    text: str,
    facts: Mapping[str, object] | None = None,
    *,
    ends: bool = False,
) -> Call:
    return Call(
        key=key,
        at=at,
        spot=spot,
        text=text,
        severity=Severity(rule.severity),
        facts=facts or {},
        is_end=ends,
    )


def _minutes(length: timedelta) -> float:
    return round(length.total_seconds() / 60, 1)
