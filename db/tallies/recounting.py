"""The kept counts against a fresh count of every row: do they agree, and if not, put them right."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, insert, select, union_all
from sqlalchemy.orm import Session

from db.columns import metadata_table
from db.models.tallies import Tally
from db.plants import zone_of
from db.selects import Rows
from db.tallies.changes import Key
from db.tallies.fresh_counts import fresh_counts
from db.tallies.fresh_verdicts import fresh_verdicts
from db.tallies.levels import all_levels
from db.tallies.locks import counting_alone
from db.tallies.long_slots import Lacking, sum_again
from db.tallies.quarter_counts import QuarterCounts

ROWS_AT_ONCE = 5000

Difference = tuple[Key, int]  # of a kept count, and what it lacks


def wrong_tallies(opened: Session) -> int:
    """How many kept counts are not what a fresh count says? Give it a snapshot of the database."""
    levels = {one[0][0]: one for one in all_levels(ZoneInfo(zone_of(opened)))}
    wrong = 0
    for table, differences in _differences(opened):
        lacking = Lacking(levels[table])
        for key, count in differences:
            wrong += 1
            lacking.add(key, count)
        wrong += lacking.wrong(opened)
    return wrong


def recount(opened: Session, *, trusted: Collection[type[Tally]] = ()) -> None:
    """Counts everything again, but for tables of shortest slots that are right as they are.

    Writers wait until the transaction ends.
    """
    zone = counting_alone(opened)
    for table, fresh in fresh_counts(opened).items():
        if table not in trusted:
            opened.execute(delete(table))
            names = metadata_table(table).columns.keys()
            opened.execute(insert(table).from_select(names, fresh))
    for table, counts in fresh_verdicts(opened).items():
        opened.execute(delete(table))
        _insert(opened, table, counts)
    for levels in all_levels(zone):
        sum_again(opened, levels)


def _differences(opened: Session) -> Iterator[tuple[type[Tally], Iterator[Difference]]]:
    """Of each table of shortest slots, the counts that are wrong."""
    for table, fresh in fresh_counts(opened).items():
        yield table, _compared(opened, table, fresh)
    for table, counts in fresh_verdicts(opened).items():
        kept = select(*metadata_table(table).columns)
        for *key, count in opened.execute(kept, execution_options={"yield_per": ROWS_AT_ONCE}):
            counts.add(tuple(key), -count)
        yield table, counts.summed()


def _compared(opened: Session, table: type[Tally], fresh: Rows) -> Iterator[Difference]:
    *_, count = metadata_table(table).columns
    keys = [column for column in metadata_table(table).columns if column is not count]
    both = union_all(select(*keys, (-count).label(count.name)), fresh).subquery()
    lacks = func.sum(both.c[count.name])
    of_key = [both.c[key.name] for key in keys]
    chosen = select(*of_key, lacks).group_by(*of_key).having(lacks != 0)
    for *key, lacking in opened.execute(chosen, execution_options={"yield_per": ROWS_AT_ONCE}):
        yield tuple(key), int(lacking)


def _insert(opened: Session, table: type[Tally], counts: QuarterCounts) -> None:
    described = metadata_table(table)
    names = described.columns.keys()
    rows = (dict(zip(names, (*key, count), strict=True)) for key, count in counts.summed())
    while batch := list(islice(rows, ROWS_AT_ONCE)):
        opened.execute(insert(described), batch)
