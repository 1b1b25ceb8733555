"""The record of what is done by the clock: what ran when, and what people want to run or rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TypeVar

from sqlalchemy import (
    ColumnElement,
    Engine,
    ScalarSelect,
    and_,
    delete,
    exists,
    func,
    select,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from db.adding import add_once
from db.engine import session
from db.errors import UnknownRecord
from db.models import Finding, Job, JobRun
from db.transfer import Watch
from db.words import JobOutcome

MOST_RUNS = 1000
_RUNS_AT_ONCE = 5000
_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class JobRow:
    """`next_at` is None while it is paused or nothing is to come; `running_at` while it runs."""

    job: str
    kind: str
    camera_id: str | None
    says: str
    next_at: datetime | None
    paused_by: str | None
    paused_at: datetime | None
    wanted_by: str | None
    last_planned_at: datetime | None
    last_outcome: JobOutcome | None
    running_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class RunRow:
    """`findings` are those of the run's frames that are in the database by now."""

    run_id: int
    job: str
    kind: str
    camera_id: str | None
    planned_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    outcome: JobOutcome | None
    wanted_by: str | None
    frames: int | None
    findings: int | None
    text: str


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a run ended, and what its camera gave."""

    ended_at: datetime
    outcome: JobOutcome
    text: str = ""
    frames: int | None = None
    first_frame_at: datetime | None = None
    last_frame_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What the scheduler has to know of a job. Its times until `settled_at` are settled.

    `begun_at` is when it was met, or resumed; `planned_at` its last time that has a run, however
    that ended; `wanted_at` when `wanted_by` asked for a run that has not begun.
    """

    begun_at: datetime
    planned_at: datetime | None = None
    paused_by: str | None = None
    wanted_by: str | None = None
    wanted_at: datetime | None = None

    @property
    def settled_at(self) -> datetime:
        return max(self.begun_at, self.planned_at or self.begun_at)


def meet_jobs(opened: Session, met: Sequence[Job]) -> None:
    """Writes the jobs of the plant file; one that is not in it any more is forgotten, its runs not.

    A job that is due at other times than before begins anew: what was not run by the old times is
    not made up for.
    """
    opened.execute(delete(Job).where(Job.job.not_in([one.job for one in met])))
    known = {one.job: one for one in opened.scalars(select(Job))}
    for one in met:
        row = known.get(one.job)
        if row is None:
            opened.add(one)
            continue
        row.kind, row.camera_id = one.kind, one.camera_id
        if row.says != one.says:
            row.says, row.met_at = one.says, one.met_at
    opened.flush()


def standings(opened: Session) -> dict[str, Standing]:
    """Of every job of the plant."""
    planned_at = _newest(JobRun.planned_at, JobRun.wanted_by.is_(None)).label("planned_at")
    chosen = select(
        Job.job,
        Job.met_at,
        Job.resumed_at,
        planned_at,
        Job.paused_by,
        Job.wanted_by,
        Job.wanted_at,
    )
    return {
        row.job: Standing(
            begun_at=max(row.met_at, row.resumed_at or row.met_at),
            planned_at=row.planned_at,
            paused_by=row.paused_by,
            wanted_by=row.wanted_by,
            wanted_at=row.wanted_at,
        )
        for row in opened.execute(chosen)
    }


def note_run(opened: Session, run: JobRun) -> bool:
    """Writes the run unless that time of that job has one; True where it was new.

    What was wanted is granted in the same transaction.
    """
    is_new = add_once(opened, run)
    if run.wanted_by is not None:
        granted = and_(Job.job == run.job, Job.wanted_at == run.planned_at)
        opened.execute(update(Job).where(granted).values(wanted_by=None, wanted_at=None))
    return is_new


def end_run(opened: Session, job: str, planned_at: datetime, ending: Ending) -> bool:
    """False where it had ended before, or never began: nothing changes."""
    going_on = and_(JobRun.job == job, JobRun.planned_at == planned_at, JobRun.outcome.is_(None))
    values = {one.name: getattr(ending, one.name) for one in fields(ending)}
    ended = opened.execute(update(JobRun).where(going_on).values(values).returning(JobRun.id))
    return ended.first() is not None


def open_runs(opened: Session) -> list[tuple[str, datetime]]:
    """Job and planned time of the runs that have not ended, as far as the record knows."""
    chosen = select(JobRun.job, JobRun.planned_at).where(JobRun.outcome.is_(None))
    return [(row.job, row.planned_at) for row in opened.execute(chosen)]


def set_next(opened: Session, job: str, next_at: datetime | None) -> None:
    opened.execute(update(Job).where(Job.job == job).values(next_at=next_at))


def pause_job(opened: Session, job: str, *, by: str, at: datetime) -> None:
    """Raises UnknownRecord. One that is paused stays so, by whom it was."""
    if _known(opened, job).paused_at is None:
        values = {"paused_by": by, "paused_at": at, "next_at": None}
        opened.execute(update(Job).where(Job.job == job).values(values))


def resume_job(opened: Session, job: str, *, at: datetime) -> None:
    """Times that passed during the pause are not made up for. Raises UnknownRecord."""
    if _known(opened, job).paused_at is not None:
        values = {"paused_by": None, "paused_at": None, "resumed_at": at}
        opened.execute(update(Job).where(Job.job == job).values(values))


def want_run(opened: Session, job: str, *, by: str, at: datetime) -> None:
    """The scheduler begins it within a moment, also while it is paused. Raises UnknownRecord."""
    if _known(opened, job).wanted_at is None:
        opened.execute(update(Job).where(Job.job == job).values(wanted_by=by, wanted_at=at))


def jobs(opened: Session) -> list[JobRow]:
    """What is done by the clock, and how did it go the last time? By name."""
    last_id = _newest(JobRun.id, JobRun.outcome.is_not(None))
    last, going = aliased(JobRun), _newest(JobRun.started_at, JobRun.outcome.is_(None))
    chosen = (
        select(Job, last.planned_at, last.outcome, going.label("going"))
        .outerjoin(last, last.id == last_id)
        .order_by(Job.job)
    )
    return [
        JobRow(
            job=one.job,
            kind=one.kind,
            camera_id=one.camera_id,
            says=one.says,
            next_at=one.next_at,
            paused_by=one.paused_by,
            paused_at=one.paused_at,
            wanted_by=one.wanted_by,
            last_planned_at=planned_at,
            last_outcome=outcome,
            running_at=started_at,
        )
        for one, planned_at, outcome, started_at in opened.execute(chosen)
    ]


def runs(opened: Session, job: str | None = None, *, limit: int = 50) -> list[RunRow]:
    """What ran, newest first?"""
    findings = (
        select(func.count(Finding.id))
        .where(
            Finding.camera_id == JobRun.camera_id,
            Finding.taken_at >= JobRun.first_frame_at,
            Finding.taken_at <= JobRun.last_frame_at,
        )
        .correlate(JobRun)
        .scalar_subquery()
    )
    chosen = select(JobRun, findings).order_by(JobRun.planned_at.desc(), JobRun.id.desc())
    if job is not None:
        chosen = chosen.where(JobRun.job == job)
    return [
        RunRow(
            run_id=one.id,
            job=one.job,
            kind=one.kind,
            camera_id=one.camera_id,
            planned_at=one.planned_at,
            started_at=one.started_at,
            ended_at=one.ended_at,
            outcome=one.outcome,
            wanted_by=one.wanted_by,
            frames=one.frames,
            findings=None if one.frames is None else count,
            text=one.text,
        )
        for one, count in opened.execute(chosen.limit(min(limit, MOST_RUNS)))
    ]


def forget_runs(engine: Engine, *, planned_before: datetime, watch: Watch) -> int:
    """How many runs were removed; the newest of each job stays, for it says what is settled."""
    newer = aliased(JobRun)
    is_newest = ~exists().where(newer.job == JobRun.job, newer.planned_at > JobRun.planned_at)
    old = (
        select(JobRun.id)
        .where(JobRun.planned_at < planned_before, JobRun.outcome.is_not(None), ~is_newest)
        .limit(_RUNS_AT_ONCE)
    )
    total = 0
    while True:
        with session(engine) as opened:
            ids = list(opened.scalars(old))
            opened.execute(delete(JobRun).where(JobRun.id.in_(ids)))
        watch("runs", len(ids))
        total += len(ids)
        if len(ids) < _RUNS_AT_ONCE:
            return total


def _newest(column: InstrumentedAttribute[_T], *where: ColumnElement[bool]) -> ScalarSelect[_T]:
    """Of a job's runs, by the index of planned times: a year of runs costs no more than a day."""
    return (
        select(column)
        .where(JobRun.job == Job.job, *where)
        .order_by(JobRun.planned_at.desc())
        .limit(1)
        .correlate(Job)
        .scalar_subquery()
    )


def _known(opened: Session, job: str) -> Job:
    found = opened.get(Job, job, with_for_update=True)
    if found is None:
        raise no_such_job(opened, job)
    return found


def no_such_job(opened: Session, job: str) -> UnknownRecord:
    """The error that says which there are."""
    names = ", ".join(opened.scalars(select(Job.job).order_by(Job.job))) or "none"
    return UnknownRecord(
        f"there is no job {job!r}: there are {names}; `serve` brings in those of the plant file, "
        "where a camera has one if it has a schedule"
    )
