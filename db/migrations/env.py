"""Alembic runs this file: every migration happens on one connection, in one transaction.

The program gives its connection (db/upgrade.py). A developer gives a URL on the command line:

    alembic -c db/alembic.ini -x url=sqlite:////tmp/new.db revision --autogenerate -m "what changes"
"""

from __future__ import annotations

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection

from db.columns import UtcDateTime
from db.engine import connect
from db.errors import DatabaseError
from db.models import Base


def migrate_on(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,  # SQLite changes a table by copying it
        render_item=_rendered,
    )
    with context.begin_transaction():
        context.run_migrations()


def migrate_by_url() -> None:
    url = context.get_x_argument(as_dictionary=True).get("url")
    if url is None:
        raise DatabaseError("alembic needs a database: -x url=sqlite:////tmp/new.db")
    engine = connect(url)
    try:
        with engine.begin() as connection:
            migrate_on(connection)
    finally:
        engine.dispose()


def _rendered(kind: str, item: object, _context: AutogenContext) -> str | Literal[False]:
    """A migration must not change when our column types do: it spells out what they store."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


if context.is_offline_mode():
    raise DatabaseError("migrations need a live database: offline SQL scripts are not supported")
given = context.config.attributes.get("connection")
if given is None:
    migrate_by_url()
else:
    migrate_on(given)
