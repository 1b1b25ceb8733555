"""`serve` with a camera on a schedule and jobs: they run, are asked for, and survive kills."""

from __future__ import annotations

import json
import multiprocessing
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from benchmarks.ingestion.running import frames_in, serving, wait_for
from db.engine import default_url
from inspect_pipeline.service.cli.jobs import app as jobs_app
from inspect_pipeline.service.ingesting.link import Link, Stop
from inspect_pipeline.service.scheduling.due import Policy
from inspect_pipeline.service.scheduling.plan import PlannedJob
from inspect_pipeline.service.scheduling.scheduler import TICK_S, Scheduler
from tests.integration.ingesting.clockwork import scheduled_plant
from tests.integration.ingesting.tiny_plant import camera, tiny_plant

SCHEDULE = "[cameras.schedule]\nevery_s = 3\nframes = 1\n"
JOBS = """
[[jobs]]
name = "backup"
kind = "backup"
every_s = 5
folder = "backups"
keep = 2
"""


def say(plant: Path, *words: str) -> str:
    done = CliRunner().invoke(jobs_app, [*words, "--plant", str(plant)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def asked(plant: Path, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(say(plant, *words, "--json"))
    return found


def test_a_plant_works_by_the_clock_and_on_demand(tmp_path: Path) -> None:
    url = default_url(tmp_path / "findings.db")
    plant = tiny_plant(tmp_path, url, [camera(frames=1000) + SCHEDULE], drain_within_s=0.0)
    plant.write_text(plant.read_text() + JOBS)

    with serving(plant) as served:
        wait_for(lambda: len(frames_in(url)) >= 1, "no frames come by the clock", served.log)
        served.kill("scheduler")
        before = len(frames_in(url))
        wait_for(lambda: len(frames_in(url)) > before + 1, "a kill stops it", served.log)
        for name in ("cam-1", "backup"):
            say(plant, "pause", name)
        say(plant, "run", "cam-1")
        wait_for(
            lambda: any(one["wanted_by"] and one["ended_at"] for one in asked(plant, "history")),
            "nobody runs what is wanted",
            served.log,
        )
        assert served.stop() == 0

    assert "Traceback" not in served.log.read_text()
    jobs = {one["job"]: one for one in asked(plant, "list")}
    assert jobs["cam-1"]["says"] == "every 3 s; frames: 1"
    assert all(one["paused_by"] and one["next_at"] is None for one in jobs.values())
    runs = asked(plant, "history", "--job", "cam-1", "--limit", "1000")
    done = [one for one in runs if one["outcome"] == "done"]
    assert len({one["planned_at"] for one in runs}) == len(runs)
    assert {one["frames"] for one in done} == {1}
    assert len(done) >= 2
    (wanted,) = [one for one in runs if one["wanted_by"]]
    assert wanted["outcome"] == "done"
    backups = sorted(path for path in (tmp_path / "backups").iterdir())
    assert 1 <= len(backups) <= 2
    assert (backups[-1] / "manifest.json").exists()


class Deadly:
    """Times that kill the thread of the clock when it asks for the next one."""

    def after(self, moment: datetime) -> datetime:
        if threading.current_thread().name == "APScheduler":
            raise RuntimeError("as one failing update does it")
        return moment + timedelta(seconds=0.2)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_clock_whose_thread_has_died_gives_no_sign_of_life(tmp_path: Path) -> None:
    plant = scheduled_plant(tmp_path, default_url(tmp_path / "findings.db"))
    job = PlannedJob(
        name="deadly",
        kind="camera",
        says="",
        times=Deadly(),
        policy=Policy(late_after=lambda at: at),
    )
    heard, pipe = multiprocessing.Pipe(duplex=False)
    stop = Stop()
    scheduler = Scheduler(
        plant, Link(pipe, stop, beat_every_s=0.0), now=lambda: datetime.now(UTC), jobs=[job]
    )
    running = threading.Thread(target=scheduler.run)
    running.start()
    try:
        ready: list[dict[str, Any]] = []
        while {"what": "ready"} not in ready and heard.poll(60.0):
            ready.append(json.loads(heard.recv_bytes()))
        for one in [one for one in threading.enumerate() if one.name == "APScheduler"]:
            one.join(timeout=60.0)
        while heard.poll(TICK_S):  # what it said before
            heard.recv_bytes()
        is_silent = not heard.poll(4 * TICK_S)
        is_still_there = running.is_alive()
    finally:
        stop.asked = 1
        running.join(timeout=60.0)

    assert {"what": "beat"} in ready
    assert is_still_there
    assert is_silent
