"""What every page and every answer of the API is made with: one frozen record per application."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from fastapi import Request
from jinja2 import Environment
from sqlalchemy import Engine

from db.evidence import EvidenceStore
from inspect_pipeline.review.gate import SignInGate
from inspect_pipeline.review.identity_provider import IdentityProvider
from inspect_pipeline.review.passwords import Passwords
from plant_config.review import Review

Clock = Callable[[], datetime]
"""The time, in UTC and aware of it."""


@dataclass(frozen=True, kw_only=True)
class Desk:
    engine: Engine
    store: EvidenceStore
    settings: Review
    now: Clock
    plant_name: str
    zone: ZoneInfo  # days, shifts and all times on pages are the plant's
    passwords: Passwords
    gate: SignInGate
    provider: IdentityProvider | None  # None: accounts of our own alone
    templates: Environment


def desk_of(request: Request) -> Desk:
    desk = request.app.state.desk
    assert isinstance(desk, Desk), "create_app puts the desk there"
    return desk
