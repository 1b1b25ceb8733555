"""What happened after a moment, such as when the last report was made: said, changed, come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models import Alert, Audit, Finding, Frame, Inspection, Review
from db.questions.selection import Selection
from db.rows import FindingFilter, InspectionFilter
from db.selects import finding_conditions, inspection_conditions
from db.words import Judgement, ReviewState


@dataclass(frozen=True, kw_only=True)
class AlertTurns:
    """How many alerts opened after a moment, and how many that were open then are resolved."""

    opened: int
    resolved: int


def judged_since(opened: Session, wanted: Selection, moment: datetime) -> dict[ReviewState, int]:
    """What people said after a moment of findings of these frames, as each stands now."""
    chosen = (
        select(Finding.state, func.count(Finding.id.distinct()))
        .join(Review, Review.finding_id == Finding.id)
        .where(
            Review.reviewed_at >= moment,
            *finding_conditions(FindingFilter(**vars(wanted.frames()))),
        )
        .group_by(Finding.state)
    )
    return {state: int(count) for state, count in opened.execute(chosen)}


def audited_since(opened: Session, wanted: Selection, moment: datetime) -> dict[Judgement, int]:
    """What auditors said after a moment of these frames; of each frame the last word counts."""
    last = (
        select(func.max(Audit.id).label("audit_id"))
        .join(Frame, Audit.frame_id == Frame.id)
        .where(
            Audit.audited_at >= moment,
            *inspection_conditions(InspectionFilter(**vars(wanted.frames()))),
        )
        .group_by(Audit.frame_id)
        .subquery()
    )
    chosen = (
        select(Audit.judgement, func.count())
        .join(last, last.c.audit_id == Audit.id)
        .group_by(Audit.judgement)
    )
    return {judgement: int(count) for judgement, count in opened.execute(chosen)}


def alerts_since(opened: Session, line: str | None, moment: datetime) -> AlertTurns:
    """Of a line and of the whole plant."""
    here = () if line is None else ((Alert.line_id == line) | Alert.line_id.is_(None),)
    counted = select(func.count()).select_from(Alert).where(*here)
    came = opened.scalar(counted.where(Alert.opened_at >= moment))
    went = opened.scalar(counted.where(Alert.opened_at < moment, Alert.resolved_at >= moment))
    return AlertTurns(opened=came or 0, resolved=went or 0)


def limits_changed(
    opened: Session, camera_ids: tuple[str, ...], before: datetime, until: datetime
) -> list[str]:
    """At which cameras did limits, scale or polygon change while the model stayed the same?

    Their last frames before the one moment are held against those before the other.
    """
    return [
        camera_id
        for camera_id in camera_ids
        if (then := _last_standard(opened, camera_id, before)) is not None
        and (now := _last_standard(opened, camera_id, until)) is not None
        and now[0] == then[0]
        and now[1] != then[1]
    ]


def _last_standard(opened: Session, camera_id: str, until: datetime) -> tuple[str, str] | None:
    """Model and limits that a camera's last frame before a moment was inspected with."""
    chosen = (
        select(Inspection.model_id, Inspection.config_id)
        .join(Frame, Inspection.frame_id == Frame.id)
        .where(Frame.camera_id == camera_id, Frame.taken_at < until)
        .order_by(Frame.taken_at.desc(), Frame.id.desc(), Inspection.id.desc())
        .limit(1)
    )
    row = opened.execute(chosen).one_or_none()
    return None if row is None else (row.model_id, row.config_id)
