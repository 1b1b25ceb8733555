"""What happened, written once each and read newest first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from db.adding import add_once
from db.models import Event
from db.rows import FrameFilter
from db.words import EventKind, Severity


@dataclass(frozen=True, kw_only=True)
class WhatHappened:
    """An event for people and programs; `event_id` grows with every row that is written.

    `text` is a sentence for people, `facts` JSON for programs.
    """

    event_id: int
    at: datetime
    kind: EventKind
    severity: Severity
    line_id: str | None
    camera_id: str | None
    part: str | None
    text: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class EventRow(WhatHappened):
    """`key` is what keeps it from being written twice."""

    key: str


@dataclass(frozen=True, kw_only=True)
class EventFilter(FrameFilter):
    """None means any. The time is that of the event."""

    kind: EventKind | None = None
    severity: Severity | None = None


def note_event(opened: Session, event: Event) -> bool:
    """Writes the event unless its key is known; True where it was new."""
    return add_once(opened, event)


def newest_events(
    opened: Session, wanted: EventFilter | None = None, *, limit: int = 100
) -> list[EventRow]:
    """What happened last, newest first."""
    chosen = select(
        Event.id,
        Event.key,
        Event.at,
        Event.kind,
        Event.severity,
        Event.line_id,
        Event.camera_id,
        Event.part,
        Event.text,
        Event.facts,
    )
    if wanted is not None:
        chosen = chosen.where(*_conditions(wanted))
    newest = chosen.order_by(Event.at.desc(), Event.id.desc()).limit(limit)
    return [
        EventRow(
            event_id=row.id,
            key=row.key,
            at=row.at,
            kind=row.kind,
            severity=row.severity,
            line_id=row.line_id,
            camera_id=row.camera_id,
            part=row.part,
            text=row.text,
            facts=row.facts,
        )
        for row in opened.execute(newest)
    ]


def count_events(opened: Session, wanted: EventFilter | None = None) -> Counter[EventKind]:
    """How many of each kind?"""
    chosen = select(Event.kind, func.count()).group_by(Event.kind)
    if wanted is not None:
        chosen = chosen.where(*_conditions(wanted))
    counted: Counter[EventKind] = Counter()
    for kind, count in opened.execute(chosen):
        counted[kind] = count
    return counted


def _conditions(wanted: EventFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        getattr(Event, name) == value
        for name in ("line_id", "camera_id", "part", "kind", "severity")
        if (value := getattr(wanted, name)) is not None
    ]
    if wanted.since is not None:
        conditions.append(Event.at >= wanted.since)
    if wanted.until is not None:
        conditions.append(Event.at < wanted.until)
    return conditions
