"""A disk that is really full: spool, evidence and database on one small file system."""

from __future__ import annotations

import errno
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.ingestion.running import assert_whole, frames_in, serving, wait_for
from db.engine import default_url
from inspect_pipeline.ingestion.entry import from_file
from tests.integration.ingesting.tiny_plant import camera, tiny_bundle, tiny_plant

FRAMES = 16
ROOM = "24m"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "small"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(place)]
    try:
        asked = subprocess.run(words, capture_output=True, text=True, check=False)
    except OSError as error:
        pytest.skip(f"nothing can be mounted here: {error}")
    if asked.returncode != 0:
        pytest.skip(f"nothing can be mounted here: {asked.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(place: Path) -> Path:
    """A file that takes all the room there is."""
    ballast = place / "ballast"
    with ballast.open("ab", buffering=0) as file:
        size = 1_000_000
        while size:
            try:
                file.write(b"\0" * size)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                size //= 4
    return ballast


def test_a_full_disk_halts_the_line_and_loses_nothing(small_disk: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    tiny_bundle(models)
    url = default_url(small_disk / "findings.db")
    made = tiny_plant(small_disk, url, [camera(frames=FRAMES)], models=models, entries_max=6)
    plant = Path(shutil.move(made, tmp_path / "plant.toml"))

    with serving(plant) as served:
        wait_for(lambda: len(frames_in(url)) >= 4, "no frame comes", served.log)
        ballast = fill(small_disk)
        wait_for(lambda: "room on the disk" in served.log.read_text(), "no room?", served.log)
        for path in (small_disk / "spool").rglob("waiting/*.shot"):
            from_file(path.read_bytes(), name=path.name)  # whole, or it would refuse
        before = len(frames_in(url))
        ballast.unlink()
        wait_for(lambda: len(frames_in(url)) == FRAMES, "frames are missing", served.log)
        assert served.stop() == 0, served.log.read_text()

    assert before < FRAMES
    assert frames_in(url) == sorted(f"simulated://brushed_web/{n}" for n in range(FRAMES))
    assert_whole(url, small_disk / "evidence")
    assert list((small_disk / "spool").rglob("*.part")) == []
    assert list((small_disk / "spool").rglob("*.shot")) == []
