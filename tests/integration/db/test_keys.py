"""Sessions of browsers and tokens of programs, on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from db import keys, people
from db.engine import session
from db.errors import RecordRefused, UnknownRecord
from db.keys import Holder, SessionRow
from db.words import Role
from tests.integration.db.database_records import NOON

HOUR = timedelta(hours=1)


def add(opened: Session, name: str = "anna", role: Role = Role.REVIEWER) -> int:
    return people.create_user(
        opened, name=name, full_name="", role=role, password_hash="hash", created_at=NOON
    )


def sign_in(opened: Session, user_id: int, secret: str = "secret") -> str:
    sha256 = keys.sha256_of(secret)
    keys.open_session(opened, user_id=user_id, session_sha256=sha256, csrf_token="csrf", at=NOON)
    return sha256


def found(
    opened: Session, sha256: str, *, created_after: timedelta = -HOUR, seen_after: timedelta = -HOUR
) -> SessionRow | None:
    return keys.find_session(
        opened, sha256, created_after=NOON + created_after, seen_after=NOON + seen_after
    )


def make_token(opened: Session, user_id: int, role: Role = Role.VIEWER, **changed: str) -> int:
    return keys.create_token(
        opened,
        user_id=user_id,
        name=changed.get("name", "export"),
        token_sha256=keys.sha256_of(changed.get("secret", "secret")),
        role=role,
        created_at=NOON,
        expires_at=NOON + HOUR,
    )


def test_a_session_is_found_by_its_hash_alone(engine: Engine) -> None:
    with session(engine) as opened:
        user_id = add(opened)
        sha256 = sign_in(opened, user_id)

        row = found(opened, sha256)

        assert row is not None
        assert row.holder == Holder(
            user_id=user_id, name="anna", full_name="anna", role=Role.REVIEWER
        )
        assert (row.csrf_token, row.created_at, row.seen_at) == ("csrf", NOON, NOON)
        assert found(opened, "secret") is None


def test_a_session_ends_with_its_age_and_with_idleness(engine: Engine) -> None:
    with session(engine) as opened:
        sha256 = sign_in(opened, add(opened))
        keys.touch_session(opened, sha256, at=NOON + HOUR)

        assert found(opened, sha256, seen_after=HOUR / 2) is not None
        assert found(opened, sha256, seen_after=HOUR) is None
        assert found(opened, sha256, created_after=timedelta()) is None


def test_a_session_of_a_disabled_account_opens_nothing(engine: Engine) -> None:
    with session(engine) as opened:
        add(opened, "boss", Role.ADMIN)
        user_id = add(opened)
        people.disable(opened, user_id, at=NOON)
        sha256 = sign_in(opened, user_id)

        assert found(opened, sha256) is None


def test_closing_ends_one_session_or_all_of_a_person(engine: Engine) -> None:
    with session(engine) as opened:
        anna, ben = add(opened), add(opened, "ben")
        first, second = sign_in(opened, anna, "1"), sign_in(opened, anna, "2")
        others = sign_in(opened, ben, "3")

        keys.close_session(opened, first)
        assert found(opened, first) is None
        assert found(opened, second) is not None
        keys.close_sessions(opened, anna)
        assert found(opened, second) is None
        assert found(opened, others) is not None


def test_sessions_that_ended_are_removed(engine: Engine) -> None:
    with session(engine) as opened:
        user_id = add(opened)
        idle, used = sign_in(opened, user_id, "1"), sign_in(opened, user_id, "2")
        keys.touch_session(opened, used, at=NOON + HOUR)

        keys.expire_sessions(opened, created_before=NOON - HOUR, seen_before=NOON)
        assert found(opened, idle) is None
        assert found(opened, used) is not None
        keys.expire_sessions(opened, created_before=NOON, seen_before=NOON)
        assert found(opened, used) is None


def test_a_token_opens_until_it_expires(engine: Engine) -> None:
    with session(engine) as opened:
        user_id = add(opened)
        make_token(opened, user_id)
        sha256 = keys.sha256_of("secret")

        holder = keys.find_token(opened, sha256, at=NOON + HOUR - timedelta(seconds=1))

        assert holder == Holder(user_id=user_id, name="anna", full_name="anna", role=Role.VIEWER)
        assert keys.find_token(opened, sha256, at=NOON + HOUR) is None
        assert keys.find_token(opened, "secret", at=NOON) is None


def test_a_token_sinks_with_its_owner(engine: Engine) -> None:
    with session(engine) as opened:
        user_id = add(opened, role=Role.ENGINEER)
        make_token(opened, user_id, Role.ENGINEER)
        people.set_role(opened, user_id, Role.VIEWER)

        holder = keys.find_token(opened, keys.sha256_of("secret"), at=NOON)

    assert holder is not None
    assert holder.role is Role.VIEWER


def test_a_token_may_not_do_more_than_its_owner(engine: Engine) -> None:
    with session(engine) as opened:
        user_id = add(opened)
        with pytest.raises(RecordRefused, match="role: engineer is more than reviewer"):
            make_token(opened, user_id, Role.ENGINEER)


@pytest.mark.parametrize("name", ["", "   ", "a" * 101, "bell\x07"])
def test_a_token_needs_a_name(engine: Engine, name: str) -> None:
    with session(engine) as opened:
        user_id = add(opened)
        with pytest.raises(RecordRefused, match="token: expected a name"):
            make_token(opened, user_id, name=name)


def test_nobody_makes_a_token_for_nobody_or_for_no_time(engine: Engine) -> None:
    with session(engine) as opened:
        with pytest.raises(UnknownRecord, match="no active account 99"):
            make_token(opened, 99)
        with pytest.raises(RecordRefused, match="expires: a token has to end after it begins"):
            keys.create_token(
                opened,
                user_id=add(opened),
                name="export",
                token_sha256="7" * 64,
                role=Role.VIEWER,
                created_at=NOON,
                expires_at=NOON,
            )


def test_only_the_owner_revokes_a_token_and_it_stays_listed(engine: Engine) -> None:
    with session(engine) as opened:
        anna, ben = add(opened), add(opened, "ben")
        token_id = make_token(opened, anna)
        make_token(opened, anna, name="newer", secret="other")

        with pytest.raises(UnknownRecord, match="you have no token"):
            keys.revoke_token(opened, token_id, user_id=ben, at=NOON)
        keys.revoke_token(opened, token_id, user_id=anna, at=NOON + HOUR / 2)
        keys.revoke_token(opened, token_id, user_id=anna, at=NOON + HOUR)

        assert keys.find_token(opened, keys.sha256_of("secret"), at=NOON) is None
        listed = keys.tokens(opened, anna)
        assert [(one.name, one.revoked_at) for one in listed] == [
            ("newer", None),
            ("export", NOON + HOUR / 2),
        ]
        assert keys.tokens(opened, ben) == []
