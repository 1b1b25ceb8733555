"""The record of runs as its one writer keeps it: what cannot be written yet waits, in order."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from db import jobs as record
from db.engine import session
from db.errors import RecordRefused
from db.models import JobRun
from db.words import EventKind, JobOutcome, Severity
from inspect_pipeline.ingestion.notices import Notice, Notices
from inspect_pipeline.service.scheduling.plan import PlannedJob

MOST_WAITING = 10_000

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Began:
    """Which run it is. `wanted_by` asked for it; None where it was its time."""

    job: PlannedJob
    planned_at: datetime
    wanted_by: str | None = None
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What a camera gave in a run."""

    frames: int
    first_at: datetime | None
    last_at: datetime | None


class Book:
    def __init__(self, notices: Notices, *, now: Callable[[], datetime]) -> None:
        self.notices = notices
        self.now = now
        self.engine: Engine | None = None
        self._waiting: deque[Callable[[Session], object]] = deque(maxlen=MOST_WAITING)

    def later(self, write: Callable[[Session], object]) -> None:
        self._waiting.append(write)

    def write(self) -> None:
        """What waits. Raises DatabaseError where the database is away, and keeps it."""
        assert self.engine is not None, "opened before anything is written"
        while self._waiting:
            try:
                with session(self.engine) as opened:
                    for write in self._waiting:
                        write(opened)
            except RecordRefused:
                self._write_first()
            else:
                self._waiting.clear()

    def _write_first(self) -> None:
        """Alone, and given up where it is what the database refuses."""
        assert self.engine is not None
        try:
            with session(self.engine) as opened:
                self._waiting[0](opened)
        except RecordRefused as error:
            _log.error("a run is not in the record: %s", error)
        self._waiting.popleft()

    def begin(self, run: Began) -> None:
        row = self._row(run, started_at=self.now())
        self.later(lambda opened: record.note_run(opened, row))

    def begin_now(self, run: Began) -> bool:
        """False where that time has its run already. Raises DatabaseError."""
        assert self.engine is not None
        self.write()
        with session(self.engine) as opened:
            return record.note_run(opened, self._row(run, started_at=self.now()))

    def note(self, run: Began, outcome: JobOutcome) -> None:
        """A run that never began."""
        row = self._row(run, ended_at=self.now(), outcome=outcome)
        self.later(lambda opened: record.note_run(opened, row))
        if outcome is JobOutcome.MISSED:
            self._tell(EventKind.JOB_MISSED, run.job.name, run.planned_at, "missed", run.text)

    def end(
        self,
        job: str,
        planned_at: datetime,
        outcome: JobOutcome,
        text: str,
        taken: Taken | None = None,
    ) -> None:
        ending = record.Ending(
            ended_at=self.now(),
            outcome=outcome,
            text=text,
            frames=taken.frames if taken else None,
            first_frame_at=taken.first_at if taken else None,
            last_frame_at=taken.last_at if taken else None,
        )
        self.later(lambda opened: record.end_run(opened, job, planned_at, ending))
        if outcome in (JobOutcome.FAILED, JobOutcome.INTERRUPTED):
            self._tell(EventKind.JOB_FAILED, job, planned_at, outcome.value, text)

    def _tell(self, kind: EventKind, job: str, planned_at: datetime, what: str, text: str) -> None:
        severity = Severity.MINOR if kind is EventKind.JOB_MISSED else Severity.MAJOR
        self.notices.say(
            Notice(
                kind=kind,
                severity=severity,
                at=self.now(),
                text=f"job {job} of {planned_at:%Y-%m-%d %H:%M:%S} UTC {what}: {text}",
                facts={"job": job, "planned_at": planned_at.isoformat()},
                key=f"{kind} {job} {planned_at.isoformat()}",
            )
        )

    def _row(
        self,
        run: Began,
        *,
        started_at: datetime | None = None,
        ended_at: datetime | None = None,
        outcome: JobOutcome | None = None,
    ) -> JobRun:
        return JobRun(
            job=run.job.name,
            kind=run.job.kind,
            camera_id=run.job.camera.id if run.job.camera else None,
            planned_at=run.planned_at,
            started_at=started_at,
            ended_at=ended_at,
            outcome=outcome,
            wanted_by=run.wanted_by,
            text=run.text,
        )
