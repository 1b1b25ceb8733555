"""Sign in and out, and the choice of light or dark."""

from __future__ import annotations

import logging
import secrets
from datetime import timedelta
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from db import keys, people
from db.engine import session
from db.people import UserRow
from inspect_pipeline.review.access import Viewer, cookie_name, session_of
from inspect_pipeline.review.desk import Desk, desk_of
from inspect_pipeline.review.fields import Written
from inspect_pipeline.review.page import THEME_COOKIE, THEMES, page

router = APIRouter()
_log = logging.getLogger(__name__)

HOME = "/queue"
_YEAR_S = 31_536_000
_WRONG = "Name or password is wrong, or the account is disabled."


@router.get("/login")
def show_login(request: Request, next: str = "") -> Response:  # noqa: A002 - as in the address
    desk = desk_of(request)
    if session_of(desk, request.cookies.get(cookie_name(desk.settings))) is not None:
        return RedirectResponse(local_path(next), status_code=303)
    return login_page(request, next_path=local_path(next))


@router.post("/login")
def sign_in(
    request: Request,
    name: Written = "",
    password: Written = "",
    next: Written = "",  # noqa: A002 - as in the address
) -> Response:
    """A session with a new secret, whatever cookie the browser came with."""
    desk, back = desk_of(request), local_path(next)
    wanted = name.strip().lower()[:100]
    address = address_of(request)
    wait = desk.gate.admit(wanted, address, at=desk.now())
    if wait is not None:
        _log.warning("sign-in held back: name=%r address=%s", wanted, address)
        return held_back(request, wait, name=name, next_path=back)
    account = _account_with(desk, wanted, password)
    if account is None:
        _log.warning("sign-in refused: name=%r address=%s", wanted, address)
        return login_page(request, next_path=back, name=name, message=_WRONG, status=401)
    desk.gate.forgive(wanted, address)
    _log.info("signed in: name=%r address=%s", wanted, address)
    answer = RedirectResponse(back, status_code=303)
    start_session(
        answer, desk, account.id, replaces=request.cookies.get(cookie_name(desk.settings))
    )
    return answer


@router.post("/logout")
def sign_out(request: Request, person: Viewer) -> Response:
    desk = desk_of(request)
    name = cookie_name(desk.settings)
    with session(desk.engine) as opened:
        keys.close_session(opened, keys.sha256_of(request.cookies[name]))
    _log.info("signed out: name=%r", person.name)
    answer = RedirectResponse("/login", status_code=303)
    answer.delete_cookie(name, secure=desk.settings.https, httponly=True, samesite="lax")
    return answer


@router.post("/theme")
def choose_theme(
    request: Request,
    theme: Written = "",
    next: Written = "",  # noqa: A002 - as in the address
) -> Response:
    """Kept in a cookie of its own, so that it works before anybody signed in."""
    back = next if next.startswith("/login?") else local_path(next)
    answer = RedirectResponse(back, status_code=303)
    answer.set_cookie(
        THEME_COOKIE,
        theme if theme in THEMES else THEMES[0],
        max_age=_YEAR_S,
        secure=desk_of(request).settings.https,
        httponly=True,
        samesite="lax",
    )
    return answer


def start_session(answer: Response, desk: Desk, user_id: int, *, replaces: str | None) -> None:
    """Opens a session and gives its secret to the browser; the one it replaces is closed."""
    secret, at = secrets.token_urlsafe(32), desk.now()
    hours = timedelta(hours=desk.settings.session_hours)
    idle = timedelta(minutes=desk.settings.idle_minutes)
    with session(desk.engine) as opened:
        keys.expire_sessions(opened, created_before=at - hours, seen_before=at - idle)
        if replaces:
            keys.close_session(opened, keys.sha256_of(replaces))
        keys.open_session(
            opened,
            user_id=user_id,
            session_sha256=keys.sha256_of(secret),
            csrf_token=secrets.token_urlsafe(32),
            at=at,
        )
    answer.set_cookie(
        cookie_name(desk.settings),
        secret,
        max_age=int(hours.total_seconds()),
        secure=desk.settings.https,
        httponly=True,
        samesite="lax",
    )


def address_of(request: Request) -> str:
    """Where the browser is, or says a proxy that is trusted."""
    return request.client.host if request.client else "unknown"


def local_path(written: str) -> str:
    """The path to go back to, or home: never another site, whatever the form said."""
    is_local = written.startswith("/") and not written.startswith("//")
    if not is_local or "\\" in written or not written.isprintable():
        return HOME
    return written if written.partition("?")[0] not in {"/login", "/logout"} else HOME


def held_back(request: Request, wait: timedelta, *, next_path: str, name: str = "") -> Response:
    """The page for who tried too often."""
    seconds = max(1, int(wait.total_seconds()) + 1)
    minutes = -(-seconds // 60)
    words = f"{minutes} minute{'s' if minutes > 1 else ''}"
    message = f"Too many tries. Wait {words}, or ask an administrator to set a new password."
    answer = login_page(request, next_path=next_path, name=name, message=message, status=429)
    answer.headers["Retry-After"] = str(seconds)
    return answer


def login_page(
    request: Request, *, next_path: str, name: str = "", message: str = "", status: int = 200
) -> Response:
    """The form, and beside it the way by the identity provider, where the plant has one."""
    provider = desk_of(request).provider
    facts = {
        "next_path": next_path,
        "name": name,
        "message": message,
        "here": f"/login?{urlencode({'next': next_path}, safe='/')}",
        "provider": provider.settings if provider else None,
    }
    return page(request, "login.html", None, status=status, **facts)


def _account_with(desk: Desk, name: str, password: str) -> UserRow | None:
    """The account, where the password is right; it takes as long where there is no such account."""
    with session(desk.engine, read_only=True) as opened:
        account = people.user_named(opened, name)
        hashed = people.password_hash(opened, account.id) if account is not None else None
    fits = desk.passwords.fits(password, hashed)
    if account is None or hashed is None or account.disabled_at is not None or not fits:
        return None
    if desk.passwords.is_outdated(hashed):
        with session(desk.engine) as opened:
            people.set_password_hash(opened, account.id, desk.passwords.hashed(password))
    return account
