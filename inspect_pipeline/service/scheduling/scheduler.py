"""The process that begins by the clock what the plant file says, and keeps the record of it.

What is due is asked of the record each time, so a restart neither doubles a run nor loses one.
Cameras get their orders as files and take pictures whether or not the database answers; what there
is to record waits as files then. The ticks of the clock are this process's signs of life: when
its thread ends, they stop, and the supervisor begins the process anew.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from db import jobs as record
from db.engine import session
from db.errors import DatabaseError, WrongRevision
from db.jobs import Standing
from db.models import Job
from db.upgrade import open_database
from db.words import JobOutcome
from inspect_pipeline.errors import DiskFull
from inspect_pipeline.ingestion.disk import Disk
from inspect_pipeline.service.ingesting.link import Link
from inspect_pipeline.service.ingesting.places import notices_of
from inspect_pipeline.service.scheduling.book import Began, Book
from inspect_pipeline.service.scheduling.camera_runs import SLACK, CameraRuns
from inspect_pipeline.service.scheduling.chore_runs import ChoreRuns
from inspect_pipeline.service.scheduling.due import what_is_due
from inspect_pipeline.service.scheduling.kept_lines import KeptLines
from inspect_pipeline.service.scheduling.plan import PlannedJob, planned_jobs
from inspect_pipeline.service.scheduling.timetable import Timetable
from inspect_pipeline.working_shifts import is_named, working_shift_at
from plant_config.plant import Plant

TICK_S, LOOK_S = 0.5, 1.0

_log = logging.getLogger(__name__)


class Scheduler:
    """All that it decides and writes happens in one thread at a time: nothing is locked."""

    def __init__(
        self,
        plant: Plant,
        link: Link,
        *,
        now: Callable[[], datetime],
        jobs: list[PlannedJob] | None = None,
    ) -> None:
        self.plant = plant
        self.link = link
        self.jobs = planned_jobs(plant) if jobs is None else jobs
        self.book = Book(notices_of(plant), kept_lines_of(plant), now=now)
        self.cameras = CameraRuns(plant, self.jobs, self.book)
        self.chores = ChoreRuns(plant, self.book, is_stopping=lambda: link.stopping)
        self._now = now
        self._standings: dict[str, Standing] = {}
        self._next: dict[str, datetime | None] = {}

    def run(self) -> None:
        """Until it is told to stop. Raises WrongRevision."""
        with Timetable() as timetable:
            timetable.tick(TICK_S, self.link.beat)
            engine = self._opened()
            if engine is None:
                return
            self.book.engine = engine
            self.link.say("ready")
            timetable.look(LOOK_S, lambda: self.look(timetable))
            for one in self.jobs:
                timetable.wake(one.name, one.times.after, lambda: self.look(timetable))
            while not self.link.wait(LOOK_S):
                pass
        try:
            self.look_back()
        finally:
            engine.dispose()

    def look(self, timetable: Timetable) -> None:
        """Everything that there is to do now. It never raises: the next look tries again."""
        try:
            self.look_back()
            self._read()
            for job in self.jobs:
                if job.name in self._standings and not self.link.stopping:
                    self._attend_or_wait(job, timetable)
            self.look_back()
        except Exception:  # noqa: BLE001 - the next look tries again
            _log.exception("jobs")
        self.book.notices.say()

    def _attend_or_wait(self, job: PlannedJob, timetable: Timetable) -> None:
        """One that cannot begin now is tried again, and keeps no other from beginning."""
        try:
            self._attend(job, timetable)
        except (DatabaseError, DiskFull, OSError) as error:
            _log.warning("job %s waits: %s", job.name, error)

    def look_back(self) -> None:
        """What has ended is recorded."""
        self.cameras.close()
        self.chores.close()
        try:
            self.book.write()
        except DatabaseError as error:
            _log.warning("the record of jobs waits: %s", error)

    def _opened(self) -> Engine | None:
        """The database, waited for; None where it shall stop meanwhile."""
        url = self.plant.storage.database_url.get_secret_value()
        while True:
            try:
                return open_database(url, create=False)
            except WrongRevision:
                raise
            except DatabaseError as error:
                _log.warning("the record of jobs is away: %s", error)
            if self.link.wait(LOOK_S):
                return None

    def _read(self) -> None:
        """What people asked for meanwhile; while the database is away, what was known last."""
        assert self.book.engine is not None, "opened before the first look"
        try:
            if not self._standings:
                self.book.write()  # what the last process left settles times too
            with session(self.book.engine, read_only=bool(self._standings)) as opened:
                if not self._standings:
                    now = self._now()
                    record.meet_jobs(opened, [_row(one, now) for one in self.jobs])
                    self._take_over(record.open_runs(opened))
                found = record.standings(opened)
        except DatabaseError as error:
            _log.warning("the record of jobs is away: %s", error)
            return
        for name, one in found.items():
            self._standings[name] = self._newest(one, self._standings.get(name))

    def _newest(self, read: Standing, known: Standing | None) -> Standing:
        """Of the record and of what waits to be written. Times to come are not settled: the clock
        was set back."""
        last = self._now() + SLACK
        planned = (read.planned_at, known.planned_at if known else None)
        past = [one for one in planned if one is not None and one <= last]
        begun = (read.begun_at, known.begun_at if known else self._now(), self._now())
        begun_at = next(one for one in begun if one <= last)
        return replace(read, begun_at=begun_at, planned_at=max(past, default=None))

    def _take_over(self, unended: list[tuple[str, datetime]]) -> None:
        for name, planned_at in unended:
            if not self.cameras.take_over(name, planned_at):
                text = "the program ended in the middle of it"
                self.book.end(name, planned_at, JobOutcome.INTERRUPTED, text)

    def _attend(self, job: PlannedJob, timetable: Timetable) -> None:
        now, standing = self._now(), self._standings[job.name]
        if standing.wanted_by is not None and standing.wanted_at is not None:
            run = Began(job=job, planned_at=standing.wanted_at, wanted_by=standing.wanted_by)
            self._begin(run, timetable)
        if standing.paused_by is not None:
            self._plan_next(job, None)
            self.cameras.pause(job, standing.paused_by)
            return
        self._plan_next(job, job.times.after(now))
        due = what_is_due(job.times, job.policy, settled_at=standing.settled_at, now=now)
        if due.missed is not None:
            run = Began(job=job, planned_at=due.missed.last_at, text=due.missed.text)
            self.book.note(run, JobOutcome.MISSED)
            self._settle(job, due.missed.last_at)
        if due.run_at is not None:
            text = f"stands for {due.others} times before it too" if due.others else ""
            self._begin(Began(job=job, planned_at=due.run_at, text=text), timetable)
        elif (rest_at := self._rest_of_a_shift(job, standing, now)) is not None:
            self._begin(Began(job=job, planned_at=rest_at), timetable)

    def _rest_of_a_shift(
        self, job: PlannedJob, standing: Standing, now: datetime
    ) -> datetime | None:
        """From when on, where a camera that works in shifts was met or resumed in one."""
        if job.camera is None or job.camera.schedule.is_timed:
            return None
        shift = working_shift_at(self.plant.schedule, ZoneInfo(self.plant.timezone), now)
        if shift is None or not is_named(shift.name, job.camera.schedule.shifts):
            return None
        is_new = standing.planned_at is None or standing.planned_at < standing.begun_at
        return standing.begun_at if is_new and shift.from_at < standing.begun_at else None

    def _begin(self, run: Began, timetable: Timetable) -> None:
        name = run.job.name
        if self.cameras.is_going(name) or self.chores.is_going(name):
            text = "the run before was still going on"
            self.book.note(replace(run, text=text), JobOutcome.SKIPPED)
        elif run.job.camera is not None:
            self.cameras.begin(run)
        else:
            self.chores.begin(run, timetable)
        if run.wanted_by is None:
            self._settle(run.job, run.planned_at)
        else:
            granted = replace(self._standings[name], wanted_by=None, wanted_at=None)
            self._standings[name] = granted

    def _settle(self, job: PlannedJob, planned_at: datetime) -> None:
        standing = self._standings[job.name]
        self._standings[job.name] = replace(standing, planned_at=planned_at)

    def _plan_next(self, job: PlannedJob, next_at: datetime | None) -> None:
        if job.name not in self._next or self._next[job.name] != next_at:
            self._next[job.name] = next_at
            self.book.plan_next(job.name, next_at)


def kept_lines_of(plant: Plant) -> KeptLines:
    return KeptLines(plant.spool_folder / "runs", Disk())


def _row(job: PlannedJob, now: datetime) -> Job:
    return Job(
        job=job.name,
        kind=job.kind,
        camera_id=job.camera.id if job.camera else None,
        says=job.says,
        met_at=now,
    )
