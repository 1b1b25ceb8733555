"""The field's measures against tables worked out by hand and slow twins."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from inspect_pipeline.measures import (
    PixelTally,
    aupro,
    auroc,
    average_precision,
    shrunken,
    shrunken_mask,
)
from inspect_pipeline.records import Heat, Mask
from inspect_pipeline.reports import ranking

JUDGE = Path(__file__).parents[3] / "shared" / "bench" / "judge.py"
samples = st.lists(st.tuples(st.booleans(), st.integers(-3, 3)), min_size=1, max_size=14)


def heat_row(*values: float) -> Heat:
    return np.array([values], dtype=np.float32)


def mask_row(*values: int) -> Mask:
    return np.array([values], dtype=bool)


@pytest.mark.parametrize(
    ("truth", "scores", "area", "precision"),
    [
        ([1, 0], [2.0, 1.0], 1.0, 1.0),
        ([0, 1], [2.0, 1.0], 0.0, 1 / 2),
        ([1, 0, 1, 0], [4.0, 3.0, 2.0, 1.0], 3 / 4, (1 + 2 / 3) / 2),
        ([1, 0], [1.0, 1.0], 0.5, 0.5),  # one level: half of what it holds is defective
        ([1, 1, 0, 0], [3.0, 1.0, 1.0, 0.0], 3.5 / 4, 1 / 2 + (2 / 3) / 2),
        ([1, 1], [2.0, 1.0], None, None),
        ([0, 0], [2.0, 1.0], None, None),
        ([], [], None, None),
    ],
)
def test_ranking_figures_of_small_tables(
    truth: list[int], scores: list[float], area: float | None, precision: float | None
) -> None:
    assert auroc(truth, scores) == pytest.approx(area)
    assert average_precision(truth, scores) == pytest.approx(precision)


@given(samples)
def test_auroc_is_the_one_of_the_evaluation_page(rows: list[tuple[bool, int]]) -> None:
    good = [float(score) for bad, score in rows if not bad]
    defective = [float(score) for bad, score in rows if bad]

    found = auroc([int(bad) for bad, _ in rows], [float(score) for _, score in rows])

    assert found == pytest.approx(ranking.auroc(good, defective))


@given(samples)
def test_average_precision_agrees_with_going_down_the_thresholds(
    rows: list[tuple[bool, int]],
) -> None:
    positives = sum(bad for bad, _ in rows)
    expected, before = 0.0, 0
    for level in sorted({score for _, score in rows}, reverse=True):
        found = sum(bad for bad, score in rows if score >= level)
        shown = sum(score >= level for _, score in rows)
        expected += (found - before) / max(1, positives) * found / shown
        before = found

    got = average_precision([int(bad) for bad, _ in rows], [float(score) for _, score in rows])

    is_defined = 0 < positives < len(rows)
    assert got == (pytest.approx(expected) if is_defined else None)


def test_aupro_weighs_a_small_region_like_a_large_one() -> None:
    """A region of 1 px is found first, one of 4 px half; 10 good pixels.

    Levels from above: 5 finds region A, 4 half of B, 3 alarms one good pixel, 2 one more, 1 the
    rest. Overlap is 0.75 at rate 0 to 0.2, then rises to 1 at rate 1: at 0.3 it is 0.75 + 0.25 / 8.
    """
    heat = heat_row(5, 1, 4, 4, 1, 1, 3, 2, 1, 1, 1, 1, 1, 1, 1)
    mask = mask_row(1, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0)

    end = 0.75 + 0.25 * (0.3 - 0.2) / 0.8
    area = 0.2 * 0.75 + 0.1 * (0.75 + end) / 2
    assert aupro([heat], [mask]) == pytest.approx(area / 0.3)


def test_aupro_is_one_where_every_region_stands_above_every_good_pixel() -> None:
    assert aupro([heat_row(9, 8, 1, 2)], [mask_row(1, 1, 0, 0)]) == pytest.approx(1.0)


def test_aupro_of_a_flat_map_is_chance() -> None:
    """One level: the curve is the diagonal, whose mean up to 0.3 is 0.15."""
    assert aupro([heat_row(1, 1, 1, 1)], [mask_row(1, 0, 0, 0)]) == pytest.approx(0.15)


def test_pixels_that_touch_at_a_corner_are_one_region() -> None:
    tally = PixelTally()
    tally.add(np.eye(3, dtype=np.float32), np.eye(3, dtype=bool))
    tally.add(np.zeros((3, 3), dtype=np.float32), None)

    assert tally.figures().regions == 1


def test_the_same_place_in_two_pictures_is_two_regions() -> None:
    tally = PixelTally()
    for _ in range(2):
        tally.add(heat_row(2, 1), mask_row(1, 0))

    assert tally.figures().regions == 2


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5)), min_size=2, max_size=16))
def test_aupro_agrees_with_measuring_every_region_at_every_threshold(
    pixels: list[tuple[int, int]],
) -> None:
    """Labels 1 and 2 are two regions, kept apart by a gap; 0 is good."""
    parts = [[score for label, score in pixels if label == number] for number in (0, 1, 2)]
    good, regions = parts[0], [part for part in parts[1:] if part]
    gap = [0] if len(regions) == 2 else []
    row = [*parts[1], *gap, *parts[2], *gap, *good]
    marks = [1] * len(parts[1]) + [0] * len(gap) + [1] * len(parts[2]) + [0] * len([*gap, *good])
    good = [*gap, *gap, *good]
    if not regions or not good:
        return
    points = [(0.0, 0.0)]
    for level in sorted(set(row), reverse=True):
        rate = sum(score >= level for score in good) / len(good)
        overlap = sum(sum(s >= level for s in part) / len(part) for part in regions) / len(regions)
        points.append((rate, overlap))
    area = sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in itertools.pairwise(points))

    found = aupro([heat_row(*row)], [mask_row(*marks)], limit=1.0)

    assert found == pytest.approx(area)


def test_one_marked_pixel_of_a_large_picture_is_still_marked() -> None:
    mask = np.zeros((6000, 6400), dtype=bool)
    mask[3001, 17] = True

    small = shrunken_mask(mask)

    assert small.shape == (256, 273)
    assert small.sum() >= 1


def test_a_map_is_compared_with_a_shorter_side_of_256_px() -> None:
    ramp = np.repeat(np.arange(512, dtype=np.float32)[:, None], 4096, axis=1)

    small = shrunken(ramp)

    assert small.shape == (256, 2048)
    assert small[:, 0].tolist() == [2 * i + 0.5 for i in range(256)]


def test_a_small_map_is_compared_as_it_is() -> None:
    heat = np.random.default_rng(0).standard_normal((256, 300)).astype(np.float32)

    assert shrunken(heat) is heat


def test_a_mask_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\(2, 3\) was given with a mask of \(3, 2\)"):
        PixelTally().add(np.zeros((2, 3), dtype=np.float32), np.zeros((3, 2), dtype=bool))


def test_a_map_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match="not finite"):
        PixelTally().add(heat_row(1, float("nan")), None)


def test_good_pictures_alone_have_no_pixel_figures() -> None:
    tally = PixelTally()
    tally.add(heat_row(1, 2), None)

    figures = tally.figures()

    assert (figures.auroc, figures.average_precision, figures.aupro) == (None, None, None)
    assert (PixelTally().figures().regions, PixelTally().figures().aupro) == (0, None)


@pytest.mark.skipif(not JUDGE.exists(), reason="the neutral judge is not beside the project")
def test_the_neutral_judge_finds_the_same_figures(tmp_path: Path) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    tally, rows = PixelTally(), ["image,label,score,decision"]
    truth, scores = [], []
    for number, kind in enumerate(("good", "pit", "good", "pit", "crack")):
        rng = np.random.default_rng(number)
        mask = np.zeros((300, 420), dtype=bool)
        if kind != "good":
            mask[40 * number : 40 * number + 21, 100:133] = mask[290, 7] = True
        heat = (rng.standard_normal(mask.shape) + mask).astype(np.float32).round(1)
        tally.add(heat, mask)
        truth.append(int(kind != "good"))
        scores.append(float(heat.mean()))
        name = f"test/{kind}/{number}"
        rows.append(f"{name}.png,{truth[-1]},{scores[-1]!r},0")
        write(data / f"{name}.png", Image.fromarray(np.zeros(mask.shape, dtype=np.uint8)))
        write(out / "maps" / f"{name}.tiff", Image.fromarray(heat))
        drawn = Image.fromarray((mask * 255).astype(np.uint8))
        write(data / "ground_truth" / kind / f"{number}_mask.png", drawn)
    (out / "scores.csv").write_text("\n".join(rows) + "\n")

    judged = subprocess.run(
        [sys.executable, str(JUDGE), str(out), str(data)],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip

    told, ours = json.loads(judged.stdout), tally.figures()
    assert told["image_AUROC"] == pytest.approx(auroc(truth, scores))
    assert told["image_AP"] == pytest.approx(average_precision(truth, scores))
    assert told["pixel_AUROC"] == pytest.approx(ours.auroc)
    assert told["pixel_AP"] == pytest.approx(ours.average_precision)
    assert told["AUPRO"] == pytest.approx(ours.aupro)
    assert told["regions"] == ours.regions


def write(path: Path, picture: Image.Image) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)


def test_the_pro_curve_has_the_area_that_is_told() -> None:
    tally, rng = PixelTally(), np.random.default_rng(3)
    for _ in range(3):
        truth = rng.random((12, 16)) < 0.2
        tally.add((rng.random((12, 16)) + truth).astype(np.float32), truth)

    rate, overlap = tally.pro_curve()

    assert (rate[0], overlap[0]) == (0.0, 0.0)
    assert (rate[-1], overlap[-1]) == (1.0, pytest.approx(1.0))
    assert (np.diff(rate) >= 0).all()
    x = np.linspace(0, 0.3, 30_001)
    area = np.trapezoid(np.interp(x, rate, overlap), x) / 0.3
    assert area == pytest.approx(tally.figures().aupro, abs=2e-3)


def test_a_pro_curve_needs_a_marked_region() -> None:
    tally = PixelTally()
    tally.add(heat_row(1, 2), None)

    with pytest.raises(ValueError, match="no marked region"):
        tally.pro_curve()
