"""One's own account: the password, the browsers one is signed in with, tokens for programs."""

from __future__ import annotations

import logging
from datetime import timedelta

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from db import keys, people
from db.engine import session
from db.errors import RecordRefused
from db.words import Role
from inspect_pipeline.review.access import Person, Viewer
from inspect_pipeline.review.desk import desk_of
from inspect_pipeline.review.fields import RowId, Written
from inspect_pipeline.review.page import page
from inspect_pipeline.review.pages.sign_in import address_of, start_session
from inspect_pipeline.review.passwords import MIN_LENGTH, check_new_password
from inspect_pipeline.review.tokens import make_token

router = APIRouter(prefix="/account")
_log = logging.getLogger(__name__)

_USUAL_TOKEN_DAYS = 90
_DONE = {
    "password": "Your password has changed; every other browser is signed out.",
    "elsewhere": "Every other browser is signed out.",
    "revoked": "The token is revoked: it opens nothing any more.",
}


@router.get("")
def show_account(request: Request, person: Viewer, done: str = "") -> Response:
    return _page(request, person, done=_DONE.get(done, ""))


@router.post("/password")
def change_password(
    request: Request,
    person: Viewer,
    current: Written = "",
    new: Written = "",
    repeated: Written = "",
) -> Response:
    """Whoever changes it goes on with a new session; every other one ends."""
    desk = desk_of(request)
    with session(desk.engine, read_only=True) as opened:
        hashed = people.password_hash(opened, person.user_id)
    address = address_of(request)
    wait = desk.gate.admit(person.name, address, at=desk.now())
    if wait is not None:
        answer = _page(request, person, status=429, message="Too many tries. Wait a while.")
        answer.headers["Retry-After"] = str(int(wait.total_seconds()) + 1)
        return answer
    try:
        if not desk.passwords.fits(current, hashed):
            raise RecordRefused("current password: it is not right")
        desk.gate.forgive(person.name, address)
        if new != repeated:
            raise RecordRefused("new password: the two are not the same")
        check_new_password(new, name=person.name)
    except RecordRefused as error:
        return _page(request, person, status=422, message=str(error))
    fresh = desk.passwords.hashed(new)
    with session(desk.engine) as opened:
        people.set_password_hash(opened, person.user_id, fresh)
        keys.close_sessions(opened, person.user_id)
    _log.info("password changed: name=%r", person.name)
    return _go_on(request, person, "password")


@router.post("/elsewhere")
def sign_out_elsewhere(request: Request, person: Viewer) -> Response:
    """Ends every session of the person; this browser goes on with a new one."""
    with session(desk_of(request).engine) as opened:
        keys.close_sessions(opened, person.user_id)
    _log.info("signed out elsewhere: name=%r", person.name)
    return _go_on(request, person, "elsewhere")


@router.post("/tokens")
def create_token(
    request: Request, person: Viewer, name: Written = "", role: Written = "", days: Written = ""
) -> Response:
    """The answer shows the token, once: the database keeps only its sha256."""
    desk = desk_of(request)
    try:
        chosen, lasts = _role(role), _days(days, most=desk.settings.token_days)
        with session(desk.engine) as opened:
            made = make_token(
                opened, person.user_id, name=name, role=chosen, at=desk.now(), lasts=lasts
            )
    except RecordRefused as error:
        return _page(request, person, status=422, message=str(error), token_name=name)
    _log.info("token made: name=%r role=%s days=%d", person.name, chosen, lasts.days)
    return _page(request, person, new_token=made.secret)


@router.post("/tokens/{token_id}/revoke")
def revoke_token(request: Request, person: Viewer, token_id: RowId) -> Response:
    desk = desk_of(request)
    with session(desk.engine) as opened:
        keys.revoke_token(opened, token_id, user_id=person.user_id, at=desk.now())
    _log.info("token revoked: name=%r token=%d", person.name, token_id)
    return RedirectResponse("/account?done=revoked", status_code=303)


def _role(written: str) -> Role:
    try:
        return Role(written)
    except ValueError as error:
        raise RecordRefused(f"role: expected one of {', '.join(Role)}") from error


def _days(written: str, *, most: int) -> timedelta:
    if not (written.isascii() and written.isdigit()) or not 1 <= int(written[:9]) <= most:
        raise RecordRefused(f"days: expected a whole number from 1 to {most}")
    return timedelta(days=int(written))


def _go_on(request: Request, person: Person, done: str) -> Response:
    answer = RedirectResponse(f"/account?done={done}", status_code=303)
    start_session(answer, desk_of(request), person.user_id, replaces=None)
    return answer


def _page(
    request: Request, person: Person, *, status: int = 200, done: str = "", **facts: str
) -> Response:
    desk = desk_of(request)
    with session(desk.engine, read_only=True) as opened:
        tokens = keys.tokens(opened, person.user_id)
        has_password = people.user(opened, person.user_id).has_password
    shown = {"message": "", "new_token": "", "token_name": "", **facts}
    return page(
        request,
        "account.html",
        person,
        status=status,
        tokens=tokens,
        has_password=has_password,
        now=desk.now(),
        roles=[role for role in Role if person.role.covers(role)],
        days=min(_USUAL_TOKEN_DAYS, desk.settings.token_days),
        most_days=desk.settings.token_days,
        min_length=MIN_LENGTH,
        done=done,
        **shown,
    )
