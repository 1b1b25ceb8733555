"""Changes kept counts inside the transaction that changes what they count.

Rows are changed in the order of their keys, so that two writers never wait for each other in a
circle.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from db.adding import insert_of
from db.columns import Base, metadata_table
from db.tallies.levels import Levels

Key = tuple[Any, ...]  # of a tally, its columns in order; the first is the slot's beginning


def add_counts(opened: Session, levels: Levels, changes: Mapping[Key, int]) -> None:
    """Adds to the counts of every level; keys begin with the moment that a slot is sought for."""
    for table, slots in levels:
        counts: Counter[Key] = Counter()
        for (moment, *sort), count in changes.items():
            counts[slots.begin(moment), *sort] += count
        _add(opened, table, {key: count for key, count in counts.items() if count})


def _add(opened: Session, table: type[Base], changes: Mapping[Key, int]) -> None:
    """Makes the rows that are not there."""
    if not changes:
        return
    described = metadata_table(table)
    columns = described.columns
    keys = [column.name for column in columns if column.primary_key]
    (count,) = (column.name for column in columns if not column.primary_key)
    added = insert_of(opened.get_bind().dialect.name, described)
    total = columns[count] + added.excluded[count]
    opened.execute(
        added.on_conflict_do_update(index_elements=keys, set_={count: total}),
        [{**dict(zip(keys, key, strict=True)), count: changes[key]} for key in sorted(changes)],
    )
