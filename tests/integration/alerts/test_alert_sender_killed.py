"""The sender is killed when the receiver has the message and nobody has recorded that."""

from __future__ import annotations

import multiprocessing
import os
import signal
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine

from db.upgrade import open_database
from db.words import DeliveryState
from tests.fakes import WallClock
from tests.integration.alerts.alerting_plant import (
    MORNING,
    call,
    hook,
    post,
    receiver,
    rule,
    states,
    take,
)


def deliver(database: str, folder: str, url: str, minutes: float) -> None:
    """A sender of its own, at so many minutes past the morning."""
    engine = open_database(database)
    clock = WallClock(MORNING + timedelta(minutes=minutes))
    with post(engine, Path(folder), clock, hook(url, timeout_s=20.0)) as sender:
        sender.deliver()
    engine.dispose()


def test_a_message_whose_sender_was_killed_comes_again_with_its_key(
    sqlite_engine: Engine, tmp_path: Path
) -> None:
    take(sqlite_engine, rule(), *(call(1, camera=f"cam-{number}") for number in range(8)))
    url = sqlite_engine.url.render_as_string(hide_password=False)
    context = multiprocessing.get_context("spawn")
    with receiver() as there:
        there.answers = [0]
        first = context.Process(target=deliver, args=(url, str(tmp_path), there.url, 0))
        first.start()
        try:
            assert there.arrived.wait(120)
        finally:
            assert first.pid is not None
            os.kill(first.pid, signal.SIGKILL)
            first.join()
        there.answers = [204]
        for minutes in (0.9, 5):  # still in hand, then due again
            deliver(url, str(tmp_path), there.url, minutes)

        assert len(there.keys) == 2
        assert len(set(there.keys)) == 1
        assert [body["count"] for body in there.bodies] == [8, 8]
    assert states(sqlite_engine) == 8 * [DeliveryState.SENT]
