"""Reads: each one is a question. Plain selects with explicit columns, newest frame first.

Pages do not count rows they skip: the next page starts `after` the last row of the one before, so
rows that arrive meanwhile neither shift nor repeat anything.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.errors import UnknownRecord
from db.models import Finding, Frame, Inspection, Model, Review
from db.questions.worst_first import worst_first
from db.rows import (
    After,
    AfterUrgent,
    FindingDetail,
    FindingFilter,
    FindingRow,
    InspectionFilter,
    InspectionRow,
    ModelRow,
    ReviewRow,
)
from db.selects import (
    finding_columns,
    findings_select,
    inspection_columns,
    inspections_select,
    reviews_select,
    waiting_select,
    worst_first_select,
)

EVERY_FINDING = FindingFilter()
EVERY_INSPECTION = InspectionFilter()


def findings(
    opened: Session,
    wanted: FindingFilter = EVERY_FINDING,
    *,
    limit: int | None = None,
    after: After | None = None,
) -> list[FindingRow]:
    """Which findings are there, newest frame first?"""
    rows = opened.execute(findings_select(wanted, limit=limit, after=after))
    return [FindingRow(**row) for row in rows.mappings()]


def waiting(
    opened: Session,
    wanted: FindingFilter = EVERY_FINDING,
    *,
    limit: int | None = None,
    after: AfterUrgent | None = None,
) -> list[FindingRow]:
    """Which findings wait for a person (new, or for a second look), worst first?

    Pages follow with `after`, the last row's urgency and id. Urgency never changes, so a finding
    that is reviewed meanwhile leaves the list and moves no other.
    """
    rows = opened.execute(waiting_select(wanted, limit=limit, after=after))
    return [FindingRow(**row) for row in rows.mappings()]


def worst_findings(
    opened: Session,
    wanted: FindingFilter = EVERY_FINDING,
    *,
    limit: int | None = None,
    after: AfterUrgent | None = None,
) -> list[FindingRow]:
    """Which findings, reviewed or not, are the worst?"""
    if limit is None:
        chosen = worst_first_select(wanted, after=after, gathers=True)
    else:
        chosen = worst_first(opened, wanted, limit=limit, after=after)
    rows = opened.execute(chosen)
    return [FindingRow(**row) for row in rows.mappings()]


def inspections(
    opened: Session,
    wanted: InspectionFilter = EVERY_INSPECTION,
    *,
    limit: int | None = None,
    after: After | None = None,
) -> list[InspectionRow]:
    """What was inspected, newest frame first?"""
    rows = opened.execute(inspections_select(wanted, limit=limit, after=after))
    return [InspectionRow(**row) for row in rows.mappings()]


def finding(opened: Session, finding_id: int) -> FindingDetail:
    """Everything about one finding; raises UnknownRecord."""
    chosen = finding_columns().add_columns(Finding.mask).where(Finding.id == finding_id)
    row = opened.execute(chosen).mappings().one_or_none()
    if row is None:
        raise UnknownRecord(f"there is no finding {finding_id}: see `findings list`")
    facts = dict(row)
    mask = facts.pop("mask")
    inspection = inspection_columns().where(Inspection.id == row["inspection_id"])
    return FindingDetail(
        finding=FindingRow(**facts),
        mask=mask,
        inspection=InspectionRow(**opened.execute(inspection).mappings().one()),
        reviews=tuple(reviews(opened, finding_id)),
    )


def reviews(opened: Session, finding_id: int | None = None) -> list[ReviewRow]:
    """Who said what of a finding (or of all of them), in the order it was said?"""
    chosen = reviews_select()
    if finding_id is not None:
        chosen = chosen.where(Review.finding_id == finding_id)
    return [ReviewRow(**row) for row in opened.execute(chosen).mappings()]


def models(opened: Session) -> list[ModelRow]:
    """Which models have inspected here, newest first?"""
    chosen = select(Model.model_id, Model.part, Model.name, Model.created_at, Model.card).order_by(
        Model.created_at.desc(), Model.model_id
    )
    return [ModelRow(**row) for row in opened.execute(chosen).mappings()]


def find_inspection(
    opened: Session,
    *,
    camera_id: str,
    taken_at: datetime,
    content_sha256: str,
    model_id: str,
    config_id: str,
) -> int | None:
    """Has this model with this configuration inspected this frame already?"""
    return opened.scalar(
        select(Inspection.id)
        .join(Frame, Inspection.frame_id == Frame.id)
        .where(
            Frame.camera_id == camera_id,
            Frame.taken_at == taken_at,
            Frame.content_sha256 == content_sha256,
            Inspection.model_id == model_id,
            Inspection.config_id == config_id,
        )
    )
