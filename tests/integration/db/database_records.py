"""Inspections to record: small, and different wherever it matters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from inspect_pipeline.geometry import Box
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
    UnfitReason,
    Verdict,
    Verification,
    sha256_of,
)

MODEL_ID = sha256_of(b"model")
OTHER_MODEL_ID = sha256_of(b"other model")
CONFIG_ID = sha256_of(b"config")
NOON = datetime(2026, 3, 29, 12, 0, 0, 123456, tzinfo=UTC)
CARD = {"name": "bracket", "auroc": 0.97, "sizes_px": [64, 64]}


def frame_key(
    number: int = 0, *, part: str = "bracket", line_id: str = "line-1", camera_id: str = "cam-1"
) -> FrameKey:
    """The frame of minute `number` after noon."""
    return FrameKey(
        line_id=line_id,
        camera_id=camera_id,
        part=part,
        taken_at=NOON + timedelta(minutes=number),
        content_sha256=sha256_of(f"frame {number}".encode()),
        source=f"frames/{number:04}.png",
        serial=f"SN{number:04}",
        web_position_mm=1.5 * number,
    )


def a_finding(
    seed: int = 0,
    *,
    verdict: Verdict = Verdict.CONFIRMED,
    severity: Severity = Severity.MAJOR,
    channels: int = 3,
) -> Finding:
    random = np.random.default_rng(seed)
    box = Box(x0=10, y0=20, x1=21, y1=27)
    mask = random.random((box.height_px, box.width_px)) > 0.5
    mask[0, 0] = True
    region = Region(box=box, mask=mask, peak=6.25, mean=2.5)
    shown = Box(x0=8, y0=18, x1=24, y1=30)
    size = (shown.height_px, shown.width_px)
    observed, golden, restored = random.integers(
        0, 256, (3, *size, channels), dtype=np.uint8, endpoint=False
    )
    return Finding(
        verification=Verification(region=region, explained=0.125, verdict=verdict),
        severity=severity,
        area_mm2=0.75,
        centre_mm=(1.25, 2.5),
        p_value=0.01,
        score=0.875,
        evidence=Evidence(
            box=shown,
            observed=observed,
            golden=golden,
            restored=restored,
            heat=random.standard_normal(size).astype(np.float32),
        ),
        kind="scratch",
    )


def failed(number: int = 0, *findings: Finding, key: FrameKey | None = None) -> Inspection:
    """A frame with findings (one, unless given)."""
    return Inspection(
        frame=key or frame_key(number),
        outcome=Outcome.FAILED,
        model_id=MODEL_ID,
        config_id=CONFIG_ID,
        findings=findings or (a_finding(number),),
        frame_wh=(64, 48),
        raw_score=6.25,
        p_value=0.01,
        score=0.875,
        timings_s={"invert": 0.25, "verify": 0.5},
    )


def passed(number: int = 0, *, pictures: FramePictures | None = None) -> Inspection:
    return Inspection(
        frame=frame_key(number),
        outcome=Outcome.PASSED,
        model_id=MODEL_ID,
        config_id=CONFIG_ID,
        frame_wh=(64, 48),
        raw_score=-3.5,
        p_value=0.5,
        score=0.25,
        pictures=pictures,
    )


def unreadable(number: int = 0) -> Inspection:
    """A frame that could not be decoded: it has no size and no scores."""
    return Inspection(
        frame=frame_key(number),
        outcome=Outcome.UNFIT,
        model_id=MODEL_ID,
        config_id=CONFIG_ID,
        unfit=Unfit(reason=UnfitReason.UNREADABLE, detail="the file ends after 12 bytes"),
    )


def whole_frame_pictures() -> FramePictures:
    random = np.random.default_rng(7)
    observed, golden, restored = random.integers(0, 256, (3, 48, 64, 1), dtype=np.uint8)
    heat = random.standard_normal((48, 64)).astype(np.float32)
    return FramePictures(observed=observed, golden=golden, restored=restored, heat=heat)
