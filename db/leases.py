"""Who alone may write for a plant, where several computers reach the same database."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from db.engine import translated


class Lease:
    """The right to write; it holds for as long as the connection behind it."""

    def __init__(self, connection: Connection | None) -> None:
        self._connection = connection

    def prove(self) -> None:
        """Raises DatabaseUnreachable where the connection, and with it the lease, is gone."""
        if self._connection is None:
            return
        try:
            self._connection.execute(text("SELECT 1"))
        except SQLAlchemyError as error:
            raise translated(error, self._connection.engine.url) from error


@contextmanager
def sole_writer(engine: Engine, plant: str) -> Iterator[Lease | None]:
    """The lease on a plant; None where another program has it.

    It ends with the block, and with a process that is killed. A SQLite file lies on one computer,
    where other locks do: nobody is asked.
    """
    if engine.dialect.name != "postgresql":
        yield Lease(None)
        return
    number = int.from_bytes(hashlib.sha256(plant.encode()).digest()[:8], signed=True)
    try:
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            asked = text("SELECT pg_try_advisory_lock(:number)")
            is_ours = bool(connection.execute(asked, {"number": number}).scalar_one())
            try:
                yield Lease(connection) if is_ours else None
            finally:
                connection.invalidate()  # closed and not kept: the lock ends with it
    except SQLAlchemyError as error:
        raise translated(error, engine.url) from error
