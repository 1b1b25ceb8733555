"""What the plant suffers from outside: kills first, and throughout a share and a database away."""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from benchmarks.ingestion.running import SUPERVISOR, Serving
from inspect_pipeline.capture.lossless import png_of
from inspect_pipeline.records import Picture

FEED_EVERY_S = 0.25
KILL_EVERY_S = (2.0, 12.0)
CUT_OFF_EVERY_S, CUT_OFF_FOR_S = 45.0, 8.0
AWAY_EVERY_S, AWAY_FOR_S = 150.0, 15.0
KINDS = ("camera", "worker", "writer", SUPERVISOR)


class DropBox:
    """Somebody who puts numbered pictures into the folder, whenever it is there."""

    def __init__(self, folder: Path, picture: Callable[[int], Picture]) -> None:
        self.folder = folder
        self.written: list[str] = []
        self._picture = picture
        self._lock = threading.Lock()
        folder.mkdir(parents=True)

    def put(self) -> None:
        with self._lock:
            number = len(self.written)
            name = f"{number:06d}.png"
            half = self.folder / f".{name}.part"
            half.write_bytes(png_of(self._picture(number)))
            half.rename(self.folder / name)
            self.written.append(name)

    def cut_off(self, over: threading.Event) -> None:
        """Like a share that is unmounted: its files are gone with it, and come back with it."""
        away = self.folder.with_name("unmounted")
        with self._lock:
            self.folder.rename(away)
            over.wait(CUT_OFF_FOR_S)
            away.rename(self.folder)


class Faults:
    """A thread each for the feeder, the kills, the cut-offs and the database."""

    def __init__(
        self, served: Serving, box: DropBox, away: Callable[[threading.Event], None], *, seed: int
    ) -> None:
        self.served = served
        self.box = box
        self.away = away
        self.suffered: Counter[str] = Counter()
        self.is_hard = threading.Event()  # processes are killed
        self._over = threading.Event()
        self._rng = random.Random(seed)
        duties = (self._feed, self._kill, self._cut_off, self._database_away)
        self._threads = [threading.Thread(target=one, daemon=True) for one in duties]

    @property
    def is_killing(self) -> bool:
        """Also until the process that was killed last is begun anew."""
        return self._threads[1].is_alive()

    def begin(self) -> None:
        self.is_hard.set()
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Everything is there again when this returns."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _feed(self) -> None:
        while not self._over.wait(FEED_EVERY_S):
            self.box.put()

    def _kill(self) -> None:
        while not self._over.wait(self._rng.uniform(*KILL_EVERY_S)) and self.is_hard.is_set():
            kind = self._rng.choice(KINDS)
            self.served.kill(kind)
            self.suffered[f"kills of {kind}"] += 1

    def _cut_off(self) -> None:
        while not self._over.wait(CUT_OFF_EVERY_S):
            self.box.cut_off(self._over)
            self.suffered["cut-offs of the drop box"] += 1

    def _database_away(self) -> None:
        while not self._over.wait(AWAY_EVERY_S):
            self.away(self._over)
            self.suffered["times without database"] += 1


def sqlite_taken(path: Path, over: threading.Event) -> None:
    """Another program writes, for longer than anybody waits."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=60.0)
    try:
        connection.execute("BEGIN IMMEDIATE")
        until_s = time.monotonic() + AWAY_FOR_S
        while time.monotonic() < until_s and not over.wait(0.2):
            pass
        connection.execute("ROLLBACK")
    finally:
        connection.close()
