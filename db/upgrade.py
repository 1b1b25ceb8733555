"""Which revision do the tables have, and how do they get the one this program needs?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from db.engine import connect, parsed, shown, sqlite_path, translated
from db.errors import DatabaseError, DatabaseNotFound, WrongRevision

_MIGRATIONS = Path(__file__).parent / "migrations"
_ONE_UPGRADE_AT_A_TIME = 0x1A5EC7  # the number of our PostgreSQL advisory lock


def open_database(url: str, *, create: bool = True) -> Engine:
    """An engine whose tables fit this program; the caller disposes it.

    A new or empty SQLite file gets its tables here. With `create=False` a SQLite file that does not
    exist raises DatabaseNotFound. Any other revision than ours raises WrongRevision.
    """
    path = sqlite_path(parsed(url))
    if not create and path is not None and not path.exists():
        raise DatabaseNotFound(
            f"the database {path} does not exist: inspect some frames first, or name another "
            "one in the plant file, with --db or INSPECT_DB"
        )
    engine = connect(url)
    try:
        if create and engine.dialect.name == "sqlite" and is_empty(engine):
            upgrade(engine)
        check(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Brings the tables to a revision, all or nothing; programs that come second find it done."""
    our_revision(engine)
    with _migrating(engine) as config:
        command.upgrade(config, revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Brings the tables back to an older revision; "base" removes them with all they hold."""
    with _migrating(engine) as config:
        command.downgrade(config, revision)


@contextmanager
def filling(engine: Engine) -> Iterator[Connection]:
    """One transaction that brings the tables to the newest revision and then is the caller's.

    Foreign keys are proven at its end. Raises DatabaseError, and then nothing was changed.
    """
    our_revision(engine)
    try:
        with _migrating(engine) as config:
            command.upgrade(config, "head")
            connection: Connection = config.attributes["connection"]
            yield connection
    except SQLAlchemyError as error:
        raise translated(error, engine.url) from error


def check(engine: Engine) -> None:
    """Raises WrongRevision, with the command to run, unless the tables fit this program."""
    current = our_revision(engine)
    if current == head_revision():
        return
    found = "has no tables yet" if current is None else f"is at revision {current}"
    raise WrongRevision(
        f"the database {shown(engine.url)} {found}, this program needs {head_revision()}: "
        f"run_pipeline.py db upgrade --db {shown(engine.url)}"
    )


def our_revision(engine: Engine) -> str | None:
    """Ours or an older one, None where there are no tables.

    Raises WrongRevision for a newer one and for the tables of another program.
    """
    empty, current = _state(engine)
    if current is not None and current not in known_revisions():
        raise WrongRevision(_too_new(engine, current))
    if current is None and not empty:
        raise WrongRevision(_without_revision(engine))
    return current


def current_revision(engine: Engine) -> str | None:
    """The revision written in the database; None where nothing was ever upgraded."""
    try:
        with _reading(engine) as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except SQLAlchemyError as error:
        raise DatabaseError(f"cannot read the revision of {shown(engine.url)}: {error}") from error


def is_empty(engine: Engine) -> bool:
    """Has the database no table at all, apart from the one that names the revision?"""
    with _reading(engine) as connection:
        return set(inspect(connection).get_table_names()) <= {"alembic_version"}


def _state(engine: Engine) -> tuple[bool, str | None]:
    """(is empty, revision), in this order: tables and their revision appear together, so whoever
    has seen tables that another program just made sees their revision too."""
    return is_empty(engine), current_revision(engine)


def head_revision() -> str:
    """The revision this program was written for."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None, "the package ships at least one migration"
    return head


def known_revisions() -> frozenset[str]:
    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    return frozenset(script.revision for script in scripts)


@contextmanager
def _reading(engine: Engine) -> Iterator[Connection]:
    with engine.execution_options(read_only=True).connect() as connection:
        yield connection


@contextmanager
def _migrating(engine: Engine) -> Iterator[Config]:
    """One locked transaction for the migrations.

    SQLite changes a table by copying and dropping it, and with foreign keys switched on a drop
    empties the tables that point there: they are switched off before and proven after.
    """
    with engine.connect() as connection, _foreign_keys_off(connection), connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_ONE_UPGRADE_AT_A_TIME})"))
        config = _config()
        config.attributes["connection"] = connection
        yield config
        if engine.dialect.name == "sqlite":
            _prove_foreign_keys(connection)


@contextmanager
def _foreign_keys_off(connection: Connection) -> Iterator[None]:
    """SQLite ignores this switch inside a transaction, so it goes to the driver, before BEGIN."""
    if connection.dialect.name != "sqlite":
        yield
        return
    driver = connection.connection.driver_connection
    assert driver is not None, "a checked-out connection has a driver connection"
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def _prove_foreign_keys(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise DatabaseError(
            f"after the migration a row of {broken[0]} points to no row of {broken[2]}: "
            "nothing was changed, the database is as it was"
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _too_new(engine: Engine, current: str) -> str:
    return (
        f"the database {shown(engine.url)} is at revision {current}, which is newer than this "
        f"program ({head_revision()}): pip install --upgrade inspect-pipeline"
    )


def _without_revision(engine: Engine) -> str:
    return (
        f"the database {shown(engine.url)} holds tables and no revision of ours, so it is not a "
        "findings database: give an empty one, run_pipeline.py db upgrade --db URL"
    )
