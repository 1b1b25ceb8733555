"""Killed anywhere, a web loses nothing and shows nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inspect_pipeline.capture.camera import Gap, Shot
from inspect_pipeline.capture.line_scan import AfterRestart, LineScan
from inspect_pipeline.errors import CameraEnded, CaptureError
from tests.line_scan.blocks import (
    BEGIN_AT,
    COUNTS_PER_MM,
    MM_PER_LINE,
    BlockCamera,
    Killed,
    Run,
    block,
    blocks,
    damaged,
    first_line_of,
    lines_shown,
    rules,
    run_through,
)

Web = Callable[[], list[Shot | Gap]]


def whole_web() -> list[Shot | Gap]:
    return [*blocks(9, 10)]


def web_with_every_fault() -> list[Shot | Gap]:
    """Lost, doubled, damaged, told missing, two rolls."""
    web: list[Shot | Gap] = [*blocks(26, 10)]
    web[20:] = [replace(shot, serial="coil-2") for shot in web[20:] if isinstance(shot, Shot)]
    web[16] = damaged(block(16, 160, 10))
    web[11:13] = [Gap(noticed_at=BEGIN_AT, reason="packets were lost", shots=2)]
    web.insert(8, web[7])
    del web[4]
    return web


def unnumbered_web() -> list[Shot | Gap]:
    web: list[Shot | Gap] = [replace(shot, sequence=None) for shot in blocks(20, 10)]
    web[11:13] = [Gap(noticed_at=BEGIN_AT, reason="packets were lost", shots=2)]
    web[5] = Gap(noticed_at=BEGIN_AT, reason="packets were lost", shots=1)
    return web


def kill_at(step: int) -> Callable[[], None]:
    left = step

    def kill() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed

    return kill


def run_killed_at(step: int, web: Web, memory: Path) -> tuple[Run, BlockCamera, bool]:
    camera, run = BlockCamera(web()), Run(shots=[], gaps=[])
    camera.kill = kill_at(step)
    try:
        run_through(camera, rules(), memory, run=run)
    except Killed:
        camera.kill = lambda: None
        run_through(camera, rules(), memory, run=run)
        return run, camera, True
    return run, camera, False


@pytest.mark.parametrize("web", [whole_web, web_with_every_fault, unnumbered_web])
def test_a_kill_at_any_moment_loses_no_frame_and_makes_no_other(web: Web, tmp_path: Path) -> None:
    calm = run_through(BlockCamera(web()), rules(), tmp_path / "calm.json")
    was_killed, step = True, 0
    while was_killed:
        run, camera, was_killed = run_killed_at(step, web, tmp_path / f"{step}.json")

        assert set(run.gaps) == set(calm.gaps), step
        assert {shot.sequence: shot for shot in run.shots} == {
            shot.sequence: shot for shot in calm.shots
        }, step
        assert set(run.shots) == set(calm.shots), step
        assert camera.unheard == [], step
        step += 1
    assert step > 3 * len(calm.shots)


def test_killed_again_and_again_a_web_comes_to_its_end(tmp_path: Path) -> None:
    calm = run_through(BlockCamera(web_with_every_fault()), rules(), tmp_path / "calm.json")
    camera, run = BlockCamera(web_with_every_fault()), Run(shots=[], gaps=[])
    for kills in range(1000):
        camera.kill = kill_at(23 + kills % 7)
        try:
            run_through(camera, rules(), tmp_path / "web.json", run=run)
            break
        except Killed:
            continue

    assert kills > 3
    assert set(run.shots) == set(calm.shots)
    assert set(run.gaps) == set(calm.gaps)


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_missing_and_whenever_it_is_killed_the_frames_are_the_same(
    seed: int, tmp_path: Path
) -> None:
    rng = np.random.default_rng(seed)
    per_frame = int(rng.integers(4, 60))
    how = rules(
        lines_per_frame=per_frame,
        overlap_lines=int(rng.integers(0, per_frame)),
        counts_per_mm=COUNTS_PER_MM if seed % 2 else None,
    )
    whole = blocks(40, int(rng.integers(1, 30)), has_encoder=True)
    kept = [whole[0], *(shot for shot in whole[1:] if rng.random() > 0.1)]
    broken = [damaged(shot) for shot in kept[1:] if rng.random() < 0.05]
    web = [next((one for one in broken if one.source == shot.source), shot) for shot in kept]
    calm = run_through(BlockCamera(web), how, tmp_path / "calm.json")
    camera, run = BlockCamera(web), Run(shots=[], gaps=[])
    for _ in range(30):
        camera.kill = kill_at(int(rng.integers(1, 60)))
        with suppress(Killed):
            run_through(camera, how, tmp_path / "web.json", run=run)
    camera.kill = lambda: None
    run_through(camera, how, tmp_path / "web.json", run=run)

    assert set(run.shots) == set(calm.shots)
    assert set(run.gaps) == set(calm.gaps)
    assert camera.unheard == []
    unreadable = {one.content for one in broken}
    read = [shot for shot in calm.shots if shot.content not in unreadable]
    shown = {line for shot in read for line in lines_shown(shot)}
    assert shown == {line for shot in web if shot in whole for line in lines_shown(shot)}
    assert all(first_line_of(shot) == lines_shown(shot)[0] for shot in read)


def test_a_block_is_acknowledged_only_when_no_frame_needs_it_any_more(tmp_path: Path) -> None:
    camera = BlockCamera(blocks(20, 10))
    with LineScan(camera, rules(), tmp_path / "web.json") as scan:
        shots = [one for _ in range(4) if isinstance(one := scan.wait(1.0), Shot)]
        scan.acknowledge(shots[1])  # the second before the first
        assert camera.acknowledged == []

        scan.acknowledge(shots[0])

        assert [first_line_of(shot) for shot in shots[:2]] == [0, 24]
        assert [shot.sequence for shot in camera.acknowledged] == [0, 1]  # lines before 56 - 32


def test_frames_that_nobody_acknowledged_come_again_when_it_is_opened_again(
    tmp_path: Path,
) -> None:
    scan = LineScan(BlockCamera(blocks(20, 10), forgets=True), rules(), tmp_path / "web.json")
    with scan:
        first = scan.wait(1.0)
    with scan:
        assert scan.wait(1.0) == first


def test_a_camera_that_cannot_give_blocks_again_leaves_a_gap_of_known_length(
    tmp_path: Path,
) -> None:
    camera = BlockCamera(blocks(20, 10), forgets=True)
    with LineScan(camera, rules(), tmp_path / "web.json") as scan:
        shots = [one for _ in range(3) if isinstance(one := scan.wait(1.0), Shot)]
        scan.acknowledge(shots[0])  # lines 0 to 32; blocks up to line 80 were read

    run = run_through(camera, rules(), tmp_path / "web.json")

    assert sorted((gap.web_from_mm, gap.web_until_mm) for gap in run.gaps) == [
        (32 * MM_PER_LINE, 40 * MM_PER_LINE),
        (40 * MM_PER_LINE, 80 * MM_PER_LINE),
    ]
    assert first_line_of(run.shots[0]) == 80
    assert all(lines_shown(shot)[0] == first_line_of(shot) for shot in run.shots)
    assert run.shots[-1].serial == shots[0].serial


def test_after_missed_lines_a_new_roll_begins_where_that_is_wanted(tmp_path: Path) -> None:
    how = rules(after_restart=AfterRestart.NEW_ROLL)
    before = run_through(BlockCamera(blocks(8, 10)), how, tmp_path / "web.json")
    later = [block(number, number * 10, 10) for number in range(30, 38)]

    after = run_through(BlockCamera(later), how, tmp_path / "web.json")

    assert after.shots[0].serial != before.shots[0].serial
    assert [first_line_of(shot) for shot in after.shots] == [0, 24, 48]
    assert after.gaps == []


def test_a_restart_that_missed_nothing_goes_on_with_the_roll(tmp_path: Path) -> None:
    how = rules(after_restart=AfterRestart.NEW_ROLL)
    before = run_through(BlockCamera(blocks(8, 10)), how, tmp_path / "web.json")
    later = [block(number, number * 10, 10) for number in range(8, 16)]

    after = run_through(BlockCamera(later), how, tmp_path / "web.json")

    assert {shot.serial for shot in after.shots} == {before.shots[0].serial}
    assert [first_line_of(shot) for shot in after.shots] == [80, 96, 120, 128]


def test_a_roll_that_is_begun_by_hand_survives_a_kill(tmp_path: Path) -> None:
    camera = BlockCamera(blocks(20, 10))
    with LineScan(camera, rules(), tmp_path / "web.json") as scan:
        first = scan.wait(1.0)
        assert isinstance(first, Shot)
        scan.begin_roll("coil-9")  # after the four blocks that the first frame took

    run = run_through(camera, rules(), tmp_path / "web.json")

    begun = [shot for shot in run.shots if shot.serial == "coil-9"]
    assert [lines_shown(shot)[0] for shot in begun][:2] == [40, 64]
    assert first_line_of(begun[0]) == 0
    assert run.shots[0] == first


def test_the_length_of_the_roll_counts_gaps_too(tmp_path: Path) -> None:
    web = blocks(12, 10)
    del web[5]
    scan = LineScan(BlockCamera(web), rules(), tmp_path / "web.json")
    with pytest.raises(CameraEnded), scan:
        list(iter(lambda: scan.wait(1.0), None))

    assert scan.length_mm == 120 * MM_PER_LINE


def test_another_scale_begins_a_new_roll(tmp_path: Path) -> None:
    before = run_through(BlockCamera(blocks(8, 10)), rules(), tmp_path / "web.json")
    later = [block(number, number * 10, 10) for number in range(8, 16)]

    after = run_through(BlockCamera(later), rules(mm_per_line=0.5), tmp_path / "web.json")

    assert after.shots[0].serial != before.shots[0].serial
    assert after.shots[0].web_position_mm == 0.0


@pytest.mark.parametrize("content", ["", "{", '{"format": 9}', '{"format": 1}', "[]"])
def test_a_damaged_memory_is_refused_with_what_to_do(content: str, tmp_path: Path) -> None:
    (tmp_path / "web.json").write_text(content, encoding="utf-8")

    with pytest.raises(CaptureError, match="restore it, or move it away"):
        LineScan(BlockCamera([]), rules(), tmp_path / "web.json")
