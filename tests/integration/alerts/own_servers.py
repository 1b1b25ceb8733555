"""A mail server and a broker of the test's own, on free ports, with certificates of its own."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
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


@dataclass
class OwnBroker:
    """`ca_file` is None where it speaks in the clear."""

    port: int
    ca_file: Path | None = None


@contextmanager
def broker(folder: Path | None = None) -> Iterator[OwnBroker]:
    """An MQTT broker; with TLS where it is given a folder for its certificates."""
    from amqtt.broker import Broker

    own = OwnBroker(port=free_port())
    listener: dict[str, Any] = {"type": "tcp", "bind": f"127.0.0.1:{own.port}"}
    if folder is not None:
        own.ca_file = folder / "authority.pem"
        listener |= {"ssl": True, **_certificates(own.ca_file, folder)}
    config = {
        "listeners": {"default": listener},
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
        yield own
    finally:
        asyncio.run_coroutine_threadsafe(made[0].shutdown(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _certificates(ca_file: Path, folder: Path) -> dict[str, str]:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(ca_file))
    own = authority.issue_cert("localhost", "127.0.0.1")
    key_file, cert_file = folder / "broker.key", folder / "broker.pem"
    own.private_key_pem.write_to_path(str(key_file))
    own.cert_chain_pems[0].write_to_path(str(cert_file))
    return {"certfile": str(cert_file), "keyfile": str(key_file)}


class Ears:
    """What is heard below a topic: the last of each, as payload and whether it was kept."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self.last: dict[str, tuple[bytes, bool]] = {}

    def heard(self, said: Any) -> None:
        with self._news:
            self.last[said.topic] = (bytes(said.payload), bool(said.retain))
            self._news.notify_all()

    def wait(self, topic: str, wanted: Callable[[bytes], bool], timeout_s: float = 20.0) -> bytes:
        """The payload of the topic as soon as it is as wanted."""

        def has_come() -> bool:
            return topic in self.last and wanted(self.last[topic][0])

        with self._news:
            assert self._news.wait_for(has_come, timeout_s), f"{topic}: {self.last.get(topic)}"
            return self.last[topic][0]


@contextmanager
def listening(own: OwnBroker, topic: str) -> Iterator[Ears]:
    import paho.mqtt.client as mqtt
    from paho.mqtt.enums import CallbackAPIVersion

    ears, client = Ears(), mqtt.Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda _client, _data, said: ears.heard(said)
    if own.ca_file is not None:
        client.tls_set_context(ssl.create_default_context(cafile=own.ca_file))
    client.connect("127.0.0.1", own.port)
    client.subscribe(topic, qos=1)
    client.loop_start()
    try:
        yield ears
    finally:
        client.disconnect()
        client.loop_stop()


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])
