"""The history that a rule asks for, read from the database: few columns, in the order of time."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from db.alert_history import (
    failed_inspections,
    gaps_between_frames,
    inspections_late,
    waiting_changes,
    waiting_count,
)
from db.columns import metadata_table
from db.events import EventFilter, newest_events
from db.models import Finding, InspectionTally
from db.words import EventKind, Outcome
from inspect_pipeline.alerts.history import (
    Counts,
    Gap,
    History,
    LateInspection,
    SeenEvent,
    SeenFinding,
    SeenInspection,
    Spot,
    WaitingChange,
)
from inspect_pipeline.alerts.rules import lookback
from inspect_pipeline.alerts.running import ENDED_BY, GIVEN_UP
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

_MOST_EVENTS = 100_000
_OVER = ("ended", "accepted")  # what events about lamp, lens and scores say at their end


def read_history(opened: Session, rule: AlertRule, *, after: datetime, until: datetime) -> History:
    """What happened from `after` (or as much earlier as the rule needs) up to `until`."""
    since = after - lookback(rule)
    match rule:
        case FindingRule() | BurstRule() | RepeatRule():
            history = History(findings=_findings(opened, rule, since, until))
        case RowRule():
            history = History(inspections=_rows(opened, rule, since, until))
        case RateRule() | UnfitRule():
            history = History(counts=_counts(opened, rule, _counted_from(rule, since), until))
        case SilentRule():
            history = History(gaps=_gaps(opened, rule, since, until))
        case BehindRule():
            given_up = _events(opened, after, until, GIVEN_UP)
            history = History(late=_late(opened, rule, since, until), events=given_up)
        case EventRule():
            begun = {EventKind(name) for name in rule.events}
            ended = {end for end, begin in ENDED_BY.items() if begin in begun}
            kinds = tuple(sorted(begun | ended))
            history = History(events=_events(opened, after, until, kinds))
        case BacklogRule():
            history = _backlog(opened, rule, after, until)
        case _:
            raise AssertionError(f"a rule of a kind without a history: {rule.name}")
    return history


def _counted_from(rule: RateRule | UnfitRule, since: datetime) -> datetime:
    """A fixed reference period may lie long ago."""
    if isinstance(rule, RateRule) and rule.reference_from is not None:
        begin = datetime.combine(rule.reference_from, time(), since.tzinfo)
        return min(since, begin - timedelta(days=1))
    return since


def finding_history(found: Finding) -> SeenFinding:
    """A row as the rules see it."""
    return SeenFinding(
        finding_id=found.id,
        spot=Spot(line_id=found.line_id, camera_id=found.camera_id, part=found.part),
        taken_at=found.taken_at,
        verdict=found.verdict,
        severity=found.severity,
        kind=found.kind,
        place_x=found.place_x,
        place_y=found.place_y,
        across_mm=found.centre_x_mm,
        web_mm=found.web_mm,
    )


def _findings(
    opened: Session, rule: AlertRule, since: datetime, until: datetime
) -> tuple[SeenFinding, ...]:
    kept = metadata_table(Finding).c
    chosen = _in_scope(
        select(
            kept.id,
            kept.line_id,
            kept.camera_id,
            kept.part,
            kept.taken_at,
            kept.verdict,
            kept.severity,
            kept.kind,
            kept.place_x,
            kept.place_y,
            kept.centre_x_mm,
            kept.web_mm,
        ).where(kept.taken_at >= since, kept.taken_at <= until),
        rule,
        kept,
    )
    return tuple(
        SeenFinding(
            finding_id=row[0],
            spot=Spot(line_id=row[1], camera_id=row[2], part=row[3]),
            taken_at=row[4],
            verdict=row[5],
            severity=row[6],
            kind=row[7],
            place_x=row[8],
            place_y=row[9],
            across_mm=row[10],
            web_mm=row[11],
        )
        for row in opened.execute(chosen.order_by(kept.taken_at, kept.id))
    )


def _rows(
    opened: Session, rule: RowRule, since: datetime, until: datetime
) -> tuple[SeenInspection, ...]:
    """What failed, and one that passed wherever some did in between: few of millions."""
    scope = (rule.lines, rule.cameras, rule.parts)
    seen = []
    for row in failed_inspections(opened, since=since, until=until, scope=scope):
        spot = Spot(line_id=row.line_id, camera_id=row.camera_id, part=row.part)
        outcomes = [Outcome.PASSED] * row.has_passed_between + [Outcome.FAILED]
        seen += [SeenInspection(spot=spot, taken_at=row.taken_at, outcome=one) for one in outcomes]
    return tuple(seen)


def _counts(
    opened: Session, rule: AlertRule, since: datetime, until: datetime
) -> tuple[Counts, ...]:
    kept = metadata_table(InspectionTally).c
    place = (kept.slot_at, kept.line_id, kept.camera_id, kept.part)
    chosen = _in_scope(
        select(*place, kept.outcome, func.sum(kept.inspections))
        .where(kept.slot_at >= since, kept.slot_at < until)
        .group_by(*place, kept.outcome),
        rule,
        kept,
    )
    found: dict[tuple[datetime, Spot], dict[Outcome, int]] = {}
    for slot_at, line_id, camera_id, part, outcome, count in opened.execute(chosen):
        spot = Spot(line_id=line_id, camera_id=camera_id, part=part)
        found.setdefault((slot_at, spot), {})[outcome] = int(count)
    return tuple(
        Counts(
            slot_at=slot_at,
            spot=spot,
            passed=counts.get(Outcome.PASSED, 0),
            failed=counts.get(Outcome.FAILED, 0),
            unfit=counts.get(Outcome.UNFIT, 0),
        )
        for (slot_at, spot), counts in sorted(found.items(), key=lambda one: one[0][0])
    )


def _gaps(opened: Session, rule: SilentRule, since: datetime, until: datetime) -> tuple[Gap, ...]:
    found = gaps_between_frames(
        opened,
        since=since,
        until=until,
        longer_than=timedelta(minutes=rule.minutes),
        cameras=rule.cameras,
    )
    return tuple(
        Gap(
            spot=Spot(line_id=one.line_id, camera_id=one.camera_id),
            from_at=one.from_at,
            to_at=one.to_at,
        )
        for one in found
    )


def _late(
    opened: Session, rule: BehindRule, since: datetime, until: datetime
) -> tuple[LateInspection, ...]:
    found = inspections_late(
        opened, since=since, until=until, later_than=timedelta(minutes=rule.minutes)
    )
    return tuple(
        LateInspection(
            spot=Spot(line_id=row.line_id, camera_id=row.camera_id, part=row.part),
            taken_at=row.taken_at,
            inspected_at=row.inspected_at,
        )
        for row in found
    )


def _events(
    opened: Session, after: datetime, until: datetime, kinds: tuple[EventKind, ...]
) -> tuple[SeenEvent, ...]:
    found = []
    for kind in kinds:
        wanted = EventFilter(since=after, until=until + timedelta(microseconds=1), kind=kind)
        found += newest_events(opened, wanted, limit=_MOST_EVENTS)
    return tuple(
        SeenEvent(
            key=row.key,
            at=row.at,
            kind=row.kind,
            severity=row.severity,
            spot=Spot(line_id=row.line_id, camera_id=row.camera_id, part=row.part),
            text=row.text,
            figure=str(row.facts.get("figure", "")),
            is_over=row.facts.get("state") in _OVER,
        )
        for row in sorted(found, key=lambda row: (row.at, row.event_id))
    )


def _backlog(opened: Session, rule: BacklogRule, after: datetime, until: datetime) -> History:
    scope = (rule.lines, rule.cameras, rule.parts)
    before = waiting_count(opened, at=after, scope=scope)
    changes = waiting_changes(opened, after=after, until=until, scope=scope)
    return History(
        waiting_before=before,
        waiting=tuple(WaitingChange(at=at, by=by) for at, by in changes),
    )


def _in_scope(chosen: Select[Any], rule: AlertRule, columns: Any) -> Select[Any]:
    for names, column in (
        (rule.lines, columns.line_id),
        (rule.cameras, columns.camera_id),
        (rule.parts, columns.part),
    ):
        if names:
            chosen = chosen.where(column.in_(names))
    return chosen
