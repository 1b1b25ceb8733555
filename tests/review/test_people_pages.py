"""The pages for people and for one's own account."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from db import keys, people
from db.engine import session
from db.people import UserRow
from db.words import Role
from tests.fakes import WallClock
from tests.review.browsers import NAMES, PASSWORD, Browser

SignedIn = Callable[[Role], Browser]
NEW = "eleven green bottles"


def account(engine: Engine, name: str) -> UserRow:
    with session(engine, read_only=True) as opened:
        found = people.user_named(opened, name)
    assert found is not None
    return found


@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"])
def test_an_administrator_adds_a_person_who_signs_in(
    signed_in: SignedIn, browser: Browser, engine: Engine
) -> None:
    admin = signed_in(Role.ADMIN)

    page = admin.post(
        "/people",
        {"name": "Otto", "full_name": "Otto Mayr", "role": "engineer", "password": NEW},
    )

    assert page.url.path == "/people"
    assert "The account is there" in page.text
    assert "Otto Mayr" in page.text
    assert account(engine, "otto").role is Role.ENGINEER
    assert browser.sign_in("otto", NEW).status_code == 200


@pytest.mark.parametrize("role", [Role.VIEWER, Role.REVIEWER, Role.ENGINEER])
@pytest.mark.parametrize("path", ["", "/1/role", "/1/disable", "/1/enable", "/1/password"])
def test_only_administrators_touch_accounts(
    signed_in: SignedIn, engine: Engine, role: Role, path: str
) -> None:
    browser = signed_in(role)
    with session(engine, read_only=True) as opened:
        before = people.users(opened)

    answer = browser.post(
        f"/people{path}", {"name": "eve", "role": "admin", "password": NEW, "full_name": "Eve"}
    )

    assert answer.status_code == 403
    assert browser.get("/people").status_code == 403
    with session(engine, read_only=True) as opened:
        assert people.users(opened) == before


def test_the_way_to_people_is_shown_to_administrators_alone(signed_in: SignedIn) -> None:
    assert 'href="/people"' in signed_in(Role.ADMIN).get("/account").text
    assert 'href="/people"' not in signed_in(Role.ENGINEER).get("/account").text


def test_the_account_leads_to_what_programs_can_do(signed_in: SignedIn) -> None:
    browser = signed_in(Role.VIEWER)

    page = browser.get("/account").text

    for path in ("/docs", "/openapi.json"):
        assert f'href="{path}"' in page
        assert browser.get(path).status_code == 200


REFUSED = [
    ({"name": "anna"}, "there is an account &#39;anna&#39; already"),
    ({"name": "<b>"}, "name: expected 1 to 64 letters"),
    ({"name": ""}, "name: expected 1 to 64 letters"),
    ({"name": "x'; DROP TABLE users; --"}, "name: expected 1 to 64 letters"),
    ({"role": "god"}, "role: expected one of viewer, reviewer, engineer, admin"),
    ({"password": "short"}, "password: use at least 10 characters"),
    ({"password": "x" * 201}, "password: use at most 200 characters"),
    ({"password": "aaaaaaaaaaaaaaa"}, "password: too easy to guess"),
    ({"name": "otto.mayr", "password": "otto.mayr1"}, "password: too easy to guess"),
    ({"full_name": "n" * 101}, "full name: expected at most 100"),
    ({"full_name": "Otto\0"}, "full name: expected at most 100"),
]


@pytest.mark.parametrize(("changed", "said"), REFUSED, ids=[said for _, said in REFUSED])
def test_what_does_not_fit_is_said_and_what_was_typed_stays(
    signed_in: SignedIn, engine: Engine, changed: dict[str, str], said: str
) -> None:
    typed = {"name": "otto", "full_name": "Otto Mayr", "role": "viewer", "password": NEW, **changed}

    page = signed_in(Role.ADMIN).post("/people", typed)

    assert page.status_code == 422
    assert said in page.text
    assert typed["password"] not in page.text
    if "full_name" not in changed:
        assert 'value="Otto Mayr"' in page.text
    with session(engine, read_only=True) as opened:
        assert len(people.users(opened)) == len(NAMES)


def test_a_role_is_changed(signed_in: SignedIn, engine: Engine) -> None:
    admin, user_id = signed_in(Role.ADMIN), account(engine, "vera").id

    assert "The role has changed" in admin.post(f"/people/{user_id}/role", {"role": "admin"}).text
    assert account(engine, "vera").role is Role.ADMIN
    assert admin.post(f"/people/{user_id}/role", {"role": "king"}).status_code == 422
    assert admin.post("/people/999/role", {"role": "viewer"}).status_code == 404
    assert admin.post("/people/1%20OR%201=1/role", {"role": "viewer"}).status_code == 422
    assert admin.post(f"/people/{2**70}/role", {"role": "viewer"}).status_code == 422


def test_the_last_administrator_cannot_lock_the_door(signed_in: SignedIn, engine: Engine) -> None:
    admin, user_id = signed_in(Role.ADMIN), account(engine, "anna").id

    for path, fields in (("role", {"role": "viewer"}), ("disable", {})):
        page = admin.post(f"/people/{user_id}/{path}", fields)
        assert page.status_code == 422
        assert "this is the last administrator" in page.text
    assert account(engine, "anna").role is Role.ADMIN


def test_a_person_is_disabled_and_comes_back(signed_in: SignedIn, engine: Engine) -> None:
    admin, rita = signed_in(Role.ADMIN), signed_in(Role.REVIEWER)
    user_id = account(engine, "rita").id

    admin.post(f"/people/{user_id}/disable")
    assert rita.get("/account").url.path == "/login"
    assert rita.sign_in("rita").status_code == 401
    admin.post(f"/people/{user_id}/enable")
    assert rita.sign_in("rita").status_code == 200


def test_a_new_password_signs_the_person_out_and_lets_them_try_at_once(
    signed_in: SignedIn, engine: Engine
) -> None:
    admin, rita = signed_in(Role.ADMIN), signed_in(Role.REVIEWER)
    user_id = account(engine, "rita").id
    assert admin.post(f"/people/{user_id}/password", {"password": "short"}).status_code == 422
    assert rita.get("/account").url.path == "/account"

    admin.post(f"/people/{user_id}/password", {"password": NEW})

    assert rita.get("/account").url.path == "/login"
    assert [rita.sign_in("rita").status_code for _ in range(6)] == [401] * 5 + [429]
    admin.post(f"/people/{user_id}/password", {"password": NEW})
    assert rita.sign_in("rita", NEW).status_code == 200


def test_a_person_changes_the_password_and_stays_signed_in_here_alone(
    signed_in: SignedIn, browser: Browser
) -> None:
    here, there = signed_in(Role.VIEWER), signed_in(Role.VIEWER)
    before = here.cookie()

    page = here.post("/account/password", {"current": PASSWORD, "new": NEW, "repeated": NEW})

    assert "Your password has changed" in page.text
    assert here.cookie() != before
    assert there.get("/account").url.path == "/login"
    assert browser.sign_in("vera", PASSWORD).status_code == 401
    assert browser.sign_in("vera", NEW).status_code == 200


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"current": "wrong", "new": NEW, "repeated": NEW}, "current password: it is not right"),
        ({"current": PASSWORD, "new": NEW, "repeated": "other"}, "the two are not the same"),
        ({"current": PASSWORD, "new": "short", "repeated": "short"}, "at least 10 characters"),
        ({}, "current password: it is not right"),
    ],
)
def test_a_password_is_not_changed_when_something_is_wrong(
    signed_in: SignedIn, browser: Browser, fields: dict[str, str], said: str
) -> None:
    page = signed_in(Role.VIEWER).post("/account/password", fields)

    assert page.status_code == 422
    assert said in page.text
    assert browser.sign_in("vera", PASSWORD).status_code == 200


def test_a_stolen_session_cannot_try_passwords_forever(signed_in: SignedIn) -> None:
    browser = signed_in(Role.VIEWER)
    fields = {"current": "wrong", "new": NEW, "repeated": NEW}

    answers = [browser.post("/account/password", fields) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [422] * 5 + [429]
    assert answers[-1].headers["retry-after"] == "901"


def test_one_signs_out_everywhere_else(signed_in: SignedIn) -> None:
    here, there = signed_in(Role.VIEWER), signed_in(Role.VIEWER)
    others = signed_in(Role.REVIEWER)

    page = here.post("/account/elsewhere")

    assert "Every other browser is signed out" in page.text
    assert there.get("/account").url.path == "/login"
    assert others.get("/account").url.path == "/account"


def made_token(browser: Browser, **changed: str) -> str:
    page = browser.post(
        "/account/tokens", {"name": "export", "role": "viewer", "days": "30", **changed}
    )
    found = re.search(r"ipt_[\w-]{43}", page.text)
    assert found, page.text
    return found[0]


def test_a_token_is_shown_once_and_kept_as_its_hash(
    signed_in: SignedIn, engine: Engine, clock: WallClock
) -> None:
    browser = signed_in(Role.REVIEWER)

    token = made_token(browser)

    assert token not in browser.get("/account").text
    with session(engine, read_only=True) as opened:
        holder = keys.find_token(opened, keys.sha256_of(token), at=clock.at + timedelta(days=29))
        gone = keys.find_token(opened, keys.sha256_of(token), at=clock.at + timedelta(days=30))
    assert holder is not None
    assert (holder.name, holder.role) == ("rita", Role.VIEWER)
    assert gone is None


def test_tokens_are_listed_with_how_they_ended(
    signed_in: SignedIn, engine: Engine, clock: WallClock
) -> None:
    browser = signed_in(Role.REVIEWER)
    made_token(browser, name="short", days="1")
    made_token(browser, name="<i>revoked</i>")
    with session(engine, read_only=True) as opened:
        newest = keys.tokens(opened, account(engine, "rita").id)[0]
    browser.post(f"/account/tokens/{newest.id}/revoke")
    clock.forward(days=1)
    browser.sign_in("rita")

    html = browser.get("/account").text

    assert '<span class="badge">revoked</span>' in html
    assert '<span class="badge">expired</span>' in html
    assert "&lt;i&gt;revoked&lt;/i&gt;" in html


def test_nobody_revokes_the_token_of_another(signed_in: SignedIn, engine: Engine) -> None:
    made_token(signed_in(Role.REVIEWER))
    with session(engine, read_only=True) as opened:
        (token,) = keys.tokens(opened, account(engine, "rita").id)

    assert signed_in(Role.ADMIN).post(f"/account/tokens/{token.id}/revoke").status_code == 404


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"role": "admin"}, "role: admin is more than reviewer"),
        ({"role": "king"}, "role: expected one of"),
        ({"days": "0"}, "days: expected a whole number from 1 to 365"),
        ({"days": "366"}, "days: expected a whole number from 1 to 365"),
        ({"days": "9" * 400}, "days: expected a whole number from 1 to 365"),
        ({"days": "\N{ARABIC-INDIC DIGIT ONE}"}, "days: expected a whole number"),
        ({"name": ""}, "token: expected a name"),
        ({"name": "a\0b"}, "token: expected a name"),
    ],
)
def test_a_token_that_does_not_fit_is_refused(
    signed_in: SignedIn, changed: dict[str, str], said: str
) -> None:
    page = signed_in(Role.REVIEWER).post(
        "/account/tokens", {"name": "export", "role": "viewer", "days": "30", **changed}
    )

    assert page.status_code == 422
    assert said in page.text
    assert "ipt_" not in page.text
