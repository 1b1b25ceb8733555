"""The thread by which a process hangs on its supervisor: signs of life up, one signal down.

Each process has a pipe of its own in which it alone writes. A message is written in one piece, so
a process that is killed leaves no half message and holds no lock that others wait for.
"""

from __future__ import annotations

import json
import os
import select
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any

_LONGEST = 2000  # characters of a text: the whole message has to fit into one write of a pipe


class Stop:
    """SIGTERM as something to wait for; safe inside a signal handler."""

    def __init__(self) -> None:
        self.asked = 0
        self._seen, self._told = os.pipe()
        os.set_blocking(self._told, False)

    def listen(self, *signals: signal.Signals) -> None:
        for kind in signals:
            signal.signal(kind, self._hear)

    def _hear(self, _number: int, _frame: FrameType | None) -> None:
        self.asked += 1
        os.write(self._told, b"!")

    def fileno(self) -> int:
        """Readable from the first signal on."""
        return self._seen

    def wait(self, timeout_s: float) -> bool:
        """Was it asked for, now or within the time?"""
        if not self.asked:
            select.select([self._seen], [], [], max(0.0, timeout_s))
        return self.asked > 0

    def seen(self) -> None:
        """Waits for the next signal again."""
        os.read(self._seen, 1024)


class Link:
    """What a process says to its supervisor, and whether it shall stop."""

    def __init__(
        self,
        pipe: Connection,
        stop: Stop,
        *,
        beat_every_s: float = 0.5,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pipe = pipe
        self._stop = stop
        self._beat_every_s = beat_every_s
        self._clock = clock
        self._beaten_at = -beat_every_s

    @property
    def stopping(self) -> bool:
        return self._stop.asked > 0

    def beat(self) -> None:
        """I am alive. Call it as often as you like."""
        if self._clock() - self._beaten_at >= self._beat_every_s:
            self.say("beat")

    def say(self, what: str, **facts: Any) -> None:
        """`ready`, `ended`, `refused` (with `text`), `recorded` and what else there may be."""
        self._beaten_at = self._clock()
        if "text" in facts:
            facts["text"] = str(facts["text"])[:_LONGEST]
        self._pipe.send_bytes(json.dumps({"what": what, **facts}).encode())

    def wait(self, seconds: float) -> bool:
        """Waits without a sign of life, for who gives it elsewhere, and says whether to stop."""
        return self._stop.wait(seconds)

    def pause(self, seconds: float) -> bool:
        """Waits, alive, and says whether to stop."""
        until = self._clock() + seconds
        self.beat()
        while (left := until - self._clock()) > 0 and not self._stop.wait(
            min(left, self._beat_every_s)
        ):
            self.beat()
        return self.stopping
