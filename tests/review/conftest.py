"""The review application over a fresh database with one person of each role.

SQLite, unless a test asks for both: `@pytest.mark.parametrize("database_kind", BOTH)`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine

from db.engine import connect, default_url
from db.evidence import EvidenceStore
from db.upgrade import open_database, upgrade
from db.words import Role
from inspect_pipeline.review.app import create_app
from plant_config.review import Review
from tests.fakes import WallClock
from tests.review.browsers import MORNING, NAMES, Browser, add_people, quick_passwords
from tests.review.by_provider import CALLBACK, ProviderDesk
from tests.review.little_provider import LittleProvider, little_provider


@pytest.fixture
def database_kind() -> str:
    return "sqlite"


@pytest.fixture(scope="session")
def filled_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables and people, made once: to be copied."""
    path = tmp_path_factory.mktemp("review") / "findings.db"
    _fill(default_url(path))
    return path


@pytest.fixture
def review_url(
    database_kind: str, filled_file: Path, request: pytest.FixtureRequest, tmp_path: Path
) -> str:
    """A database with its tables and people."""
    if database_kind == "sqlite":
        copied = tmp_path / "findings.db"
        shutil.copy(filled_file, copied)
        return default_url(copied)
    url = str(request.getfixturevalue("postgres_url"))
    _fill(url)
    return url


@pytest.fixture
def engine(review_url: str) -> Iterator[Engine]:
    opened = open_database(review_url)
    yield opened
    opened.dispose()


@pytest.fixture
def clock() -> WallClock:
    return WallClock(MORNING)


@pytest.fixture
def settings() -> Review:
    return Review()


@pytest.fixture
def app(engine: Engine, settings: Review, clock: WallClock, tmp_path: Path) -> FastAPI:
    return create_app(
        engine,
        EvidenceStore(tmp_path / "evidence"),
        settings,
        now=clock,
        plant_name="Mill & Sons",
        zone="Europe/Vienna",
        passwords=quick_passwords(),
    )


@pytest.fixture
def browser(app: FastAPI) -> Browser:
    """Nobody is signed in."""
    return Browser(app)


@pytest.fixture
def signed_in(app: FastAPI) -> Callable[[Role], Browser]:
    """A browser of a person of that role, on the account's page."""

    def browser_of(role: Role) -> Browser:
        made = Browser(app)
        assert made.sign_in(NAMES[role]).status_code == 200
        return made

    return browser_of


@pytest.fixture
def provider(clock: WallClock) -> Iterator[LittleProvider]:
    """An identity provider that answers."""
    with little_provider(CALLBACK, clock) as opened:
        yield opened


@pytest.fixture
def provider_desk(
    engine: Engine, provider: LittleProvider, clock: WallClock, tmp_path: Path
) -> ProviderDesk:
    return ProviderDesk(engine, provider.issuer, clock, tmp_path)


def _fill(url: str) -> None:
    engine = connect(url)
    upgrade(engine)
    add_people(engine)
    engine.dispose()
