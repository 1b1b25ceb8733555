"""Accounts of an identity provider on their way from subject to issuer and subject, and back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from db.engine import connect
from db.upgrade import downgrade, upgrade

ISSUER, OTHER = "https://sso.mill.example/realms/mill", "https://sso.works.example"
LONG = "s" * 200
_AT = "'2026-03-31 12:00:00.000000'"
PEOPLE = (
    f"INSERT INTO users (id, name, full_name, role, password_hash, oidc_subject, created_at) "
    f"VALUES (1, 'anna', 'Anna', 'admin', 'hash', NULL, {_AT}), "
    f"(2, 'ben', 'Ben', 'viewer', NULL, 'old-subject', {_AT})",
    f"INSERT INTO tokens (id, user_id, name, token_sha256, role, created_at, expires_at) "
    f"VALUES (1, 2, 'report', 'abc', 'viewer', {_AT}, {_AT})",
    f"INSERT INTO browser_sessions (session_sha256, user_id, csrf_token, created_at, seen_at) "
    f"VALUES ('def', 2, 'token', {_AT}, {_AT})",
    f"INSERT INTO kept_answers (user_id, key, request_sha256, answer, kept_at) "
    f"VALUES (2, 'key', 'fed', '{{}}', {_AT})",
)
LINKED = (
    f"INSERT INTO users (id, name, full_name, role, oidc_issuer, oidc_subject, created_at) "
    f"VALUES (3, 'carl', 'Carl', 'engineer', '{ISSUER}', 'one and two', {_AT}), "
    f"(4, 'dora', 'Dora', 'viewer', '{OTHER}', 'one and two', {_AT}), "
    f"(5, 'emil', 'Emil', 'viewer', '{OTHER}', '{LONG}', {_AT})"
)

Account = tuple[int, str | None, str | None, str | None, str]


@pytest.fixture
def old(database_url: str) -> Iterator[Engine]:
    """Accounts with all that hangs on them, before providers had a place."""
    engine = connect(database_url)
    upgrade(engine, "r0005")
    execute(engine, *PEOPLE)
    yield engine
    engine.dispose()


def execute(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def accounts(engine: Engine) -> list[Account]:
    """Id, issuer, subject, password's hash and role."""
    chosen = "SELECT id, oidc_issuer, oidc_subject, password_hash, role FROM users ORDER BY id"
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(chosen))]


def count_what_hangs_on_them(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        return [
            connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one()
            for table in ("tokens", "browser_sessions", "kept_answers")
        ]


def test_accounts_and_their_keys_stay_and_an_old_subject_gets_no_issuer(old: Engine) -> None:
    upgrade(old, "r0006")

    assert accounts(old) == [
        (1, None, None, "hash", "admin"),
        (2, "", "old-subject", None, "viewer"),
    ]
    assert count_what_hangs_on_them(old) == [1, 1, 1]


def test_links_survive_the_way_back_and_up_again(old: Engine) -> None:
    upgrade(old, "r0006")
    execute(old, LINKED)
    before = accounts(old)

    downgrade(old, "r0005")

    with old.connect() as connection:
        subjects = connection.execute(sa.text("SELECT oidc_subject FROM users ORDER BY id"))
        assert list(subjects.scalars()) == [
            None,
            "old-subject",
            f"{ISSUER} one and two",
            f"{OTHER} one and two",
            "account-5",
        ]
    assert count_what_hangs_on_them(old) == [1, 1, 1]

    upgrade(old, "r0006")

    assert accounts(old)[:4] == before[:4]
    assert accounts(old)[4] == (5, "", "account-5", None, "viewer")
    assert count_what_hangs_on_them(old) == [1, 1, 1]


@pytest.mark.parametrize(
    "values",
    [
        f"'{ISSUER}', NULL, 'hash'",
        "NULL, 'subject', NULL",
        "NULL, NULL, NULL",
        f"'{ISSUER}', 'one and two', NULL",
    ],
    ids=["issuer alone", "subject alone", "no way in", "the same person twice"],
)
def test_half_an_identity_and_two_accounts_of_one_are_refused(old: Engine, values: str) -> None:
    upgrade(old, "r0006")
    execute(old, LINKED)

    with pytest.raises(sa.exc.IntegrityError):
        execute(
            old,
            "INSERT INTO users (id, name, full_name, role, created_at, oidc_issuer, oidc_subject, "
            f"password_hash) VALUES (9, 'eve', 'Eve', 'viewer', {_AT}, {values})",
        )
