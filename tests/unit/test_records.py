from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest
import torch

from inspect_pipeline.geometry import Box
from inspect_pipeline.records import (
    DiscrepancyMap,
    Evidence,
    Finding,
    Frame,
    FrameKey,
    Inspection,
    Outcome,
    Region,
    Severity,
    TileGrid,
    Tiles,
    Unfit,
    UnfitReason,
    Verdict,
    Verification,
    sha256_of,
)

BOX = Box(x0=10, y0=20, x1=14, y1=23)


def key(**changed: Any) -> FrameKey:
    chosen: dict[str, Any] = {
        "line_id": "line-1",
        "camera_id": "cam-1",
        "part": "bracket",
        "taken_at": datetime(2026, 3, 1, 12, 0, tzinfo=UTC),
        "content_sha256": sha256_of(b"picture"),
        "source": "bracket.png",
    }
    return FrameKey(**{**chosen, **changed})


def region() -> Region:
    return Region(box=BOX, mask=np.ones((3, 4), dtype=bool), peak=2.0, mean=1.0)


def evidence(box: Box = BOX) -> Evidence:
    picture = np.zeros((3, 4, 1), dtype=np.uint8)
    heat = np.zeros((3, 4), dtype=np.float32)
    return Evidence(box=box, observed=picture, golden=picture, restored=picture, heat=heat)


def finding(**changed: Any) -> Finding:
    chosen: dict[str, Any] = {
        "verification": Verification(region=region(), explained=0.1, verdict=Verdict.CONFIRMED),
        "severity": Severity.MINOR,
        "area_mm2": 0.5,
        "centre_mm": (1.0, 2.0),
        "p_value": 0.01,
        "score": 0.8,
        "evidence": evidence(),
    }
    return Finding(**{**chosen, **changed})


def inspection(outcome: Outcome, **changed: Any) -> Inspection:
    return Inspection(frame=key(), outcome=outcome, model_id="m", config_id="c", **changed)


@pytest.mark.parametrize(
    ("frame_wh", "overlap_px", "offsets_xy"),
    [
        ((128, 128), 32, [[0, 0]]),
        ((129, 128), 32, [[0, 0], [1, 0]]),
        ((256, 128), 0, [[0, 0], [128, 0]]),
        ((224, 128), 32, [[0, 0], [96, 0]]),
        ((225, 128), 32, [[0, 0], [96, 0], [97, 0]]),
        ((128, 224), 32, [[0, 0], [0, 96]]),
        ((224, 224), 32, [[0, 0], [96, 0], [0, 96], [96, 96]]),
    ],
)
def test_offsets_of_a_grid(
    frame_wh: tuple[int, int], overlap_px: int, offsets_xy: list[list[int]]
) -> None:
    grid = TileGrid(frame_wh=frame_wh, tile_px=128, overlap_px=overlap_px)

    assert grid.offsets_xy.tolist() == offsets_xy


def test_last_tile_is_shifted_back_not_cropped() -> None:
    grid = TileGrid(frame_wh=(300, 200), tile_px=128, overlap_px=32)

    assert grid.offsets_xy[-1].tolist() == [172, 72]  # 300 - 128, 200 - 128


@pytest.mark.parametrize("overlap_px", [0, 1, 31, 63])
def test_every_pixel_of_the_frame_lies_in_a_tile(overlap_px: int) -> None:
    grid = TileGrid(frame_wh=(190, 131), tile_px=64, overlap_px=overlap_px)
    seen = np.zeros((131, 190), dtype=bool)

    for x, y in grid.offsets_xy:
        seen[y : y + 64, x : x + 64] = True

    assert seen.all()


def test_a_frame_smaller_than_a_tile_has_no_grid() -> None:
    with pytest.raises(ValueError, match="smaller than a tile"):
        TileGrid(frame_wh=(100, 200), tile_px=128, overlap_px=32)


@pytest.mark.parametrize("overlap_px", [-1, 128, 500])
def test_an_overlap_that_does_not_fit_the_tile_is_refused(overlap_px: int) -> None:
    with pytest.raises(ValueError, match="overlap must lie in"):
        TileGrid(frame_wh=(300, 200), tile_px=128, overlap_px=overlap_px)


def test_tiles_must_fill_their_grid() -> None:
    grid = TileGrid(frame_wh=(128, 128), tile_px=128, overlap_px=0)

    with pytest.raises(ValueError, match="expected 1 tiles of 128 px"):
        Tiles(grid=grid, pixels=torch.zeros(2, 3, 128, 128))


def test_a_frame_without_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="UTC-aware"):
        key(taken_at=datetime(2026, 3, 1, 12, 0))  # noqa: DTZ001


def test_a_frame_in_local_time_is_refused() -> None:
    summer = timezone(timedelta(hours=2))

    with pytest.raises(ValueError, match="UTC-aware"):
        key(taken_at=datetime(2026, 3, 1, 12, 0, tzinfo=summer))


def test_a_content_hash_must_have_its_length() -> None:
    with pytest.raises(ValueError, match="64 hex digits"):
        key(content_sha256="abc")


def test_the_same_bytes_have_the_same_hash() -> None:
    assert sha256_of(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_frame_knows_its_width_and_height() -> None:
    assert Frame(key=key(), pixels=np.zeros((20, 30, 3), dtype=np.uint8)).frame_wh == (30, 20)


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((20, 30, 3), dtype=np.float32),
        np.zeros((20, 30), dtype=np.uint8),
        np.zeros((20, 30, 4), dtype=np.uint8),
    ],
)
def test_a_frame_takes_only_bytes_in_grey_or_rgb(pixels: Any) -> None:
    with pytest.raises(ValueError, match="uint8"):
        Frame(key=key(), pixels=pixels)


def test_a_record_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        key().part = "other"  # type: ignore[misc]


def test_a_discrepancy_map_is_float32_in_two_dimensions() -> None:
    with pytest.raises(ValueError, match="expected float32"):
        DiscrepancyMap(values=np.zeros((4, 4)))  # type: ignore[arg-type]


def test_the_mask_of_a_region_must_fit_its_box() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        Region(box=BOX, mask=np.ones((4, 3), dtype=bool), peak=1.0, mean=1.0)


def test_a_region_without_pixels_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one pixel"):
        Region(box=BOX, mask=np.zeros((3, 4), dtype=bool), peak=1.0, mean=1.0)


def test_the_area_of_a_region_counts_its_mask_not_its_box() -> None:
    mask = np.eye(3, 4, dtype=bool)

    assert Region(box=BOX, mask=mask, peak=1.0, mean=1.0).area_px == 3


@pytest.mark.parametrize("explained", [-0.01, 1.01, float("nan")])
def test_what_is_explained_is_a_share(explained: float) -> None:
    with pytest.raises(ValueError, match="explained"):
        Verification(region=region(), explained=explained, verdict=Verdict.UNSURE)


def test_evidence_of_another_size_than_its_box_is_refused() -> None:
    with pytest.raises(ValueError, match="evidence observed is"):
        evidence(Box(x0=0, y0=0, x1=5, y1=5))


@pytest.mark.parametrize("field", ["p_value", "score"])
def test_scores_of_a_finding_are_shares(field: str) -> None:
    with pytest.raises(ValueError, match=field):
        finding(**{field: 1.5})


def test_an_unfit_frame_must_say_why() -> None:
    with pytest.raises(ValueError, match="names its reason"):
        inspection(Outcome.UNFIT)


def test_an_inspected_frame_has_no_reason_to_be_unfit() -> None:
    dark = Unfit(reason=UnfitReason.DARK, detail="mean grey level 3 of 255")

    with pytest.raises(ValueError, match="names its reason"):
        inspection(Outcome.PASSED, raw_score=0.0, unfit=dark)


def test_a_failed_frame_must_have_a_finding() -> None:
    with pytest.raises(ValueError, match="at least one finding"):
        inspection(Outcome.FAILED, raw_score=1.0)


def test_a_passed_frame_must_have_a_score() -> None:
    with pytest.raises(ValueError, match="has a raw score"):
        inspection(Outcome.PASSED)


def test_a_passed_frame_may_have_findings() -> None:
    passed = inspection(Outcome.PASSED, raw_score=1.0, findings=(finding(),))

    assert len(passed.findings) == 1
