"""ID tokens that prove nothing, and keys that come and go."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from joserfc.jws import JWSRegistry

from tests.review.browsers import Browser
from tests.review.by_provider import UNPROVEN, ProviderDesk, sign_in
from tests.review.little_provider import CLIENT_ID, CLIENT_SECRET, Claims, LittleProvider, unsigned


@pytest.fixture
def browser(provider_desk: ProviderDesk) -> Browser:
    return provider_desk.browser()


NOT_OURS = [
    ({"nonce": "of another try"}, "nonce"),
    ({"nonce": None}, "nonce"),
    ({"aud": "another application"}, "aud"),
    ({"aud": [CLIENT_ID, "another"]}, "made for None"),
    ({"aud": [CLIENT_ID, "another"], "azp": "another"}, "made for 'another'"),
    ({"azp": "another"}, "made for 'another'"),
    ({"aud": None}, "aud"),
    ({"iss": "https://evil.example"}, "iss"),
    ({"exp": 1_000_000_000}, "expired"),
    ({"exp": None}, "exp"),
    ({"iat": 4_000_000_000}, "future"),
    ({"iat": None}, "iat"),
    ({"sub": None}, "sub"),
    ({"sub": 7}, "sub"),
]


@pytest.mark.parametrize(("claims", "reason"), NOT_OURS, ids=[str(one) for one, _ in NOT_OURS])
def test_a_token_that_is_not_for_this_try_is_refused(
    browser: Browser,
    provider: LittleProvider,
    provider_desk: ProviderDesk,
    caplog: pytest.LogCaptureFixture,
    claims: Claims,
    reason: str,
) -> None:
    provider.claims = claims

    answer = sign_in(browser)

    assert answer.status_code == 401
    assert UNPROVEN in answer.text
    assert reason in caplog.text
    assert browser.cookie() is None
    assert provider_desk.account("jane") is None


def test_a_token_for_several_of_which_we_are_the_one_is_good(
    browser: Browser, provider: LittleProvider
) -> None:
    provider.claims = {"aud": [CLIENT_ID, "another"], "azp": CLIENT_ID}

    assert sign_in(browser).url.path == "/account"


def of_the_secret(claims: Claims) -> str:
    key = OctKey.import_key(CLIENT_SECRET)
    return jwt.encode({"alg": "HS256"}, claims, key, algorithms=["HS256"])


def of_a_stranger(claims: Claims) -> str:
    key = RSAKey.generate_key(2048)
    return jwt.encode({"alg": "RS256", "kid": "key-1"}, claims, key, algorithms=["RS256"])


FORGED = {
    "unsigned": unsigned,
    "signed with the secret": of_the_secret,
    "signed by a stranger": of_a_stranger,
    "no token": lambda _: "a.b",
    "nothing": lambda _: "",
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
def test_a_token_that_the_provider_did_not_sign_is_refused(
    browser: Browser,
    provider: LittleProvider,
    provider_desk: ProviderDesk,
    forged: Callable[[Claims], str],
) -> None:
    provider.token_of = forged

    assert UNPROVEN in sign_in(browser).text
    assert provider_desk.account("jane") is None


def test_a_token_signed_with_the_public_key_as_a_secret_is_refused(
    browser: Browser, provider: LittleProvider
) -> None:
    public = OctKey.import_key(str(provider.key.as_dict(private=False)["n"]))
    provider.token_of = lambda claims: jwt.encode(
        {"alg": "HS256", "kid": "key-1"}, claims, public, algorithms=["HS256"]
    )

    assert UNPROVEN in sign_in(browser).text


def test_a_new_key_is_believed_at_once_and_the_old_one_no_longer(
    browser: Browser, provider: LittleProvider
) -> None:
    sign_in(browser)
    browser.post("/logout")
    old = provider.key
    provider.rotate()

    assert sign_in(browser).url.path == "/account"

    browser.post("/logout")
    provider.token_of = lambda claims: jwt.encode(
        {"alg": "RS256", "kid": str(old.kid)}, claims, old, algorithms=["RS256"]
    )
    assert UNPROVEN in sign_in(browser).text


def test_without_a_key_id_the_only_key_counts(browser: Browser, provider: LittleProvider) -> None:
    provider.token_of = lambda claims: jwt.encode(
        {"alg": "PS256", "of": "no standard"},
        claims,
        provider.key,
        registry=JWSRegistry(algorithms=["PS256"], strict_check_header=False),
    )

    assert sign_in(browser).url.path == "/account"
