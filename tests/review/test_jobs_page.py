"""The page of jobs and its API: what is told, and who may ask for what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from db import jobs
from db.engine import session
from db.jobs import Ending, JobRow
from db.models import Job, JobRun
from db.words import JobOutcome, Role
from tests.integration.db.database_records import NOON
from tests.review.browsers import Browser

SignedIn = Callable[[Role], Browser]


@pytest.fixture(autouse=True)
def night(engine: Engine) -> None:
    """A backup that failed, and a camera's run that goes on."""
    backup = Job(job="backup", kind="backup", says="cron 30 2 * * * (UTC)", met_at=NOON)
    camera = Job(job="cam-1", kind="camera", camera_id="cam-1", says="every 600 s", met_at=NOON)
    with session(engine) as opened:
        jobs.meet_jobs(opened, [backup, camera])
        for job, kind in (("backup", "backup"), ("cam-1", "camera")):
            jobs.note_run(opened, JobRun(job=job, kind=kind, planned_at=NOON, started_at=NOON))
        failed = Ending(
            ended_at=NOON + timedelta(minutes=1), outcome=JobOutcome.FAILED, text="<b>no room</b>"
        )
        jobs.end_run(opened, "backup", NOON, failed)


def job(engine: Engine, name: str = "backup") -> JobRow:
    with session(engine, read_only=True) as opened:
        return next(one for one in jobs.jobs(opened) if one.job == name)


@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"])
def test_an_engineer_pauses_resumes_and_runs_a_job(signed_in: SignedIn, engine: Engine) -> None:
    engineer = signed_in(Role.ENGINEER)

    page = engineer.post("/jobs/backup/pause", {})
    paused = job(engine)
    engineer.post("/jobs/backup/resume", {})
    asked = engineer.post("/jobs/backup/run", {})

    assert page.url.path == "/jobs"
    assert "The job is paused" in page.text
    assert 'action="/jobs/backup/resume"' in page.text
    assert paused.paused_by == "emil"
    assert job(engine).paused_by is None
    assert job(engine).wanted_by == "emil"
    assert "asked for" in asked.text
    assert engineer.post("/jobs/nothing/run", {}).status_code == 404


def test_others_see_what_ran_and_may_not_ask(signed_in: SignedIn, engine: Engine) -> None:
    reviewer = signed_in(Role.REVIEWER)

    text = reviewer.get("/jobs").text
    refused = reviewer.post("/jobs/backup/run", {})

    assert "&lt;b&gt;no room&lt;/b&gt;" in text
    assert "going on" in text
    assert "/jobs/backup/run" not in text
    assert "no room" not in reviewer.get("/jobs?job=cam-1").text
    assert refused.status_code == 403
    assert job(engine).wanted_by is None


def test_programs_read_jobs_and_ask_for_runs(signed_in: SignedIn, engine: Engine) -> None:
    engineer = signed_in(Role.ENGINEER)

    listed = engineer.get("/api/v1/jobs").json()["jobs"]
    runs = engineer.get("/api/v1/jobs/runs?job=backup").json()["runs"]
    asked = engineer.post("/api/v1/jobs/cam-1/run", {})

    assert [(one["job"], one["last_outcome"]) for one in listed] == [
        ("backup", "failed"),
        ("cam-1", None),
    ]
    assert [(one["outcome"], one["text"]) for one in runs] == [("failed", "<b>no room</b>")]
    assert asked.json()["wanted_by"] == "emil"
    assert signed_in(Role.VIEWER).post("/api/v1/jobs/cam-1/run", {}).status_code == 403
