"""What every request and every answer is held to, whatever the handler: size, origin, headers."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import HTTPException, Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inspect_pipeline.review.access import SAFE_METHODS, NotOurForm

MAX_BODY_BYTES = 1_000_000
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_PRIVATE = "no-store"
_REVALIDATED = "no-cache"  # our own files: kept, and asked for again by their mark


def harden(headers: MutableHeaders, path: str, *, https: bool) -> None:
    """Sets what the handler did not; pages are private and not kept unless a handler says so."""
    for name, words in SECURITY_HEADERS.items():
        headers.setdefault(name, words)
    if https:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    headers.setdefault("Cache-Control", _REVALIDATED if path.startswith("/static/") else _PRIVATE)


class HardHeaders:
    """Middleware: `harden` for every answer."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self.app = app
        self.https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                harden(MutableHeaders(scope=message), scope["path"], https=self.https)
            await send(message)

        await self.app(scope, receive, hardened if scope["type"] == "http" else send)


class BodyLimit:
    """Middleware: a body of more than so many bytes is refused, said or counted."""

    def __init__(self, app: ASGIApp, *, max_bytes: int = MAX_BODY_BYTES) -> None:
        self.app = app
        self.max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        said = Headers(scope=scope).get("content-length", "")
        counted = 0

        async def limited() -> Message:
            nonlocal counted
            if said.isdigit() and int(said) > self.max_bytes:
                raise self._refusal()
            message = await receive()
            counted += len(message.get("body", b""))
            if counted > self.max_bytes:
                raise self._refusal()
            return message

        await self.app(scope, limited, send)

    def _refusal(self) -> HTTPException:
        return HTTPException(413, f"at most {self.max_bytes} bytes can be sent at once")


def refuse_foreign(request: Request) -> None:
    """A browser on a page of another site may change nothing here; programs send no Origin.

    This also guards the sign-in form, which has no session and so no CSRF token yet. A proxy in
    front has to pass the Host header on. Raises NotOurForm.
    """
    if request.method not in SAFE_METHODS and _is_foreign(request.headers):
        raise NotOurForm("the request came from a page of another site")


def _is_foreign(headers: Headers) -> bool:
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return True
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower()
