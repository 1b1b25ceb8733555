"""Who gets where: roles on pages and in the API alike, CSRF tokens, and programs' tokens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine

from db import keys, people
from db.engine import session
from db.words import Role
from inspect_pipeline.review.access import Admin, Engineer, Person, Reviewer, Viewer
from tests.fakes import WallClock
from tests.review.browsers import NAMES, Browser, make_token

SignedIn = Callable[[Role], Browser]


def for_viewers(person: Viewer) -> str:
    return person.name


def for_reviewers(person: Reviewer) -> str:
    return person.name


def for_engineers(person: Engineer) -> str:
    return person.name


def for_admins(person: Admin) -> str:
    return person.name


DOORS: dict[Role, Callable[[Person], str]] = {
    Role.VIEWER: for_viewers,
    Role.REVIEWER: for_reviewers,
    Role.ENGINEER: for_engineers,
    Role.ADMIN: for_admins,
}


@pytest.fixture(autouse=True)
def doors(app: FastAPI) -> None:
    """A page and an address of the API for each role, that answer with the person's name."""
    for role, door in DOORS.items():
        for path in (f"/rooms/{role}", f"/api/v1/rooms/{role}"):
            app.add_api_route(path, door, methods=["GET", "POST"])


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("needed", list(Role))
@pytest.mark.parametrize("role", list(Role))
def test_a_role_opens_the_same_doors_of_pages_and_api(
    signed_in: SignedIn, engine: Engine, role: Role, needed: Role
) -> None:
    browser, token = signed_in(role), make_token(engine, role)
    wanted = 200 if role.covers(needed) else 403

    for path in (f"/rooms/{needed}", f"/api/v1/rooms/{needed}"):
        assert browser.get(path).status_code == wanted
        assert browser.post(path).status_code == wanted
    by_token = Browser(browser.client.app)  # type: ignore[arg-type]
    for answer in (
        by_token.get(f"/api/v1/rooms/{needed}", headers=bearer(token)),
        by_token.client.post(f"/api/v1/rooms/{needed}", headers=bearer(token)),
    ):
        assert answer.status_code == wanted
        assert answer.json() == NAMES[role] if wanted == 200 else "detail" in answer.json()


def test_who_may_not_is_told_what_it_takes(signed_in: SignedIn) -> None:
    browser = signed_in(Role.VIEWER)

    page = browser.get("/rooms/engineer")
    problem = browser.get("/api/v1/rooms/engineer")

    assert "this takes the role engineer, you are viewer" in page.text
    assert problem.headers["content-type"] == "application/problem+json"
    assert problem.json()["detail"] == "this takes the role engineer, you are viewer"
    assert problem.json()["status"] == 403


def test_nobody_is_sent_to_sign_in_and_back_and_programs_get_401(browser: Browser) -> None:
    page = browser.get("/rooms/viewer?part=bracket&x=1", follow=False)
    problem = browser.get("/api/v1/rooms/viewer", follow=False)
    part = browser.get("/rooms/viewer", follow=False, headers={"HX-Request": "true"})

    assert page.status_code == 303
    assert page.headers["location"] == "/login?next=/rooms/viewer%3Fpart%3Dbracket%26x%3D1"
    assert problem.status_code == 401
    assert problem.headers["www-authenticate"] == "Bearer"
    assert (part.status_code, part.headers["hx-redirect"]) == (401, "/login")


@pytest.mark.parametrize("path", ["/rooms/viewer", "/api/v1/rooms/viewer", "/logout"])
@pytest.mark.parametrize("given", ["", "wrong", "\N{LATIN SMALL LETTER U WITH DIAERESIS}"])
def test_a_form_without_the_sessions_token_changes_nothing(
    signed_in: SignedIn, path: str, given: str
) -> None:
    browser = signed_in(Role.ADMIN)

    refused = browser.client.post(path, data={"csrf_token": given})
    bare = browser.client.post(path)

    assert (refused.status_code, bare.status_code) == (403, 403)
    assert browser.get("/account").url.path == "/account"


def test_the_csrf_token_also_comes_in_a_header(signed_in: SignedIn) -> None:
    browser = signed_in(Role.REVIEWER)
    token = {"X-CSRF-Token": browser.csrf_token}

    assert browser.client.post("/api/v1/rooms/viewer", json={}, headers=token).status_code == 200
    assert browser.client.post("/api/v1/rooms/viewer", json={}).status_code == 403
    assert browser.client.post("/rooms/viewer", data={}, headers=token).status_code == 200


def test_the_token_of_another_session_does_not_fit(signed_in: SignedIn) -> None:
    browser, other = signed_in(Role.REVIEWER), signed_in(Role.REVIEWER)
    browser.csrf_token = other.csrf_token

    assert browser.post("/rooms/viewer").status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://testserver"},
    ],
)
def test_a_page_of_another_site_changes_nothing_even_with_the_token(
    signed_in: SignedIn, headers: dict[str, str]
) -> None:
    browser = signed_in(Role.REVIEWER)

    assert browser.post("/rooms/viewer", headers=headers).status_code == 403
    assert browser.post("/login", {"name": "rita"}, headers=headers).status_code == 403
    assert browser.get("/rooms/viewer", headers=headers).status_code == 200


def test_our_own_pages_may(signed_in: SignedIn) -> None:
    headers = {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}

    assert signed_in(Role.REVIEWER).post("/rooms/viewer", headers=headers).status_code == 200


def test_a_token_opens_no_page(browser: Browser, engine: Engine) -> None:
    token = make_token(engine, Role.ADMIN)

    assert browser.get("/rooms/viewer", follow=False, headers=bearer(token)).status_code == 303
    assert browser.get("/people", follow=False, headers=bearer(token)).status_code == 303


def test_a_token_that_ended_opens_nothing(
    browser: Browser, engine: Engine, clock: WallClock
) -> None:
    token = make_token(engine, Role.VIEWER)
    assert browser.get("/api/v1/rooms/viewer", headers=bearer(token)).status_code == 200

    clock.forward(days=1)
    expired = browser.get("/api/v1/rooms/viewer", headers=bearer(token))
    assert expired.status_code == 401
    assert "unknown, expired or revoked" in expired.json()["detail"]

    clock.forward(days=-1)
    with session(engine) as opened:
        owner = people.user_named(opened, "vera")
        assert owner is not None
        (made,) = keys.tokens(opened, owner.id)
        keys.revoke_token(opened, made.id, user_id=owner.id, at=clock.at)
    assert browser.get("/api/v1/rooms/viewer", headers=bearer(token)).status_code == 401


@pytest.mark.parametrize("words", ["Bearer nothing", "Bearer ", "Basic YTpi", "Bearer ' OR 1=1 --"])
def test_what_is_no_token_opens_nothing(browser: Browser, words: str) -> None:
    answer = browser.get("/api/v1/rooms/viewer", headers={"Authorization": words})

    assert answer.status_code == 401


def test_another_role_counts_from_the_next_click_on(signed_in: SignedIn, engine: Engine) -> None:
    browser = signed_in(Role.ENGINEER)
    with session(engine) as opened:
        account = people.user_named(opened, "emil")
        assert account is not None
        people.set_role(opened, account.id, Role.VIEWER)

    assert browser.get("/rooms/engineer").status_code == 403


def test_a_disabled_account_is_out_at_once(
    signed_in: SignedIn, engine: Engine, clock: WallClock
) -> None:
    browser, token = signed_in(Role.ENGINEER), make_token(engine, Role.ENGINEER)
    with session(engine) as opened:
        account = people.user_named(opened, "emil")
        assert account is not None
        people.disable(opened, account.id, at=clock.at + timedelta(minutes=1))

    assert browser.get("/rooms/viewer").url.path == "/login"
    assert browser.get("/api/v1/rooms/viewer", headers=bearer(token)).status_code == 401
    assert browser.sign_in("emil").status_code == 401
