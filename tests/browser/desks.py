"""A desk on which something lies for every page: several lines, answers, long and hostile names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from db import jobs
from db.engine import default_url, session
from db.models import Job, JobRun
from db.reviewing import review_finding
from db.words import JobOutcome, ReviewState
from inspect_pipeline.records import Severity
from tests.integration.db.database_records import (
    a_finding,
    failed,
    frame_key,
    passed,
    unreadable,
    whole_frame_pictures,
)
from tests.review.review_desk import ReviewDesk, review_desk

HOSTILE = "<script>alert(1)</script>"
LONG_PART = "a_part_with_a_name_of_some_length_that_nobody_broke"
ANSWERS = {
    1: ("ada", ReviewState.CONFIRMED, "a scratch, seen under the lamp"),
    2: ("kim", ReviewState.FALSE_ALARM, ""),
    3: ("kim", ReviewState.SECOND_LOOK, "w" * 150),
}


@contextmanager
def full_desk(folder: Path) -> Iterator[ReviewDesk]:
    """Frames 1 to 3 and 6 failed with findings 1 to 4, frame 4 passed, frame 5 was unreadable.

    Finding 1 is critical and confirmed, 2 a false alarm of a hostile kind, 3 minor and for a second
    look, 4 waits on another line. Pictures of frames 1, 2 and 4 are kept.
    """
    kept = whole_frame_pictures()
    sly = replace(frame_key(1), serial="../../etc/passwd", source="=cmd()")
    far = frame_key(
        5,
        part=LONG_PART,
        line_id="line-with-a-long-name-2",
        camera_id="camera-with-a-very-long-name-at-the-end",
    )
    inspections = (
        replace(failed(0, a_finding(0, severity=Severity.CRITICAL)), pictures=kept),
        replace(failed(1, replace(a_finding(1), kind=HOSTILE), key=sly), pictures=kept),
        failed(2, a_finding(2, severity=Severity.MINOR)),
        passed(3, pictures=kept),
        unreadable(4),
        failed(5, a_finding(5), key=replace(far, serial="S" * 80)),
    )
    with review_desk(default_url(folder / "findings.db"), folder) as desk:
        for inspection in inspections:
            desk.ledger.record(inspection)
        with session(desk.engine) as opened:
            for finding_id, (name, state, note) in ANSWERS.items():
                review_finding(
                    opened,
                    finding_id,
                    state_after=state,
                    reviewer=name,
                    reviewed_at=desk.now(),
                    note=note,
                )
        with session(desk.engine) as opened:
            _add_jobs(opened, desk.now())
        yield desk


def _add_jobs(opened: Session, now: datetime) -> None:
    """A camera that goes on, a job that is paused, and one run of each outcome."""
    says = "cron 30 2 * * mon-fri (Europe/Berlin)"
    camera = Job(job="camera-on-a-schedule", kind="camera", says="every 600 s", met_at=now)
    backup = Job(job="backup", kind="backup", says=says, met_at=now, next_at=now)
    jobs.meet_jobs(opened, [camera, backup])
    jobs.pause_job(opened, "backup", by="emil", at=now)
    for number, outcome in enumerate(JobOutcome):
        at = now - timedelta(minutes=number)
        run = JobRun(job="backup", kind="backup", planned_at=at, started_at=at, ended_at=at)
        run.outcome, run.text = outcome, f"{HOSTILE} {'w' * 80}"
        jobs.note_run(opened, run)
    going = JobRun(job="camera-on-a-schedule", kind="camera", planned_at=now, started_at=now)
    jobs.note_run(opened, going)
