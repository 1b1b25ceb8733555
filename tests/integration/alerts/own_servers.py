"""A mail server and a broker of the test's own, on free ports, with certificates of its own."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import default
from pathlib import Path
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword


@dataclass
class Mailbox:
    """What arrived; the server refuses as often as `refusals` says."""

    port: int = 0
    ca_file: Path = Path()
    refusals: int = 0
    letters: list[EmailMessage] = field(default_factory=list)
    signed_in: list[str] = field(default_factory=list)

    async def handle_DATA(self, _server: object, _session: object, envelope: Envelope) -> str:
        if self.refusals > 0:
            self.refusals -= 1
            return "451 try again later"
        assert isinstance(envelope.content, bytes)
        letter: Message = message_from_bytes(envelope.content, policy=default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        return "250 taken"


@contextmanager
def mail_server(folder: Path, *, password: str, security: str) -> Iterator[Mailbox]:
    authority = trustme.CA()
    box = Mailbox(ca_file=folder / "authority.pem", port=free_port())
    authority.cert_pem.write_to_path(str(box.ca_file))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)

    def sign_in(
        _server: object, _session: object, _envelope: object, _how: str, said: Any
    ) -> AuthResult:
        assert isinstance(said, LoginPassword)
        box.signed_in.append(said.login.decode())
        return AuthResult(success=said.password.decode() == password, handled=False)

    keys: dict[str, Any] = (
        {"ssl_context": context}
        if security == "tls"
        else {"tls_context": context, "require_starttls": True}
    )
    controller = Controller(
        box,
        hostname="localhost",
        port=box.port,
        authenticator=sign_in,
        auth_required=True,
        auth_require_tls=security != "tls",
        **keys,
    )
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


@contextmanager
def broker() -> Iterator[int]:
    """An MQTT broker; its port."""
    from amqtt.broker import Broker

    port = free_port()
    config = {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }
    loop = asyncio.new_event_loop()
    made: list[Broker] = []

    async def begin() -> None:
        made.append(Broker(config))
        await made[0].start()

    loop.run_until_complete(begin())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield port
    finally:
        asyncio.run_coroutine_threadsafe(made[0].shutdown(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])
