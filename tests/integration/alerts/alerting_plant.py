"""Rules, channels and calls for tests of the outbox, and receivers that misbehave on demand."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter
from sqlalchemy import Engine, select

from db.engine import session
from db.evidence import EvidenceStore
from db.models import Delivery
from db.words import DeliveryState, Severity
from inspect_pipeline.alerts.history import Call, Spot
from inspect_pipeline.alerts.messages import Letterhead
from inspect_pipeline.alerts.outbox import take_calls
from inspect_pipeline.alerts.sending import Post
from plant_config.alerts import Alert, AlertRule
from plant_config.channels import Channel
from tests.fakes import WallClock

MORNING = datetime(2026, 3, 30, 6, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Berlin")
HEAD = Letterhead(plant="Mill & Sons", zone=ZONE, address="https://inspect.example")
SECRETS = {"HOOK_SECRET": "t0p-s3cret-hook", "MAIL_PASSWORD": "t0p-s3cret-mail"}
_RULES: TypeAdapter[AlertRule] = TypeAdapter(Alert)
_CHANNELS: TypeAdapter[Channel] = TypeAdapter(Channel)


def rule(kind: str = "burst", **keys: Any) -> AlertRule:
    usual = {"name": f"the-{kind}", "kind": kind, "channels": ["hook"]}
    return _RULES.validate_python({**usual, **keys})


def channel(kind: str, **keys: Any) -> Channel:
    usual = {"name": "hook", "kind": kind, "retry_after_s": 8.0, "timeout_s": 4.0}
    return _CHANNELS.validate_python({**usual, **keys})


def hook(url: str, **keys: Any) -> Channel:
    return channel("webhook", url=url, secret_env="HOOK_SECRET", **keys)


def call(number: int, *, minutes: float = 0.0, camera: str = "cam-1", **facts: Any) -> Call:
    spot = Spot(line_id="L1", camera_id=camera, part="web")
    usual = {"text": f"burst {number} at {camera}", "severity": Severity.MAJOR}
    at = MORNING + timedelta(minutes=minutes)
    return Call(key=f"{camera} {number}", at=at, spot=spot, **{**usual, **facts})


def take(engine: Engine, wanted: AlertRule, *calls: Call, at: datetime = MORNING) -> int:
    with session(engine) as opened:
        return take_calls(opened, wanted, calls, at=at, zone=ZONE)


def states(engine: Engine) -> list[DeliveryState]:
    with session(engine, read_only=True) as opened:
        return list(opened.scalars(select(Delivery.state).order_by(Delivery.id)))


@contextmanager
def post(engine: Engine, folder: Path, clock: WallClock, *channels: Channel) -> Iterator[Post]:
    made = Post(
        engine,
        EvidenceStore(folder / "evidence"),
        channels,
        HEAD,
        environment=SECRETS,
        now=clock,
        chance=lambda: 0.0,
    )
    try:
        yield made
    finally:
        made.close()


class Receiver(ThreadingHTTPServer):
    """Answers as `answers` say, the last of them for good; 0 hangs until the test is over."""

    daemon_threads = True

    def __init__(self) -> None:
        self.answers = [204]
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.over, self.arrived = threading.Event(), threading.Event()
        super().__init__(("127.0.0.1", 0), _Answering)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/alerts"

    @property
    def keys(self) -> list[str]:
        return [headers["Idempotency-Key"] for headers, _ in self.got]

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.got]


class _Answering(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        receiver = self.server
        assert isinstance(receiver, Receiver)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        receiver.got.append((dict(self.headers), body))
        receiver.arrived.set()
        answer = receiver.answers[0] if len(receiver.answers) == 1 else receiver.answers.pop(0)
        if answer == 0:
            receiver.over.wait(30)
            return
        self.send_response(answer)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - theirs
        """Tests say nothing."""


@contextmanager
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield made
    finally:
        made.over.set()
        made.shutdown()
        thread.join()
        made.server_close()
