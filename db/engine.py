"""From a URL to a transaction: the only place that knows how SQLite and PostgreSQL differ.

SQLite is the default: one file, one writer at a time, many readers (write-ahead log). A writer
takes its lock when the transaction begins, because a transaction that reads first and asks for the
lock later fails with "database is locked" whatever the timeout. Do not put the file on a network
share: the write-ahead log needs shared memory.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    IntegrityError,
    NoSuchModuleError,
    OperationalError,
    SQLAlchemyError,
    StatementError,
)
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from db.errors import DatabaseError, DatabaseUnreachable, RecordRefused
from db.sqlite_hints import HintingCompiler

BUSY_TIMEOUT_S = 10
_CACHE_KB = 16_000  # of each connection to SQLite: the upper levels of every index
EXAMPLES = "sqlite:///findings.db or postgresql://user@host/name"


def connect(url: str) -> Engine:
    """An engine that has answered once. The caller disposes it.

    A SQLite file that does not exist is created empty. Raises DatabaseUnreachable.
    """
    engine = _engine_of(parsed(url))
    try:
        with engine.connect():
            return engine
    except SQLAlchemyError as error:
        engine.dispose()
        raise DatabaseUnreachable(
            f"cannot open the database {shown(engine.url)}: {_first_line(error)}"
        ) from error


def keep_through_power_cuts(engine: Engine) -> None:
    """From now on what is committed is on the disk itself, as PostgreSQL has it anyway.

    SQLite's usual way may lose the last transactions to a power cut: too little for a writer after
    whom a frame is removed.
    """
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _wait_for_the_disk)
        engine.dispose()  # connections that were made before do not know of it


@contextmanager
def session(engine: Engine, *, read_only: bool = False) -> Iterator[Session]:
    """One `with` is one transaction: committed at the end, rolled back by any error.

    `read_only` transactions do not wait for the writer, nor make it wait.
    """
    bind = engine
    if read_only:
        bind = engine.execution_options(read_only=True, postgresql_readonly=True)
    try:
        with Session(bind, expire_on_commit=False) as opened, opened.begin():
            yield opened
    except SQLAlchemyError as error:
        raise translated(error, engine.url) from error


@contextmanager
def snapshot(engine: Engine) -> Iterator[Session]:
    """A read-only transaction in which every statement sees the database of one moment."""
    bind = engine
    if engine.dialect.name == "postgresql":
        bind = engine.execution_options(isolation_level="REPEATABLE READ")
    with session(bind, read_only=True) as opened:
        yield opened


@contextmanager
def opened_archive(path: Path) -> Iterator[Engine]:
    """A SQLite file that nobody writes, also on a read-only disk; not a byte of it changes."""
    query = {"mode": "ro", "immutable": "1", "uri": "true"}
    file = f"file:{quote(str(path.resolve()))}"
    engine = create_engine(URL.create("sqlite", database=file, query=query))
    try:
        yield engine
    finally:
        engine.dispose()


def default_url(path: Path) -> str:
    """The URL of a SQLite file."""
    return URL.create("sqlite", database=str(path)).render_as_string(hide_password=False)


def parsed(url: str) -> URL:
    """Raises DatabaseUnreachable for what is not a database URL."""
    try:
        return make_url(url)
    except ArgumentError as error:
        # A malformed URL may hold a password, and nobody can say where: repeat only a plain word.
        named = "the database URL" if "@" in url or ":" in url else repr(url)
        raise DatabaseUnreachable(f"{named} is not a database URL: use {EXAMPLES}") from error


def shown(url: URL) -> str:
    """The URL for people: never with a password."""
    return url.render_as_string(hide_password=True)


def sqlite_path(url: URL) -> Path | None:
    """The file of a SQLite URL; None for servers and for a database in memory."""
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return None
    return Path(str(url.database))


def _engine_of(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(url)
    is_server = url.get_backend_name() == "postgresql"
    try:
        engine = create_engine(
            url, pool_pre_ping=True, connect_args={"connect_timeout": 10} if is_server else {}
        )
        if is_server:
            event.listen(engine, "connect", _prepare_postgresql)
        return engine
    except NoSuchModuleError as error:
        raise DatabaseUnreachable(
            f"{shown(url)} names an unknown kind of database, {url.drivername!r}: use {EXAMPLES}"
        ) from error
    except ModuleNotFoundError as error:
        package = error.name or "driver"
        wanted = "'inspect-pipeline[postgres]'" if package.startswith("psycopg") else package
        raise DatabaseUnreachable(
            f"{shown(url)} needs the Python package {package}, which is not installed: "
            f"run pip install {wanted}"
        ) from error


def _sqlite_engine(url: URL) -> Engine:
    path = sqlite_path(url)
    if path is not None:
        _check_place(path, url)
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S})
    engine.dialect.statement_compiler = HintingCompiler
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _check_place(path: Path, url: URL) -> None:
    """Says what is wrong in words; SQLite would only say "unable to open database file"."""
    folder = path.resolve().parent
    if str(path).startswith("file:"):
        raise DatabaseUnreachable(f"{shown(url)}: give the plain path, sqlite:///folder/name.db")
    if not folder.is_dir():
        raise DatabaseUnreachable(f"{shown(url)}: the folder {folder} does not exist: create it")
    if path.is_dir():
        raise DatabaseUnreachable(f"{shown(url)}: {path} is a folder, expected a file")
    place = path if path.exists() else folder
    if not os.access(place, os.W_OK) or not os.access(folder, os.W_OK):
        raise DatabaseUnreachable(
            f"{shown(url)}: {place} is not writable for this user: SQLite writes its log beside "
            "the file even for reading. Change its rights or choose another folder"
        )


def _prepare_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # transactions begin where we say so, not where sqlite3 does
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_S * 1000}")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute(f"PRAGMA cache_size=-{_CACHE_KB}")


def _wait_for_the_disk(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    connection.execute("PRAGMA synchronous=FULL")


def _prepare_postgresql(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    """Our questions end within a few ms; to compile one takes its server longer than to answer."""
    cursor = connection.cursor()
    cursor.execute("SET jit = off")
    cursor.close()
    connection.commit()


def _begin_sqlite(connection: Connection) -> None:
    read_only = connection.get_execution_options().get("read_only", False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def translated(error: SQLAlchemyError, url: URL) -> DatabaseError:
    """Our exception for the driver's."""
    if isinstance(error, StatementError) and isinstance(error.orig, DatabaseError):
        return error.orig
    reason = _first_line(error)
    if isinstance(error, IntegrityError):
        return RecordRefused(f"{shown(url)} refuses the record: {reason}")
    if isinstance(error, OperationalError) and "database is locked" in reason:
        return DatabaseError(
            f"{shown(url)}: another program has been writing for more than {BUSY_TIMEOUT_S} s: "
            "stop it, or try again"
        )
    if isinstance(error, OperationalError):
        return DatabaseUnreachable(f"{shown(url)} does not answer: {reason}")
    return DatabaseError(f"{shown(url)}: {reason}")


def _first_line(error: SQLAlchemyError) -> str:
    """The driver's own words; SQLAlchemy's would repeat the statement with its values."""
    cause = error.orig if isinstance(error, (DBAPIError, StatementError)) else error
    lines = str(cause).strip().splitlines()
    return lines[0] if lines else type(cause).__name__
