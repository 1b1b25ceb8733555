"""An application over recorded frames, and people who use its API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from db import keys, people, queries
from db.engine import connect, session
from db.rows import FindingRow
from db.upgrade import open_database, upgrade
from db.words import Role
from inspect_pipeline.records import Severity, Verdict
from inspect_pipeline.review.app import create_app
from inspect_pipeline.review.passwords import Passwords
from inspect_pipeline.service.ledger import Ledger
from plant_config.review import Review
from tests.integration.db.database_records import (
    CARD,
    MODEL_ID,
    NOON,
    a_finding,
    failed,
    frame_key,
    passed,
    unreadable,
)

API = "/api/v1"
START = datetime(2026, 4, 1, 8, 0, tzinfo=UTC)
FRAMES = 6


@dataclass
class Clock:
    """Stands still until it is moved."""

    at: datetime = START

    def __call__(self) -> datetime:
        return self.at

    def move(self, by: timedelta) -> None:
        self.at += by


@dataclass
class ApiDesk:
    """The application; `secrets` are the tokens of one person per role, named as the role."""

    app: FastAPI
    engine: Engine
    ledger: Ledger
    clock: Clock
    secrets: dict[Role, str] = field(default_factory=dict)

    def client(self, role: Role | None = None) -> TestClient:
        """A program with a token of this role, or with none; faults come as answers."""
        headers = {} if role is None else {"Authorization": f"Bearer {self.secrets[role]}"}
        return TestClient(
            self.app,
            base_url="http://testserver",
            headers=headers,
            raise_server_exceptions=False,
            follow_redirects=False,
        )

    @property
    def viewer(self) -> TestClient:
        return self.client(Role.VIEWER)

    @property
    def reviewer(self) -> TestClient:
        return self.client(Role.REVIEWER)

    def browser(self, role: Role) -> tuple[TestClient, dict[str, str]]:
        """A browser that signed in, and the headers with which it may change something."""
        opened = self.client()
        name = self.cookie_of(role)
        opened.cookies.set("review", name)
        return opened, {"X-CSRF-Token": f"csrf-{role}"}

    def cookie_of(self, role: Role) -> str:
        secret = f"cookie-{role}"
        with session(self.engine) as opened:
            user = people.user_named(opened, f"{role}")
            assert user is not None
            keys.open_session(
                opened,
                user_id=user.id,
                session_sha256=keys.sha256_of(secret),
                csrf_token=f"csrf-{role}",
                at=self.clock(),
            )
        return secret

    def person(self, name: str, role: Role) -> TestClient:
        """One more person, with a token of the role."""
        secret = self._let_in(name, role)
        opened = self.client()
        opened.headers["Authorization"] = f"Bearer {secret}"
        return opened

    def findings(self) -> list[FindingRow]:
        with session(self.engine, read_only=True) as opened:
            return queries.findings(opened)

    def add_people(self) -> None:
        for role in Role:
            self.secrets[role] = self._let_in(str(role), role)

    def _let_in(self, name: str, role: Role) -> str:
        secret = f"secret-of-{name}"
        with session(self.engine) as opened:
            user_id = people.create_user(
                opened,
                name=name,
                full_name=f"The {name}",
                role=role,
                password_hash="none that fits",
                created_at=self.clock(),
            )
            keys.create_token(
                opened,
                user_id=user_id,
                name="tests",
                token_sha256=keys.sha256_of(secret),
                role=role,
                created_at=self.clock(),
                expires_at=self.clock() + timedelta(days=30),
            )
        return secret


@contextmanager
def open_desk(database_url: str, evidence: Path) -> Iterator[ApiDesk]:
    empty = connect(database_url)
    upgrade(empty)
    empty.dispose()
    engine = open_database(database_url)
    clock = Clock()
    with Ledger(engine, evidence, now=clock) as ledger:
        ledger.register_model(MODEL_ID, "bracket", CARD, name="bracket-1")
        record_frames(ledger)
        app = create_app(
            engine,
            ledger.store,
            Review(),
            now=clock,
            plant_name="Test plant",
            zone="Europe/Berlin",
            passwords=Passwords(memory_kib=32, rounds=1),
        )
        desk = ApiDesk(app=app, engine=engine, ledger=ledger, clock=clock)
        desk.add_people()
        yield desk
    engine.dispose()


def record_frames(ledger: Ledger) -> None:
    """Minute 0 to 5: two findings each, lines in turn; minute 6 passed, 7 cannot be read."""
    severities = (Severity.CRITICAL, Severity.MAJOR, Severity.MINOR)
    for number in range(FRAMES):
        line_id = f"line-{1 + number % 2}"
        ledger.record(
            failed(
                number,
                a_finding(number, severity=severities[number % 3]),
                a_finding(number + 50, verdict=Verdict.REJECTED, severity=Severity.MINOR),
                key=frame_key(number, line_id=line_id, camera_id=f"cam-{line_id}"),
            )
        )
    ledger.record(passed(FRAMES))
    ledger.record(unreadable(FRAMES + 1))


def minute(number: int) -> datetime:
    return NOON + timedelta(minutes=number)


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The body of a refusal, which has to be a whole problem of this status and code."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert (body["status"], body["code"], body["type"]) == (status, code, "about:blank")
    assert {"title", "detail", "fields", "id"} <= set(body)
    return body
