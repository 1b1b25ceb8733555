"""The second opinion: shares and verdicts by hand, and which tiles are worth restoring."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from inspect_pipeline.geometry import Box
from inspect_pipeline.records import Heat, Region, TileGrid, Verdict
from inspect_pipeline.stages.verify import (
    Restoration,
    explained_share,
    region_differences,
    tiles_touched,
    verdict_of,
    verify,
)
from tests import make

LIMITS = make.limits(confirm_below=0.2, reject_above=0.8)


def region(box: Box, *off: tuple[int, int]) -> Region:
    """A region that fills its box but for the pixels `off` (row, column inside the box)."""
    mask = np.ones((box.height_px, box.width_px), dtype=bool)
    for row, column in off:
        mask[row, column] = False
    return Region(box=box, mask=mask, peak=2.0, mean=1.0)


@pytest.mark.parametrize(
    ("explained", "verdict"),
    [
        (0.0, Verdict.CONFIRMED),
        (0.2, Verdict.CONFIRMED),  # at most confirm_below
        (0.2001, Verdict.UNSURE),
        (0.5, Verdict.UNSURE),
        (0.8, Verdict.UNSURE),  # reject_above itself is not above
        (0.8001, Verdict.REJECTED),
        (1.0, Verdict.REJECTED),
    ],
)
def test_a_verdict_changes_at_the_limits(explained: float, verdict: Verdict) -> None:
    assert verdict_of(explained, LIMITS) is verdict


def test_with_nothing_learnt_everything_is_left_to_people() -> None:
    limits = make.limits(confirm_below=0.0, reject_above=1.0)

    assert {verdict_of(share, limits) for share in (0.001, 0.5, 1.0)} == {Verdict.UNSURE}


BEFORE: Heat = np.array([[9, 9, 9, 9], [9, 4, 2, 9], [9, 2, 8, 9]], dtype=np.float32)
INNER = Box(x0=1, y0=1, x1=3, y1=3)


def test_the_explained_share_is_what_disappears_inside_the_mask() -> None:
    after = np.array([[0, 0, 0, 0], [0, 1, 1, 0], [0, 0, 7, 0]], dtype=np.float32)

    share = explained_share(region(INNER, (1, 1)), BEFORE, after)

    assert share == pytest.approx(1 - 2 / 8)  # 1 + 1 + 0 of 4 + 2 + 2; the 8 is not in the mask


@pytest.mark.parametrize(("factor", "share"), [(0.0, 1.0), (1.0, 0.0), (0.25, 0.75), (3.0, 0.0)])
def test_the_explained_share_lies_in_the_unit_interval(factor: float, share: float) -> None:
    assert explained_share(region(INNER), BEFORE, BEFORE * np.float32(factor)) == share


def test_a_region_without_difference_is_not_divided_by_zero() -> None:
    nothing = np.zeros((3, 4), dtype=np.float32)

    assert explained_share(region(INNER), nothing, nothing) == 1.0


GRID = TileGrid(frame_wh=(96, 64), tile_px=32, overlap_px=0)  # tiles 0 1 2 above 3 4 5


@pytest.mark.parametrize(
    ("box", "tiles"),
    [
        (Box(x0=0, y0=0, x1=4, y1=4), [0]),
        (Box(x0=28, y0=4, x1=32, y1=8), [0]),  # half-open: ends where tile 1 begins
        (Box(x0=32, y0=4, x1=33, y1=8), [1]),
        (Box(x0=28, y0=4, x1=33, y1=8), [0, 1]),
        (Box(x0=60, y0=30, x1=70, y1=34), [1, 2, 4, 5]),
        (Box(x0=0, y0=0, x1=96, y1=64), [0, 1, 2, 3, 4, 5]),
    ],
)
def test_tiles_touched_share_a_pixel_with_the_box(box: Box, tiles: list[int]) -> None:
    touched = tiles_touched(GRID, [region(box)], scale=1.0)

    assert np.flatnonzero(touched).tolist() == tiles


def test_boxes_are_in_frame_pixels_and_tiles_in_working_pixels() -> None:
    box = Box(x0=140, y0=20, x1=150, y1=30)  # at scale 0.25: columns 35 to 37.5, rows 5 to 7.5

    touched = tiles_touched(GRID, [region(box)], scale=0.25)

    assert np.flatnonzero(touched).tolist() == [1]


def test_several_regions_touch_the_tiles_of_each() -> None:
    boxes = [Box(x0=0, y0=0, x1=4, y1=4), Box(x0=90, y0=60, x1=96, y1=64)]

    touched = tiles_touched(GRID, [region(box) for box in boxes], scale=1.0)

    assert np.flatnonzero(touched).tolist() == [0, 5]


def test_without_regions_no_tile_is_touched() -> None:
    assert not tiles_touched(GRID, [], scale=1.0).any()


def restoration(*, opened: float, wh: tuple[int, int] = (40, 30)) -> Restoration:
    """Observed differs from golden by 1 everywhere; opening the gate leaves `opened` of it."""
    golden = torch.zeros(3, wh[1], wh[0])
    return Restoration(
        observed=golden + 1, golden=golden, restored=golden, opened=golden + (1 - opened)
    )


def test_regions_are_judged_in_their_order_with_the_share_behind_it() -> None:
    regions = [
        region(Box(x0=20, y0=10, x1=30, y1=20)),
        region(Box(x0=0, y0=0, x1=10, y1=10)),
    ]

    verified = verify(regions, restoration(opened=0.1), frame_wh=(40, 30), limits=LIMITS)

    assert [one.region for one in verified] == regions
    assert [one.explained for one in verified] == pytest.approx([0.9, 0.9], abs=1e-5)
    assert [one.verdict for one in verified] == [Verdict.REJECTED] * 2


def test_what_the_open_gate_leaves_is_a_defect() -> None:
    [one] = verify(
        [region(Box(x0=5, y0=5, x1=9, y1=9))],
        restoration(opened=0.95),
        frame_wh=(40, 30),
        limits=LIMITS,
    )

    assert one.verdict is Verdict.CONFIRMED


def test_differences_are_in_frame_coordinates() -> None:
    before, after = region_differences(restoration(opened=0.5), (80, 60))

    assert before.shape == after.shape == (60, 80)
    assert before.mean() == pytest.approx(1.0, abs=1e-5)
    assert after.mean() == pytest.approx(0.5, abs=1e-5)


def test_noise_of_single_pixels_is_nobodys_detail() -> None:
    noise = torch.randn(1, 64, 64, generator=torch.Generator().manual_seed(1))
    nothing = torch.zeros(1, 64, 64)
    seen = Restoration(observed=noise, golden=nothing, restored=nothing, opened=nothing)

    before, _ = region_differences(seen, (64, 64))

    assert before.mean() < 0.4 * noise.abs().mean().item()
