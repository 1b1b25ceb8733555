"""What happened: frames that were shed or set apart, gaps, cameras lost, processes begun anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy.orm import Session

from db.events import EventFilter, newest_events
from db.questions.parameters import asked
from db.questions.selection import Selection
from db.tables import rows_table
from db.words import EventKind, Severity


@dataclass(frozen=True, kw_only=True)
class EventsOf(Selection):
    """An event of the whole plant has no line, camera or part: asked for one, it is left out."""

    kind: EventKind | None = asked("Only this kind of event.")
    severity: Severity | None = asked("Only this severity.")
    limit: int = asked("At most this many.", 100, least=1, most=10_000)


@dataclass(frozen=True, kw_only=True)
class WhatHappened:
    """`text` is a sentence for people, `facts` JSON for programs."""

    event_id: int
    at: datetime
    kind: EventKind
    severity: Severity
    line_id: str | None
    camera_id: str | None
    part: str | None
    text: str
    facts: Mapping[str, Any]


def events(opened: Session, wanted: EventsOf) -> pd.DataFrame:
    """What happened to lines, cameras, frames and the program? Newest first."""
    filtered = EventFilter(
        part=wanted.part,
        line_id=wanted.line,
        camera_id=wanted.camera,
        since=wanted.since,
        until=wanted.until,
        kind=wanted.kind,
        severity=wanted.severity,
    )
    found = newest_events(opened, filtered, limit=wanted.limit)
    return rows_table(found, WhatHappened)
