"""Keeps the tallies true: called inside the transaction that writes what they count.

Rows are changed in the order of their keys, so that two writers never wait for each other in a
circle.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from db.columns import Base
from db.models import Finding, FindingTally, Frame, Inspection, InspectionTally
from db.words import ReviewState

INSPECTION_SLOT = timedelta(minutes=15)  # every time zone and shift begins at a multiple of it
FINDING_SLOT = timedelta(hours=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Key = tuple[Any, ...]


def slot_of(moment: datetime, slot: timedelta) -> datetime:
    """The beginning of the slot that a moment lies in."""
    return _EPOCH + (moment - _EPOCH) // slot * slot


def tally_inspection(opened: Session, frame: Frame, inspection: Inspection) -> None:
    """Counts a new inspection and its findings."""
    key = (
        slot_of(frame.taken_at, INSPECTION_SLOT),
        frame.line_id,
        frame.camera_id,
        frame.part,
        inspection.model_id,
        inspection.outcome,
    )
    _add(opened, InspectionTally, {key: 1})
    _add(opened, FindingTally, Counter(_finding_key(one) for one in inspection.findings))


def tally_states(opened: Session, moved: Sequence[tuple[Finding, ReviewState]]) -> None:
    """Moves findings, each with its new state, from the count of their present state to it."""
    changes: Counter[Key] = Counter()
    for finding, state_after in moved:
        changes[_finding_key(finding)] -= 1
        changes[_finding_key(finding, state=state_after)] += 1
    _add(opened, FindingTally, {key: count for key, count in changes.items() if count})


def forget_findings(opened: Session, findings: Sequence[Finding]) -> None:
    """Takes findings that are about to be deleted out of the counts."""
    _add(opened, FindingTally, {key: -n for key, n in Counter(map(_finding_key, findings)).items()})
    opened.execute(delete(FindingTally).where(FindingTally.findings <= 0))


def _finding_key(finding: Finding, *, state: ReviewState | None = None) -> Key:
    return (
        slot_of(finding.taken_at, FINDING_SLOT),
        finding.line_id,
        finding.camera_id,
        finding.part,
        finding.kind or "",
        finding.verdict,
        finding.severity,
        state or finding.state,
    )


def _add(opened: Session, table: type[Base], changes: Mapping[Key, int]) -> None:
    """Adds to the counts of the keys, making the rows that are not there."""
    if not changes:
        return
    columns = table.__table__.columns
    keys = [column.name for column in columns if column.primary_key]
    (count,) = (column.name for column in columns if not column.primary_key)
    dialect = opened.get_bind().dialect.name
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    for key in sorted(changes):
        row = dict(zip(keys, key, strict=True))
        added = insert(table).values(**row, **{count: changes[key]})
        total = columns[count] + added.excluded[count]
        opened.execute(added.on_conflict_do_update(index_elements=keys, set_={count: total}))
