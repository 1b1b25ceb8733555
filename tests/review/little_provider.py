"""A small OpenID Connect provider on a port of its own: it signs with RSA, and can be told to err.

Whoever comes is signed in at once as `person`. It holds the application to the flow: the registered
address to come back to, PKCE, the client's secret, codes that work once.
"""

from __future__ import annotations

import hashlib
import json
import socket
import threading
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT_ID, CLIENT_SECRET = "inspect review", "s3cret: with %, + and /"
STOPPED_WITHIN_S = 30

Claims = dict[str, Any]


class LittleProvider:
    def __init__(self, *, issuer: str, callback: str, now: Callable[[], datetime]) -> None:
        self.issuer, self.callback, self.now = issuer, callback, now
        self.person: Claims = {
            "sub": "248289761001",
            "preferred_username": "Jane",
            "name": "Jane  Doe",
            "groups": ["everybody", "quality"],
        }
        self.described: dict[str, Any] = {}  # what it says of itself otherwise
        self.claims: Claims = {}  # what stands otherwise in its ID tokens; None: leave out
        self.user_info: Claims | None = None  # None: there is no such address
        self.token_of: Callable[[Claims], str] = self.signed
        self.broken: set[str] = set()  # paths that answer 500
        self.paths: list[str] = []  # what it was asked for
        self.asked: dict[str, str] = {}  # with what the last browser came
        self._codes: dict[str, dict[str, str]] = {}
        self._key_number = 0
        self._held, self._free = threading.Semaphore(0), threading.Event()
        self._free.set()
        self.rotate()

    def rotate(self) -> None:
        """A new key; the old one is published no longer."""
        self._key_number += 1
        self.key = RSAKey.generate_key(2048, {"kid": f"key-{self._key_number}", "use": "sig"})

    def signed(self, claims: Claims) -> str:
        header = {"alg": "RS256", "kid": str(self.key.kid)}
        return jwt.encode(header, claims, self.key, algorithms=["RS256"])

    def hold(self) -> None:
        """From now on it listens and does not answer."""
        self._free.clear()

    def wait_until_held(self, how_many: int) -> None:
        """Returns when so many requests wait for an answer."""
        for _ in range(how_many):
            assert self._held.acquire(timeout=STOPPED_WITHIN_S), "nobody came"

    def let_go(self) -> None:
        self._free.set()

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._describe),
                Route("/authorize", self._authorize),
                Route("/token", self._give_tokens, methods=["POST"]),
                Route("/keys", self._publish),
                Route("/userinfo", self._tell),
            ]
        )

    def _describe(self, request: Request) -> Response:
        self._held.release()
        assert self._free.wait(STOPPED_WITHIN_S), "nobody let go"
        described = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize?tenant=mill",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            **({"userinfo_endpoint": f"{self.issuer}/userinfo"} if self.user_info else {}),
            "id_token_signing_alg_values_supported": ["RS256"],
            **self.described,
        }
        return self._answer(request, described)

    async def _authorize(self, request: Request) -> Response:
        self.asked = dict(request.query_params)
        assert self.asked["tenant"] == "mill"
        if (self.asked["redirect_uri"], self.asked["client_id"]) != (self.callback, CLIENT_ID):
            return Response("no such client", 400)
        code = f"code {len(self._codes)}"
        self._codes[code] = self.asked
        came_with = {"code": code, "state": self.asked["state"], "iss": self.issuer}
        return RedirectResponse(f"{self.callback}?{urlencode(came_with)}", 302)

    async def _give_tokens(self, request: Request) -> Response:
        form = {
            name: values[0] for name, values in parse_qs((await request.body()).decode()).items()
        }
        if self._client_of(request, form) != (CLIENT_ID, CLIENT_SECRET):
            return self._answer(request, {"error": "invalid_client"}, 401)
        asked = self._codes.pop(form["code"], None)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            asked is None
            or challenge != asked["code_challenge"]
            or form["redirect_uri"] != asked["redirect_uri"]
        ):
            return self._answer(request, {"error": "invalid_grant"}, 400)
        at = int(self.now().timestamp())
        usual = {"iss": self.issuer, "aud": CLIENT_ID, "iat": at, "exp": at + 300}
        told = {**usual, "nonce": asked["nonce"], **self.person, **self.claims}
        claims = {name: value for name, value in told.items() if value is not None}
        return self._answer(
            request, {"access_token": "for userinfo", "id_token": self.token_of(claims)}
        )

    async def _publish(self, request: Request) -> Response:
        strange = [{"kty": "AKP", "kid": "new"}, {"kty": "EC", "crv": "odd", "x": "", "y": ""}]
        return self._answer(request, {"keys": [*strange, self.key.as_dict(private=False)]})

    async def _tell(self, request: Request) -> Response:
        assert request.headers["authorization"] == "Bearer for userinfo"
        return self._answer(request, self.user_info or {})

    def _answer(self, request: Request, body: object, status: int = 200) -> Response:
        self.paths.append(request.url.path)
        if request.url.path in self.broken:
            return Response("<h1>Internal error</h1>", 500)
        return JSONResponse(body, status)

    def _client_of(self, request: Request, form: dict[str, str]) -> tuple[str, str]:
        if "client_secret" in form:
            return form["client_id"], form["client_secret"]
        given = b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
        name, _, secret = given.partition(":")
        return unquote_plus(name), unquote_plus(secret)


@contextmanager
def little_provider(
    callback: str, now: Callable[[], datetime], *, certificate: Path | None = None
) -> Iterator[LittleProvider]:
    """It answers from the first moment on, and is gone at the end.

    With a certificate (PEM, its key in the same file) it speaks https.
    """
    with socket.create_server(("127.0.0.1", 0)) as door:
        scheme = "https" if certificate else "http"
        issuer = f"{scheme}://127.0.0.1:{door.getsockname()[1]}"
        provider = LittleProvider(issuer=issuer, callback=callback, now=now)
        config = uvicorn.Config(
            provider.app(), log_level="error", lifespan="off", ws="none", ssl_certfile=certificate
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]}, daemon=True)
        thread.start()
        try:
            yield provider
        finally:
            server.should_exit = True
            thread.join(STOPPED_WITHIN_S)


def unsigned(claims: Claims) -> str:
    """A token with the algorithm `none`, as no library makes it any more."""
    parts = [json.dumps(part).encode() for part in ({"alg": "none", "typ": "JWT"}, claims)]
    return ".".join([*(urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts), ""])
