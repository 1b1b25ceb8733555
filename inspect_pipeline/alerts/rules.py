"""Every rule as one pure function: recent history and a piece of time in, calls out.

A rule looks at what happened after one moment and until another; what it needs from before (a row
that began earlier, the reference of a control limit) is in the history. So the same function runs
on the beat, after a restart and over last month, and says the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from inspect_pipeline.alerts import charted, counting, repeating, running
from inspect_pipeline.alerts.history import Call, History, Spot
from inspect_pipeline.working_shifts import is_named, working_shift_at, working_shifts
from plant_config.alerts import (
    AlertRule,
    BacklogRule,
    BehindRule,
    BurstRule,
    EventRule,
    FindingRule,
    RateRule,
    RepeatRule,
    RowRule,
    SilentRule,
    UnfitRule,
)
from plant_config.schedule import Schedule


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """The plant's clock: shifts and quiet hours are read on it."""

    zone: ZoneInfo
    schedule: Schedule

    def is_worked(self, at: datetime, names: tuple[str, ...]) -> bool:
        """Does one of these shifts work then? No names: at any time, worked or not."""
        if not names:
            return True
        shift = working_shift_at(self.schedule, self.zone, at)
        return shift is not None and is_named(shift.name, names)

    def worked(
        self, from_at: datetime, to_at: datetime, names: tuple[str, ...]
    ) -> list[tuple[datetime, datetime]]:
        """The times between the two at which one of these shifts works."""
        if not names:
            return [(from_at, to_at)]
        return [
            (max(from_at, shift.from_at), min(to_at, shift.to_at))
            for shift in working_shifts(self.schedule, self.zone, from_at, to_at)
            if is_named(shift.name, names)
        ]


def calls_of(
    rule: AlertRule,
    history: History,
    *,
    after: datetime,
    until: datetime,
    calendar: Calendar,
) -> list[Call]:
    """What the rule says of the time after `after` up to and with `until`, in order of time."""
    found = [
        call
        for call in _all_calls(rule, history, after, until, calendar)
        if after < call.at <= until and is_in_scope(rule, call.spot)
    ]
    wanted = [call for call in found if call.is_end or calendar.is_worked(call.at, rule.shifts)]
    return sorted(wanted, key=lambda call: (call.at, call.key))


def is_in_scope(rule: AlertRule, spot: Spot) -> bool:
    """Where a spot is not known, a rule for some places does not look."""
    asked = ((rule.lines, spot.line_id), (rule.cameras, spot.camera_id), (rule.parts, spot.part))
    return all(not names or name in names for names, name in asked)


def lookback(rule: AlertRule) -> timedelta:
    """How much from before the piece of time the history must hold."""
    if isinstance(rule, (RowRule, BurstRule, RepeatRule)):
        return timedelta(minutes=rule.within_minutes)
    if isinstance(rule, RateRule):
        return charted.lookback(rule)
    if isinstance(rule, UnfitRule):
        return timedelta(minutes=2 * rule.sample_minutes)
    if isinstance(rule, SilentRule):
        return timedelta(minutes=rule.minutes)
    if isinstance(rule, BehindRule):
        return timedelta(minutes=30)
    return timedelta()


def _all_calls(
    rule: AlertRule, history: History, after: datetime, until: datetime, calendar: Calendar
) -> Sequence[Call]:
    found: Sequence[Call]
    match rule:
        case FindingRule():
            found = counting.finding_calls(rule, history.findings)
        case RowRule():
            found = counting.row_calls(rule, history.inspections)
        case BurstRule():
            found = counting.burst_calls(rule, history.findings)
        case RepeatRule():
            found = repeating.repeat_calls(rule, history.findings, after=after)
        case RateRule():
            found = charted.rate_calls(rule, history.counts, after, until, zone=calendar.zone)
        case UnfitRule():
            found = charted.unfit_calls(rule, history.counts, until=until)
        case SilentRule():
            found = running.silent_calls(rule, history.gaps, until=until, worked=calendar.worked)
        case BehindRule():
            found = running.behind_calls(rule, history.late, history.events)
        case EventRule():
            found = running.event_calls(rule, history.events)
        case BacklogRule():
            found = running.backlog_calls(rule, history)
        case _:
            raise AssertionError(f"a rule of a kind without a function: {rule.name}")
    return found
