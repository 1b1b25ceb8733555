"""The beat: every rule looks at what happened since it looked last, and remembers how far it came.

The watermark is written with what was called out, so a restart neither repeats nor misses. Frames
that come late are looked at when they come.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Engine

from db.alert_history import earliest_since, newest_ids
from db.alerting import keep_watermark, watermark
from db.engine import session, snapshot
from db.models import AlertWatermark
from inspect_pipeline.alerts.charted import quarter_begun
from inspect_pipeline.alerts.history import Call
from inspect_pipeline.alerts.outbox import escalate_due, take_calls
from inspect_pipeline.alerts.reading import read_history
from inspect_pipeline.alerts.rules import Calendar, calls_of
from plant_config.alerts import AlertRule, FindingRule, RateRule, UnfitRule

SETTLED_AFTER = timedelta(minutes=2)  # the last frames of a sample are still being inspected
JOINED_LATER = timedelta(minutes=10)  # a neighbouring frame may make a finding more severe
KEEP_EVERY = timedelta(minutes=1)
_TICK = timedelta(microseconds=1)


def watch(engine: Engine, rules: Sequence[AlertRule], *, at: datetime, calendar: Calendar) -> int:
    """One beat of all rules, at `at`. How many alerts opened?"""
    opened_alerts = sum(_watch(engine, rule, at=at, calendar=calendar) for rule in rules)
    if any(rule.escalate_after_minutes for rule in rules):
        with session(engine) as opened:
            escalate_due(opened, rules, at=at)
    return opened_alerts


def _watch(engine: Engine, rule: AlertRule, *, at: datetime, calendar: Calendar) -> int:
    """The history is read beside the writer, who need not wait for it."""
    calls: list[Call] = []
    begin: datetime | None = None
    with snapshot(engine) as opened:
        before = watermark(opened, rule.name)
        inspection_id, event_id = newest_ids(opened)
        until = at
        if isinstance(rule, (RateRule, UnfitRule)):
            until = quarter_begun(at - SETTLED_AFTER)
        if before is not None:
            until = max(until, before.seen_until)
            times = earliest_since(
                opened, inspection_id=before.inspection_id, event_id=before.event_id
            )
            late = [one - _TICK for one in times if one is not None]
            begin = min([before.seen_until, *late])
            after = begin - JOINED_LATER if isinstance(rule, FindingRule) else begin
            if after < until:
                history = read_history(opened, rule, after=after, until=until)
                calls = calls_of(rule, history, after=after, until=until, calendar=calendar)
    mark = AlertWatermark(
        rule=rule.name, seen_until=until, inspection_id=inspection_id, event_id=event_id
    )
    if begin is not None and not calls and until - begin < KEEP_EVERY:
        return 0  # the mark may lag: a little is looked at twice
    with session(engine) as opened:
        count = take_calls(opened, rule, calls, at=at, zone=calendar.zone)
        keep_watermark(opened, mark)
    return count
