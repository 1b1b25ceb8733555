"""Who asks, and may they? Dependencies for handlers: Viewer, Reviewer, Engineer, Admin.

A browser has a cookie with a random secret; what it sends to change something also carries the
session's CSRF token. A program has `Authorization: Bearer TOKEN`, which works for the API and the
pictures that it names.
"""

from __future__ import annotations

import hmac
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from db import keys
from db.engine import session
from db.errors import DatabaseError
from db.keys import Holder, SessionRow, sha256_of
from db.words import Role
from inspect_pipeline.review.desk import Desk, desk_of
from plant_config.review import Review

_log = logging.getLogger(__name__)

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf_token"
EVIDENCE = "/evidence/"
_TOUCH_AFTER = timedelta(minutes=1)  # a write per request would make readers wait for the writer


class NotSignedIn(Exception):
    """No key, or one that opens nothing any more: sign in."""


class NotAllowed(Exception):
    """Signed in, and this takes more than the person's role; the message says which."""


class NotOurForm(Exception):
    """What came does not carry the session's CSRF token: the page was not ours, or too old."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """Who asks. No `csrf_token`: a program with a token, which needs none."""

    user_id: int
    name: str  # as reviews are signed
    full_name: str
    role: Role
    csrf_token: str | None = None


def is_api(request: Request) -> bool:
    """The API and its description are for programs: tokens open them, problems come as JSON."""
    return request.url.path.startswith("/api/") or request.url.path == "/openapi.json"


def cookie_name(settings: Review) -> str:
    """Under https the browser itself refuses the cookie from anywhere but this very host."""
    return "__Host-review" if settings.https else "review"


def session_of(desk: Desk, secret: str | None) -> SessionRow | None:
    """The browser's session where it still counts; also notes now and then that it is in use."""
    if not secret:
        return None
    at, sha256 = desk.now(), sha256_of(secret)
    with session(desk.engine, read_only=True) as opened:
        found = keys.find_session(
            opened,
            sha256,
            created_after=at - timedelta(hours=desk.settings.session_hours),
            seen_after=at - timedelta(minutes=desk.settings.idle_minutes),
        )
    if found is not None and at - found.seen_at >= _TOUCH_AFTER:
        _touch(desk, sha256, at)
    return found


def _touch(desk: Desk, session_sha256: str, at: datetime) -> None:
    """Whoever only reads goes on reading while another program keeps the database busy."""
    try:
        with session(desk.engine) as opened:
            keys.touch_session(opened, session_sha256, at=at)
    except DatabaseError as error:
        _log.warning("the use of a session was not noted: %s", error)


async def _given_csrf_token(request: Request) -> str | None:
    if request.method in SAFE_METHODS:
        return None
    if CSRF_HEADER in request.headers:
        return request.headers[CSRF_HEADER]
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        return None
    written = (await request.form()).get(CSRF_FIELD)
    return written if isinstance(written, str) else None


def signed_in(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))],
    given: Annotated[str | None, Depends(_given_csrf_token)],
) -> Person:
    """Whoever asks, of any role. Raises NotSignedIn, NotOurForm."""
    desk = desk_of(request)
    if bearer is not None:
        return _program(request, desk, bearer.credentials)
    found = session_of(desk, request.cookies.get(cookie_name(desk.settings)))
    if found is None:
        raise NotSignedIn("sign in first")
    if request.method not in SAFE_METHODS and not _is_same(given, found.csrf_token):
        raise NotOurForm("this page was open too long, or the request came from another site")
    person = _person(found.holder, found.csrf_token)
    request.state.person = person
    return person


def person_of(request: Request) -> Person | None:
    """Who looks, where it only decides what the page around shows: nobody is turned away."""
    desk = desk_of(request)
    found = session_of(desk, request.cookies.get(cookie_name(desk.settings)))
    return None if found is None else _person(found.holder, found.csrf_token)


def _program(request: Request, desk: Desk, token: str) -> Person:
    if not (is_api(request) or request.url.path.startswith(EVIDENCE)):
        raise NotSignedIn("tokens open the API and its pictures only: sign in with a browser")
    with session(desk.engine, read_only=True) as opened:
        holder = keys.find_token(opened, sha256_of(token), at=desk.now())
    if holder is None:
        raise NotSignedIn("the token is unknown, expired or revoked: make a new one")
    return _person(holder, None)


def _person(holder: Holder, csrf_token: str | None) -> Person:
    return Person(
        user_id=holder.user_id,
        name=holder.name,
        full_name=holder.full_name,
        role=holder.role,
        csrf_token=csrf_token,
    )


def _is_same(given: str | None, wanted: str) -> bool:
    return given is not None and hmac.compare_digest(given.encode(), wanted.encode())


class _AtLeast:
    """A dependency that lets through whoever has this role or a higher one."""

    def __init__(self, role: Role) -> None:
        self.role = role

    def __call__(self, person: Annotated[Person, Depends(signed_in)]) -> Person:
        if not person.role.covers(self.role):
            raise NotAllowed(f"this takes the role {self.role}, you are {person.role}")
        return person


Viewer = Annotated[Person, Depends(_AtLeast(Role.VIEWER))]
Reviewer = Annotated[Person, Depends(_AtLeast(Role.REVIEWER))]
Engineer = Annotated[Person, Depends(_AtLeast(Role.ENGINEER))]
Admin = Annotated[Person, Depends(_AtLeast(Role.ADMIN))]
