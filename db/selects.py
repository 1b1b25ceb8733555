"""The selects behind `db.queries` and `db.tables`: explicit columns, one order, same filters."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from db.models import Base, Finding, Frame, Inspection, Review
from db.rows import After, FindingFilter, FrameFilter, InspectionFilter

Rows = Select[*tuple[Any, ...]]


def findings_select(
    wanted: FindingFilter, *, limit: int | None = None, after: After | None = None
) -> Rows:
    """The columns of a FindingRow."""
    chosen = finding_columns().where(*_frame_conditions(wanted))
    if wanted.verdict is not None:
        chosen = chosen.where(Finding.verdict == wanted.verdict)
    if wanted.state is not None:
        chosen = chosen.where(Finding.state == wanted.state)
    if wanted.severity is not None:
        chosen = chosen.where(Finding.severity == wanted.severity)
    return _paged(chosen, Finding.id, limit=limit, after=after)


def inspections_select(
    wanted: InspectionFilter, *, limit: int | None = None, after: After | None = None
) -> Rows:
    """The columns of an InspectionRow."""
    chosen = inspection_columns().where(*inspection_conditions(wanted))
    return _paged(chosen, Inspection.id, limit=limit, after=after)


def reviews_select() -> Rows:
    """The columns of a ReviewRow."""
    return select(
        Review.id.label("review_id"),
        Review.finding_id,
        Review.reviewer,
        Review.reviewed_at,
        Review.state_before,
        Review.state_after,
        Review.note,
    ).order_by(Review.id)


def _paged(
    chosen: Rows, row_id: InstrumentedAttribute[int], *, limit: int | None, after: After | None
) -> Rows:
    if after is not None:
        same_time = and_(Frame.taken_at == after.taken_at, row_id < after.row_id)
        chosen = chosen.where(or_(Frame.taken_at < after.taken_at, same_time))
    return chosen.order_by(Frame.taken_at.desc(), row_id.desc()).limit(limit)


def _frame_conditions(wanted: FrameFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.part is not None:
        conditions.append(Frame.part == wanted.part)
    if wanted.line_id is not None:
        conditions.append(Frame.line_id == wanted.line_id)
    if wanted.camera_id is not None:
        conditions.append(Frame.camera_id == wanted.camera_id)
    if wanted.since is not None:
        conditions.append(Frame.taken_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(Frame.taken_at < wanted.until)
    return conditions


def inspection_conditions(wanted: InspectionFilter) -> list[ColumnElement[bool]]:
    conditions = _frame_conditions(wanted)
    if wanted.outcome is not None:
        conditions.append(Inspection.outcome == wanted.outcome)
    if wanted.model_id is not None:
        conditions.append(Inspection.model_id == wanted.model_id)
    return conditions


def finding_columns() -> Rows:
    """The columns of a FindingRow, of all findings."""
    return (
        select(
            Finding.id.label("finding_id"),
            *_columns(Finding, "inspection_id number severity verdict state kind score p_value"),
            *_columns(Finding, "explained peak mean area_px area_mm2 centre_x_mm centre_y_mm"),
            *_columns(Finding, "x0 y0 x1 y1 evidence_x0 evidence_y0 evidence_x1 evidence_y1"),
            *_columns(Finding, "observed_name golden_name restored_name heat_name created_at"),
            *_columns(Frame, "part line_id camera_id serial taken_at web_position_mm source"),
            *_columns(Inspection, "model_id config_id"),
        )
        .join(Inspection, Finding.inspection_id == Inspection.id)
        .join(Frame, Inspection.frame_id == Frame.id)
    )


def inspection_columns() -> Rows:
    """The columns of an InspectionRow, of all inspections."""
    count = select(func.count()).where(Finding.inspection_id == Inspection.id)
    return select(
        Inspection.id.label("inspection_id"),
        *_columns(Inspection, "model_id config_id outcome unfit_reason unfit_detail raw_score"),
        *_columns(Inspection, "score p_value inspected_at timings_s"),
        *_columns(Inspection, "observed_name golden_name restored_name heat_name"),
        *_columns(Frame, "part line_id camera_id serial taken_at web_position_mm source"),
        *_columns(Frame, "content_sha256 width_px height_px"),
        count.correlate(Inspection).scalar_subquery().label("findings_count"),
    ).join(Frame, Inspection.frame_id == Frame.id)


def _columns(table: type[Base], names: str) -> list[InstrumentedAttribute[Any]]:
    return [getattr(table, name) for name in names.split()]
