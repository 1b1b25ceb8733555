"""SQLite reads with the index that a select names: its planner knows no correlated columns.

SQLAlchemy writes `with_hint` for some databases and drops it for SQLite without a word.
"""

from __future__ import annotations

from sqlalchemy import FromClause
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler


class HintingCompiler(SQLiteCompiler):
    """Writes `INDEXED BY ...` behind the table; SQLite refuses the statement where it cannot be."""

    def get_from_hint_text(self, table: FromClause, text: str | None) -> str | None:  # noqa: ARG002
        return text
