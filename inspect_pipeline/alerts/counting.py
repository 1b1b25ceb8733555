"""Rules that count what comes: a finding, n failed parts in a row, a burst of findings."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence
from datetime import datetime, timedelta

from db.words import Outcome, Severity
from inspect_pipeline.alerts.history import Call, SeenFinding, SeenInspection, Spot
from plant_config.alerts import BurstRule, FindingRule, RowRule

_RANKS = tuple(Severity)


def is_at_least(found: Severity, wanted: str) -> bool:
    return _RANKS.index(found) >= _RANKS.index(Severity(wanted))


def finding_calls(rule: FindingRule, findings: Sequence[SeenFinding]) -> list[Call]:
    """Each finding once; an alert is as severe as the finding where that is worse."""
    return [
        Call(
            key=f"finding {one.finding_id}",
            at=one.taken_at,
            spot=one.spot,
            text=f"{one.severity.capitalize()} {one.kind or 'finding'} at {one.spot.words}",
            severity=max(one.severity, Severity(rule.severity), key=_RANKS.index),
            finding_id=one.finding_id,
            facts={"verdict": one.verdict.value, "kind": one.kind},
        )
        for one in findings
        if one.verdict.value in rule.verdicts and is_at_least(one.severity, rule.at_least)
    ]


def row_calls(rule: RowRule, inspections: Sequence[SeenInspection]) -> list[Call]:
    """When the nth in a row fails, and again at twice, three times n.

    A frame that was unfit says nothing of its part: it neither counts nor ends the row.
    """
    rows: dict[Spot, deque[datetime]] = defaultdict(deque)
    calls = []
    for one in inspections:
        row = rows[one.spot]
        if one.outcome is Outcome.PASSED:
            row.clear()
        if one.outcome is not Outcome.FAILED:
            continue
        row.append(one.taken_at)
        while row[0] < one.taken_at - timedelta(minutes=rule.within_minutes):
            row.popleft()
        if len(row) % rule.failures == 0:
            calls.append(
                Call(
                    key=f"row {one.spot.words} {one.taken_at.isoformat()}",
                    at=one.taken_at,
                    spot=one.spot,
                    text=f"{len(row)} parts in a row failed at {one.spot.words}",
                    severity=Severity(rule.severity),
                    facts={"in_a_row": len(row), "since": row[0].isoformat()},
                )
            )
    return calls


def burst_calls(rule: BurstRule, findings: Sequence[SeenFinding]) -> list[Call]:
    """At the finding with which there are enough within the time, once until there are fewer."""
    recent: dict[Spot, deque[datetime]] = defaultdict(deque)
    calls = []
    for one in findings:
        seen = recent[one.spot]
        seen.append(one.taken_at)
        before = len(seen) - 1
        while seen[0] < one.taken_at - timedelta(minutes=rule.within_minutes):
            seen.popleft()
        if before < rule.findings <= len(seen):
            calls.append(
                Call(
                    key=f"burst {one.finding_id}",
                    at=one.taken_at,
                    spot=one.spot,
                    text=f"{len(seen)} findings within {rule.within_minutes:g} min "
                    f"at {one.spot.words}",
                    severity=Severity(rule.severity),
                    finding_id=one.finding_id,
                    facts={"findings": len(seen), "since": seen[0].isoformat()},
                )
            )
    return calls
