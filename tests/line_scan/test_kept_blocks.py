"""A live camera gives no block twice: its unfinished frame survives a kill all the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from inspect_pipeline.capture.camera import Gap, Shot
from inspect_pipeline.capture.line_scan import AfterRestart, LineScan, LineScanRules
from inspect_pipeline.capture.line_scan.kept_blocks import NOT_WATCHED, KeptBlocks
from inspect_pipeline.errors import CameraEnded
from tests.fakes import WallClock
from tests.line_scan.blocks import (
    BEGIN_AT,
    COUNTS_PER_MM,
    MM_PER_LINE,
    BlockCamera,
    Killed,
    Run,
    blocks,
    first_line_of,
    lines_shown,
    rules,
)
from tests.line_scan.test_web_goes_on import kill_at

ENCODED = rules(counts_per_mm=COUNTS_PER_MM)


def run_live(items: list[Shot], how: LineScanRules, folder: Path, run: Run, kill: int = 999) -> int:
    """A start of the program before a camera that has only these blocks to give; how many it gave.

    Ends by a kill after so many steps, or with the web.
    """
    camera = BlockCamera(items, forgets=True)
    camera.kill = kill_at(kill)
    kept = KeptBlocks(camera, folder / "blocks", now=WallClock(BEGIN_AT))
    scan = LineScan(kept, how, folder / "web.json", is_live=True)
    try:
        with scan:
            while True:
                came = scan.wait(1.0)
                if isinstance(came, Gap):
                    run.gaps.append(came)
                elif came is not None:
                    run.shots.append(came)
                    scan.acknowledge(came)
    except (Killed, CameraEnded):
        return camera._next


def lines_of(run: Run) -> set[int]:
    return {line for shot in run.shots for line in lines_shown(shot)}


@pytest.mark.parametrize("kill", range(1, 46, 4))
def test_no_line_that_came_is_lost_by_a_kill(kill: int, tmp_path: Path) -> None:
    run = Run(shots=[], gaps=[])
    web = blocks(20, 10, has_encoder=True)

    given = run_live(web, ENCODED, tmp_path, run, kill)
    run_live(web[given:], ENCODED, tmp_path, run)

    assert lines_of(run) == set(range(200))
    assert run.gaps == []
    assert all(lines_shown(shot)[0] == first_line_of(shot) for shot in run.shots)
    assert list((tmp_path / "blocks").iterdir()) == []


def test_lines_that_passed_meanwhile_are_one_gap(tmp_path: Path) -> None:
    run = Run(shots=[], gaps=[])
    web = blocks(20, 10, has_encoder=True)

    given = run_live(web, ENCODED, tmp_path, run, 20)
    run_live(web[given + 3 :], ENCODED, tmp_path, run)

    missed = set(range(10 * given, 10 * given + 30))
    assert lines_of(run) == set(range(200)) - missed
    ((begin, until),) = {(gap.web_from_mm, gap.web_until_mm) for gap in run.gaps}
    assert (begin, until) == (10 * given * MM_PER_LINE, (10 * given + 30) * MM_PER_LINE)


def test_where_nothing_counts_the_restart_itself_is_the_gap(tmp_path: Path) -> None:
    run = Run(shots=[], gaps=[])
    uncounted = [replace(shot, sequence=None) for shot in blocks(30, 10)]

    given = run_live(uncounted[:20], rules(), tmp_path, run, 20)
    run_live(uncounted[20:], rules(), tmp_path, run)

    assert lines_of(run) == {*range(10 * given), *range(200, 300)}
    (gap,) = {(gap.web_from_mm, gap.web_until_mm) for gap in run.gaps}
    assert gap == (10 * given * MM_PER_LINE, None)
    assert all(NOT_WATCHED in gap.reason for gap in run.gaps)


def test_what_a_restart_missed_begins_a_roll_where_the_plant_file_asks(tmp_path: Path) -> None:
    run = Run(shots=[], gaps=[])
    how = replace(ENCODED, after_restart=AfterRestart.NEW_ROLL)
    web = blocks(20, 10, has_encoder=True)

    given = run_live(web, how, tmp_path, run, 20)
    run_live(web[given + 3 :], how, tmp_path, run)

    assert lines_of(run) == set(range(200)) - set(range(10 * given, 10 * given + 30))
    assert len({shot.serial for shot in run.shots}) == 2


def test_a_block_that_a_power_cut_has_damaged_is_left_out(tmp_path: Path) -> None:
    run = Run(shots=[], gaps=[])
    web = blocks(20, 10, has_encoder=True)
    given = run_live(web, ENCODED, tmp_path, run, 20)
    newest = max((tmp_path / "blocks").iterdir())
    newest.write_bytes(newest.read_bytes()[:-7])

    run_live(web[given:], ENCODED, tmp_path, run)

    damaged = set(range(10 * given - 10, 10 * given))
    assert set(range(200)) - damaged <= lines_of(run)
    assert {gap.web_until_mm for gap in run.gaps} == {10 * given * MM_PER_LINE}
