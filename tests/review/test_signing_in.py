"""Sign in, stay signed in, sign out: sessions, their ends, and how often one may try."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine, func, select, update

from db.engine import session
from db.models import BrowserSession, User
from db.words import Role
from plant_config.review import Review
from tests.fakes import WallClock
from tests.review.browsers import PASSWORD, Browser, quick_passwords

SignedIn = Callable[[Role], Browser]
BOTH = ["sqlite", "postgresql"]


@pytest.mark.parametrize("database_kind", BOTH)
def test_a_person_signs_in_works_and_signs_out(browser: Browser, engine: Engine) -> None:
    refused = browser.get("/account?done=password", follow=False)
    assert refused.headers["location"] == "/login?next=/account%3Fdone%3Dpassword"

    page = browser.sign_in("Rita")
    assert page.status_code == 200
    assert "Signed in as" in page.text

    kept = browser.cookie()
    assert browser.post("/logout").url.path == "/login"
    assert browser.cookie() is None
    browser.client.cookies.set("review", str(kept), domain="testserver.local")
    assert browser.get("/account").url.path == "/login"
    with session(engine, read_only=True) as opened:
        assert opened.scalar(select(func.count()).select_from(BrowserSession)) == 0


def test_the_database_holds_neither_password_nor_secret(browser: Browser, engine: Engine) -> None:
    browser.sign_in("rita")
    with session(engine, read_only=True) as opened:
        hashes = [str(one) for one in opened.scalars(select(User.password_hash))]
        sessions = list(opened.scalars(select(BrowserSession.session_sha256)))

    assert all(one.startswith("$argon2id$") for one in hashes)
    assert browser.cookie() not in sessions
    assert len(sessions) == 1


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(browser: Browser) -> None:
    cookie = browser.post("/login", {"name": "rita", "password": PASSWORD}, follow=False).headers[
        "set-cookie"
    ]

    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


def test_under_https_the_cookie_is_bound_to_this_host(app: FastAPI) -> None:
    app.state.desk = replace(app.state.desk, settings=Review(https=True))
    browser = Browser(app, base_url="https://testserver")

    browser.sign_in("rita")
    assert browser.cookie("__Host-review")
    assert browser.get("/account").url.path == "/account"
    again = browser.post("/login", {"name": "rita", "password": PASSWORD}, follow=False)

    assert "__Host-review=" in again.headers["set-cookie"]
    assert "Secure" in again.headers["set-cookie"]


def test_signing_in_again_replaces_the_session(browser: Browser, engine: Engine) -> None:
    browser.client.cookies.set("review", "chosen-by-somebody-else", domain="testserver.local")
    browser.sign_in("rita")
    first = browser.cookie()
    browser.post("/login", {"name": "rita", "password": PASSWORD})

    assert first not in {None, "chosen-by-somebody-else", browser.cookie()}
    with session(engine, read_only=True) as opened:
        assert opened.scalar(select(func.count()).select_from(BrowserSession)) == 1


def test_a_browser_that_nobody_used_signs_in_again(
    signed_in: SignedIn, clock: WallClock, settings: Review
) -> None:
    browser = signed_in(Role.REVIEWER)
    for _ in range(3):
        clock.forward(minutes=settings.idle_minutes - 1)
        assert browser.get("/account").url.path == "/account"
    clock.forward(minutes=settings.idle_minutes)

    assert browser.get("/account").url.path == "/login"


def test_a_session_ends_however_much_it_is_used(
    signed_in: SignedIn, clock: WallClock, settings: Review
) -> None:
    browser = signed_in(Role.REVIEWER)
    for _ in range(int(settings.session_hours) - 1):
        clock.forward(hours=1)
        assert browser.get("/account").url.path == "/account"
    clock.forward(hours=1)

    assert browser.get("/account").url.path == "/login"


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("rita", "wrong"),
        ("nobody", PASSWORD),
        ("", ""),
        ("rita' OR '1'='1", PASSWORD),
        ("rita\0", PASSWORD),
        ("rita", PASSWORD + " " * 300),
    ],
)
def test_a_wrong_name_and_a_wrong_password_get_the_same_words(
    browser: Browser, name: str, password: str
) -> None:
    answer = browser.post("/login", {"name": name, "password": password})

    assert answer.status_code == 401
    assert "Name or password is wrong, or the account is disabled." in answer.text
    assert browser.cookie() is None


def test_an_unknown_name_is_held_against_a_hash_as_well() -> None:
    """The work is done for nobody too: the time does not tell which names exist."""
    passwords = quick_passwords()

    assert not passwords.fits("the password of nobody", None)
    assert passwords.fits(PASSWORD, passwords.hashed(PASSWORD))
    assert not passwords.fits(PASSWORD, "not a hash")


def test_the_same_password_from_another_keyboard_fits() -> None:
    passwords = quick_passwords()

    assert passwords.fits("Gr\u00fc\u00dfe aus Linz", passwords.hashed("Gru\u0308\u00dfe aus Linz"))


def test_a_hash_of_another_cost_is_made_anew_at_sign_in(browser: Browser, engine: Engine) -> None:
    with session(engine) as opened:
        old = quick_passwords().hashed(PASSWORD).replace("m=64", "m=32")
        opened.execute(update(User).where(User.name == "rita").values(password_hash=old))
    assert browser.sign_in("rita").status_code == 401  # what was changed by hand fits nothing

    with session(engine) as opened:
        costly = type(quick_passwords())(memory_kib=128, rounds=2).hashed(PASSWORD)
        opened.execute(update(User).where(User.name == "rita").values(password_hash=costly))
    assert browser.sign_in("rita").status_code == 200
    with session(engine, read_only=True) as opened:
        hashed = opened.scalar(select(User.password_hash).where(User.name == "rita"))
    assert "m=64,t=1" in str(hashed)


def test_after_five_wrong_passwords_one_has_to_wait(browser: Browser, clock: WallClock) -> None:
    for _ in range(5):
        assert browser.sign_in("rita", "wrong").status_code == 401
        clock.forward(minutes=1)

    held = browser.sign_in("RITA", PASSWORD)
    assert held.status_code == 429
    assert held.headers["retry-after"] == str(10 * 60 + 1)
    assert "Too many tries. Wait 11 minutes" in held.text

    assert browser.sign_in("emil").status_code == 200
    clock.forward(minutes=10, seconds=1)
    assert browser.sign_in("rita", PASSWORD).status_code == 200


def test_an_unknown_name_is_held_back_like_a_known_one(browser: Browser) -> None:
    answers = [browser.sign_in("nobody", "wrong").status_code for _ in range(6)]

    assert answers == [401] * 5 + [429]


def test_a_right_password_clears_what_was_wrong_before(browser: Browser) -> None:
    for _ in range(3):
        for _ in range(4):
            browser.sign_in("rita", "wrong")
        assert browser.sign_in("rita").status_code == 200


def test_who_is_signed_in_goes_on_from_the_sign_in_page(signed_in: SignedIn) -> None:
    browser = signed_in(Role.VIEWER)

    answer = browser.get("/login?next=/account", follow=False)

    assert (answer.status_code, answer.headers["location"]) == (303, "/account")


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "account",
        "/login",
        "",
    ],
)
def test_signing_in_leads_to_no_other_site(browser: Browser, elsewhere: str) -> None:
    answer = browser.post(
        "/login", {"name": "rita", "password": PASSWORD, "next": elsewhere}, follow=False
    )

    assert answer.headers["location"] == "/queue"


def test_sessions_that_ended_do_not_pile_up(
    browser: Browser, engine: Engine, clock: WallClock
) -> None:
    browser.sign_in("rita")
    clock.forward(hours=13)
    browser.client.cookies.clear()
    browser.sign_in("emil")

    with session(engine, read_only=True) as opened:
        begun = list(opened.scalars(select(BrowserSession.created_at)))
    assert begun == [clock.at]


def test_use_is_noted_once_a_minute_and_not_at_every_click(
    signed_in: SignedIn, engine: Engine, clock: WallClock
) -> None:
    browser, began = signed_in(Role.VIEWER), clock.at
    seen = []
    for _ in range(3):
        clock.forward(seconds=40)
        browser.get("/account")
        with session(engine, read_only=True) as opened:
            seen.append(opened.scalar(select(BrowserSession.seen_at)))

    assert seen == [began, began + timedelta(seconds=80), began + timedelta(seconds=80)]
