"""Sign in by an identity provider: the way there, and the way back to this very browser."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from db.words import Role
from plant_config.review import Review
from tests.fakes import WallClock
from tests.review.browsers import Browser
from tests.review.by_provider import (
    ADDRESS,
    PATIENCE_S,
    UNPROVEN,
    ProviderDesk,
    sign_in,
    way_back,
)
from tests.review.little_provider import CLIENT_SECRET, LittleProvider

STALE = "begun in another browser, or too long ago"


@pytest.fixture
def browser(provider_desk: ProviderDesk) -> Browser:
    return provider_desk.browser()


@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"])
def test_a_person_comes_by_the_provider_and_has_an_account(
    browser: Browser, provider_desk: ProviderDesk, clock: WallClock
) -> None:
    button = f'href="{ADDRESS}/login/oidc?next=/account">Sign in with Mill ID</a>'
    assert button in browser.get("/login?next=/account").text

    page = sign_in(browser)

    assert page.url.path == "/account"
    assert "Jane Doe" in page.text
    made = provider_desk.account("jane")
    assert made is not None
    assert (made.name, made.full_name, made.role) == ("jane", "Jane Doe", Role.REVIEWER)
    assert (made.has_password, made.created_at) == (False, clock.at)
    assert browser.post("/logout").url.path == "/login"
    assert browser.get("/account").url.path == "/login"


def test_the_way_there_asks_for_a_code_bound_to_this_browser(
    browser: Browser, provider: LittleProvider
) -> None:
    there = browser.get("/login/oidc", follow=False)
    httpx.get(there.headers["location"], timeout=PATIENCE_S)

    assert provider.asked["response_type"] == "code"
    assert provider.asked["scope"] == "openid profile email"
    assert provider.asked["code_challenge_method"] == "S256"
    assert provider.asked["prompt"] == "login"
    secrets = [provider.asked[name] for name in ("state", "nonce", "code_challenge")]
    assert len({*secrets}) == 3
    assert min(len(one) for one in secrets) == 43
    cookie = there.headers["set-cookie"]
    assert cookie.startswith("sign-in=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert not any(one in cookie for one in secrets)
    assert CLIENT_SECRET not in there.headers["location"]


def test_under_https_the_cookie_of_the_way_is_bound_to_this_host(
    provider_desk: ProviderDesk,
) -> None:
    app = provider_desk.app()
    app.state.desk = replace(app.state.desk, settings=Review(https=True))
    browser = Browser(app, base_url="https://review.mill.example")

    cookie = browser.get("/login/oidc", follow=False).headers["set-cookie"]

    assert cookie.startswith("__Host-sign-in=")
    assert "Secure" in cookie
    assert "Path=/;" in cookie
    assert "Domain" not in cookie


def test_who_is_signed_in_does_not_go_there(browser: Browser, provider: LittleProvider) -> None:
    browser.sign_in("rita")
    asked = len(provider.paths)

    answer = browser.get("/login/oidc?next=/account", follow=False)

    assert answer.headers["location"] == "/account"
    assert len(provider.paths) == asked


def test_a_wish_too_long_for_a_cookie_is_forgotten(browser: Browser) -> None:
    back = way_back(browser, next_path="/queue?note=" + "x" * 5000)

    assert browser.get(back, follow=False).headers["location"] == "/queue"


@pytest.mark.parametrize(("asks", "prompt"), [("account", "select_account"), ("nothing", None)])
def test_the_plant_says_what_the_provider_asks(
    provider_desk: ProviderDesk, provider: LittleProvider, asks: str, prompt: str | None
) -> None:
    assert sign_in(provider_desk.browser(asks=asks)).url.path == "/account"
    assert provider.asked.get("prompt") == prompt


def test_the_cookie_of_the_way_is_gone_afterwards_and_the_code_works_once(browser: Browser) -> None:
    back = way_back(browser)
    assert browser.cookie("sign-in")
    assert browser.get(back).url.path == "/account"
    assert browser.cookie("sign-in") is None
    browser.post("/logout")

    again = browser.get(back)

    assert again.status_code == 400
    assert STALE in again.text


def test_a_code_of_another_try_is_worth_nothing(browser: Browser) -> None:
    """Stolen, or from a try of one's own: the verifier is another one."""
    stolen = httpx.URL(way_back(browser)).params["code"]
    browser.client.cookies.clear()
    own = httpx.URL(way_back(browser))

    answer = browser.get(str(own.copy_set_param("code", stolen)))

    assert answer.status_code == 401
    assert UNPROVEN in answer.text


@pytest.mark.parametrize("changed", ["state", "iss", "cookie", "no cookie"])
def test_a_browser_that_did_not_go_there_is_not_let_in(browser: Browser, changed: str) -> None:
    back = httpx.URL(way_back(browser))
    if "cookie" in changed:
        browser.client.cookies.clear()
    if changed == "cookie":
        way_back(browser)
    elif changed in back.params:
        back = back.copy_set_param(changed, "\u00e4x" + back.params[changed])

    answer = browser.get(str(back))

    assert answer.status_code == 400
    assert STALE in answer.text
    assert browser.cookie() is None


@pytest.mark.parametrize("written", ["", ".", "x", ".eA==", "x.\u00ff", "x.====="])
def test_a_cookie_that_is_not_ours_is_no_try(browser: Browser, written: str) -> None:
    back = way_back(browser)
    answer = browser.client.get(back, headers={"cookie": f"sign-in={written}".encode("latin-1")})

    assert answer.status_code == 400


def test_who_is_turned_away_by_the_provider_reads_so(browser: Browser) -> None:
    back = httpx.URL(way_back(browser)).copy_remove_param("code")

    answer = browser.get(str(back.copy_set_param("error", "access_denied<b>")))

    assert answer.status_code == 403
    assert "Mill ID did not let you in." in answer.text
    assert "access_denied" not in answer.text
