"""What happened: frames that were shed or set apart, gaps, cameras lost, processes begun anew."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from sqlalchemy.orm import Session

from db.events import EventFilter, WhatHappened, newest_events
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
