"""The selects behind `db.queries` and `db.tables`: explicit columns, one order, same filters."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    UnaryExpression,
    exists,
    func,
    literal_column,
    select,
    tuple_,
)
from sqlalchemy.orm import InstrumentedAttribute, aliased

from db.models import Base, Finding, Frame, Inspection, Review
from db.models.inspections import WAITING, WAITING_STATES
from db.note_search import findings_noted
from db.rows import After, AfterUrgent, FindingFilter, FrameFilter, InspectionFilter
from db.urgency import urgency_range

Rows = Select[*tuple[Any, ...]]


def findings_select(
    wanted: FindingFilter, *, limit: int | None = None, after: After | None = None
) -> Rows:
    """The columns of a FindingRow, newest frame first."""
    ids = select(Finding.id).where(*finding_conditions(wanted))
    if after is not None:
        ids = ids.where(tuple_(Finding.taken_at, Finding.id) < (after.taken_at, after.row_id))
    if _waits(wanted):  # few do; its planner knows of a part and a time, not of that
        ids = ids.with_hint(Finding, "INDEXED BY ix_findings_waiting_newest", "sqlite")
    return _rows_of(ids, (Finding.taken_at.desc(), Finding.id.desc()), limit)


def worst_first_select(
    wanted: FindingFilter,
    *,
    limit: int | None = None,
    after: AfterUrgent | None = None,
    gathers: bool = False,
) -> Rows:
    """The columns of a FindingRow, most urgent first, the newest of equals first.

    `gathers`: reads all that are wanted and sorts them. Else goes from the worst on, and passes
    by what is not wanted until there are enough.
    """
    ids = select(Finding.id).where(*finding_conditions(wanted))
    if not gathers:
        place = "part_" if wanted.part is not None else "line_id_" if wanted.line_id else ""
        ids = ids.with_hint(Finding, f"INDEXED BY ix_findings_{place}urgency_id", "sqlite")
    return _worst_first(ids, wanted, limit=limit, after=after, gathers=gathers)


def waiting_select(
    wanted: FindingFilter, *, limit: int | None = None, after: AfterUrgent | None = None
) -> Rows:
    """Worst first, of those that wait: they have indexes of their own."""
    place = "_of_part" if wanted.part is not None else "_of_line" if wanted.line_id else ""
    ids = (
        select(Finding.id)
        .where(*waiting_conditions(wanted))
        .with_hint(Finding, f"INDEXED BY ix_findings_waiting{place}", "sqlite")
    )
    return _worst_first(ids, wanted, limit=limit, after=after, gathers=False)


def inspections_select(
    wanted: InspectionFilter, *, limit: int | None = None, after: After | None = None
) -> Rows:
    """The columns of an InspectionRow."""
    chosen = inspection_columns().where(*inspection_conditions(wanted))
    return _paged(chosen, Frame.taken_at, Inspection.id, limit=limit, after=after)


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
        Review.batch_id,
        Review.undoes_id,
    ).order_by(Review.id)


def _paged(
    chosen: Rows,
    time: InstrumentedAttribute[datetime],
    row_id: InstrumentedAttribute[int],
    *,
    limit: int | None,
    after: After | None,
) -> Rows:
    if after is not None:
        chosen = chosen.where(tuple_(time, row_id) < (after.taken_at, after.row_id))
    return chosen.order_by(time.desc(), row_id.desc()).limit(limit)


def _worst_first(
    ids: Select[int],
    wanted: FindingFilter,
    *,
    limit: int | None,
    after: AfterUrgent | None,
    gathers: bool,
) -> Rows:
    # A sum has no index: whoever sorts by it has to gather first.
    urgency = Finding.urgency + literal_column("0") if gathers else Finding.urgency
    if wanted.verdict is not None or wanted.severity is not None:  # spares the walk to where it is
        low, high = urgency_range(verdict=wanted.verdict, severity=wanted.severity)
        ids = ids.where(urgency.between(low, high))
    if after is not None:
        ids = ids.where(tuple_(urgency, Finding.id) < (after.urgency, after.row_id))
    return _rows_of(ids, (urgency.desc(), Finding.id.desc()), limit)


def _rows_of(ids: Select[int], order: tuple[UnaryExpression[Any], ...], limit: int | None) -> Rows:
    """The columns of these findings. Of a page the ids come first: only its rows are looked up."""
    if limit is None:
        every = () if ids.whereclause is None else (ids.whereclause,)
        return finding_columns().where(*every).order_by(*order)
    page = ids.order_by(*order).limit(limit).subquery("page")
    return finding_columns().join(page, Finding.id == page.c.id).order_by(*order)


def _frame_conditions(
    wanted: FrameFilter, table: type[Frame] | type[Finding]
) -> list[ColumnElement[bool]]:
    """Both tables know the part, line, camera and time."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.part is not None:
        conditions.append(table.part == wanted.part)
    if wanted.line_id is not None:
        conditions.append(table.line_id == wanted.line_id)
    if wanted.camera_id is not None:
        conditions.append(table.camera_id == wanted.camera_id)
    if wanted.since is not None:
        conditions.append(table.taken_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(table.taken_at < wanted.until)
    return conditions


def finding_conditions(wanted: FindingFilter) -> list[ColumnElement[bool]]:
    """On the table of findings alone, so that its indexes serve; a note and a model ask more."""
    conditions = _frame_conditions(wanted, Finding)
    if _waits(wanted):
        conditions.append(WAITING)  # in the very words of the partial indexes, or none serves
    for name in ("verdict", "state", "severity", "kind"):
        value = getattr(wanted, name)
        if value is not None:
            conditions.append(getattr(Finding, name) == value)
    if wanted.states and set(wanted.states) != WAITING_STATES:
        conditions.append(Finding.state.in_(wanted.states))
    for measure, low, high in (
        (Finding.area_mm2, wanted.area_mm2_min, wanted.area_mm2_max),
        (Finding.score, wanted.score_min, None),
        (Finding.web_mm, wanted.web_mm_min, wanted.web_mm_max),
    ):
        if low is not None:
            conditions.append(measure >= low)
        if high is not None:
            conditions.append(measure <= high)
    if wanted.place is not None:
        x0, y0, x1, y1 = wanted.place
        conditions += [Finding.place_x.between(x0, x1), Finding.place_y.between(y0, y1)]
    if wanted.model_id is not None:
        its = aliased(Inspection)  # looked up for the rows that fit else: a model said millions
        conditions.append(
            exists().where(its.id == Finding.inspection_id, its.model_id == wanted.model_id)
        )
    if wanted.note is not None:
        conditions.append(Finding.id.in_(findings_noted(wanted.note)))
    return conditions


def waiting_conditions(wanted: FindingFilter) -> list[ColumnElement[bool]]:
    """Of those that wait. Says so once: planners would believe that twice is rarer."""
    return [*finding_conditions(wanted), *([] if _waits(wanted) else [WAITING])]


def _waits(wanted: FindingFilter) -> bool:
    """Do its states say by themselves that a finding waits?"""
    return wanted.state in WAITING_STATES or bool(
        wanted.states and WAITING_STATES.issuperset(wanted.states)
    )


def inspection_conditions(wanted: InspectionFilter) -> list[ColumnElement[bool]]:
    conditions = _frame_conditions(wanted, Frame)
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
            *_columns(Finding, "place_x place_y web_mm urgency version"),
            *_columns(Finding, "part line_id camera_id taken_at"),
            *_columns(Finding, "x0 y0 x1 y1 evidence_x0 evidence_y0 evidence_x1 evidence_y1"),
            *_columns(Finding, "observed_name golden_name restored_name heat_name created_at"),
            *_columns(Frame, "serial web_position_mm source"),
            *_columns(Inspection, "frame_id model_id config_id"),
        )
        .join(Inspection, Finding.inspection_id == Inspection.id)
        .join(Frame, Inspection.frame_id == Frame.id)
    )


def inspection_columns() -> Rows:
    """The columns of an InspectionRow, of all inspections."""
    count = select(func.count()).where(Finding.inspection_id == Inspection.id)
    return select(
        Inspection.id.label("inspection_id"),
        *_columns(Inspection, "frame_id model_id config_id outcome unfit_reason unfit_detail"),
        *_columns(Inspection, "raw_score score p_value inspected_at timings_s"),
        *_columns(Inspection, "observed_name golden_name restored_name heat_name"),
        *_columns(Frame, "part line_id camera_id serial taken_at web_position_mm source"),
        *_columns(Frame, "content_sha256 width_px height_px"),
        count.correlate(Inspection).scalar_subquery().label("findings_count"),
    ).join(Frame, Inspection.frame_id == Frame.id)


def _columns(table: type[Base], names: str) -> list[InstrumentedAttribute[Any]]:
    return [getattr(table, name) for name in names.split()]
