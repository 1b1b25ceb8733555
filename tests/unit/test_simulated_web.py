"""The endless web: seamless, repeatable, honest about its defects."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from inspect_pipeline.capture.reading import read_picture
from inspect_pipeline.capture.simulated.endless_web import STRETCH_LINES, SimulatedWeb
from inspect_pipeline.capture.simulated.web_picture import write_web
from inspect_pipeline.errors import UsageError


def a_web(seed: int = 3, *, defect_rate: float = 1.0) -> SimulatedWeb:
    return SimulatedWeb(seed, width_px=160, defect_rate=defect_rate)


@pytest.mark.parametrize("lines", [1, 50, 256, 300])
def test_lines_are_the_same_in_blocks_of_any_height(lines: int) -> None:
    whole = a_web().lines(0, 700)

    pieces = [a_web().lines(at, min(at + lines, 700)) for at in range(0, 700, lines)]

    assert np.array_equal(np.concatenate(pieces), whole)


def test_far_away_the_web_is_drawn_as_quickly_and_differs() -> None:
    near, far = a_web().lines(0, 256), a_web().lines(256 * 10**6, 256 * 10**6 + 256)

    assert far.shape == near.shape == (256, 160, 1)
    assert not np.array_equal(near, far)
    assert abs(float(near.mean()) - float(far.mean())) < 4.0


def test_stretches_join_without_a_seam() -> None:
    web = a_web(defect_rate=0.0).lines(0, 16 * STRETCH_LINES).astype(float)[:, :, 0]
    steps = np.abs(np.diff(web, axis=0)).mean(axis=1)
    borders = np.arange(STRETCH_LINES - 1, len(steps), STRETCH_LINES)

    elsewhere = np.delete(steps, borders)

    assert steps[borders].max() < np.quantile(elsewhere, 0.999)
    assert abs(steps[borders].mean() - elsewhere.mean()) < 0.05


def test_outside_its_defects_the_web_equals_the_good_one() -> None:
    web, lines = a_web(), 8 * STRETCH_LINES
    marred, good = web.lines(0, lines), web.good_lines(0, lines)
    outside = np.ones((lines, 160), dtype=bool)
    defects = web.defects(0, lines)
    for one in defects:
        box = outside[one.first_line : one.until_line, one.first_px : one.until_px]
        box &= ~one.mask

    assert len(defects) >= 5
    assert np.array_equal(marred[outside], good[outside])
    for one in defects:
        line, column = one.centre
        assert one.first_line < line < one.until_line
        assert one.first_px < column < one.until_px
        inside = slice(one.first_line, one.until_line), slice(one.first_px, one.until_px)
        change = marred[inside].astype(int) - good[inside]
        assert np.abs(change[one.mask]).mean() > 5.0


def test_a_range_names_the_defects_that_it_shows() -> None:
    web = a_web()
    (first, *_) = web.defects(0, 2000)

    assert web.defects(first.first_line - 5, first.first_line) == []
    shown = web.defects(first.until_line - 1, first.until_line)
    assert [one.first_line for one in shown] == [first.first_line]


def test_another_seed_is_another_web() -> None:
    assert not np.array_equal(a_web(1).lines(0, 64), a_web(2).lines(0, 64))


@pytest.mark.parametrize(
    ("seed", "width_px", "rate"), [(-1, 256, 0.5), (1, 64, 0.5), (1, 256, 1.5)]
)
def test_impossible_webs_are_refused(seed: int, width_px: int, rate: float) -> None:
    with pytest.raises(UsageError):
        SimulatedWeb(seed, width_px=width_px, defect_rate=rate)


def test_a_web_is_written_as_pictures_with_the_truth_beside_them(tmp_path: Path) -> None:
    defects = write_web(tmp_path / "web", lines=600, width_px=160, seed=3)

    told = json.loads((tmp_path / "web" / "defects.json").read_text(encoding="utf-8"))
    assert [one["lines"] for one in told] == [[one.first_line, one.until_line] for one in defects]
    assert np.array_equal(read_picture(tmp_path / "web" / "web.png"), a_web().lines(0, 600))
    assert read_picture(tmp_path / "web" / "marked.png").shape == (600, 160, 3)


def test_a_web_too_long_for_a_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="1 to 20000 lines"):
        write_web(tmp_path, lines=20_001, width_px=160, seed=3)
