"""`serve` in processes of its own, looked at and killed from outside."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sqlalchemy import func, select

from db.engine import connect, session
from db.errors import DatabaseError
from db.evidence import EvidenceStore
from db.models import Frame, Inspection
from db.pictures import Fault, disagreements, named_pictures
from db.tallies.recounting import wrong_tallies

ROOT = Path(__file__).parents[2]
PATIENCE_S = 240.0
_Found = TypeVar("_Found")
SUPERVISOR = "supervisor"


class Serving:
    """One instance after the other, on the same plant."""

    def __init__(self, plant_file: Path, *words: str) -> None:
        self.words = ["serve", str(plant_file), "--no-review", *words]
        self.log = plant_file.with_name("serve.log")
        self._supervisor: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "NO_COLOR": "1"}
        with self.log.open("ab") as log:
            self._supervisor = subprocess.Popen(
                [sys.executable, str(ROOT / "run_pipeline.py"), *self.words],
                env=environment,
                stdout=log,
                stderr=log,
            )

    def alive(self) -> dict[str, int]:
        """The processes by what they are called: `writer`, `worker 1`, `camera cam-1`."""
        if self._supervisor is None or self._supervisor.poll() is not None:
            return {}
        found = {SUPERVISOR: self._supervisor.pid}
        children = Path(f"/proc/{self._supervisor.pid}/task/{self._supervisor.pid}/children")
        for pid in map(int, children.read_text().split()):
            try:
                found[Path(f"/proc/{pid}/comm").read_text().strip()] = pid
            except (FileNotFoundError, ProcessLookupError):  # it has just died
                continue
        return found

    def kill(self, kind: str) -> None:
        """SIGKILL to a process of the kind, as soon as there is one; a supervisor begins anew."""
        pid = wait_for(lambda: self._pid_of(kind), f"no {kind} began", self.log)
        os.kill(pid, signal.SIGKILL)
        if kind == SUPERVISOR:
            assert self._supervisor is not None, "somebody began it"
            self._supervisor.wait()
            self.begin()
        else:
            wait_for(lambda: pid not in self.alive().values(), f"{kind} lives on", self.log)

    def _pid_of(self, kind: str) -> int | None:
        alive = self.alive()
        if kind == SUPERVISOR and not any(name.startswith("worker") for name in alive):
            return None  # killed before it has done anything, it would prove nothing
        return next((pid for name, pid in alive.items() if name.startswith(kind)), None)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self._supervisor is not None, "somebody began it"
        self._supervisor.send_signal(signal.SIGTERM)
        return self._supervisor.wait(timeout=PATIENCE_S)

    def end(self) -> None:
        if self._supervisor is not None:
            self._supervisor.kill()
            self._supervisor.wait()


@contextmanager
def serving(plant_file: Path, *words: str) -> Iterator[Serving]:
    """Begun, and certainly ended."""
    begun = Serving(plant_file, *words)
    begun.begin()
    try:
        yield begun
    finally:
        begun.end()


def wait_for(look: Callable[[], _Found | None], complaint: str, log: Path) -> _Found:
    """What the look finds as soon as it finds anything."""
    until_s = time.monotonic() + PATIENCE_S
    while (found := look()) is None or found is False:
        assert time.monotonic() < until_s, f"{complaint}; the log: {log.read_text()[-3000:]}"
        time.sleep(0.2)
    return found


def frames_in(database_url: str) -> list[str]:
    """The sources of all frames that have an inspection; empty while there is no database."""
    try:
        engine = connect(database_url)
    except DatabaseError:
        return []
    try:
        with session(engine, read_only=True) as opened:
            chosen = select(Frame.source).join(Inspection, Inspection.frame_id == Frame.id)
            return sorted(opened.execute(chosen).scalars())
    except DatabaseError:  # no tables yet
        return []
    finally:
        engine.dispose()


def assert_whole(database_url: str, evidence: Path) -> None:
    """Every inspection has its pictures, every count is right, and no frame stands there twice."""
    engine = connect(database_url)
    try:
        with session(engine, read_only=True) as opened:
            named = named_pictures(opened)
            faults = {one.fault for one in disagreements(named, EvidenceStore(evidence))}
            counted = opened.execute(
                select(func.count(), func.count(Frame.content_sha256.distinct()))
            ).one()
            assert wrong_tallies(opened) == 0
        assert faults <= {Fault.ORPHAN}, "a killed worker may leave files that no row names"
        assert counted[0] == counted[1]
    finally:
        engine.dispose()
