"""People, for administrators: who may sign in, as what; new passwords; accounts that end."""

from __future__ import annotations

import logging

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from db import keys, people
from db.engine import session
from db.errors import RecordRefused
from db.words import Role
from inspect_pipeline.review.access import Admin, Person
from inspect_pipeline.review.desk import desk_of
from inspect_pipeline.review.fields import RowId, Written
from inspect_pipeline.review.page import page
from inspect_pipeline.review.passwords import MIN_LENGTH, check_new_password

router = APIRouter(prefix="/people")
_log = logging.getLogger(__name__)

_DONE = {
    "added": "The account is there: tell the person the name and the first password.",
    "role": "The role has changed; it counts from the next click on.",
    "disabled": "The account is disabled: its sessions ended, its tokens are revoked.",
    "enabled": "The account may sign in again.",
    "password": "The password is set, and the person is signed out everywhere.",
}


@router.get("")
def show_people(request: Request, person: Admin, done: str = "") -> Response:
    return _page(request, person, done=_DONE.get(done, ""))


@router.post("")
def add(
    request: Request,
    person: Admin,
    name: Written = "",
    full_name: Written = "",
    role: Written = "",
    password: Written = "",
) -> Response:
    desk = desk_of(request)
    written = {"name": name, "full_name": full_name, "role": role}
    try:
        fit, chosen = people.account_name(name), _role(role)
        check_new_password(password, name=fit)
        hashed = desk.passwords.hashed(password)
        with session(desk.engine) as opened:
            people.create_user(
                opened,
                name=fit,
                full_name=full_name,
                role=chosen,
                password_hash=hashed,
                created_at=desk.now(),
            )
    except RecordRefused as error:
        return _refused(request, person, error, **written)
    _log.info("account added: name=%r role=%s by=%r", fit, chosen, person.name)
    return _back("added")


@router.post("/{user_id}/role")
def change_role(request: Request, person: Admin, user_id: RowId, role: Written = "") -> Response:
    try:
        chosen = _role(role)
        with session(desk_of(request).engine) as opened:
            people.set_role(opened, user_id, chosen)
    except RecordRefused as error:
        return _refused(request, person, error)
    _log.info("role changed: account=%d role=%s by=%r", user_id, chosen, person.name)
    return _back("role")


@router.post("/{user_id}/disable")
def disable(request: Request, person: Admin, user_id: RowId) -> Response:
    desk = desk_of(request)
    try:
        with session(desk.engine) as opened:
            people.disable(opened, user_id, at=desk.now())
    except RecordRefused as error:
        return _refused(request, person, error)
    _log.info("account disabled: account=%d by=%r", user_id, person.name)
    return _back("disabled")


@router.post("/{user_id}/enable")
def enable(request: Request, person: Admin, user_id: RowId) -> Response:
    with session(desk_of(request).engine) as opened:
        people.enable(opened, user_id)
    _log.info("account enabled: account=%d by=%r", user_id, person.name)
    return _back("enabled")


@router.post("/{user_id}/password")
def set_password(
    request: Request, person: Admin, user_id: RowId, password: Written = ""
) -> Response:
    """A new first password; whoever was signed in with the old one is not any more."""
    desk = desk_of(request)
    with session(desk.engine, read_only=True) as opened:
        account = people.user(opened, user_id)
    try:
        check_new_password(password, name=account.name)
    except RecordRefused as error:
        return _refused(request, person, error)
    hashed = desk.passwords.hashed(password)
    with session(desk.engine) as opened:
        people.set_password_hash(opened, user_id, hashed)
        keys.close_sessions(opened, user_id)
    desk.gate.forget(account.name)
    _log.info("password set: account=%d by=%r", user_id, person.name)
    return _back("password")


def _role(written: str) -> Role:
    try:
        return Role(written)
    except ValueError as error:
        raise RecordRefused(f"role: expected one of {', '.join(Role)}") from error


def _back(done: str) -> Response:
    return RedirectResponse(f"/people?done={done}", status_code=303)


def _refused(request: Request, person: Person, error: RecordRefused, **written: str) -> Response:
    return _page(request, person, status=422, message=str(error), **written)


def _page(
    request: Request, person: Person, *, status: int = 200, done: str = "", **facts: str
) -> Response:
    desk = desk_of(request)
    with session(desk.engine, read_only=True) as opened:
        accounts = people.users(opened)
    shown = {"name": "", "full_name": "", "role": "", "message": "", **facts}
    return page(
        request,
        "people.html",
        person,
        status=status,
        accounts=accounts,
        roles=list(Role),
        roles_come_along=desk.provider is not None and not desk.provider.settings.roles.is_empty,
        min_length=MIN_LENGTH,
        done=done,
        written=shown,
    )
