"""Schedules of cameras and [[jobs]] of a plant file: what they say, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from plant_config.jobs import BackupJob
from plant_config.loader import load_plant
from tests.unit.test_plant_config import GOOD, refusal, write

SHIFT = '[[schedule.shifts]]\nname = "early"\nbegins = "06:00"\n'
JOB = '[[jobs]]\nname = "night"\nkind = "backup"\ncron = "30 2 * * *"\nfolder = "backups"\n'


def with_blocks(folder: Path, *, camera: str = "", blocks: str = "") -> Path:
    said = f"frame_wh = [320, 200]\n[cameras.schedule]\n{camera}\n"
    changes = [("/srv/models", "models"), ("frame_wh = [320, 200]\n", said)]
    return write(folder, f"{GOOD}{blocks}\n", *changes)


def test_a_camera_takes_pictures_always_unless_it_has_a_schedule(tmp_path: Path) -> None:
    plant = load_plant(with_blocks(tmp_path, camera="every_s = 600"))

    assert [one.schedule.is_always for one in plant.cameras] == [True, False]
    assert plant.is_scheduled
    assert not load_plant(with_blocks(tmp_path)).is_scheduled


def test_folders_of_jobs_lie_beside_the_plant_file(tmp_path: Path) -> None:
    (job,) = load_plant(with_blocks(tmp_path, blocks=JOB)).jobs

    assert isinstance(job, BackupJob)
    assert (job.folder, job.keep, job.catch_up) == (tmp_path / "backups", 7, "once")


@pytest.mark.parametrize(
    ("camera", "said"),
    [
        ("every_s = 0.5", "cameras[1].schedule.every_s: should be greater than or equal to 1"),
        ("every_s = 5\ncron = '* * * * *'", "schedule.cron: stands beside every_s: keep one"),
        ("cron = '* * * *'", "cameras[1].schedule.cron: '* * * *' has 4 fields"),
        ("cron = '0 8 * * 1'", "programs number weekdays differently"),
        ("frames = 3", "cameras[1].schedule.frames: needs every_s or cron, which say when"),
        ("every_s = 5\nframes = 3\nfor_s = 2", "schedule.for_s: stands beside frames"),
        ("shifts = ['early']", "cameras[1].schedule.shifts: the plant file has no [[schedule."),
        ("every_s = 5\ncatch_up = 'all'", "schedule.catch_up: should be 'skip' or 'once'"),
        ("every = 5", "cameras[1].schedule.every: unknown key 'every', did you mean 'every_s'?"),
    ],
)
def test_a_mistake_in_a_cameras_schedule_is_refused_with_its_key(
    tmp_path: Path, camera: str, said: str
) -> None:
    assert said in refusal(with_blocks(tmp_path, camera=camera))


@pytest.mark.parametrize(
    ("blocks", "said"),
    [
        (JOB + JOB, "jobs[1].name: 'night' stands here twice: rename one"),
        (JOB.replace("night", "C1"), "jobs[0].name: a camera is called 'C1' too"),
        (JOB.replace("backup", "party"), "jobs[0].kind: is 'party', not a known kind: write one"),
        (JOB.replace('cron = "30 2 * * *"', ""), "jobs[0].cron: is missing, and every_s and"),
        (JOB + "every_s = 60", "jobs[0].every_s: stands beside cron: keep one of them"),
        (JOB.replace("30 2", "30 24"), "jobs[0].cron: the hour '24' is not between 0 and 23"),
        (JOB.replace("cron", "after_shifts").replace('"30 2 * * *"', '["late"]') + SHIFT,
         "jobs[0].after_shifts: there is no shift 'late': use all, early, or add it"),
        (JOB.replace('folder = "backups"', ""), "jobs[0].folder: is missing, add it (Folder of"),
        (JOB.replace('"backup"', '"retention"').replace('folder = "backups"', ""),
         "jobs[0].keep_days: is missing, and pictures and passed_days too"),
        (JOB + "keep = 0", "jobs[0].keep: should be greater than or equal to 1, found 0"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_job_is_refused_with_its_key(tmp_path: Path, blocks: str, said: str) -> None:
    assert said in refusal(with_blocks(tmp_path, blocks=blocks))
