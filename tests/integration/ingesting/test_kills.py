"""Whatever is killed, whenever: every frame of the camera is in the database, each once."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from benchmarks.ingestion.running import (
    SUPERVISOR,
    assert_whole,
    frames_in,
    serving,
    wait_for,
)
from db.engine import connect, session
from db.events import count_events
from db.upgrade import upgrade
from db.words import EventKind
from tests.integration.ingesting.tiny_plant import camera, tiny_plant

FRAMES = 30
KILLS = ("camera", "worker", "writer", "worker", "camera", "writer", SUPERVISOR, SUPERVISOR)
EXTRA_KILLS = 2


@pytest.fixture
def upgraded_url(database_url: str) -> str:
    engine = connect(database_url)
    upgrade(engine)
    engine.dispose()
    return database_url


@pytest.mark.parametrize("seed", [1])
def test_frames_survive_kills_of_every_process(
    upgraded_url: str, tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    plant = tiny_plant(tmp_path, upgraded_url, [camera(frames=FRAMES)], entries_max=8)
    kills = [*KILLS, *rng.choices(KILLS, k=EXTRA_KILLS)]
    rng.shuffle(kills)

    def has(frames: int, log: Path) -> None:
        wait_for(lambda: len(frames_in(upgraded_url)) >= frames, f"no {frames} frames come", log)

    with serving(plant) as served:
        for number, kind in enumerate(kills):
            has(number * FRAMES // (2 * len(kills)), served.log)
            time.sleep(rng.uniform(0.0, 0.6))  # the moment is what is tried out
            served.kill(kind)
        has(FRAMES, served.log)
        code = served.stop()

    assert code == 0, served.log.read_text()
    expected = sorted(f"simulated://brushed_web/{index}" for index in range(FRAMES))
    assert frames_in(upgraded_url) == expected
    assert_whole(upgraded_url, tmp_path / "evidence")
    assert list((tmp_path / "spool").rglob("*.shot")) == []
    engine = connect(upgraded_url)
    with session(engine, read_only=True) as opened:
        told = count_events(opened)
    engine.dispose()
    assert told[EventKind.SHED] == told[EventKind.QUARANTINED] == 0
    assert told[EventKind.STARTED] == 1 + kills.count(SUPERVISOR)
