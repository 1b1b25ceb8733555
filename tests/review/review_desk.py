"""The review application over a database of its own, with people who are signed in already."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import Engine

from db import keys, people, queries
from db.engine import connect, session
from db.rows import FindingRow, ReviewRow
from db.upgrade import open_database, upgrade
from db.words import Role
from inspect_pipeline.review.app import create_app
from inspect_pipeline.service.ledger import Ledger
from plant_config.review import Review
from tests.integration.db.database_records import CARD, MODEL_ID, NOON
from tests.review.browsers import PASSWORD, quick_passwords

PEOPLE = {
    "kim": Role.REVIEWER,
    "ada": Role.REVIEWER,
    "vera": Role.VIEWER,
    "eva": Role.ENGINEER,
    "anna": Role.ADMIN,
}


class SteppingClock:
    """Each look is a second later: reviews have an order, and no test waits."""

    def __init__(self) -> None:
        self.at = NOON + timedelta(hours=1)

    def __call__(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at


@dataclass(frozen=True, kw_only=True)
class ReviewDesk:
    app: FastAPI
    engine: Engine
    ledger: Ledger
    now: SteppingClock

    def client(self, name: str) -> TestClient:
        """A browser of this person, as HTMX and plain forms use it: with the CSRF token."""
        made = TestClient(self.app, cookies={"review": secret_of(name)}, follow_redirects=False)
        made.headers["X-CSRF-Token"] = csrf_of(name)
        return made

    def finding(self, finding_id: int) -> FindingRow:
        with session(self.engine, read_only=True) as opened:
            return queries.finding(opened, finding_id).finding

    def picture(self, name: str | None) -> Path:
        """Where a picture lies."""
        assert name is not None
        return self.ledger.store.path(name)

    def reviews(self, finding_id: int) -> tuple[ReviewRow, ...]:
        with session(self.engine, read_only=True) as opened:
            return queries.finding(opened, finding_id).reviews


@contextmanager
def review_desk(url: str, folder: Path) -> Iterator[ReviewDesk]:
    """Tables, a model, five people; pictures go to folder/evidence."""
    engine = connect(url)
    upgrade(engine)
    engine.dispose()
    engine = open_database(url)
    clock = SteppingClock()
    with Ledger(engine, folder / "evidence", now=clock) as ledger:
        ledger.register_model(MODEL_ID, "bracket", CARD)
        sign_in_everybody(engine, at=clock())
        app = create_app(
            engine,
            ledger.store,
            Review(),
            now=clock,
            plant_name="Works",
            zone="Europe/Oslo",
            passwords=quick_passwords(),
        )
        yield ReviewDesk(app=app, engine=engine, ledger=ledger, now=clock)
    engine.dispose()


def sign_in_everybody(engine: Engine, *, at: datetime) -> None:
    """PEOPLE, all with PASSWORD, each with a session whose secret is known."""
    hashed = quick_passwords().hashed(PASSWORD)
    with session(engine) as opened:
        for name, role in PEOPLE.items():
            user_id = people.create_user(
                opened,
                name=name,
                full_name=name.title(),
                role=role,
                password_hash=hashed,
                created_at=at,
            )
            keys.open_session(
                opened,
                user_id=user_id,
                session_sha256=keys.sha256_of(secret_of(name)),
                csrf_token=csrf_of(name),
                at=at,
            )


def secret_of(name: str) -> str:
    return f"secret-of-{name}"


def csrf_of(name: str) -> str:
    return f"csrf-of-{name}"


def shown_ids(answer: Response) -> list[int]:
    """The findings whose cards stand on a page, in their order."""
    return [int(found) for found in re.findall(r'<article [^>]*data-finding="(\d+)"', answer.text)]
