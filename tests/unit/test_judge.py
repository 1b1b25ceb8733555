from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from inspect_pipeline.conformal import calibrate
from inspect_pipeline.geometry import Box
from inspect_pipeline.records import (
    Evidence,
    FrameKey,
    FramePictures,
    Inspection,
    Outcome,
    Region,
    Severity,
    Unfit,
    UnfitReason,
    Verdict,
    Verification,
    sha256_of,
)
from inspect_pipeline.stages.judge import Scale, Standard, judge, severity_of, unfit

KEY = FrameKey(
    line_id="line-1",
    camera_id="cam-1",
    part="bracket",
    taken_at=datetime(2026, 3, 1, 12, 0, tzinfo=UTC),
    content_sha256=sha256_of(b"picture"),
    source="bracket.png",
)
SCALE = Scale(mm_per_px=0.5, major_area_mm2=2.0, critical_area_mm2=10.0)
STANDARD = Standard(
    calibration=calibrate(range(1, 100), budget=0.1),  # threshold 90, spread 40
    scale=SCALE,
    model_id="model",
    config_id="config",
)
BOX = Box(x0=10, y0=20, x1=14, y1=22)


def verification(
    verdict: Verdict = Verdict.CONFIRMED, *, box: Box = BOX, peak: float = 95.0
) -> Verification:
    mask = np.ones((box.height_px, box.width_px), dtype=bool)
    region = Region(box=box, mask=mask, peak=peak, mean=peak)
    return Verification(region=region, explained=0.2, verdict=verdict)


def evidence(box: Box = BOX) -> Evidence:
    picture = np.zeros((box.height_px, box.width_px, 1), dtype=np.uint8)
    heat = np.zeros((box.height_px, box.width_px), dtype=np.float32)
    return Evidence(box=box, observed=picture, golden=picture, restored=picture, heat=heat)


def judged(*verified: Verification, **changed: Any) -> Inspection:
    chosen: dict[str, Any] = {
        "frame_wh": (100, 80),
        "raw_score": 95.0,
        "verified": verified,
        "evidence": [evidence(one.region.box) for one in verified],
        "standard": STANDARD,
    }
    return judge(KEY, **{**chosen, **changed})


@pytest.mark.parametrize(
    ("verdicts", "outcome"),
    [
        ([], Outcome.PASSED),
        ([Verdict.REJECTED], Outcome.PASSED),
        ([Verdict.REJECTED, Verdict.REJECTED], Outcome.PASSED),
        ([Verdict.CONFIRMED], Outcome.FAILED),
        ([Verdict.UNSURE], Outcome.FAILED),
        ([Verdict.REJECTED, Verdict.UNSURE], Outcome.FAILED),
    ],
)
def test_a_frame_fails_if_a_region_is_confirmed_or_unsure(
    verdicts: list[Verdict], outcome: Outcome
) -> None:
    assert judged(*map(verification, verdicts)).outcome is outcome


def test_rejected_regions_stay_on_record() -> None:
    inspection = judged(verification(Verdict.REJECTED))

    assert inspection.findings[0].verification.verdict is Verdict.REJECTED


def test_findings_keep_the_order_of_the_regions() -> None:
    verified = [verification(peak=peak) for peak in (92.0, 99.0, 95.0)]

    inspection = judged(*verified)

    assert [finding.verification for finding in inspection.findings] == verified


def test_every_finding_has_its_own_evidence() -> None:
    boxes = [BOX, Box(x0=50, y0=50, x1=52, y1=53)]

    inspection = judged(*(verification(box=box) for box in boxes))

    assert [finding.evidence.box for finding in inspection.findings] == boxes


def test_area_is_the_masks_pixels_in_square_millimetres() -> None:
    (finding,) = judged(verification()).findings

    assert finding.area_mm2 == 2.0  # 4 x 2 px of 0.5 mm


def test_the_centre_is_measured_from_the_frames_upper_left_corner() -> None:
    (finding,) = judged(verification()).findings

    assert finding.centre_mm == (6.0, 10.5)  # 12 px and 21 px of 0.5 mm


def test_the_centre_is_the_masks_centre_of_gravity_not_the_boxes() -> None:
    mask = np.zeros((2, 4), dtype=bool)
    mask[:, 0] = True
    region = Region(box=BOX, mask=mask, peak=95.0, mean=95.0)
    lopsided = Verification(region=region, explained=0.2, verdict=Verdict.CONFIRMED)

    (finding,) = judged(lopsided).findings

    assert finding.centre_mm == (5.25, 10.5)


def test_a_finding_is_scored_by_its_own_peak() -> None:
    (finding,) = judged(verification(peak=90.0), raw_score=99.0).findings

    assert finding.score == 0.5
    assert finding.p_value == 0.11  # 90 ... 99 score as high: (1 + 10) / 100


def test_the_frame_keeps_its_raw_score_beside_the_calibrated_ones() -> None:
    inspection = judged(raw_score=50.0)

    assert (inspection.raw_score, inspection.p_value, inspection.score) == (50.0, 0.51, 0.25)


def test_ids_pictures_and_timings_are_passed_through() -> None:
    picture = np.zeros((80, 100, 1), dtype=np.uint8)
    heat = np.zeros((80, 100), dtype=np.float32)
    pictures = FramePictures(observed=picture, golden=picture, restored=picture, heat=heat)

    inspection = judged(pictures=pictures, timings_s={"invert": 0.2})

    assert (inspection.model_id, inspection.config_id) == ("model", "config")
    assert inspection.pictures is pictures
    assert inspection.timings_s == {"invert": 0.2}
    assert inspection.frame_wh == (100, 80)


@pytest.mark.parametrize(
    ("area_mm2", "score", "severity"),
    [
        (0.1, 0.6, Severity.MINOR),
        (1.99, 0.89, Severity.MINOR),
        (2.0, 0.6, Severity.MAJOR),
        (9.99, 0.6, Severity.MAJOR),
        (10.0, 0.6, Severity.CRITICAL),
        (0.1, 0.9, Severity.MAJOR),
        (2.0, 0.95, Severity.CRITICAL),
        (10.0, 0.95, Severity.CRITICAL),
    ],
)
def test_severity_goes_by_area_and_one_grade_up_when_far_over(
    area_mm2: float, score: float, severity: Severity
) -> None:
    assert severity_of(area_mm2=area_mm2, score=score, scale=SCALE) is severity


def test_a_glaring_finding_is_one_grade_worse_than_its_area() -> None:
    (finding,) = judged(verification(peak=90.0 + 4 * 40.0)).findings

    assert finding.severity is Severity.CRITICAL  # its 2 mm2 alone are major


def test_evidence_may_show_more_than_the_region() -> None:
    wider = Box(x0=8, y0=18, x1=16, y1=24)

    (finding,) = judged(verification(), evidence=[evidence(wider)]).findings

    assert finding.evidence.box == wider


def test_evidence_of_another_place_is_refused() -> None:
    with pytest.raises(ValueError, match="the evidence shows"):
        judged(verification(), evidence=[evidence(Box(x0=11, y0=20, x1=15, y1=22))])


def test_a_region_without_evidence_is_refused() -> None:
    with pytest.raises(ValueError, match="1 regions were verified, 0 have evidence"):
        judged(verification(), evidence=[])


def test_a_region_outside_the_frame_is_refused() -> None:
    with pytest.raises(ValueError, match="outside the frame"):
        judged(verification(), frame_wh=(13, 80))


def test_an_unfit_frame_has_a_reason_and_no_scores() -> None:
    dark = Unfit(reason=UnfitReason.DARK, detail="mean grey level 3 of 255")

    inspection = unfit(KEY, dark, model_id="model", config_id="config", frame_wh=(100, 80))

    assert (inspection.outcome, inspection.unfit) == (Outcome.UNFIT, dark)
    assert (inspection.raw_score, inspection.score, inspection.p_value) == (None, None, None)
    assert inspection.frame_wh == (100, 80)


@pytest.mark.parametrize("mm_per_px", [0.0, -1.0, float("nan"), float("inf")])
def test_a_pixel_must_have_a_size(mm_per_px: float) -> None:
    with pytest.raises(ValueError, match="mm_per_px must be positive"):
        Scale(mm_per_px=mm_per_px, major_area_mm2=1.0, critical_area_mm2=2.0)


def test_a_major_area_above_the_critical_one_is_refused() -> None:
    with pytest.raises(ValueError, match="major_area_mm2 <= critical_area_mm2"):
        Scale(mm_per_px=0.1, major_area_mm2=3.0, critical_area_mm2=2.0)
