"""A defect is the same defect wherever the tile grid happens to lie."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from inspect_pipeline.bundle import PartModel, load_bundle
from inspect_pipeline.capture.simulated import SimulatedLine
from inspect_pipeline.geometry import Box
from inspect_pipeline.opinion import see
from inspect_pipeline.records import Picture
from inspect_pipeline.stages.regions import find_regions
from inspect_pipeline.training.calibrate import suspect_limits
from tests import make

MODELS = Path(__file__).parents[2] / "plant_config" / "plants" / "demo" / "models"
SPOT = Box(x0=115, y0=115, x1=126, y1=126)
# Tiles of 64 px every 48 px: the spot moves over tile middles, borders and corners.
SHIFTS_XY = ((0, 0), (24, 0), (40, 0), (0, 24), (24, 24), (32, 32), (8, 40))
TOLERANCE = 0.1  # of the score


@pytest.fixture(scope="module")
def model() -> PartModel:
    return load_bundle(MODELS, "brushed_web")


@pytest.fixture(scope="module")
def marred() -> Picture:
    """A good web with one dark spot."""
    line = SimulatedLine(
        "brushed_web",
        seed=3,
        line_id="line",
        camera_id="camera",
        part="brushed_web",
        start_at=datetime(2026, 3, 1, tzinfo=UTC),
    )
    pixels = line.good_twin(0).pixels.astype(int)
    rows, columns = np.mgrid[: pixels.shape[0], : pixels.shape[1]]
    pixels[np.hypot(columns - 120, rows - 120) < 5] -= 60
    picture: Picture = np.clip(pixels, 0, 255).astype(np.uint8)
    return picture


def test_a_defect_scores_alike_in_the_middle_and_on_the_border_of_a_tile(
    model: PartModel, marred: Picture
) -> None:
    peaks = [peak_of_the_spot(model, marred, shift) for shift in SHIFTS_XY]

    middle = float(np.median(peaks))
    assert peaks == pytest.approx([middle] * len(peaks), rel=TOLERANCE)


def peak_of_the_spot(model: PartModel, marred: Picture, shift_xy: tuple[int, int]) -> float:
    """The whole picture moves, so that only the grid lies otherwise; one region must hold it."""
    dx, dy = shift_xy
    moved = np.roll(marred, (dy, dx), axis=(0, 1))
    seen = see(model, make.frame(moved))
    regions = find_regions(seen.heat, suspect_limits(model))
    hits = [
        region
        for region in regions
        if region.box.x0 < SPOT.x1 + dx
        and region.box.x1 > SPOT.x0 + dx
        and region.box.y0 < SPOT.y1 + dy
        and region.box.y1 > SPOT.y0 + dy
    ]
    assert len(hits) == 1, f"{len(hits)} regions on the spot moved by {shift_xy}"
    return hits[0].peak
