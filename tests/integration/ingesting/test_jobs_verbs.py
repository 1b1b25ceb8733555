"""`jobs history` at a terminal: how long a run took, and which jobs there are."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from db import jobs
from db.engine import connect, default_url, session
from db.errors import UnknownRecord
from db.models import Job, JobRun
from db.upgrade import upgrade
from db.words import JobOutcome
from inspect_pipeline.service.cli.jobs import app
from tests.integration.db.database_records import NOON
from tests.integration.ingesting.tiny_plant import tiny_plant


def test_history_tells_runs_by_the_second_and_refuses_a_name_that_is_no_jobs(
    tmp_path: Path,
) -> None:
    url = default_url(tmp_path / "findings.db")
    plant = str(tiny_plant(tmp_path, url, models=tmp_path / "none"))
    engine = connect(url)
    upgrade(engine)
    with session(engine) as opened:
        names = ("backup", "never")
        jobs.meet_jobs(opened, [Job(job=one, kind=one, says="", met_at=NOON) for one in names])
        first = JobRun(job="backup", kind="backup", planned_at=NOON, started_at=NOON)
        jobs.note_run(opened, first)
        over = jobs.Ending(ended_at=NOON + timedelta(seconds=2.5), outcome=JobOutcome.DONE)
        jobs.end_run(opened, "backup", NOON, over)
        later = NOON + timedelta(seconds=20)
        jobs.note_run(opened, JobRun(job="backup", kind="b", planned_at=later, started_at=later))
    engine.dispose()

    told = CliRunner().invoke(app, ["history", "--plant", plant], catch_exceptions=False).output
    none = CliRunner().invoke(app, ["history", "--plant", plant, "--job", "never"])

    going, done = [line.split() for line in told.splitlines() if "backup" in line]
    assert done[1:] == [f"{NOON:%Y-%m-%d}", f"{NOON:%H:%M:%S}Z", "2.5", "done"]
    assert going[2:] == [f"{later:%H:%M:%S}Z", "-", "going", "on"]
    assert "Nothing was found" in none.output
    with pytest.raises(UnknownRecord, match="no job 'bakup': there are backup, never"):
        CliRunner().invoke(
            app, ["history", "--plant", plant, "--job", "bakup"], catch_exceptions=False
        )
