"""Jobs: what is done by the clock, how it went, and for engineers to pause, resume and run."""

from __future__ import annotations

import logging
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import RedirectResponse

from db import jobs
from db.errors import UnknownRecord
from db.words import Role
from inspect_pipeline.review.access import Engineer, Viewer
from inspect_pipeline.review.desk import desk_of
from inspect_pipeline.review.page import page
from inspect_pipeline.review.transactions import Reading, Writing

router = APIRouter(prefix="/jobs")
_log = logging.getLogger(__name__)

MOST_RUNS = 100
_DONE = {
    "pause": "The job is paused until somebody resumes it.",
    "resume": "The job goes on. What passed during the pause is not made up for.",
    "run": "The job is asked for: it begins within a second or two, where the plant is served.",
}
JobName = Annotated[str, Path(max_length=200)]


@router.get("")
def show_jobs(
    request: Request, person: Viewer, opened: Reading, done: str = "", job: str = ""
) -> Response:
    """With `job` only the runs of that job."""
    chosen = job.replace("\0", "")
    return page(
        request,
        "jobs.html",
        person,
        jobs=jobs.jobs(opened),
        runs=jobs.runs(opened, chosen or None, limit=MOST_RUNS),
        chosen=chosen,
        done=_DONE.get(done, ""),
        may_ask=person.role.covers(Role.ENGINEER),
    )


@router.post("/{job}/pause")
def pause(request: Request, person: Engineer, opened: Writing, job: JobName) -> Response:
    jobs.pause_job(opened, _known(job), by=person.name, at=desk_of(request).now())
    _log.info("job paused: %s by=%r", job, person.name)
    return _back("pause")


@router.post("/{job}/resume")
def resume(request: Request, person: Engineer, opened: Writing, job: JobName) -> Response:
    jobs.resume_job(opened, _known(job), at=desk_of(request).now())
    _log.info("job resumed: %s by=%r", job, person.name)
    return _back("resume")


@router.post("/{job}/run")
def run_now(request: Request, person: Engineer, opened: Writing, job: JobName) -> Response:
    jobs.want_run(opened, _known(job), by=person.name, at=desk_of(request).now())
    _log.info("job asked for: %s by=%r", job, person.name)
    return _back("run")


def _known(job: str) -> str:
    """No name of a job holds a zero, which no database takes."""
    if "\0" in job:
        raise UnknownRecord("there is no such job")
    return job


def _back(done: str) -> Response:
    return RedirectResponse(f"/jobs?done={done}", status_code=303)
