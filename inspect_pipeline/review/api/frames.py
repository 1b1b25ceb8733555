"""Frames and inspections: the list, one frame's whole history, and audits of whole frames."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request

from db import reviewing
from db.histories import frame_history
from inspect_pipeline.review.access import Reviewer, Viewer
from inspect_pipeline.review.api.finding_queries import (
    INSPECTION_QUERY,
    PageQuery,
    inspections_page,
)
from inspect_pipeline.review.api.frame_models import (
    AuditIn,
    AuditOut,
    FrameHistory,
    InspectionOut,
    InspectionPage,
)
from inspect_pipeline.review.api.once import IdempotencyKey, once
from inspect_pipeline.review.api.refusals import refusals, writing
from inspect_pipeline.review.desk import desk_of
from inspect_pipeline.review.fields import RowId
from inspect_pipeline.review.transactions import Reading, Writing

router = APIRouter(prefix="/api/v1", tags=["frames"])

FrameId = Annotated[RowId, Path(description="The id of a frame.", examples=[5])]


def list_inspections(_person: Viewer, opened: Reading, asked: PageQuery) -> InspectionPage:
    """What was inspected, newest frame first? Pages are stable: what arrives moves nothing."""
    rows, cursor = inspections_page(opened, asked)
    return InspectionPage(inspections=[InspectionOut.of(row) for row in rows], next_cursor=cursor)


list_inspections.__annotations__["asked"] = Annotated[INSPECTION_QUERY, Query()]
router.get(
    "/inspections",
    operation_id="list_inspections",
    summary="Inspections, page by page",
    responses=refusals(),
)(list_inspections)


@router.get(
    "/frames/{frame_id}",
    operation_id="get_frame",
    summary="One frame's whole history",
    responses=refusals(404),
)
def get_frame(_person: Viewer, opened: Reading, frame_id: FrameId) -> FrameHistory:
    """Every inspection with its findings and their reviews, every audit, and the good set."""
    return FrameHistory.of(frame_history(opened, frame_id))


@router.post(
    "/frames/{frame_id}/audits",
    operation_id="audit_frame",
    summary="Say whether the whole part is good",
    status_code=201,
    responses=writing(404, 409),
)
def audit_frame(
    request: Request,
    person: Reviewer,
    opened: Writing,
    frame_id: FrameId,
    said: AuditIn,
    key: IdempotencyKey = None,
) -> AuditOut:
    """The newest audit of a frame counts; escapes and false calls are counted from audits.

    Takes the role reviewer.
    """
    at = desk_of(request).now()
    note = said.note or None

    def audit() -> AuditOut:
        audit_id = reviewing.audit_frame(
            opened,
            frame_id,
            judgement=said.judgement,
            auditor=person.name,
            audited_at=at,
            note=note,
        )
        return AuditOut(
            id=audit_id,
            frame_id=frame_id,
            auditor=person.name,
            audited_at=at,
            judgement=said.judgement,
            note=note,
        )

    asked: list[object] = ["audit", frame_id, said.model_dump(mode="json")]
    return once(opened, audit, AuditOut, key=key, person=person, request=asked, at=at)
