"""Rows to ask questions of, written as recording writes them but without any picture."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from sqlalchemy.orm import Session

from db.descriptors import code_of, encode_descriptor
from db.models import Finding, Frame, Inspection, Model
from db.repository import record_inspection, register_model
from db.words import Outcome, Severity, UnfitReason, Verdict
from inspect_pipeline.records import sha256_of

MODEL = sha256_of(b"the model")
NEWER_MODEL = sha256_of(b"the newer model")
CONFIG = sha256_of(b"the configuration")
SPACE = sha256_of(b"the networks")
FRAME_WH = (100, 50)


def know_models(opened: Session, *model_ids: str, part: str = "bracket") -> None:
    for number, model_id in enumerate(model_ids or (MODEL,)):
        made_at = datetime(2026, 1, 1 + number, tzinfo=UTC)
        model = Model(
            model_id=model_id, part=part, name=f"{part}-{number}", created_at=made_at, card={}
        )
        register_model(opened, model)


def finding_at(
    x_px: int = 10,
    y_px: int = 10,
    *,
    severity: Severity = Severity.MAJOR,
    verdict: Verdict = Verdict.CONFIRMED,
    kind: str | None = None,
    looks: Sequence[float] | None = None,
    space: str = SPACE,
) -> Finding:
    """Ten pixels wide and high, the first at (x, y) of a frame of FRAME_WH; 1 mm is 1 px."""
    vector = None if looks is None else np.asarray(looks, dtype=np.float32)
    picture = "aa/bb/" + "0" * 64 + ".png"
    return Finding(
        mask=b"1",
        x0=x_px,
        y0=y_px,
        x1=x_px + 10,
        y1=y_px + 10,
        centre_x_mm=x_px + 5.0,
        centre_y_mm=y_px + 5.0,
        area_px=100,
        area_mm2=100.0,
        peak=6.0,
        mean=2.0,
        score=0.75,
        p_value=0.01,
        explained=0.125,
        verdict=verdict,
        severity=severity,
        kind=kind,
        descriptor=None if vector is None else encode_descriptor(vector),
        descriptor_space=None if vector is None else space,
        descriptor_code=None if vector is None else code_of(vector),
        observed_name=picture,
        golden_name=picture,
        restored_name=picture,
        heat_name=picture,
        evidence_x0=0,
        evidence_y0=0,
        evidence_x1=20,
        evidence_y1=20,
        created_at=datetime(2026, 3, 1, tzinfo=UTC),
    )


def inspected(
    opened: Session,
    taken_at: datetime,
    *findings: Finding,
    outcome: Outcome | None = None,
    part: str = "bracket",
    line: str = "line-1",
    camera: str = "cam-1",
    model_id: str = MODEL,
    web_mm: float | None = None,
    serial: str | None = None,
    score: float | None = None,
) -> Inspection:
    """Records one inspection; it failed where it has findings, unless told otherwise."""
    said = outcome or (Outcome.FAILED if findings else Outcome.PASSED)
    unfit = said is Outcome.UNFIT
    frame = Frame(
        line_id=line,
        camera_id=camera,
        part=part,
        taken_at=taken_at,
        content_sha256=sha256_of(f"{camera} {taken_at.isoformat()}".encode()),
        source=f"{camera}/{taken_at:%H%M%S}.png",
        serial=serial,
        web_position_mm=web_mm,
        width_px=FRAME_WH[0],
        height_px=FRAME_WH[1],
    )
    for number, finding in enumerate(findings, start=1):
        finding.number = number
    inspection = Inspection(
        model_id=model_id,
        config_id=CONFIG,
        outcome=said,
        unfit_reason=UnfitReason.DARK if unfit else None,
        raw_score=None if unfit else 1.0,
        score=None if unfit else (score or (0.75 if said is Outcome.FAILED else 0.25)),
        inspected_at=taken_at,
        timings_s={},
        findings=list(findings),
    )
    assert record_inspection(opened, frame, inspection).written
    return inspection
