"""The API over a small recorded database of each kind, with one person of each role."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from db.engine import default_url
from tests.conftest import fresh_postgres
from tests.review.api.desk import ApiDesk, open_desk


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[ApiDesk]:
    """Six frames of two lines, each with two findings, one that passed, one unreadable."""
    with open_desk(database_url, tmp_path / "evidence") as opened:
        yield opened


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def still_desk(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ApiDesk]:
    """The same, shared by tests that change nothing in it: they read, or are refused."""
    folder = tmp_path_factory.mktemp("still")
    with ExitStack() as stack:
        if request.param == "sqlite":
            url = default_url(folder / "findings.db")
        else:
            url = stack.enter_context(fresh_postgres(request.getfixturevalue("postgres_server")))
        yield stack.enter_context(open_desk(url, folder / "evidence"))
