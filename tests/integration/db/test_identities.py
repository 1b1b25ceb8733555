"""Accounts of people whom an identity provider vouches for, on SQLite and PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, insert

from db import people
from db.engine import session
from db.errors import IdentityRefused, RecordRefused
from db.identities import MAX_SUBJECT, Identity, account_of
from db.models import User
from db.words import Role
from tests.integration.db.database_records import NOON

JANE = Identity(
    issuer="https://sso.mill.example",
    subject="248289761001",
    name="Jane",
    full_name="Jane Doe",
    role=Role.ENGINEER,
    is_role_kept=False,
)


def add_admin(engine: Engine) -> int:
    with session(engine) as opened:
        return people.create_user(
            opened,
            name="anna",
            full_name="",
            role=Role.ADMIN,
            password_hash="hash",
            created_at=NOON,
        )


def test_the_first_sign_in_makes_the_account_and_the_next_finds_it(engine: Engine) -> None:
    with session(engine) as opened:
        made = account_of(opened, JANE, at=NOON)
    with session(engine) as opened:
        found = account_of(
            opened,
            replace(JANE, name="Roe", full_name="Jane Roe", role=Role.VIEWER),
            at=NOON + timedelta(days=1),
        )

    assert (made.name, made.full_name, made.role) == ("jane", "Jane Doe", Role.ENGINEER)
    assert not made.has_password
    assert found == replace(made, full_name="Jane Roe", role=Role.VIEWER)


def test_the_same_subject_of_another_issuer_is_somebody_else(engine: Engine) -> None:
    other = replace(JANE, issuer="https://sso.works.example", name="jane.works")
    with session(engine) as opened:
        assert account_of(opened, JANE, at=NOON).id != account_of(opened, other, at=NOON).id


def test_two_first_sign_ins_at_once_make_one_account(engine: Engine) -> None:
    """The second one asked before the first had written: the table itself refuses."""
    with session(engine) as opened:
        account_of(opened, JANE, at=NOON)
    with pytest.raises(RecordRefused), session(engine) as opened:
        opened.execute(
            insert(User).values(
                name="jane2",
                full_name="x",
                role=Role.VIEWER,
                oidc_issuer=JANE.issuer,
                oidc_subject=JANE.subject,
                created_at=NOON,
            )
        )


REFUSED = [
    (replace(JANE, name="anna"), "There is an account anna already"),
    (replace(JANE, name="ANNA "), "There is an account anna already"),
    (replace(JANE, role=None), "You have no role here"),
    (replace(JANE, name="Jane Doe"), "no account can have that name"),
    (replace(JANE, subject=""), "what cannot be kept: sub"),
    (replace(JANE, subject="s" * (MAX_SUBJECT + 1)), "what cannot be kept: sub"),
    (replace(JANE, subject="a\0b"), "what cannot be kept: sub"),
]


@pytest.mark.parametrize(("identity", "said"), REFUSED, ids=[said for _, said in REFUSED])
def test_who_cannot_come_in_is_told_and_nothing_is_written(
    engine: Engine, identity: Identity, said: str
) -> None:
    add_admin(engine)

    with pytest.raises(IdentityRefused, match=said), session(engine) as opened:
        account_of(opened, identity, at=NOON)

    with session(engine, read_only=True) as opened:
        assert [one.name for one in people.users(opened)] == ["anna"]


def test_the_longest_subject_and_a_name_that_cannot_be_shown_are_kept_as_far_as_they_can(
    engine: Engine,
) -> None:
    odd = replace(JANE, subject="\u00e4" * MAX_SUBJECT, full_name=" J\0ane\u202e  " + "x" * 200)
    with session(engine) as opened:
        made = account_of(opened, odd, at=NOON)
        again = account_of(opened, replace(odd, full_name="\x07"), at=NOON)

    assert made.full_name.startswith("Jane x")
    assert len(made.full_name) == people.MAX_FULL_NAME
    assert (again.id, again.full_name) == (made.id, "jane")


def test_who_is_disabled_is_told_and_stays_as_before(engine: Engine) -> None:
    with session(engine) as opened:
        made = account_of(opened, JANE, at=NOON)
        people.disable(opened, made.id, at=NOON)

    with (
        pytest.raises(IdentityRefused, match="Your account jane is disabled"),
        session(engine) as opened,
    ):
        account_of(opened, replace(JANE, role=Role.ADMIN, full_name="Other"), at=NOON)

    with session(engine, read_only=True) as opened:
        assert people.user(opened, made.id) == replace(made, disabled_at=NOON)


def test_a_role_that_is_kept_is_for_new_accounts_alone(engine: Engine) -> None:
    kept = replace(JANE, is_role_kept=True)
    with session(engine) as opened:
        made = account_of(opened, kept, at=NOON)
        people.set_role(opened, made.id, Role.REVIEWER)

        assert account_of(opened, kept, at=NOON).role is Role.REVIEWER
        assert account_of(opened, replace(kept, role=None), at=NOON).role is Role.REVIEWER


def test_the_last_administrator_does_not_sink_by_a_sign_in(engine: Engine) -> None:
    with session(engine) as opened:
        made = account_of(opened, replace(JANE, role=Role.ADMIN), at=NOON)

    with (
        pytest.raises(IdentityRefused, match="You are the last administrator"),
        session(engine) as opened,
    ):
        account_of(opened, JANE, at=NOON)

    add_admin(engine)
    with session(engine) as opened:
        assert account_of(opened, JANE, at=NOON) == replace(made, role=Role.ENGINEER)


def test_an_account_of_the_provider_gets_no_password(engine: Engine) -> None:
    with session(engine) as opened:
        made = account_of(opened, JANE, at=NOON)

        with pytest.raises(RecordRefused, match="signs in through the identity provider"):
            people.set_password_hash(opened, made.id, "hash")

        assert people.password_hash(opened, made.id) is None
