"""From verified regions to the result of a frame: only here do pixels become millimetres."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from inspect_pipeline.conformal import Calibration
from inspect_pipeline.geometry import intersection_px
from inspect_pipeline.records import (
    Evidence,
    Finding,
    FrameKey,
    FramePictures,
    Inspection,
    Outcome,
    Region,
    Severity,
    Unfit,
    Verdict,
    Verification,
)
from plant_config.part import Part

FAR_OVER = 0.9  # normalised score: over the threshold by 4 times the calibration's spread
DEFECTS = (Verdict.CONFIRMED, Verdict.UNSURE)


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How large a pixel is on the part, and from which area on a defect is major or critical."""

    mm_per_px: float
    major_area_mm2: float
    critical_area_mm2: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mm_per_px) and self.mm_per_px > 0.0):
            raise ValueError(f"mm_per_px must be positive, got {self.mm_per_px}")
        if not 0.0 <= self.major_area_mm2 <= self.critical_area_mm2:
            raise ValueError(
                f"0 <= major_area_mm2 <= critical_area_mm2 must hold, "
                f"got {self.major_area_mm2} and {self.critical_area_mm2}"
            )


def scale_of(part: Part) -> Scale:
    return Scale(
        mm_per_px=part.mm_per_px,
        major_area_mm2=part.major_area_mm2,
        critical_area_mm2=part.critical_area_mm2,
    )


@dataclass(frozen=True, kw_only=True)
class Standard:
    """What frames of one part are judged by, and the ids that prove it afterwards."""

    calibration: Calibration
    scale: Scale
    model_id: str
    config_id: str


def judge(
    key: FrameKey,
    *,
    frame_wh: tuple[int, int],
    raw_score: float,
    verified: Sequence[Verification],
    evidence: Sequence[Evidence],
    standard: Standard,
    pictures: FramePictures | None = None,
    timings_s: Mapping[str, float] | None = None,
) -> Inspection:
    """FAILED if any region is confirmed or unsure; rejected regions stay on record as findings.

    `evidence` belongs to `verified` pairwise; findings keep that order.
    """
    if len(evidence) != len(verified):
        raise ValueError(f"{len(verified)} regions were verified, {len(evidence)} have evidence")
    findings = tuple(
        _finding(verification, shown, standard, frame_wh)
        for verification, shown in zip(verified, evidence, strict=True)
    )
    is_defective = any(verification.verdict in DEFECTS for verification in verified)
    return Inspection(
        frame=key,
        outcome=Outcome.FAILED if is_defective else Outcome.PASSED,
        model_id=standard.model_id,
        config_id=standard.config_id,
        findings=findings,
        frame_wh=frame_wh,
        raw_score=raw_score,
        p_value=standard.calibration.p_value(raw_score),
        score=standard.calibration.normalised(raw_score),
        pictures=pictures,
        timings_s=dict(timings_s or {}),
    )


def unfit(
    key: FrameKey,
    unfit: Unfit,
    *,
    model_id: str,
    config_id: str,
    frame_wh: tuple[int, int] | None = None,
) -> Inspection:
    """The result of a frame that cannot be inspected: a reason, no scores."""
    return Inspection(
        frame=key,
        outcome=Outcome.UNFIT,
        model_id=model_id,
        config_id=config_id,
        frame_wh=frame_wh,
        unfit=unfit,
    )


def severity_of(*, area_mm2: float, score: float, scale: Scale) -> Severity:
    """By area, and one grade worse where the peak is far over the threshold.

    A pinhole of glaring contrast and a large faint stain are both worth a second look: the area
    gives the grade, a normalised score of FAR_OVER or more raises it by one.
    """
    grades = (Severity.MINOR, Severity.MAJOR, Severity.CRITICAL)
    by_area = (area_mm2 >= scale.major_area_mm2) + (area_mm2 >= scale.critical_area_mm2)
    return grades[min(by_area + (score >= FAR_OVER), len(grades) - 1)]


def grading(part: Part) -> Callable[[float, float], Severity]:
    """How severe is a defect of this area in mm2 and this score? Also one that frames share."""
    scale = scale_of(part)
    return lambda area_mm2, score: severity_of(area_mm2=area_mm2, score=score, scale=scale)


def _finding(
    verification: Verification, shown: Evidence, standard: Standard, frame_wh: tuple[int, int]
) -> Finding:
    region, scale = verification.region, standard.scale
    _check_place(region, shown, frame_wh)
    area_mm2 = region.area_px * scale.mm_per_px**2
    score = standard.calibration.normalised(region.peak)
    return Finding(
        verification=verification,
        severity=severity_of(area_mm2=area_mm2, score=score, scale=scale),
        area_mm2=area_mm2,
        centre_mm=_centre_mm(region, scale.mm_per_px),
        p_value=standard.calibration.p_value(region.peak),
        score=score,
        evidence=shown,
    )


def _centre_mm(region: Region, mm_per_px: float) -> tuple[float, float]:
    """Centre of gravity of the mask; a pixel's centre is half a pixel from its corner."""
    ys, xs = np.nonzero(region.mask)
    x_px = region.box.x0 + float(xs.mean()) + 0.5
    y_px = region.box.y0 + float(ys.mean()) + 0.5
    return x_px * mm_per_px, y_px * mm_per_px


def _check_place(region: Region, shown: Evidence, frame_wh: tuple[int, int]) -> None:
    if region.box.x1 > frame_wh[0] or region.box.y1 > frame_wh[1]:
        raise ValueError(f"{region.box} lies outside the frame of {frame_wh} px")
    if intersection_px(region.box, shown.box) != region.box.area_px:
        raise ValueError(f"the evidence shows {shown.box}, the region is {region.box}")
