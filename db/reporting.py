"""Reads that only a report asks: totals, the worst findings, masks.

"Worst first" means: what counts against the part before what verification rejected, then by
severity, then confirmed before unsure, then by score.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from db.models import Finding, Frame, Inspection
from db.queries import models
from db.rows import FindingFilter, FindingRow, FrameFilter, InspectionFilter, ModelRow
from db.selects import findings_select, inspection_conditions
from db.words import Outcome, Severity, UnfitReason, Verdict

SEVERITIES = (Severity.CRITICAL, Severity.MAJOR, Severity.MINOR)
VERDICTS = (Verdict.CONFIRMED, Verdict.UNSURE, Verdict.REJECTED)


@dataclass(frozen=True, kw_only=True)
class Period:
    """What the selection covers: distinct frames, when, on which lines, from which cameras."""

    frames: int
    first_at: datetime | None
    last_at: datetime | None
    line_ids: tuple[str, ...]
    camera_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ModelTotals:
    """What one model said of the frames of one part."""

    part: str
    model: ModelRow
    outcomes: dict[Outcome, int]  # every outcome is there

    @property
    def inspections(self) -> int:
        return sum(self.outcomes.values())


@dataclass(frozen=True, kw_only=True)
class FindingMask:
    finding_id: int
    verdict: Verdict
    x0: int
    y0: int
    x1: int
    y1: int
    mask: bytes  # db.masks, of the size of the box


@dataclass(frozen=True, kw_only=True)
class InspectedFrame:
    """One inspection of a frame, for the comparison with what was planted."""

    content_sha256: str
    inspection_id: int
    outcome: Outcome
    source: str
    taken_at: datetime
    camera_id: str
    observed_name: str | None


def period(opened: Session, wanted: FrameFilter) -> Period:
    """What was inspected, when and where?"""
    conditions = inspection_conditions(inspections_of(wanted))
    totals = select(
        func.count(Inspection.frame_id.distinct()),
        func.min(Frame.taken_at),
        func.max(Frame.taken_at),
    ).join(Frame, Inspection.frame_id == Frame.id)
    frames, first_at, last_at = opened.execute(totals.where(*conditions)).one()
    lines, cameras = (
        opened.scalars(
            select(column)
            .join(Inspection, Inspection.frame_id == Frame.id)
            .where(*conditions)
            .distinct()
            .order_by(column)
        ).all()
        for column in (Frame.line_id, Frame.camera_id)
    )
    return Period(
        frames=frames,
        first_at=first_at,
        last_at=last_at,
        line_ids=tuple(lines),
        camera_ids=tuple(cameras),
    )


def model_totals(opened: Session, wanted: FrameFilter) -> list[ModelTotals]:
    """How many inspections of which part by which model ended how? By part, newest model first."""
    chosen = (
        select(Frame.part, Inspection.model_id, Inspection.outcome, func.count())
        .join(Frame, Inspection.frame_id == Frame.id)
        .where(*inspection_conditions(inspections_of(wanted)))
        .group_by(Frame.part, Inspection.model_id, Inspection.outcome)
    )
    counts: dict[tuple[str, str], dict[Outcome, int]] = {}
    for part, model_id, outcome, count in opened.execute(chosen):
        counts.setdefault((part, model_id), dict.fromkeys(Outcome, 0))[outcome] = count
    totals = [
        ModelTotals(part=part, model=model, outcomes=counts[part, model.model_id])
        for model in models(opened)
        for part, model_id in counts
        if model_id == model.model_id
    ]
    return sorted(totals, key=lambda total: total.part)


def finding_counts(opened: Session, wanted: FrameFilter) -> dict[tuple[Verdict, Severity], int]:
    """How many findings of which verdict and severity? Pairs without findings are left out."""
    chosen = (
        select(Finding.verdict, Finding.severity, func.count())
        .join(Inspection, Finding.inspection_id == Inspection.id)
        .join(Frame, Inspection.frame_id == Frame.id)
        .where(*inspection_conditions(inspections_of(wanted)))
        .group_by(Finding.verdict, Finding.severity)
    )
    rows = opened.execute(chosen)
    return {(verdict, severity): count for verdict, severity, count in rows}


def unfit_counts(opened: Session, wanted: FrameFilter) -> dict[UnfitReason, int]:
    """How many frames could not be inspected, and why? The commonest reason first."""
    chosen = (
        select(Inspection.unfit_reason, func.count())
        .join(Frame, Inspection.frame_id == Frame.id)
        .where(*inspection_conditions(inspections_of(wanted)))
        .where(Inspection.unfit_reason.is_not(None))
        .group_by(Inspection.unfit_reason)
        .order_by(func.count().desc(), Inspection.unfit_reason)
    )
    rows = opened.execute(chosen)
    return {reason: count for reason, count in rows if reason is not None}


def worst_findings(opened: Session, wanted: FrameFilter, *, limit: int) -> list[FindingRow]:
    """Which findings should be looked at first? At most `limit`, worst first."""
    is_rejected = case((Finding.verdict == Verdict.REJECTED, 1), else_=0)
    chosen = (
        findings_select(_findings(wanted))
        .order_by(None)
        .order_by(
            is_rejected,
            _rank(Finding.severity, SEVERITIES),
            _rank(Finding.verdict, VERDICTS),
            Finding.score.desc(),
            Finding.id,
        )
        .limit(limit)
    )
    return [FindingRow(**row) for row in opened.execute(chosen).mappings()]


def inspected_frames(opened: Session, wanted: FrameFilter) -> Iterator[InspectedFrame]:
    """Every inspection of the selection, oldest frame first."""
    chosen = (
        select(
            Frame.content_sha256,
            Inspection.id.label("inspection_id"),
            Inspection.outcome,
            Frame.source,
            Frame.taken_at,
            Frame.camera_id,
            Inspection.observed_name,
        )
        .join(Frame, Inspection.frame_id == Frame.id)
        .where(*inspection_conditions(inspections_of(wanted)))
        .order_by(Frame.taken_at, Inspection.id)
    )
    return (InspectedFrame(**row) for row in opened.execute(chosen).mappings())


def finding_masks(opened: Session, inspection_id: int) -> list[FindingMask]:
    """Where exactly are the findings of an inspection?"""
    chosen = (
        select(
            Finding.id.label("finding_id"),
            Finding.verdict,
            Finding.x0,
            Finding.y0,
            Finding.x1,
            Finding.y1,
            Finding.mask,
        )
        .where(Finding.inspection_id == inspection_id)
        .order_by(Finding.number)
    )
    return [FindingMask(**row) for row in opened.execute(chosen).mappings()]


def inspections_of(wanted: FrameFilter, outcome: Outcome | None = None) -> InspectionFilter:
    """The inspections of the frames that are wanted."""
    return InspectionFilter(
        part=wanted.part,
        line_id=wanted.line_id,
        camera_id=wanted.camera_id,
        since=wanted.since,
        until=wanted.until,
        outcome=outcome,
    )


def _rank(column: InstrumentedAttribute[Any], order: Sequence[StrEnum]) -> ColumnElement[int]:
    return case({word: place for place, word in enumerate(order)}, value=column)


def _findings(wanted: FrameFilter) -> FindingFilter:
    return FindingFilter(
        part=wanted.part,
        line_id=wanted.line_id,
        camera_id=wanted.camera_id,
        since=wanted.since,
        until=wanted.until,
    )
