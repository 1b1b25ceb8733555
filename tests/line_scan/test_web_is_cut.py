"""Blocks become frames: every line, at its place, never across a gap."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from inspect_pipeline.capture.camera import Gap, Shot
from inspect_pipeline.capture.lossless import png_of
from inspect_pipeline.errors import CaptureError
from tests.line_scan.blocks import (
    BEGIN_AT,
    COUNTS_PER_MM,
    MM_PER_LINE,
    BlockCamera,
    Run,
    block,
    blocks,
    damaged,
    first_line_of,
    lines_picture,
    lines_shown,
    rules,
    run_through,
)


def spans(run: Run) -> list[tuple[int, int]]:
    """Lines that the frames show, half-open; each frame shows the lines that its place says."""
    found = []
    for shot in run.shots:
        shown, first_line = lines_shown(shot), first_line_of(shot)
        assert shown == list(range(shown[0], shown[0] + len(shown))), "stitched across a gap"
        assert shown[0] == first_line
        found.append((first_line, first_line + len(shown)))
    return found


def missing_mm(run: Run) -> list[tuple[float | None, float | None]]:
    return [(gap.web_from_mm, gap.web_until_mm) for gap in run.gaps]


def test_frames_lie_on_a_grid_of_lines_and_the_last_is_shifted_back(tmp_path: Path) -> None:
    run = run_through(BlockCamera(blocks(9, 10)), rules(), tmp_path / "web.json")

    assert spans(run) == [(0, 32), (24, 56), (48, 80), (58, 90)]
    assert run.gaps == []
    assert [shot.sequence for shot in run.shots] == [0, 1, 2, 3]


@pytest.mark.parametrize("seed", range(40))
def test_every_line_is_shown_and_neighbours_overlap(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    per_frame = int(rng.integers(1, 50))
    overlap = int(rng.integers(0, per_frame))
    how = rules(lines_per_frame=per_frame, overlap_lines=overlap)
    heights = rng.integers(1, 40, size=rng.integers(1, 12)).tolist()
    starts = np.cumsum([0, *heights]).tolist()
    web = [
        block(number, start, lines)
        for number, (start, lines) in enumerate(zip(starts[:-1], heights, strict=True))
    ]

    found = spans(run_through(BlockCamera(web), how, tmp_path / "web.json"))

    assert found[0][0] == 0
    assert found[-1][1] == starts[-1]
    for (_, end), (start, _) in pairwise(found):
        assert end - start >= overlap
    if starts[-1] >= per_frame:
        assert {end - start for start, end in found} == {per_frame}


def test_a_missing_block_ends_the_piece_and_the_position_goes_on(tmp_path: Path) -> None:
    web = blocks(12, 10)
    del web[5]

    run = run_through(BlockCamera(web), rules(), tmp_path / "web.json")

    assert spans(run) == [(0, 32), (18, 50), (60, 92), (72, 104), (88, 120)]
    assert missing_mm(run) == [(50 * MM_PER_LINE, 60 * MM_PER_LINE)]
    assert "1 blocks are missing" in run.gaps[0].reason


def test_an_encoder_says_how_long_a_gap_is_whatever_the_blocks_height(tmp_path: Path) -> None:
    web = [
        block(0, 0, 40, has_encoder=True),
        block(1, 40, 40, has_encoder=True),
        block(7, 153, 40, has_encoder=True),  # six numbers on, but 73 lines
    ]

    run = run_through(BlockCamera(web), rules(counts_per_mm=COUNTS_PER_MM), tmp_path / "web.json")

    assert missing_mm(run) == [(80 * MM_PER_LINE, 153 * MM_PER_LINE)]
    assert spans(run)[-1] == (161, 193)


def test_an_encoder_that_begins_again_at_zero_changes_nothing(tmp_path: Path) -> None:
    web = blocks(9, 10, has_encoder=True)
    wrapped = [
        Shot(**{**vars(shot), "encoder": ((shot.encoder or 0) + 65300) % 65536}) for shot in web
    ]
    how = rules(counts_per_mm=COUNTS_PER_MM, counter_bits=16)

    run = run_through(BlockCamera(wrapped), how, tmp_path / "web.json")

    assert spans(run) == [(0, 32), (24, 56), (48, 80), (58, 90)]
    assert run.gaps == []


def test_lines_that_come_again_because_the_web_ran_back_are_shown_once(tmp_path: Path) -> None:
    web = [
        block(0, 0, 20, has_encoder=True),
        block(1, 20, 20, has_encoder=True),
        block(2, 30, 20, has_encoder=True),
        block(3, 35, 5, has_encoder=True),
        block(4, 50, 20, has_encoder=True),
    ]

    run = run_through(BlockCamera(web), rules(counts_per_mm=COUNTS_PER_MM), tmp_path / "web.json")

    assert spans(run) == [(0, 32), (24, 56), (38, 70)]
    assert run.gaps == []


def test_a_gap_that_the_camera_tells_counts_where_blocks_have_no_number(tmp_path: Path) -> None:
    numbered = blocks(8, 10)
    web: list[Shot | Gap] = [Shot(**{**vars(shot), "sequence": None}) for shot in numbered]
    web[3:5] = [Gap(noticed_at=BEGIN_AT, reason="packets were lost", shots=2)]

    run = run_through(BlockCamera(web), rules(), tmp_path / "web.json")

    assert missing_mm(run) == [(30 * MM_PER_LINE, 50 * MM_PER_LINE)]
    assert spans(run) == [(0, 30), (50, 80)]


def test_a_gap_told_and_seen_in_the_numbers_is_one_gap(tmp_path: Path) -> None:
    web: list[Shot | Gap] = [*blocks(8, 10)]
    web[3:5] = [Gap(noticed_at=BEGIN_AT, reason="packets were lost", shots=2)]

    run = run_through(BlockCamera(web), rules(), tmp_path / "web.json")

    assert missing_mm(run) == [(30 * MM_PER_LINE, 50 * MM_PER_LINE)]


def test_a_duplicate_block_is_shown_once_and_acknowledged_twice(tmp_path: Path) -> None:
    web = blocks(9, 10)
    web.insert(4, web[3])
    camera = BlockCamera(web)

    run = run_through(camera, rules(), tmp_path / "web.json")

    assert spans(run) == [(0, 32), (24, 56), (48, 80), (58, 90)]
    assert camera.unheard == []


def test_a_block_that_cannot_be_read_is_handed_on_and_is_a_gap(tmp_path: Path) -> None:
    web = blocks(9, 10)
    web[4] = damaged(web[4])
    camera = BlockCamera(web)

    run = run_through(camera, rules(), tmp_path / "web.json")

    (handed,) = [shot for shot in run.shots if shot.content == web[4].content]
    assert first_line_of(handed) == 40
    run.shots.remove(handed)
    assert spans(run) == [(0, 32), (8, 40), (50, 82), (58, 90)]
    assert missing_mm(run) == [(40 * MM_PER_LINE, 50 * MM_PER_LINE)]
    assert camera.unheard == []


def test_blocks_of_another_width_begin_another_piece(tmp_path: Path) -> None:
    web = blocks(6, 10)
    wide = Shot(**{**vars(web[3]), "content": png_of(lines_picture(30, 10, width_px=9))})

    run = run_through(BlockCamera([*web[:3], wide]), rules(), tmp_path / "web.json")

    assert spans(run) == [(0, 30), (30, 40)]
    assert missing_mm(run) == [(30 * MM_PER_LINE, 30 * MM_PER_LINE)]
    assert "blocks are 9 px x 1 now, they were 5 x 1" in run.gaps[0].reason


def test_the_cameras_own_serial_turns_to_the_next_roll(tmp_path: Path) -> None:
    web = [
        Shot(**{**vars(shot), "serial": "coil-7" if number < 5 else "coil-8"})
        for number, shot in enumerate(blocks(9, 10))
    ]

    run = run_through(BlockCamera(web), rules(), tmp_path / "web.json")

    places = [(shot.serial, first_line_of(shot), lines_shown(shot)[0]) for shot in run.shots]
    assert places == [
        ("coil-7", 0, 0),
        ("coil-7", 18, 18),
        ("coil-8", 0, 50),
        ("coil-8", 8, 58),
    ]


def test_all_frames_of_a_dark_web_differ_by_their_time(tmp_path: Path) -> None:
    dark = png_of(np.zeros((96, 5, 1), dtype=np.uint8))
    web = [Shot(**{**vars(shot), "content": dark}) for shot in blocks(2, 96)]

    run = run_through(BlockCamera(web), rules(), tmp_path / "web.json")

    times = [shot.taken_at for shot in run.shots]
    assert len(set(times)) == len(times) == 8
    assert times == sorted(times)


def test_frames_too_large_to_be_read_are_refused_with_the_key_to_change(tmp_path: Path) -> None:
    how = rules(lines_per_frame=20_000_000)

    with pytest.raises(CaptureError, match="set lines_per_frame lower"):
        run_through(BlockCamera(blocks(1, 10)), how, tmp_path / "web.json")
