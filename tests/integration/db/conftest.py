"""A ledger on each kind of database, and the engine to look behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from db.engine import connect
from db.upgrade import open_database, upgrade
from inspect_pipeline.service.ledger import Ledger
from tests.integration.db.database_records import CARD, MODEL_ID


@pytest.fixture
def upgraded_url(database_url: str) -> str:
    engine = connect(database_url)
    upgrade(engine)
    engine.dispose()
    return database_url


@pytest.fixture
def engine(upgraded_url: str) -> Iterator[Engine]:
    opened = open_database(upgraded_url)
    yield opened
    opened.dispose()


@pytest.fixture
def ledger(upgraded_url: str, tmp_path: Path) -> Iterator[Ledger]:
    """With the bracket's model registered; pictures go to tmp_path/evidence."""
    with Ledger(upgraded_url, tmp_path / "evidence") as opened:
        opened.register_model(MODEL_ID, "bracket", CARD)
        yield opened
