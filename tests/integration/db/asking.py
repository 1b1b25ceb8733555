"""What people said one Monday, and questions that are asked a month later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
from sqlalchemy import Engine

from db.engine import session
from db.questions.catalogue import ask
from db.reviewing import audit_frame, review_finding, undo
from db.words import Judgement, ReviewState

NOON = datetime(2026, 3, 30, 12, tzinfo=UTC)  # a Monday
NOW = datetime(2026, 4, 30, tzinfo=UTC)


def at(minutes: float) -> datetime:
    """So long after noon."""
    return NOON + timedelta(minutes=minutes)


def answer(engine: Engine, name: str, **written: str) -> pd.DataFrame:
    with session(engine, read_only=True) as opened:
        return ask(opened, name, written, now=NOW)


def rows(table: pd.DataFrame, *names: str) -> list[tuple[object, ...]]:
    return list(table[list(names)].itertuples(index=False, name=None))


def say(engine: Engine, who: str, state: ReviewState, finding_id: int, minute: float = 60) -> str:
    """The batch, to take it back by."""
    with session(engine) as opened:
        said = review_finding(
            opened, finding_id, state_after=state, reviewer=who, reviewed_at=at(minute), note="hm"
        )
    return said.batch_id


def take_back(engine: Engine, who: str, batch_id: str, minute: float = 61) -> str:
    with session(engine) as opened:
        return undo(opened, batch_id, reviewer=who, reviewed_at=at(minute)).batch_id


def audit(engine: Engine, frame_id: int, judgement: Judgement, minute: float = 90) -> None:
    with session(engine) as opened:
        audit_frame(
            opened, frame_id, judgement=judgement, auditor="Eve", audited_at=at(minute), note=None
        )
