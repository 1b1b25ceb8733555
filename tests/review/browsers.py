"""Browsers and programs that use the review application, and the people behind them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Engine
from starlette.testclient import TestClient

from db import keys, people
from db.engine import session
from db.words import Role
from inspect_pipeline.review.passwords import Passwords

if TYPE_CHECKING:
    from fastapi import FastAPI
    from httpx import Response

MORNING = datetime(2026, 3, 30, 6, 0, tzinfo=UTC)  # 8:00 in Vienna, summer time since a day
PASSWORD = "correct horse battery"
NAMES = {
    Role.VIEWER: "vera",
    Role.REVIEWER: "rita",
    Role.ENGINEER: "emil",
    Role.ADMIN: "anna",
}


def quick_passwords() -> Passwords:
    """argon2 at a cost that is right for tests only."""
    return Passwords(memory_kib=64, rounds=1)


def add_people(engine: Engine) -> None:
    """One account of each role, named as in NAMES, all with PASSWORD."""
    hashed = quick_passwords().hashed(PASSWORD)
    with session(engine) as opened:
        for role, name in NAMES.items():
            people.create_user(
                opened,
                name=name,
                full_name=name.title(),
                role=role,
                password_hash=hashed,
                created_at=MORNING,
            )


def make_token(engine: Engine, role: Role, *, at: datetime = MORNING) -> str:
    """A token of the person of that role, good for a day."""
    secret = f"ipt_of_{role}"
    with session(engine) as opened:
        owner = people.user_named(opened, NAMES[role])
        assert owner is not None
        keys.create_token(
            opened,
            user_id=owner.id,
            name="tests",
            token_sha256=keys.sha256_of(secret),
            role=role,
            created_at=at,
            expires_at=at + timedelta(days=1),
        )
    return secret


class Browser:
    """Keeps cookies, follows redirects, and sends the CSRF token of the last page it saw."""

    def __init__(self, app: FastAPI, *, base_url: str = "http://testserver") -> None:
        self.client = TestClient(app, base_url=base_url, raise_server_exceptions=False)
        self.csrf_token = ""

    def get(
        self, path: str, *, follow: bool = True, headers: Mapping[str, str] | None = None
    ) -> Response:
        answer: Response = self.client.get(path, headers=headers, follow_redirects=follow)
        self._read(answer)
        return answer

    def post(
        self,
        path: str,
        fields: Mapping[str, str] | None = None,
        *,
        follow: bool = True,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """A form, with the token that its page had."""
        form = {"csrf_token": self.csrf_token, **(fields or {})}
        answer: Response = self.client.post(
            path, data=form, headers=headers, follow_redirects=follow
        )
        self._read(answer)
        return answer

    def sign_in(self, name: str, password: str = PASSWORD) -> Response:
        """Leads to the account's page."""
        return self.post("/login", {"name": name, "password": password, "next": "/account"})

    def cookie(self, name: str = "review") -> str | None:
        value: str | None = self.client.cookies.get(name)
        return value

    def _read(self, answer: Response) -> None:
        found = re.search(r'<meta name="csrf-token" content="([^"]*)">', answer.text)
        if found:
            self.csrf_token = found[1]
