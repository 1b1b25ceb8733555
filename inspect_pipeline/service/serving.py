"""The review application as a process: a door to listen at, a server, an orderly stop."""

from __future__ import annotations

import logging
import os
import signal
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

import uvicorn
from fastapi import FastAPI
from sqlalchemy import Engine

from db.engine import session
from db.evidence import EvidenceStore
from db.people import has_admin
from db.plants import zone_of
from inspect_pipeline.errors import UsageError
from inspect_pipeline.review.app import create_app
from inspect_pipeline.review.identity_provider import IdentityProvider
from plant_config.plant import Plant
from plant_config.review import Oidc, Review

STOP_WITHIN_S = 10
_STOPS = (signal.SIGTERM, signal.SIGINT)


def prepared(
    engine: Engine, store: EvidenceStore, settings: Review, *, plant: Plant | None
) -> FastAPI:
    """The application over an open database.

    Raises UsageError while nobody can administer it, and without the identity provider's secret.
    """
    provider = identity_provider(settings.oidc, os.environ) if settings.oidc else None
    with session(engine, read_only=True) as opened:
        if not has_admin(opened):
            raise UsageError(
                "nobody could sign in, there is no administrator yet: make one with "
                "run_pipeline.py users add NAME --role admin and the same --plant or --db"
            )
        zone = zone_of(opened)
    return create_app(
        engine,
        store,
        settings,
        now=lambda: datetime.now(UTC),
        plant_name=plant.name if plant else "Plant",
        zone=zone,
        provider=provider,
    )


def identity_provider(settings: Oidc, environment: Mapping[str, str]) -> IdentityProvider:
    """Ready to be asked; it is not asked yet, and may be down. Raises UsageError."""
    secret = environment.get(settings.client_secret_env, "").strip()
    if not secret:
        raise UsageError(
            f"sign-in by {settings.name} needs its secret in the environment variable "
            f"{settings.client_secret_env}, which is not set or empty: set it before the program "
            "starts, or take [review.oidc] out of the plant file"
        )
    try:
        trusted = ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:
        raise UsageError(
            f"review.oidc.ca_file {settings.ca_file} cannot be used ({error.strerror or error}): "
            "name a file of certificates in PEM"
        ) from error
    return IdentityProvider(settings, secret, trusted)


@contextmanager
def listen(settings: Review) -> Iterator[socket.socket]:
    """The door, open; raises UsageError where the address is taken or is not ours."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        door = socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        raise UsageError(
            f"cannot listen at {settings.host} port {settings.port} ({reason}): "
            "stop the other program, or choose another --host or --port"
        ) from error
    with door:
        yield door


def run_until_stopped(
    app: FastAPI,
    door: socket.socket,
    settings: Review,
    *,
    beat: Callable[[], None] | None = None,
) -> None:
    """Serves until SIGTERM or Ctrl-C; requests that have begun are answered first.

    `beat` is called every second for as long as the server still answers.
    """
    logging.getLogger("inspect_pipeline").setLevel(logging.INFO)
    config = server_config(app, settings)
    if beat is not None:
        config.callback_notify, config.timeout_notify = _told(beat), 1
    server = uvicorn.Server(config)
    # The server raises the signal again when it has stopped; what comes after must still run.
    before = {kind: signal.signal(kind, lambda *_: None) for kind in _STOPS}
    try:
        server.run(sockets=[door])
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)


def _told(beat: Callable[[], None]) -> Callable[[], Awaitable[None]]:
    async def notify() -> None:
        beat()

    return notify


def server_config(app: FastAPI, settings: Review) -> uvicorn.Config:
    """Who the browser is, a header says only where a proxy that the plant trusts sent it."""
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        ssl_certfile=settings.certificate_file,
        ssl_keyfile=settings.key_file,
        timeout_graceful_shutdown=STOP_WITHIN_S,
    )
