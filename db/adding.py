"""Rows that may be there already: an INSERT that both databases know, each in its own words."""

from __future__ import annotations

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from db.columns import Base, metadata_table


def add_once(opened: Session, row: Base) -> bool:
    """Writes the row unless its key is known, also where two programs meet it at once.

    True where it was new.
    """
    table = metadata_table(type(row))
    given = {column.name: getattr(row, column.name) for column in table.columns}
    facts = {name: value for name, value in given.items() if value is not None}
    added = insert_of(opened.get_bind().dialect.name, table).values(**facts)
    written = opened.execute(added.on_conflict_do_nothing().returning(*table.primary_key))
    return written.first() is not None


def insert_of(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that can say what becomes of a row whose key is known."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
