"""A writer that is killed leaves whole inspections, and its series can be continued."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from db import queries
from db.engine import session
from db.evidence import EvidenceStore
from db.pictures import Fault, disagreements, named_pictures
from db.rows import InspectionRow
from db.upgrade import check
from tests.integration.db.database_records import MODEL_ID
from tests.integration.db.slow_writer import FINDINGS_PER_FRAME, FRAME_OF_DEATH

FRAMES = 8
ROOT = Path(__file__).parents[3]
WRITER = ["-m", "tests.integration.db.slow_writer"]


@pytest.mark.parametrize("death", ["evidence", "commit"])
def test_a_writer_killed_inside_an_inspection_leaves_the_ones_before_whole(
    upgraded_url: str, engine: Engine, tmp_path: Path, death: str
) -> None:
    killed = run_writer(upgraded_url, tmp_path, death)

    assert killed.returncode == -signal.SIGKILL
    assert len(killed.stdout.splitlines()) == FRAME_OF_DEATH
    assert len(whole_inspections(engine, tmp_path)) == FRAME_OF_DEATH


def test_a_writer_killed_from_outside_leaves_whole_inspections(
    upgraded_url: str, engine: Engine, tmp_path: Path
) -> None:
    written = write_and_kill(upgraded_url, tmp_path, after_frames=3)

    assert len(whole_inspections(engine, tmp_path)) in range(written, FRAMES + 1)


def test_the_series_of_a_killed_writer_is_continued_to_exactly_once_each(
    upgraded_url: str, engine: Engine, tmp_path: Path
) -> None:
    write_and_kill(upgraded_url, tmp_path, after_frames=3)
    before = whole_inspections(engine, tmp_path)

    second = run_writer(upgraded_url, tmp_path)

    assert second.returncode == 0
    assert second.stdout.count("False") >= len(before)
    after = whole_inspections(engine, tmp_path)
    assert sorted(row.source for row in after) == [f"frames/{n:04}.png" for n in range(FRAMES)]
    assert {row.inspection_id for row in before} <= {row.inspection_id for row in after}


def test_a_killed_writers_orphans_are_taken_up_when_the_frame_comes_again(
    upgraded_url: str, engine: Engine, tmp_path: Path
) -> None:
    run_writer(upgraded_url, tmp_path, "evidence")
    assert run_writer(upgraded_url, tmp_path).returncode == 0

    with session(engine, read_only=True) as opened:
        named = named_pictures(opened)
        assert list(disagreements(named, EvidenceStore(tmp_path / "evidence"))) == []


def run_writer(url: str, folder: Path, *death: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(url, folder, *death),
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )


def write_and_kill(url: str, folder: Path, *, after_frames: int) -> int:
    """Starts the writer and kills it when it has said so many frames; how many it said in all."""
    with subprocess.Popen(
        command(url, folder), env=environment(), stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        said = [writer.stdout.readline() for _ in range(after_frames)]
        writer.kill()
        said += writer.stdout.readlines()
    return len([line for line in said if line.endswith("\n")])


def whole_inspections(engine: Engine, folder: Path) -> list[InspectionRow]:
    """Every inspection there is, after proving that each one is whole."""
    check(engine)
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            assert connection.execute(sa.text("PRAGMA integrity_check")).scalar() == "ok"
            assert connection.execute(sa.text("PRAGMA foreign_key_check")).all() == []
    with session(engine, read_only=True) as opened:
        rows = queries.inspections(opened)
        named = list(named_pictures(opened))
        assert opened.scalar(sa.text("SELECT count(*) FROM frames")) == len(rows)
    store = EvidenceStore(folder / "evidence")
    faults = {one.fault for one in disagreements(named, store, contents=True)}
    assert faults <= {Fault.ORPHAN}
    assert {row.findings_count for row in rows} == {FINDINGS_PER_FRAME}
    assert {row.model_id for row in rows} == {MODEL_ID}
    return rows


def command(url: str, folder: Path, *death: str) -> list[str]:
    return [sys.executable, *WRITER, url, str(folder / "evidence"), str(FRAMES), *death]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}
