"""A provider that is down, errs or does not know us: said so, and people with a password go on."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import Engine

from inspect_pipeline.review.gate import TRIES_OF_ADDRESS, WINDOW
from inspect_pipeline.review.identity_provider import AT_ONCE
from tests.fakes import WallClock
from tests.review.browsers import Browser
from tests.review.by_provider import CALLBACK, FAILS, ProviderDesk, sign_in, way_back
from tests.review.little_provider import (
    CLIENT_SECRET,
    Claims,
    LittleProvider,
    little_provider,
)


def test_while_the_provider_is_down_passwords_still_open_the_door(
    engine: Engine, clock: WallClock, tmp_path: Path
) -> None:
    with little_provider(CALLBACK, clock) as gone:
        desk = ProviderDesk(engine, gone.issuer, clock, tmp_path)
    browser = desk.browser()

    page = browser.get("/login/oidc?next=/account")

    assert page.status_code == 503
    assert page.headers["retry-after"] == "60"
    assert FAILS in page.text
    assert "Traceback" not in page.text
    assert gone.issuer not in page.text
    assert '<input type="hidden" name="next" value="/account">' in page.text
    assert browser.sign_in("rita").url.path == "/account"


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/token", "/keys"])
def test_a_provider_that_errs_on_the_way_back_is_said_to(
    provider_desk: ProviderDesk,
    provider: LittleProvider,
    caplog: pytest.LogCaptureFixture,
    path: str,
) -> None:
    browser = provider_desk.browser()
    back = way_back(browser)
    provider.broken.add(path)

    page = browser.get(back)

    assert page.status_code == 503
    assert FAILS in page.text
    assert "Internal error" not in page.text
    assert f"{provider.issuer}{path} answered 500" in caplog.text
    assert browser.sign_in("rita").url.path == "/account"


UNFIT = [
    ({"issuer": "https://evil.example"}, "names the issuer 'https://evil.example'"),
    ({"authorization_endpoint": "http://sso.mill.example/"}, "authorization_endpoint Value error"),
    ({"token_endpoint": "http://sso.mill.example/token"}, "token_endpoint Value error"),
    ({"jwks_uri": "file:///etc/keys"}, "jwks_uri Value error"),
    ({"token_endpoint": None}, "token_endpoint Input should be a valid string"),
]


@pytest.mark.parametrize(("described", "reason"), UNFIT, ids=[str(one) for one, _ in UNFIT])
def test_a_provider_that_describes_itself_unsafely_is_not_asked(
    provider_desk: ProviderDesk,
    provider: LittleProvider,
    caplog: pytest.LogCaptureFixture,
    described: dict[str, object],
    reason: str,
) -> None:
    provider.described = described

    page = provider_desk.browser().get("/login/oidc")

    assert page.status_code == 503
    assert reason in caplog.text
    assert provider.paths == ["/.well-known/openid-configuration"]


def test_what_cannot_be_read_is_told_without_what_it_was(
    provider_desk: ProviderDesk, provider: LittleProvider, caplog: pytest.LogCaptureFixture
) -> None:
    provider.token_of = lambda _: 7  # type: ignore[assignment,return-value]

    page = sign_in(provider_desk.browser())

    assert FAILS in page.text
    assert "/token answered what cannot be read: id_token" in caplog.text
    assert "for userinfo" not in caplog.text


def test_a_wrong_secret_is_told_in_the_log_without_the_secret(
    provider_desk: ProviderDesk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    page = sign_in(provider_desk.browser(secret="not the secret"))

    assert page.status_code == 503
    assert FAILS in page.text
    assert "refuses this application ('invalid_client'): is the secret right?" in caplog.text
    assert "not the secret" not in caplog.text + page.text


def test_neither_secret_nor_token_nor_code_gets_into_the_log_or_a_page(
    provider_desk: ProviderDesk, provider: LittleProvider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    tokens: list[str] = []

    def kept(claims: Claims) -> str:
        tokens.append(provider.signed(claims))
        return tokens[-1]

    provider.token_of = kept
    browser = provider_desk.browser()
    pages = [browser.get("/login").text, sign_in(browser).text]
    browser.post("/logout")
    provider.claims = {"aud": "another"}
    pages.append(sign_in(browser).text)

    assert len(tokens) == 2
    for told in (caplog.text, *pages):
        assert CLIENT_SECRET not in told
        assert not any(part in told for token in tokens for part in token.split(".")[1:])
    assert not any(re.search(r"code[ =+]\d", told) for told in pages)


def test_a_provider_that_wants_the_secret_in_the_form_gets_it_there(
    provider_desk: ProviderDesk, provider: LittleProvider
) -> None:
    provider.described = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}

    assert sign_in(provider_desk.browser()).url.path == "/account"


def test_what_the_token_lacks_is_asked_of_userinfo(
    provider_desk: ProviderDesk, provider: LittleProvider
) -> None:
    told = {**provider.person, "email": "jane@mill.example"}
    provider.user_info, provider.person = told, {"sub": told["sub"]}

    assert "Jane Doe" in sign_in(provider_desk.browser()).text
    assert provider.paths[-1] == "/userinfo"


def test_userinfo_of_somebody_else_lets_nobody_in(
    provider_desk: ProviderDesk, provider: LittleProvider
) -> None:
    provider.user_info, provider.person = {**provider.person, "sub": "7"}, {"sub": "8"}

    assert sign_in(provider_desk.browser()).status_code == 401
    assert provider_desk.account("jane") is None


def test_a_provider_that_hangs_takes_only_so_many_threads(
    provider_desk: ProviderDesk, provider: LittleProvider
) -> None:
    app = provider_desk.app()
    browser = provider_desk.browser_at(app)
    provider.hold()
    waiting = [Thread(target=browser.client.get, args=("/login/oidc",)) for _ in range(AT_ONCE)]
    for one in waiting:
        one.start()
    provider.wait_until_held(AT_ONCE)

    refused = provider_desk.browser_at(app).get("/login/oidc")

    assert refused.status_code == 503
    provider.let_go()
    for one in waiting:
        one.join()
    assert sign_in(provider_desk.browser()).url.path == "/account"


def test_who_tries_too_often_waits_before_the_provider_is_asked(
    provider_desk: ProviderDesk, provider: LittleProvider, clock: WallClock
) -> None:
    browser = provider_desk.browser()
    provider.claims = {"nonce": "wrong"}
    statuses = [sign_in(browser).status_code for _ in range(TRIES_OF_ADDRESS)]
    asked = provider.paths.count("/token")
    provider.claims = {}

    held = sign_in(browser)

    assert statuses == [401] * TRIES_OF_ADDRESS
    assert held.status_code == 429
    assert held.headers["retry-after"] == str(int(WINDOW.total_seconds()) + 1)
    assert "Too many tries" in held.text
    assert provider.paths.count("/token") == asked
    clock.forward(minutes=15)
    assert sign_in(browser).url.path == "/account"


def test_a_page_elsewhere_that_calls_the_way_back_locks_nobody_out(
    provider_desk: ProviderDesk,
) -> None:
    browser = provider_desk.browser()
    for _ in range(TRIES_OF_ADDRESS + 1):
        assert browser.get("/login/oidc/callback?code=x&state=y").status_code == 400

    assert sign_in(browser).url.path == "/account"


def test_who_comes_by_the_provider_is_not_counted(provider_desk: ProviderDesk) -> None:
    browser = provider_desk.browser()
    for _ in range(TRIES_OF_ADDRESS + 1):
        assert sign_in(browser).url.path == "/account"
        browser.post("/logout")


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "/login", ""]
)
def test_the_way_back_leads_to_no_other_site(provider_desk: ProviderDesk, elsewhere: str) -> None:
    browser = provider_desk.browser()
    browser.get("/login", follow=False)
    back = way_back(browser, next_path=elsewhere)

    assert browser.get(back, follow=False).headers["location"] == "/queue"


def test_a_plant_without_a_provider_has_no_such_way(browser: Browser) -> None:
    assert "Sign in with" not in browser.get("/login").text
    for path in ("/login/oidc", "/login/oidc/callback?code=x&state=y"):
        assert browser.get(path).status_code == 404
