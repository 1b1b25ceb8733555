"""Rows as the ledger would write them, without pictures: for tests of what happens to rows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from db.engine import session
from db.masks import encode_mask
from db.models import Finding, Frame, Inspection, Model
from db.repository import record_inspection, register_model
from db.words import Outcome, Severity, UnfitReason, Verdict

NOON = datetime(2026, 3, 29, 12, 0, tzinfo=UTC)


def sha(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()


MODEL = sha("model")
CONFIG = sha("config")


def picture_name(words: str) -> str:
    digest = sha(words)
    return f"{digest[:2]}/{digest[2:4]}/{digest}.png"


def a_model(opened: Session, model_id: str = MODEL, *, part: str = "bracket") -> None:
    register_model(
        opened,
        Model(
            model_id=model_id, part=part, name=f"{part}-{model_id[:4]}", created_at=NOON, card={}
        ),
    )


def frame_row(
    number: int = 0,
    *,
    part: str = "bracket",
    line_id: str = "line-1",
    camera_id: str = "cam-1",
    taken_at: datetime | None = None,
    web_position_mm: float | None = None,
) -> Frame:
    """The frame of minute `number` after noon, 200 px wide and 100 px high."""
    return Frame(
        part=part,
        line_id=line_id,
        camera_id=camera_id,
        taken_at=taken_at or NOON + timedelta(minutes=number),
        content_sha256=sha(f"frame {number}"),
        source=f"frames/{number}.png",
        web_position_mm=web_position_mm,
        width_px=200,
        height_px=100,
    )


def finding_row(
    number: int = 1,
    *,
    verdict: Verdict = Verdict.CONFIRMED,
    severity: Severity = Severity.MAJOR,
    kind: str | None = None,
    box: tuple[int, int, int, int] = (40, 20, 60, 30),
    score: float = 0.75,
    area_mm2: float = 2.0,
    centre_y_mm: float = 2.5,
) -> Finding:
    x0, y0, x1, y1 = box
    width_px, height_px = x1 - x0, y1 - y0
    return Finding(
        number=number,
        x0=x0,
        y0=y0,
        x1=x1,
        y1=y1,
        mask=encode_mask(b"\1" * (width_px * height_px), width_px=width_px, height_px=height_px),
        area_px=width_px * height_px,
        area_mm2=area_mm2,
        centre_x_mm=5.0,
        centre_y_mm=centre_y_mm,
        peak=3.0,
        mean=1.5,
        score=score,
        p_value=0.01,
        explained=0.25,
        verdict=verdict,
        severity=severity,
        kind=kind,
        **{
            f"{what}_name": picture_name(f"{what} {number}")
            for what in ("observed", "golden", "restored", "heat")
        },
        evidence_x0=x0,
        evidence_y0=y0,
        evidence_x1=x1,
        evidence_y1=y1,
        created_at=NOON,
    )


def inspection_row(
    findings: Sequence[Finding] = (), *, model_id: str = MODEL, outcome: Outcome | None = None
) -> Inspection:
    """Failed where it has findings, passed where it has none, unless told."""
    ended = outcome or (Outcome.FAILED if findings else Outcome.PASSED)
    is_unfit = ended is Outcome.UNFIT
    return Inspection(
        model_id=model_id,
        config_id=CONFIG,
        outcome=ended,
        unfit_reason=UnfitReason.DARK if is_unfit else None,
        raw_score=None if is_unfit else 1.0,
        inspected_at=NOON,
        timings_s={},
        findings=list(findings),
    )


def record(engine: Engine, frame: Frame, *findings: Finding, model_id: str = MODEL) -> list[int]:
    """Writes one inspection of the frame; the ids of its findings."""
    with session(engine) as opened:
        a_model(opened, model_id, part=frame.part)
        inspection = inspection_row(findings, model_id=model_id)
        record_inspection(opened, frame, inspection)
        return [finding.id for finding in inspection.findings]
