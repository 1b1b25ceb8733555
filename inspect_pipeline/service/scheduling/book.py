"""The record of runs as its one writer keeps it: what cannot be written yet waits, in order.

It waits as files, so a process that dies while the database is away takes nothing with it.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from db import jobs as record
from db.engine import session
from db.errors import RecordRefused
from db.models import JobRun
from db.words import EventKind, JobOutcome, Severity
from inspect_pipeline.errors import DiskFull
from inspect_pipeline.ingestion.notices import Notice, Notices
from inspect_pipeline.service.scheduling.kept_lines import Ended, KeptLines, Line, write_line
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


@dataclass(kw_only=True)
class _Waiting:
    """`path` is None while the disk takes nothing."""

    line: Line
    path: Path | None = None


class Book:
    """Lines that an earlier process left behind come first."""

    def __init__(self, notices: Notices, kept: KeptLines, *, now: Callable[[], datetime]) -> None:
        self.notices = notices
        self.kept = kept
        self.now = now
        self.engine: Engine | None = None
        self._waiting = deque(_Waiting(line=line, path=path) for path, line in kept.read())
        self._next_at: dict[str, datetime | None] = {}

    def write(self) -> None:
        """What waits. Raises DatabaseError where the database is away, and keeps it."""
        assert self.engine is not None, "opened before anything is written"
        while self._waiting:
            try:
                with session(self.engine) as opened:
                    for one in self._waiting:
                        write_line(opened, one.line)
            except RecordRefused:
                self._write_first()
            else:
                while self._waiting:
                    self._let_go()
        if self._next_at:
            with session(self.engine) as opened:
                for job, next_at in self._next_at.items():
                    record.set_next(opened, job, next_at)
            self._next_at.clear()

    def plan_next(self, job: str, next_at: datetime | None) -> None:
        self._next_at[job] = next_at

    def begin(self, run: Began) -> None:
        row = self._row(run, started_at=self.now())
        self._later(row)

    def begin_now(self, run: Began) -> bool:
        """False where that time has its run already. Raises DatabaseError."""
        assert self.engine is not None
        self.write()
        with session(self.engine) as opened:
            return record.note_run(opened, self._row(run, started_at=self.now()))

    def note(self, run: Began, outcome: JobOutcome) -> None:
        """A run that never began."""
        row = self._row(run, ended_at=self.now(), outcome=outcome)
        self._later(row)
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
        self._later(Ended(job=job, planned_at=planned_at, ending=ending))
        if outcome in (JobOutcome.FAILED, JobOutcome.INTERRUPTED):
            self._tell(EventKind.JOB_FAILED, job, planned_at, outcome.value, text)

    def _later(self, line: Line) -> None:
        """Kept in the order of the lines; while the disk takes nothing, in memory."""
        if len(self._waiting) >= MOST_WAITING:
            self._let_go()
        self._waiting.append(_Waiting(line=line))
        try:
            for one in self._waiting:
                one.path = one.path or self.kept.put(one.line)
        except (OSError, DiskFull) as error:
            _log.warning("the record of jobs waits in memory: %s", error)

    def _write_first(self) -> None:
        """Alone, and given up where it is what the database refuses."""
        assert self.engine is not None, "opened before anything is written"
        try:
            with session(self.engine) as opened:
                write_line(opened, self._waiting[0].line)
        except RecordRefused as error:
            _log.error("a run is not in the record: %s", error)
        self._let_go()

    def _let_go(self) -> None:
        """The first one that waits."""
        path = self._waiting.popleft().path
        if path is not None:
            self.kept.done(path)

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
