"""A database with tables, and a clock that moves when it is told to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from db.engine import connect, default_url
from db.upgrade import open_database, upgrade
from tests.fakes import WallClock
from tests.integration.alerts.alerting_plant import MORNING


@pytest.fixture
def clock() -> WallClock:
    return WallClock(MORNING)


@pytest.fixture
def sqlite_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    yield from _opened(default_url(tmp_path_factory.mktemp("alerts") / "findings.db"))


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """Of each kind."""
    yield from _opened(database_url)


def _opened(url: str) -> Iterator[Engine]:
    made = connect(url)
    upgrade(made)
    made.dispose()
    opened = open_database(url)
    yield opened
    opened.dispose()
