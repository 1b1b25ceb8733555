"""Rows from one database into another of the same revision, whatever kinds the two are.

The tables are asked of the databases, not of our models, so rows of older revisions travel too.
Times and JSON travel as values; everything else is stored alike on both kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    DateTime,
    MetaData,
    Table,
    func,
    insert,
    inspect,
    literal,
    select,
    text,
)
from sqlalchemy.types import TypeEngine

from db.columns import UtcDateTime
from db.errors import DatabaseError

ROWS_AT_ONCE = 1000

Watch = Callable[[str, int], None]  # "rows" or "pictures", and how many more of them are done


def tables_of(connection: Connection) -> list[Table]:
    """All tables but Alembic's own, those that others point to first."""
    found = inspect(connection)
    ordered = [name for name, _ in found.get_sorted_table_and_fkc_names() if name]
    tables = MetaData()
    return [
        Table(name, tables, *(_column(dict(facts)) for facts in found.get_columns(name)))
        for name in ordered
        if name != "alembic_version"
    ]


def count_rows(connection: Connection) -> dict[str, int]:
    """How many rows has each table?"""
    chosen = {
        table.name: select(func.count()).select_from(table) for table in tables_of(connection)
    }
    return {name: connection.execute(count).scalar_one() for name, count in chosen.items()}


def full_tables(connection: Connection) -> list[str]:
    """Which tables hold any row?"""
    return [
        table.name
        for table in tables_of(connection)
        if connection.execute(select(literal(1)).select_from(table).limit(1)).first()
    ]


def copy_rows(
    source: Connection, target: Connection, *, watch: Watch, leave_out: Collection[str] = ()
) -> dict[str, int]:
    """Writes all rows of the source into the empty tables of the target; how many of each table."""
    targets = {table.name: table for table in tables_of(target)}
    copied = {}
    for table in tables_of(source):
        into = targets.get(table.name)
        if into is None or set(into.columns.keys()) != set(table.columns.keys()):
            raise DatabaseError(f"the two databases do not have the same table {table.name}")
        if table.name not in leave_out:
            copied[table.name] = _copy_table(source, table, target, into, watch)
    _count_on(target, list(targets.values()))
    return copied


def remove_all_rows(connection: Connection) -> None:
    """Empties every table, also those whose triggers refuse that; the triggers stay."""
    tables = tables_of(connection)
    if connection.dialect.name == "postgresql":
        quoted = connection.dialect.identifier_preparer.quote
        connection.execute(text(f"TRUNCATE {', '.join(quoted(one.name) for one in tables)}"))
        return
    triggers = connection.execute(
        text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    ).all()
    for name, _ in triggers:
        connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
    for table in reversed(tables):
        connection.execute(table.delete())
    for _, statement in triggers:
        connection.exec_driver_sql(statement)


def _copy_table(
    source: Connection, table: Table, target: Connection, into: Table, watch: Watch
) -> int:
    copied = 0
    rows = source.execution_options(yield_per=ROWS_AT_ONCE).execute(select(table))
    for batch in rows.mappings().partitions():
        target.execute(insert(into), [dict(row) for row in batch])
        copied += len(batch)
        watch("rows", len(batch))
    return copied


def _count_on(target: Connection, tables: list[Table]) -> None:
    """PostgreSQL gives ids from sequences of its own, which have seen none of the copied ids."""
    if target.dialect.name != "postgresql":
        return
    for table in tables:
        if "id" not in table.columns:
            continue
        quoted = target.dialect.identifier_preparer.quote(table.name)
        sequence = target.execute(select(func.pg_get_serial_sequence(quoted, "id"))).scalar_one()
        if sequence is not None:
            last = target.execute(select(func.max(table.c.id))).scalar_one() or 0
            target.execute(select(func.setval(sequence, last + 1, False)))


def _column(facts: dict[str, Any]) -> Column[Any]:
    kind: TypeEngine[Any] = facts["type"]
    if isinstance(kind, DateTime):
        kind = UtcDateTime()
    elif isinstance(kind, JSON):
        kind.none_as_null = bool(facts["nullable"])
    return Column(facts["name"], kind)
