"""Begins the processes, looks after them, and ends them in order.

    cameras -> spool -> workers -> results -> writer -> database

A process that dies or falls silent is begun anew, after a pause that grows; what it had in hand is
put right by the supervisor, when it is certainly dead. Told to stop, cameras end first and the
writer last. The supervisor inspects nothing and opens no database, so there is little that it
could die of; and when it does, its processes die with it and the next start puts everything right.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from multiprocessing import connection
from typing import Any

from db.words import EventKind, Severity
from inspect_pipeline.errors import InspectError
from inspect_pipeline.ingestion.notices import Notice
from inspect_pipeline.service.ingesting.child import Child
from inspect_pipeline.service.ingesting.instance import only_instance
from inspect_pipeline.service.ingesting.link import Stop
from inspect_pipeline.service.ingesting.places import notices_of, spools_of, utc_now
from inspect_pipeline.service.ingesting.repairing import repair_all, repair_worker
from inspect_pipeline.service.ingesting.roles import (
    CAMERA,
    REVIEW,
    SCHEDULER,
    WORKER,
    WRITER,
    Role,
    Service,
    roles_of,
    worker_folder,
)

LOOK_EVERY_S = 0.5
STOP_WITHIN_S = 30.0  # for a process that was told to stop and has a frame in hand

Heard = Callable[[Role, Mapping[str, Any]], None]


class Supervisor:
    """Runs a service until it is told to stop; with `once`, until nothing is left to do."""

    def __init__(
        self,
        service: Service,
        *,
        heard: Heard | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.service = service
        self.limits = service.plant.ingestion
        self.children = [Child(service, role) for role in roles_of(service)]
        self._heard = heard
        self._clock = clock
        self._now = now
        self._stop = Stop()
        self._complaints: list[str] = []

    def run(self) -> None:
        """Raises UsageError for a second instance, InspectError where something refuses to begin.

        With `once` also where a camera gave nothing; what the others gave is inspected before.
        """
        signals = (signal.SIGTERM, signal.SIGINT)
        before = {kind: signal.getsignal(kind) for kind in signals}
        plant = self.service.plant
        try:
            with only_instance(plant.spool_folder):
                self.spools, self.notices = spools_of(plant), notices_of(plant)
                self._stop.listen(*signals)
                repair_all(self.spools, self.notices, tries=self.limits.tries, now=self._now)
                self._note(EventKind.STARTED, Severity.MINOR, "ingestion has started")
                try:
                    self._look_after(until=self._is_time_to_stop)
                    self._drain()
                finally:
                    self._end_all()
        finally:
            for kind, handler in before.items():
                signal.signal(kind, handler)
        if self._complaints:
            raise InspectError("; ".join(self._complaints))

    def _is_time_to_stop(self) -> bool:
        is_over = self.service.once and all(one.has_ended for one in self._of(CAMERA))
        return is_over or self._stop.asked > 0

    def _drain(self) -> None:
        """Cameras first, then what waits, within the time there is; the writer last."""
        asked = self._stop.asked
        self._stop_those(CAMERA, REVIEW, SCHEDULER)
        until_s = self._clock() + self.limits.drain_within_s

        def is_drained() -> bool:
            is_told_again = self._stop.asked > max(asked, 1)
            is_over = self._stop.asked > 0 and self._clock() > until_s
            return is_told_again or is_over or all(spool.is_empty() for spool in self.spools)

        self._look_after(until=is_drained)
        self._stop_those(WORKER)
        left = sum(spool.occupancy().entries for spool in self.spools)
        text = f"ingestion has stopped, {left} frames wait for the writer or the next start"
        self._note(EventKind.STOPPED, Severity.MINOR, text, {"waiting": left})
        self._stop_those(WRITER)

    def _stop_those(self, *kinds: str) -> None:
        """Told to stop, and killed where they take too long."""
        told = self._of(*kinds)
        for child in told:
            child.tell_to_stop()
        until_s = self._clock() + STOP_WITHIN_S
        self._look_after(
            until=lambda: all(one.has_ended for one in told) or self._clock() > until_s
        )
        for child in told:
            child.kill()
        self._look_after(until=lambda: all(one.has_ended for one in told))

    def _end_all(self) -> None:
        for child in self.children:
            child.kill()
        for child in self.children:
            if child.is_alive:
                child.bury()

    def _of(self, *kinds: str) -> list[Child]:
        return [child for child in self.children if child.role.kind in kinds]

    def _look_after(self, *, until: Callable[[], bool]) -> None:
        while not until():
            self._wait()
            now_s = self._clock()
            heard = [(child, child.hear(now_s)) for child in self.children]
            for child, said in heard:  # all of it first: this process itself may have slept
                self._answer(child, said)
            for child in self.children:
                self._tend(child, now_s)
            self.notices.say()

    def _wait(self) -> None:
        """Until a process says something or dies, a pause is over, or it is time to look."""
        now_s = self._clock()
        waiting: list[Any] = [self._stop]
        timeout_s = LOOK_EVERY_S
        for child in self.children:
            if child.process is not None:
                waiting.append(child.process.sentinel)
            elif not child.has_ended:
                timeout_s = min(timeout_s, max(0.0, child.begin_at_s - now_s))
            if child.pipe is not None:
                waiting.append(child.pipe)
        ready: list[Any] = connection.wait(waiting, timeout_s)
        if self._stop in ready:
            self._stop.seen()

    def _answer(self, child: Child, said: list[dict[str, Any]]) -> None:
        for one in said:
            what = one["what"]
            if what == "ready":
                child.was_ever_ready = True
            elif what == "ended":
                child.has_ended = True
            elif what in {"refused", "failed"}:
                child.last_words = one["text"]
                self._take_to_heart(child, one)
            elif what == "away" and self.service.once and not child.was_ever_ready:
                raise InspectError(one["text"])
            if self._heard is not None and what != "beat":
                self._heard(child.role, one)

    def _take_to_heart(self, child: Child, said: Mapping[str, Any]) -> None:
        """What stands in the way of a start is told to whoever starts; later it is tried again."""
        if child.role.kind == CAMERA and self.service.once:
            self._complaints.append(said["text"])
            child.has_ended = True
            return
        is_needed = child.role.kind in (WORKER, WRITER) and said["what"] == "refused"
        if is_needed and not any(one.was_ever_ready for one in self._of(child.role.kind)):
            raise InspectError(said["text"])

    def _tend(self, child: Child, now_s: float) -> None:
        if child.process is None:
            if not child.has_ended and now_s >= child.begin_at_s and self._may_begin(child):
                child.begin(now_s)
        elif child.process.exitcode is not None:
            self._answer(child, child.hear(now_s))
            self._is_dead(child, child.bury(), now_s)
        elif child.has_hung(now_s, self.limits):
            text = f"the process {child.role.name} said nothing for {self.limits.hung_after_s:g} s"
            self._note(EventKind.PROCESS_HUNG, Severity.MAJOR, text, role=child.role)
            child.kill()
            child.heard_at_s = now_s  # once is enough: it is buried when it is dead

    def _may_begin(self, child: Child) -> bool:
        """Who reads the database finds its tables when the writer has made them."""
        return child.role.kind not in (REVIEW, SCHEDULER) or self._of(WRITER)[0].was_ever_ready

    def _is_dead(self, child: Child, code: int, now_s: float) -> None:
        if child.role.kind == WORKER:
            folder = worker_folder(child.role)
            tries = self.limits.tries
            repair_worker(self.spools, folder, self.notices, tries=tries, now=self._now)
        if child.is_stopping or child.has_ended:
            child.has_ended = True
            return
        child.begin_later(now_s, self.limits)
        if child.failures & (child.failures - 1) == 0:  # the 1st, 2nd, 4th, 8th time in a row
            said = child.last_words or (_died_of(code) if code < 0 else f"exit code {code}")
            text = f"the process {child.role.name} has ended ({said}) and begins anew"
            facts = {"exit_code": code, "times": child.failures}
            self._note(EventKind.PROCESS_ENDED, Severity.MAJOR, text, facts, role=child.role)

    def _note(
        self,
        kind: EventKind,
        severity: Severity,
        text: str,
        facts: Mapping[str, object] | None = None,
        role: Role | None = None,
    ) -> None:
        is_camera = role is not None and role.kind == CAMERA
        self.notices.say(
            Notice(
                kind=kind,
                severity=severity,
                at=self._now(),
                text=text,
                camera_id=role.which if role is not None and is_camera else None,
                facts={**(facts or {}), **({"process": role.name} if role else {})},
            )
        )


def _died_of(code: int) -> str:
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
