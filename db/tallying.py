"""Keeps the tallies true: called inside the transaction that writes what they count.

Rows are changed in the order of their keys, so that two writers never wait for each other in a
circle.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from db.columns import Base, metadata_table
from db.models import (
    Finding,
    FindingDay,
    FindingMonth,
    FindingTally,
    Frame,
    Inspection,
    InspectionDay,
    InspectionTally,
    PlaceMonth,
)
from db.tally_slots import HOUR, QUARTER, Days, Every, Months, Slots, place_cell
from db.words import ReviewState

INSPECTION_SLOT = QUARTER
FINDING_SLOT = HOUR
FINDING_LEVELS: tuple[tuple[type[FindingTally | FindingDay | FindingMonth], Slots], ...] = (
    (FindingTally, Every(HOUR)),
    (FindingDay, Days(UTC)),
    (FindingMonth, Months()),
)

Key = tuple[Any, ...]


def slot_of(moment: datetime, slot: timedelta) -> datetime:
    """The beginning of the slot that a moment lies in."""
    return Every(slot).begin(moment)


def tally_inspection(
    opened: Session, frame: Frame, inspection: Inspection, *, zone: ZoneInfo
) -> None:
    """Counts a new inspection and its findings; `zone` is the plant's."""
    where = (frame.line_id, frame.camera_id, frame.part)
    how = (inspection.model_id, inspection.outcome)
    for table, slots in ((InspectionTally, Every(QUARTER)), (InspectionDay, Days(zone))):
        _add(opened, table, {(slots.begin(frame.taken_at), *where, *how): 1})
    _add_findings(opened, [(finding, finding.state, 1) for finding in inspection.findings])


def tally_states(opened: Session, moved: Sequence[tuple[Finding, ReviewState]]) -> None:
    """Moves findings, each with its new state, from the count of their present state to it."""
    changes = [(finding, finding.state, -1) for finding, _ in moved]
    _add_findings(opened, [*changes, *((finding, state, 1) for finding, state in moved)])


def forget_findings(opened: Session, findings: Sequence[Finding]) -> None:
    """Takes findings that are about to be deleted out of the counts."""
    _add_findings(opened, [(finding, finding.state, -1) for finding in findings])
    for table in (*(table for table, _ in FINDING_LEVELS), PlaceMonth):
        opened.execute(delete(table).where(table.findings <= 0))


def counts_of_days(quarters: Iterable[Sequence[Any]], zone: ZoneInfo) -> dict[Key, int]:
    """Counts of quarters of an hour, the count last, as those of the plant's days."""
    days = Days(zone)
    counts: Counter[Key] = Counter()
    for slot_at, *sort, count in quarters:
        counts[days.begin(slot_at), *sort] += count
    return {key: count for key, count in counts.items() if count}


def count_days_again(opened: Session, zone: ZoneInfo) -> None:
    """Counts the plant's days anew: its clock is another one now, or they were wrong."""
    quarters = select(*metadata_table(InspectionTally).columns)
    counts = counts_of_days(opened.execute(quarters), zone)
    opened.execute(delete(InspectionDay))
    names = metadata_table(InspectionDay).columns.keys()
    if counts:
        rows = [dict(zip(names, (*key, count), strict=True)) for key, count in counts.items()]
        opened.execute(insert(metadata_table(InspectionDay)), rows)


def _add_findings(opened: Session, changes: Sequence[tuple[Finding, ReviewState, int]]) -> None:
    """Adds to every count that a finding is part of, as if it had the state given."""
    for table, slots in FINDING_LEVELS:
        _add(opened, table, _summed(changes, _sort_key, slots))
    _add(opened, PlaceMonth, _summed(changes, _place_key, Months()))


def _summed(
    changes: Sequence[tuple[Finding, ReviewState, int]],
    key: Callable[[Finding, ReviewState], Iterator[Any]],
    slots: Slots,
) -> dict[Key, int]:
    counts: Counter[Key] = Counter()
    for finding, state, count in changes:
        where = (finding.line_id, finding.camera_id, finding.part)
        counts[slots.begin(finding.taken_at), *where, *key(finding, state)] += count
    return {key: count for key, count in counts.items() if count}


def _sort_key(finding: Finding, state: ReviewState) -> Iterator[Any]:
    yield from (finding.kind or "", finding.verdict, finding.severity, state)


def _place_key(finding: Finding, state: ReviewState) -> Iterator[Any]:
    yield from (state, place_cell(finding.place_x), place_cell(finding.place_y))


def _add(opened: Session, table: type[Base], changes: Mapping[Key, int]) -> None:
    """Adds to the counts of the keys, making the rows that are not there."""
    if not changes:
        return
    described = metadata_table(table)
    columns = described.columns
    keys = [column.name for column in columns if column.primary_key]
    (count,) = (column.name for column in columns if not column.primary_key)
    upsert = postgresql.insert if opened.get_bind().dialect.name == "postgresql" else sqlite.insert
    added = upsert(described)
    total = columns[count] + added.excluded[count]
    opened.execute(
        added.on_conflict_do_update(index_elements=keys, set_={count: total}),
        [{**dict(zip(keys, key, strict=True)), count: changes[key]} for key in sorted(changes)],
    )
