"""What is done by the clock: what is due, what ran, and for engineers to ask for more or less."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from db import jobs
from db.errors import UnknownRecord
from db.words import JobOutcome
from inspect_pipeline.review.access import Engineer, Viewer
from inspect_pipeline.review.api.fields import NO_NUL, ShortText
from inspect_pipeline.review.api.refusals import refusals
from inspect_pipeline.review.desk import desk_of
from inspect_pipeline.review.transactions import Reading, Writing

router = APIRouter(prefix="/api/v1", tags=["jobs"])


class JobOut(BaseModel):
    """A job of the plant file, as its scheduler met it last."""

    job: str = Field(description="Its name; of a camera on a schedule the camera's id.")
    kind: str
    camera_id: str | None
    says: str = Field(description="When it is due, in words.")
    next_at: datetime | None = Field(description="Missing while it is paused.")
    paused_by: str | None
    paused_at: datetime | None
    wanted_by: str | None = Field(description="Who asked for a run that has not begun.")
    last_planned_at: datetime | None
    last_outcome: JobOutcome | None
    running_at: datetime | None = Field(description="Since when a run is going on.")


class JobList(BaseModel):
    jobs: list[JobOut]


class RunOut(BaseModel):
    """One run; while `outcome` is missing it goes on."""

    run_id: int
    job: str
    kind: str
    camera_id: str | None
    planned_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    outcome: JobOutcome | None
    wanted_by: str | None
    frames: int | None = Field(description="What the camera gave; missing for other jobs.")
    findings: int | None = Field(description="In these frames, as far as they were inspected.")
    text: str


class RunList(BaseModel):
    runs: list[RunOut] = Field(description="Newest first.")


class RunQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    job: ShortText | None = Field(default=None, description="Only this job.")
    limit: int = Field(default=50, ge=1, le=jobs.MOST_RUNS)


class Ask(StrEnum):
    RUN = "run"
    PAUSE = "pause"
    RESUME = "resume"


JobName = Annotated[str, Path(min_length=1, max_length=200, pattern=NO_NUL)]


@router.get("/jobs", operation_id="list_jobs", summary="Jobs, by name", responses=refusals())
def list_jobs(_person: Viewer, opened: Reading) -> JobList:
    """What is done by the clock, when it is due next, and how it went the last time."""
    return JobList(jobs=[JobOut(**asdict(row)) for row in jobs.jobs(opened)])


@router.get(
    "/jobs/runs", operation_id="list_job_runs", summary="Runs, newest first", responses=refusals()
)
def list_runs(_person: Viewer, opened: Reading, asked: Annotated[RunQuery, Query()]) -> RunList:
    """What ran when, with what outcome."""
    rows = jobs.runs(opened, asked.job, limit=asked.limit)
    return RunList(runs=[RunOut(**asdict(row)) for row in rows])


@router.post(
    "/jobs/{job}/{ask}",
    operation_id="ask_job",
    summary="Run a job now, pause or resume it",
    responses=refusals(404),
)
def ask_job(request: Request, person: Engineer, opened: Writing, job: JobName, ask: Ask) -> JobOut:
    """The same again changes nothing. A run begins within a second or two, where the plant is
    served."""
    at = desk_of(request).now()
    if ask is Ask.RUN:
        jobs.want_run(opened, job, by=person.name, at=at)
    elif ask is Ask.PAUSE:
        jobs.pause_job(opened, job, by=person.name, at=at)
    else:
        jobs.resume_job(opened, job, at=at)
    found = next((row for row in jobs.jobs(opened) if row.job == job), None)
    if found is None:
        raise UnknownRecord(f"there is no job {job!r}")
    return JobOut(**asdict(found))
