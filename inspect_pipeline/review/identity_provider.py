"""The plant's identity provider (OpenID Connect, authorization code flow with PKCE).

Nothing of what it says is kept: where it is and its keys are asked at every sign-in, of which a
plant has few. So a key that it takes back is believed no longer, and a new one at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from ssl import SSLContext
from threading import BoundedSemaphore
from typing import Any
from urllib.parse import quote_plus

import httpx

from db.identities import Identity
from inspect_pipeline.review.claimed_identity import claim, identity_of, wanted_claims
from inspect_pipeline.review.id_tokens import UntrustedToken, claims_of
from inspect_pipeline.review.provider_answers import (
    Description,
    ProviderFails,
    PublishedKeys,
    Refusal,
    Tokens,
    UserInfo,
    read,
)
from inspect_pipeline.review.sign_in_attempt import SignInAttempt
from plant_config.review import Oidc

TIMEOUT_S = 10.0
AT_ONCE = 8  # of the 40 threads that answer requests: a provider that hangs must not take them all
_PROMPTS = {"password": {"prompt": "login"}, "account": {"prompt": "select_account"}}


class IdentityUnproven(Exception):
    """The provider answers, and this try proves nothing; the message is for the log."""


class IdentityProvider:
    """Asks the provider, in the name of the client that the plant file names."""

    def __init__(
        self,
        settings: Oidc,
        client_secret: str,
        trusted: SSLContext,
        *,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self.settings = settings
        self._timeout_s = timeout_s
        self._client_secret = client_secret
        self._trusted = trusted
        self._turns = BoundedSemaphore(AT_ONCE)

    def way_there(self, attempt: SignInAttempt) -> str:
        """Where a browser goes to sign in. Raises ProviderFails."""
        with self._asking() as client:
            described = self._described(client)
        asked = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": self.settings.callback,
            "scope": " ".join(self.settings.scopes),
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
            **_PROMPTS.get(self.settings.asks, {}),
        }
        return str(httpx.URL(described.authorization_endpoint).copy_merge_params(asked))

    def identity(self, code: str, attempt: SignInAttempt, *, at: datetime) -> Identity:
        """Who came back with the code. Raises ProviderFails, IdentityUnproven."""
        with self._asking() as client:
            described = self._described(client)
            tokens = self._tokens(client, described, code, attempt)
            published = read(PublishedKeys, client.get(described.jwks_uri))
            try:
                claims = claims_of(
                    tokens.id_token,
                    published.keys,
                    issuer=self.settings.issuer,
                    client_id=self.settings.client_id,
                    nonce=attempt.nonce,
                    at=at,
                )
            except UntrustedToken as error:
                raise IdentityUnproven(f"the ID token is not to be trusted: {error}") from error
            more = self._more_claims(client, described, tokens, claims)
        return identity_of({**more, **claims}, self.settings)

    @contextmanager
    def _asking(self) -> Iterator[httpx.Client]:
        if not self._turns.acquire(blocking=False):
            raise ProviderFails(f"{AT_ONCE} sign-ins wait for it already")
        try:
            with httpx.Client(verify=self._trusted, timeout=self._timeout_s) as client:
                yield client
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ProviderFails(f"{type(error).__name__}: {error}") from error
        finally:
            self._turns.release()

    def _described(self, client: httpx.Client) -> Description:
        place = f"{self.settings.issuer.removesuffix('/')}/.well-known/openid-configuration"
        described = read(Description, client.get(place))
        if described.issuer != self.settings.issuer:
            raise ProviderFails(f"{place} names the issuer {described.issuer!r}, not the one asked")
        return described

    def _tokens(
        self, client: httpx.Client, described: Description, code: str, attempt: SignInAttempt
    ) -> Tokens:
        name, secret = self.settings.client_id, self._client_secret
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.settings.callback,
            "code_verifier": attempt.verifier,
        }
        if described.takes_secret_in_form_alone:
            form |= {"client_id": name, "client_secret": secret}
            answer = client.post(described.token_endpoint, data=form)
        else:  # both are encoded as in a form before they become a header (RFC 6749, 2.3.1)
            both = (quote_plus(name), quote_plus(secret))
            answer = client.post(described.token_endpoint, data=form, auth=both)
        if answer.status_code in {400, 401}:
            said = read(Refusal, answer, status=answer.status_code).error
            if said == "invalid_grant":
                raise IdentityUnproven("the code is spent, too old or of another try")
            raise ProviderFails(f"it refuses this application ({said!r}): is the secret right?")
        return read(Tokens, answer)

    def _more_claims(
        self, client: httpx.Client, described: Description, tokens: Tokens, claims: dict[str, Any]
    ) -> dict[str, Any]:
        """Of its userinfo, where the ID token is short of what we want to know."""
        is_short = any(claim(claims, one) is None for one in wanted_claims(self.settings))
        if not (is_short and described.userinfo_endpoint and tokens.access_token):
            return {}
        bearer = {"Authorization": f"Bearer {tokens.access_token}"}
        told = read(UserInfo, client.get(described.userinfo_endpoint, headers=bearer))
        if told.sub != claims["sub"]:
            raise IdentityUnproven("userinfo is of somebody else than the ID token")
        return told.model_dump()
