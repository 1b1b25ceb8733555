"""Accounts, on SQLite and PostgreSQL."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, func, insert, select
from sqlalchemy.orm import Session

from db import keys, people
from db.engine import session
from db.errors import RecordRefused, UnknownRecord
from db.models import BrowserSession, User
from db.words import Role
from tests.integration.db.database_records import NOON


def add(opened: Session, name: str = "anna", role: Role = Role.REVIEWER) -> int:
    return people.create_user(
        opened, name=name, full_name="", role=role, password_hash=f"hash of {name}", created_at=NOON
    )


def test_an_account_is_found_however_its_name_is_written(engine: Engine) -> None:
    with session(engine) as opened:
        user_id = people.create_user(
            opened,
            name=" Anna.Huber ",
            full_name="Anna   Huber",
            role=Role.ENGINEER,
            password_hash="hash",
            created_at=NOON,
        )

    with session(engine, read_only=True) as opened:
        found = people.user_named(opened, "ANNA.huber")
        assert found == people.user(opened, user_id)
        assert people.password_hash(opened, user_id) == "hash"
    assert found is not None
    assert (found.name, found.full_name) == ("anna.huber", "Anna Huber")
    assert (found.role, found.created_at, found.disabled_at) == (Role.ENGINEER, NOON, None)
    assert found.has_password


def test_accounts_are_listed_by_name(engine: Engine) -> None:
    with session(engine) as opened:
        for name in ("zoe", "anna", "mia"):
            add(opened, name)

        assert [one.name for one in people.users(opened)] == ["anna", "mia", "zoe"]


@pytest.mark.parametrize("name", ["", "  ", "anna huber", "<b>", "ä", "a" * 65, "'; --", "a\0b"])
def test_a_name_that_cannot_be_one_is_refused(engine: Engine, name: str) -> None:
    with session(engine) as opened:
        with pytest.raises(RecordRefused, match="name: expected 1 to 64 letters"):
            add(opened, name)
        assert people.user_named(opened, name) is None


@pytest.mark.parametrize("full_name", ["a" * 101, "line\x07bell"])
def test_a_full_name_that_cannot_be_shown_is_refused(engine: Engine, full_name: str) -> None:
    with session(engine) as opened, pytest.raises(RecordRefused, match="full name: expected"):
        people.create_user(
            opened,
            name="anna",
            full_name=full_name,
            role=Role.VIEWER,
            password_hash="hash",
            created_at=NOON,
        )


def test_a_name_is_taken_once(engine: Engine) -> None:
    with session(engine) as opened:
        add(opened)
        with pytest.raises(RecordRefused, match="there is an account 'anna' already"):
            add(opened, "Anna")


def test_two_programs_that_add_the_same_name_at_once_get_one_account(engine: Engine) -> None:
    """The second one asked before the first had written: the table itself refuses."""
    with session(engine) as opened:
        add(opened)
    with pytest.raises(RecordRefused), session(engine) as opened:
        opened.execute(
            insert(User).values(
                name="anna",
                full_name="x",
                role=Role.VIEWER,
                password_hash="hash",
                created_at=NOON,
            )
        )


def test_an_unknown_account_is_said_so(engine: Engine) -> None:
    with session(engine) as opened:
        with pytest.raises(UnknownRecord, match="no account 7"):
            people.user(opened, 7)
        with pytest.raises(UnknownRecord, match="no account 7"):
            people.set_role(opened, 7, Role.VIEWER)


def test_the_last_administrator_stays_one(engine: Engine) -> None:
    with session(engine) as opened:
        admin = add(opened, "anna", Role.ADMIN)
        other = add(opened, "ben", Role.ADMIN)
        assert people.has_admin(opened)

        people.disable(opened, other, at=NOON)
        with pytest.raises(RecordRefused, match="last administrator, who cannot be disabled"):
            people.disable(opened, admin, at=NOON)
        with pytest.raises(RecordRefused, match="last administrator, who cannot have another role"):
            people.set_role(opened, admin, Role.ENGINEER)
        people.set_role(opened, admin, Role.ADMIN)
        people.enable(opened, other)
        people.set_role(opened, admin, Role.VIEWER)

        assert [one.role for one in people.users(opened)] == [Role.VIEWER, Role.ADMIN]


def test_without_an_administrator_it_says_so(engine: Engine) -> None:
    with session(engine) as opened:
        add(opened, "ben", Role.ENGINEER)
        assert not people.has_admin(opened)


def test_who_is_disabled_loses_sessions_and_tokens_for_good(engine: Engine) -> None:
    with session(engine) as opened:
        user_id = add(opened)
        keys.open_session(opened, user_id=user_id, session_sha256="5" * 64, csrf_token="c", at=NOON)
        keys.create_token(
            opened,
            user_id=user_id,
            name="export",
            token_sha256="7" * 64,
            role=Role.VIEWER,
            created_at=NOON,
            expires_at=NOON.replace(year=2030),
        )

        people.disable(opened, user_id, at=NOON)
        people.enable(opened, user_id)

        assert opened.scalar(select(func.count()).select_from(BrowserSession)) == 0
        assert keys.find_token(opened, "7" * 64, at=NOON) is None
        assert people.user(opened, user_id).disabled_at is None


def test_a_password_hash_is_changed(engine: Engine) -> None:
    with session(engine) as opened:
        user_id = add(opened)
        people.set_password_hash(opened, user_id, "another hash")
        assert people.password_hash(opened, user_id) == "another hash"
        assert people.password_hash(opened, user_id + 1) is None


RANKS = [
    (Role.VIEWER, [Role.VIEWER]),
    (Role.REVIEWER, [Role.VIEWER, Role.REVIEWER]),
    (Role.ENGINEER, [Role.VIEWER, Role.REVIEWER, Role.ENGINEER]),
    (Role.ADMIN, [Role.VIEWER, Role.REVIEWER, Role.ENGINEER, Role.ADMIN]),
]


@pytest.mark.parametrize(("role", "covered"), RANKS)
def test_a_role_covers_itself_and_those_before_it(role: Role, covered: list[Role]) -> None:
    assert [needed for needed in Role if role.covers(needed)] == covered
