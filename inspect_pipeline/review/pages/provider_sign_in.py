"""Sign in by the plant's identity provider: the way there, and the way back."""

from __future__ import annotations

import logging

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from db import identities
from db.engine import session
from db.errors import IdentityRefused, RecordRefused
from db.people import UserRow
from inspect_pipeline.review.access import cookie_name, session_of
from inspect_pipeline.review.desk import Desk, desk_of
from inspect_pipeline.review.identity_provider import IdentityProvider, IdentityUnproven
from inspect_pipeline.review.pages.sign_in import (
    address_of,
    held_back,
    local_path,
    login_page,
    start_session,
)
from inspect_pipeline.review.provider_answers import ProviderFails
from inspect_pipeline.review.sign_in_attempt import SignInAttempt

router = APIRouter(prefix="/login/oidc")
_log = logging.getLogger(__name__)

_LASTS_S = 600
_STALE = "This sign-in was begun in another browser, or too long ago. Begin again."
_UNPROVEN = "{} did not prove who you are. Begin again; if it stays so, tell an administrator."
_FAILS = (
    "{} does not answer as it should. Try again in a minute; "
    "who has a password here can sign in with it."
)
_DENIED = "{} did not let you in."
_AT_ONCE = "Somebody signed in at the same moment. Begin again."


@router.get("")
def go_there(request: Request, next: str = "") -> Response:  # noqa: A002 - as in the address
    desk, provider = _provider_of(request)
    back = local_path(next)
    if session_of(desk, request.cookies.get(cookie_name(desk.settings))) is not None:
        return RedirectResponse(back, status_code=303)
    attempt = SignInAttempt.begun(back)
    try:
        answer = RedirectResponse(provider.way_there(attempt), status_code=303)
    except ProviderFails as error:
        return _failed(request, provider, error, back)
    answer.set_cookie(
        _cookie_name(desk),
        attempt.cookie,
        max_age=_LASTS_S,
        secure=desk.settings.https,
        httponly=True,
        samesite="lax",
    )
    return answer


@router.get("/callback")
def come_back(
    request: Request, code: str = "", state: str = "", error: str = "", iss: str = ""
) -> Response:
    """The provider sent the browser here. Whatever comes of it, the try is over."""
    desk, provider = _provider_of(request)
    attempt = SignInAttempt.of_cookie(request.cookies.get(_cookie_name(desk)))
    is_ours = attempt is not None and attempt.is_answered_by(state)
    if attempt is None or not is_ours or iss not in {"", provider.settings.issuer}:
        _log.warning("sign-in by the provider refused: not of this browser, or of another issuer")
        answer = login_page(request, next_path=local_path(""), message=_STALE, status=400)
    elif error or not code:
        _log.warning("sign-in by the provider refused: it says %r", error[:100])
        message = _DENIED.format(provider.settings.name)
        answer = login_page(
            request, next_path=local_path(attempt.next_path), message=message, status=403
        )
    else:
        answer = _let_in(request, desk, provider, code, attempt)
    answer.delete_cookie(
        _cookie_name(desk), secure=desk.settings.https, httponly=True, samesite="lax"
    )
    return answer


def _let_in(
    request: Request, desk: Desk, provider: IdentityProvider, code: str, attempt: SignInAttempt
) -> Response:
    """Counted by address: each try makes us ask the provider."""
    address, back = address_of(request), local_path(attempt.next_path)
    wait = desk.gate.admit("", address, at=desk.now())
    if wait is not None:
        _log.warning("sign-in by the provider held back: address=%s", address)
        return held_back(request, wait, next_path=back)
    try:
        account = _account(desk, provider.identity(code, attempt, at=desk.now()))
    except ProviderFails as error:
        return _failed(request, provider, error, back)
    except IdentityUnproven as error:
        _log.warning("sign-in by the provider refused: address=%s: %s", address, error)
        message = _UNPROVEN.format(provider.settings.name)
        return login_page(request, next_path=back, message=message, status=401)
    except IdentityRefused as error:
        _log.warning("sign-in by the provider refused: address=%s: %s", address, error)
        return login_page(request, next_path=back, message=str(error), status=403)
    except RecordRefused as error:
        _log.warning("sign-in by the provider refused: address=%s: %s", address, error)
        return login_page(request, next_path=back, message=_AT_ONCE, status=409)
    desk.gate.forgive("", address)
    _log.info("signed in by the provider: name=%r address=%s", account.name, address)
    answer = RedirectResponse(back, status_code=303)
    replaced = request.cookies.get(cookie_name(desk.settings))
    start_session(answer, desk, account.id, replaces=replaced)
    return answer


def _account(desk: Desk, identity: identities.Identity) -> UserRow:
    with session(desk.engine) as opened:
        return identities.account_of(opened, identity, at=desk.now())


def _failed(
    request: Request, provider: IdentityProvider, error: ProviderFails, back: str
) -> Response:
    _log.error("the identity provider %s fails: %s", provider.settings.issuer, error)
    message = _FAILS.format(provider.settings.name)
    answer = login_page(request, next_path=back, message=message, status=503)
    answer.headers["Retry-After"] = "60"
    return answer


def _provider_of(request: Request) -> tuple[Desk, IdentityProvider]:
    desk = desk_of(request)
    if desk.provider is None:
        raise HTTPException(404)
    return desk, desk.provider


def _cookie_name(desk: Desk) -> str:
    """Under https the browser refuses the cookie from anywhere but this very host."""
    return "__Host-sign-in" if desk.settings.https else "sign-in"
