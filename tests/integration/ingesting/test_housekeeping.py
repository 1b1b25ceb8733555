"""Jobs that keep house: backups that share pictures, promises that are checked, reports."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from db.engine import connect, default_url, session
from db.jobs import note_run, runs
from db.models import JobRun
from db.report_archive import reports_kept
from db.restoring import prove
from db.reviewing import review_finding
from db.words import JobOutcome, ReportKind, ReviewState
from inspect_pipeline.errors import SendFailed
from inspect_pipeline.service.housekeeping.calibration import PromiseBroken
from inspect_pipeline.service.housekeeping.chore import ChoreContext, ChoreStopped
from inspect_pipeline.service.housekeeping.kinds import run_chore
from inspect_pipeline.service.housekeeping.period_reports import make_reports
from inspect_pipeline.service.ingesting.places import notices_of
from inspect_pipeline.service.ledger import Ledger
from plant_config.channels import FileChannel
from plant_config.jobs import BackupJob, CalibrationJob, ReportJob, RetentionJob
from tests.fakes import WallClock
from tests.integration.db.database_records import CARD, MODEL_ID, NOON, a_finding, failed, passed
from tests.integration.ingesting.clockwork import scheduled_plant

NIGHT = "30 2 * * *"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = connect(default_url(tmp_path / "findings.db"))
    yield opened
    opened.dispose()


@pytest.fixture
def context(tmp_path: Path, engine: Engine) -> ChoreContext:
    """Ten frames of a bracket, two of which failed."""
    plant = scheduled_plant(tmp_path, default_url(tmp_path / "findings.db"))
    clock = WallClock(NOON + timedelta(days=1))
    with Ledger(engine, plant.storage.evidence_folder, now=clock) as ledger:
        ledger.register_model(MODEL_ID, "bracket", CARD)
        for number in range(2):
            ledger.record(failed(number, a_finding(number)))
        for number in range(2, 10):
            ledger.record(passed(number))
    return ChoreContext(
        plant=plant,
        engine=engine,
        planned_at=clock(),
        now=clock,
        is_stopping=lambda: False,
        notices=notices_of(plant),
    )


def test_backups_are_whole_share_their_pictures_and_the_oldest_goes(
    tmp_path: Path, context: ChoreContext
) -> None:
    folder = tmp_path / "backups"
    settings = BackupJob(kind="backup", folder=folder, keep=2, name="job", cron=NIGHT)
    made = []
    for day in range(3):
        at = NOON + timedelta(days=2 + day)
        made.append(f"{at:%Y%m%dT%H%M%SZ}")
        said = run_chore(settings, replace(context, now=WallClock(at)))

    kept = sorted(folder.iterdir())
    assert [path.name for path in kept] == made[1:]
    assert [prove(path, watch=context.watch).pictures for path in kept] == [8, 8]
    pictures = [sorted((path / "evidence").rglob("*.png")) for path in kept]
    assert pictures[0]
    assert [one.stat().st_ino for one in pictures[0]] == [one.stat().st_ino for one in pictures[1]]
    assert "8 pictures" in said.text


def test_a_job_that_is_told_to_stop_breaks_off(tmp_path: Path, context: ChoreContext) -> None:
    settings = BackupJob(kind="backup", folder=tmp_path / "backups", name="job", cron=NIGHT)

    with pytest.raises(ChoreStopped):
        run_chore(settings, replace(context, is_stopping=lambda: True))


def test_pictures_that_had_their_time_go(context: ChoreContext) -> None:
    settings = RetentionJob(kind="retention", pictures={"heat": 0}, name="job", cron=NIGHT)

    assert run_chore(settings, context).text.startswith("0 rows")  # nobody has reviewed them yet
    judge(context, ReviewState.FALSE_ALARM)

    assert run_chore(settings, context).text.startswith("2 rows lost pictures")


def test_old_runs_are_forgotten_but_for_the_newest_of_each_job(context: ChoreContext) -> None:
    with session(context.engine) as opened:
        for number in range(3):
            at = NOON - timedelta(days=500 - number)
            run = JobRun(job="backup", kind="backup", planned_at=at, ended_at=at)
            run.outcome = JobOutcome.DONE
            note_run(opened, run)
    settings = RetentionJob(kind="retention", passed_days=9, runs_days=90, name="job", cron=NIGHT)

    said = run_chore(settings, context).text

    assert said.endswith("0 answers to programs and 2 runs of jobs forgotten")
    with session(context.engine, read_only=True) as opened:
        (kept,) = runs(opened)
    assert kept.planned_at == NOON - timedelta(days=498)


def test_a_promise_that_people_contradict_is_broken(context: ChoreContext) -> None:
    settings = CalibrationJob(kind="calibration", judged_min=2, name="job", cron=NIGHT)

    unjudged = run_chore(settings, context).text
    judge(context, ReviewState.CONFIRMED)
    kept = run_chore(settings, context).text
    judge(context, ReviewState.FALSE_ALARM)
    with pytest.raises(PromiseBroken) as broken:
        run_chore(settings, context)

    assert unjudged.startswith("bracket: people judged 0 of 2 frames that failed, which is too few")
    assert kept.startswith("bracket: 0 of 8 good frames failed (0.00%, at least 0.00%)")
    assert str(broken.value).startswith("bracket: 2 of 10 good frames failed (20.00%, at least 5.")
    assert "promised are at most 1.00%" in str(broken.value)


def judge(context: ChoreContext, state: ReviewState) -> None:
    with session(context.engine) as opened:
        for finding_id in (1, 2):
            review_finding(
                opened, finding_id, state_after=state, reviewer="Ada", reviewed_at=context.now()
            )


def test_a_report_of_the_day_that_ended_last_is_kept_and_sent_once(
    tmp_path: Path, context: ChoreContext
) -> None:
    out = tmp_path / "drop"
    channel = FileChannel(kind="file", name="drop", folder=out)
    reports = context.plant.reports.model_copy(update={"pdf": False})
    plant = context.plant.model_copy(update={"channels": (channel,), "reports": reports})
    settings = ReportJob(
        kind="report",
        report="day",
        languages=("de", "en"),
        channels=("drop",),
        name="night",
        cron=NIGHT,
    )
    for _ in range(2):  # a run that was broken off is begun again
        said = run_chore(settings, replace(context, plant=plant))

    day = f"{NOON:%Y-%m-%d}"  # it runs at noon of the day after
    assert said.text == f"day {day} de; day {day} en, sent to drop"
    told = [json.loads(path.read_text()) for path in sorted(out.glob("*.json"))]
    assert {one["report"]["language"] for one in told} == {"de", "en"}
    assert len(told) == 2
    assert all(one["report"]["period"] == day and one["count"] == 0 for one in told)
    pages = [path.read_text() for path in out.rglob("*.html")]
    assert len(pages) == 2
    assert any('lang="de"' in page for page in pages)


def test_a_report_that_cannot_be_sent_is_kept_and_fails(
    tmp_path: Path, context: ChoreContext
) -> None:
    (tmp_path / "drop").write_text("in the way")
    channel = FileChannel(kind="file", name="drop", folder=tmp_path / "drop")
    reports = context.plant.reports.model_copy(update={"pdf": False})
    plant = context.plant.model_copy(update={"channels": (channel,), "reports": reports})
    settings = ReportJob(
        kind="report", report="week", channels=("drop",), name="weekly", cron=NIGHT
    )

    with pytest.raises(SendFailed, match="drop"):
        make_reports(settings, replace(context, plant=plant), first_pause_s=0.0)

    with session(context.engine, read_only=True) as opened:
        (kept,) = reports_kept(opened)
    assert (kept.kind, kept.created_by) == (ReportKind.WEEK, "job weekly")
