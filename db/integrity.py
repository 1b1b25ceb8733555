"""Is the database itself whole? A server proves its own pages; a SQLite file is asked."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session


def broken_places(opened: Session) -> list[str]:
    """What is damaged in a SQLite file, in SQLite's own words; empty where all is well.

    Reads the whole file.
    """
    if opened.get_bind().dialect.name != "sqlite":
        return []
    damage = [str(row[0]) for row in opened.execute(text("PRAGMA integrity_check"))]
    orphans = [
        f"row {row[1]} of {row[0]} points to no row of {row[2]}"
        for row in opened.execute(text("PRAGMA foreign_key_check"))
    ]
    return [place for place in damage if place != "ok"] + orphans
