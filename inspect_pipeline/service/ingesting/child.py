"""One process as its supervisor knows it: alive, silent, dead, or waiting to begin anew."""

from __future__ import annotations

import json
import multiprocessing
import os
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from inspect_pipeline.service.ingesting.roles import Role, Service, run_role
from plant_config.ingestion import Ingestion

FOLDING = 20  # failures in a row after which pauses grow no more, whatever the limit


class Child:
    """Begins, hears and ends the process of one role. Times are seconds of a monotonic clock."""

    def __init__(self, service: Service, role: Role) -> None:
        self.service = service
        self.role = role
        self.process: SpawnProcess | None = None
        self.pipe: Connection | None = None
        self.heard_at_s = 0.0
        self.begun_at_s = 0.0
        self.begin_at_s = 0.0
        self.failures = 0
        self.was_ever_ready = False
        self.has_ended = False  # did what it was there for, or was told to stop: it stays ended
        self.is_stopping = False
        self.last_words = ""
        self.is_refused = False  # people have to do something before it can run
        self.told = ""  # of why it refuses

    @property
    def is_alive(self) -> bool:
        return self.process is not None

    def begin(self, now_s: float) -> None:
        """Raises OSError where the computer has no room for one more process."""
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe(duplex=False)
        with theirs:
            process = context.Process(
                target=run_role,
                args=(self.service, self.role, theirs, os.getpid()),
                name=self.role.name,
                daemon=True,
            )
            try:
                process.start()
            except OSError:
                ours.close()
                raise
        self.pipe, self.process = ours, process
        self.heard_at_s = self.begun_at_s = now_s
        self.last_words = ""
        self.is_refused = False

    def hear(self, now_s: float) -> list[dict[str, Any]]:
        """What it has said since the last time."""
        said: list[dict[str, Any]] = []
        while self.pipe is not None:
            try:
                if not self.pipe.poll():
                    break
                said.append(json.loads(self.pipe.recv_bytes()))
            except (EOFError, OSError, ValueError):
                self.pipe.close()
                self.pipe = None
        if said:
            self.heard_at_s = now_s
        return said

    def has_hung(self, now_s: float, limits: Ingestion) -> bool:
        return self.is_alive and now_s - self.heard_at_s > limits.hung_after_s

    def tell_to_stop(self) -> None:
        self.is_stopping = True
        if self.process is not None:
            self.process.terminate()
        else:
            self.has_ended = True

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()

    def bury(self) -> int:
        """Its exit code, once it is dead; negative: the signal that killed it."""
        assert self.process is not None, "only a process that began can be buried"
        self.process.join()
        code = self.process.exitcode
        self.process.close()
        self.process = None
        if self.pipe is not None:
            self.pipe.close()
            self.pipe = None
        return code if code is not None else 0

    def begin_later(self, now_s: float, limits: Ingestion) -> None:
        """After a pause that doubles each time it fails again soon; people take the longest."""
        if self.is_refused:
            self.begin_at_s = now_s + limits.restart_at_most_s
            return
        if now_s - self.begun_at_s > limits.restart_at_most_s + limits.hung_after_s:
            self.failures = 0
        doubled = limits.restart_after_s * 2 ** min(self.failures, FOLDING)
        self.begin_at_s = now_s + min(doubled, limits.restart_at_most_s)
        self.failures += 1
