"""How it stands in the invented plant: its jobs, an alert that is open, what cameras learned."""

from __future__ import annotations

import random
from dataclasses import asdict
from datetime import timedelta

from sqlalchemy.orm import Session

from benchmarks.reports.history import NOON
from db.alerting import take_step
from db.input_health import Place, add_figures, remember
from db.jobs import meet_jobs, note_run, pause_job
from db.models import Alert, Job, JobRun
from db.words import AlertState, AlertStep, JobOutcome, Severity
from inspect_pipeline.monitoring.camera_watch import begun, summary_of, watch_after
from inspect_pipeline.monitoring.changes import Observed
from inspect_pipeline.records import InputFigures, Outcome, sha256_of
from plant_config.monitoring import Monitoring

_JOBS = (  # name, kind, camera, when in words, hours until the next time
    ("backup", "backup", None, "02:30 every day", 14.5),
    ("plate-cam", "camera", "plate-cam", "every 30 min in shift early, late", 0.5),
    ("shift report", "report", None, "14:15, 22:15, 06:15 every day", 2.25),
    ("tidy", "retention", None, "Sunday 03:00", None),
)
_DONE, _FAILED, _MISSED = JobOutcome.DONE, JobOutcome.FAILED, JobOutcome.MISSED
_RUNS = (  # job, hours ago, minutes it took, outcome, frames, words
    ("backup", 33.5, 4, _DONE, None, "12 pictures are new"),
    ("backup", 9.5, 1, _FAILED, None, "/backups is full: free 2 GB or set another folder"),
    ("plate-cam", 2, 6, _DONE, 12, ""),
    ("plate-cam", 1.5, 6, _DONE, 12, ""),
    ("plate-cam", 1, 0, _MISSED, None, "the plant was off"),
    ("plate-cam", 0.5, 6, _DONE, 12, ""),
    ("shift report", 5.75, 1, _DONE, None, "1 report, sent by shift-lead"),
    ("tidy", 32, 2, _DONE, None, "340 pictures removed"),
)


def record_jobs(opened: Session) -> None:
    kinds = {name: (kind, camera) for name, kind, camera, _, _ in _JOBS}
    meet_jobs(
        opened,
        [
            Job(
                job=name,
                kind=kind,
                camera_id=camera,
                says=says,
                met_at=NOON - timedelta(days=15),
                next_at=None if hours is None else NOON + timedelta(hours=hours),
            )
            for name, kind, camera, says, hours in _JOBS
        ],
    )
    opened.flush()
    for name, hours, minutes, outcome, frames, words in _RUNS:
        planned_at = NOON - timedelta(hours=hours)
        ended_at = planned_at + timedelta(minutes=minutes)
        note_run(
            opened,
            JobRun(
                job=name,
                kind=kinds[name][0],
                camera_id=kinds[name][1],
                planned_at=planned_at,
                started_at=None if outcome is _MISSED else planned_at,
                ended_at=ended_at,
                outcome=outcome,
                frames=frames,
                first_frame_at=planned_at if frames else None,
                last_frame_at=ended_at if frames else None,
                text=words,
            ),
        )
    pause_job(opened, "tidy", by="anna", at=NOON - timedelta(hours=1))


def open_alert(opened: Session) -> None:
    """The lamp that grew darker: nobody takes care of it yet."""
    opened_at = NOON - timedelta(minutes=20)
    alert = Alert(
        key="lamp L1 plate-cam",
        rule="lamp and lens",
        place=sha256_of(b"lamp and lens, plate-cam"),
        text="brightness of plate-cam is outside of its limits: look at its lamp",
        line_id="L1",
        camera_id="plate-cam",
        part="machined_plate",
        severity=Severity.MAJOR,
        state=AlertState.OPEN,
        events=1,
        facts={"was": 128.0, "is": 96.0},
        opened_at=opened_at,
        last_event_at=opened_at,
    )
    opened.add(alert)
    opened.flush()
    take_step(opened, alert.id, AlertStep.OPENED, at=opened_at)


def learn_cameras(opened: Session) -> None:
    """Two weeks of usual pictures; then the lamp of one camera grows darker this morning."""
    chance, settings = random.Random(3), Monitoring()
    yesterday, dark_from = NOON - timedelta(days=1), NOON - timedelta(hours=2)
    for camera, part in (("web-cam", "brushed_web"), ("plate-cam", "machined_plate")):
        place = Place(line_id="L1", camera_id=camera, part=part)
        watch, at = None, NOON - timedelta(days=15)
        while at < NOON:
            at += timedelta(minutes=1 if at > dark_from else 5)
            is_dark = camera == "plate-cam" and at > dark_from
            figures = _figures(chance, 96.0 if is_dark else 128.0)
            score = chance.gauss(-1.0, 0.3)
            if at < yesterday:
                found = asdict(figures)
                add_figures(opened, place, at, is_unfit=False, figures=found, passed_score=score)
            seen = Observed(
                at=at,
                outcome=Outcome.PASSED,
                model_id="m" * 64,
                unfit_reason=None,
                figures=figures,
                raw_score=score,
            )
            watch, _ = watch_after(watch or begun(seen), seen, settings)
        assert watch is not None, "two weeks have frames"
        kept = {"remembered": watch.model_dump(mode="json"), "summary": summary_of(watch, settings)}
        remember(opened, place, at=NOON, **kept)


def _figures(chance: random.Random, brightness: float) -> InputFigures:
    return InputFigures(
        brightness=chance.gauss(brightness, 1.5),
        contrast=chance.gauss(61.4, 1.0),
        focus=chance.gauss(17.2, 0.4),
        shading=chance.gauss(4.1, 0.3),
        darkest_spot=chance.gauss(7.9, 0.5),
        clipped=chance.gauss(0.2, 0.02),
    )
