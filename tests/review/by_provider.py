"""Browsers whose people sign in by the little provider."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx
from sqlalchemy import Engine

from db import people
from db.engine import session
from db.evidence import EvidenceStore
from db.people import UserRow
from inspect_pipeline.review.app import create_app
from inspect_pipeline.review.identity_provider import IdentityProvider
from plant_config.review import Oidc, Review
from tests.fakes import WallClock
from tests.review.browsers import Browser, quick_passwords
from tests.review.little_provider import CLIENT_ID, CLIENT_SECRET

if TYPE_CHECKING:
    from fastapi import FastAPI

ADDRESS = "http://localhost:8000"
CALLBACK = f"{ADDRESS}/login/oidc/callback"
PATIENCE_S = 60.0
UNPROVEN = "Mill ID did not prove who you are"
FAILS = "Mill ID does not answer as it should"


class ProviderDesk:
    """The review application of a plant whose provider is Mill ID."""

    def __init__(self, engine: Engine, issuer: str, clock: WallClock, folder: Path) -> None:
        self.engine, self.issuer, self.clock, self.folder = engine, issuer, clock, folder

    def settings(self, **changes: object) -> Oidc:
        return Oidc.model_validate(
            {
                "name": "Mill ID",
                "issuer": self.issuer,
                "client_id": CLIENT_ID,
                "client_secret_env": "MILL_ID_SECRET",
                "address": ADDRESS,
                "roles": {"reviewer": ["quality"], "admin": ["quality-leads"]},
                **changes,
            }
        )

    def app(self, *, secret: str = CLIENT_SECRET, **changes: object) -> FastAPI:
        settings = self.settings(**changes)
        return create_app(
            self.engine,
            EvidenceStore(self.folder / "evidence"),
            Review(oidc=settings),
            now=self.clock,
            passwords=quick_passwords(),
            provider=provider_client(settings, secret),
        )

    def browser(self, *, secret: str = CLIENT_SECRET, **changes: object) -> Browser:
        """At an application whose plant file says `changes` of the provider."""
        return self.browser_at(self.app(secret=secret, **changes))

    def browser_at(self, app: FastAPI) -> Browser:
        return Browser(app, base_url=ADDRESS)

    def account(self, name: str) -> UserRow | None:
        with session(self.engine, read_only=True) as opened:
            return people.user_named(opened, name)


def provider_client(settings: Oidc, secret: str = CLIENT_SECRET) -> IdentityProvider:
    """As the program makes it, with patience for a busy machine."""
    trusted = ssl.create_default_context()
    return IdentityProvider(settings, secret, trusted, timeout_s=PATIENCE_S)


def way_back(browser: Browser, *, next_path: str = "/account") -> str:
    """Goes to the provider, which signs the person in; where it sends the browser to."""
    there = browser.get(f"/login/oidc?next={quote(next_path)}", follow=False)
    assert there.status_code == 303, there.text
    back = str(httpx.get(there.headers["location"], timeout=PATIENCE_S).headers["location"])
    assert back.startswith(f"{CALLBACK}?")
    return back.removeprefix(ADDRESS)


def sign_in(browser: Browser) -> httpx.Response:
    """Leads to the account's page."""
    return browser.get(way_back(browser))
