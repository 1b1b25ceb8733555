"""Counts of long slots are sums of the shortest ones: made anew, and compared with what is kept."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Column, delete, func, insert, literal, select
from sqlalchemy.orm import Session

from db.columns import UtcDateTime, metadata_table
from db.models.tallies import Tally
from db.selects import Rows
from db.tallies.changes import Key
from db.tallies.levels import Levels, levels_of_plant
from db.tallies.slots import Slots


def count_days_again(opened: Session, zone: ZoneInfo) -> None:
    """Counts the plant's days anew: its clock is another one now."""
    for levels in levels_of_plant(zone):
        sum_again(opened, levels)


def sum_again(opened: Session, levels: Levels) -> None:
    """Makes the counts of all long slots anew, where those of the shortest are right."""
    (shortest, _), *longer = levels
    for table, slots in longer:
        opened.execute(delete(table))
        names = metadata_table(table).columns.keys()
        for begin, end in _slots_in(opened, shortest, slots):
            summed = _summed(shortest, begin, end)
            opened.execute(insert(table).from_select(names, summed))


class Lacking:
    """What the kept counts of a shortest level lack, summed as its longer levels count."""

    def __init__(self, levels: Levels) -> None:
        self._levels = levels
        self._counts: dict[type[Tally], dict[datetime, Counter[Key]]] = {
            table: defaultdict(Counter) for table, _ in levels[1:]
        }

    def add(self, key: Key, count: int) -> None:
        """`key` of the shortest level."""
        slot_at, *sort = key
        for table, slots in self._levels[1:]:
            self._counts[table][slots.begin(slot_at)][tuple(sort)] += count

    def wrong(self, opened: Session) -> int:
        """How many kept counts of long slots are not the sums that they should be?"""
        return sum(self._wrong(opened, table, slots) for table, slots in self._levels[1:])

    def _wrong(self, opened: Session, table: type[Tally], slots: Slots) -> int:
        """Slot by slot: a year of them is too much to be held."""
        shortest, _ = self._levels[0]
        lacking = self._counts[table]
        ends = dict(_slots_in(opened, shortest, slots))
        kept_at = set(opened.scalars(select(table.slot_at).distinct()))
        wrong = 0
        for begin in sorted(ends.keys() | kept_at | lacking.keys()):
            counts = Counter(lacking.get(begin, {}))
            if begin in ends:
                counts.update(_counts(opened, _summed(shortest, begin, ends[begin])))
            kept = select(*metadata_table(table).columns).where(table.slot_at == begin)
            counts.subtract(_counts(opened, kept))
            wrong += sum(count != 0 for count in counts.values())
        return wrong


def _slots_in(
    opened: Session, table: type[Tally], slots: Slots
) -> Iterator[tuple[datetime, datetime]]:
    """The beginnings and ends of long slots in which anything is counted, in the order of time."""
    found = opened.scalar(select(func.min(table.slot_at)))
    while found is not None:
        end = slots.end(found)
        yield slots.begin(found), end
        found = opened.scalar(select(func.min(table.slot_at)).where(table.slot_at >= end))


def _summed(shortest: type[Tally], begin: datetime, end: datetime) -> Rows:
    """The counts from begin to end as those of one slot."""
    sorts, count = _sorts_and_count(shortest)
    return (
        select(literal(begin, UtcDateTime), *sorts, func.sum(count))
        .where(shortest.slot_at >= begin, shortest.slot_at < end)
        .group_by(*sorts)
        .having(func.sum(count) != 0)
    )


def _counts(opened: Session, chosen: Rows) -> dict[Key, int]:
    """By sort, of rows of one slot."""
    return {tuple(sort): int(count) for _, *sort, count in opened.execute(chosen)}


def _sorts_and_count(table: type[Tally]) -> tuple[list[Column[object]], Column[object]]:
    _, *sorts, count = metadata_table(table).columns
    return sorts, count
