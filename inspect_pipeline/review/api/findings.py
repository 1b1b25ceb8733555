"""Findings: the list, one with everything that is known of it, and what people say of them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from db import queries, reviewing
from db.errors import QuestionRefused, RecordRefused
from db.questions.likeness import SimilarTo, similar_findings
from inspect_pipeline.review.access import Reviewer, Viewer
from inspect_pipeline.review.api.fields import BatchId, PageSize, Truth
from inspect_pipeline.review.api.finding_models import (
    BatchOut,
    BulkReviewIn,
    ConflictOut,
    FindingOut,
    FindingPage,
    FindingWhole,
    ReviewedOut,
    ReviewIn,
    ReviewList,
    ReviewOut,
    SimilarFindingOut,
    SimilarList,
)
from inspect_pipeline.review.api.finding_queries import FINDING_QUERY, PageQuery, findings_page
from inspect_pipeline.review.api.once import IdempotencyKey, once
from inspect_pipeline.review.api.problems import ApiProblem, Code
from inspect_pipeline.review.api.refusals import conflicts, refusals, writing
from inspect_pipeline.review.desk import desk_of
from inspect_pipeline.review.fields import RowId
from inspect_pipeline.review.transactions import Reading, Writing

router = APIRouter(prefix="/api/v1", tags=["findings"])

FindingId = Annotated[RowId, Path(description="The id of a finding.", examples=[17])]


class WholeQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    mask: Truth = Field(default=False, description="true: with the region's exact mask.")


class SimilarQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    limit: PageSize = Field(default=20, description="At most this many.")


def list_findings(_person: Viewer, opened: Reading, asked: PageQuery) -> FindingPage:
    """Which findings are there? Pages are stable: what arrives meanwhile moves nothing."""
    rows, cursor = findings_page(opened, asked)
    return FindingPage(findings=[FindingOut.of(row) for row in rows], next_cursor=cursor)


list_findings.__annotations__["asked"] = Annotated[FINDING_QUERY, Query()]
router.get(
    "/findings",
    operation_id="list_findings",
    summary="Findings, page by page",
    responses=refusals(),
)(list_findings)


@router.get(
    "/findings/{finding_id}",
    operation_id="get_finding",
    summary="One finding with its reviews",
    responses=refusals(404),
)
def get_finding(
    _person: Viewer,
    opened: Reading,
    finding_id: FindingId,
    asked: Annotated[WholeQuery, Query()],
) -> FindingWhole:
    """All facts, all reviews, the addresses of the pictures, and the mask on request."""
    detail = queries.finding(opened, finding_id)
    return FindingWhole.of_detail(detail, with_mask=asked.mask)


@router.get(
    "/findings/{finding_id}/reviews",
    operation_id="list_reviews",
    summary="What people said of a finding",
    responses=refusals(404),
)
def list_reviews(_person: Viewer, opened: Reading, finding_id: FindingId) -> ReviewList:
    """In the order it was said; nothing of it is ever changed."""
    said = queries.finding(opened, finding_id).reviews
    return ReviewList(reviews=[ReviewOut.of(row) for row in said])


@router.get(
    "/findings/{finding_id}/similar",
    operation_id="list_similar_findings",
    summary="Findings that look like this one",
    responses=refusals(404),
)
def list_similar_findings(
    _person: Viewer,
    opened: Reading,
    finding_id: FindingId,
    asked: Annotated[SimilarQuery, Query()],
) -> SimilarList:
    """By what the networks saw; only findings that the same networks described are compared."""
    queries.finding(opened, finding_id)
    try:
        rows = similar_findings(opened, SimilarTo(finding=finding_id, limit=asked.limit))
    except QuestionRefused:  # it was recorded without a description
        return SimilarList(is_described=False, findings=[])
    return SimilarList(is_described=True, findings=[SimilarFindingOut.of(row) for row in rows])


@router.post(
    "/findings/{finding_id}/reviews",
    operation_id="review_finding",
    summary="Give a verdict",
    status_code=201,
    responses={**writing(404), **conflicts()},
)
def review_finding(
    request: Request,
    person: Reviewer,
    opened: Writing,
    finding_id: FindingId,
    said: ReviewIn,
    key: IdempotencyKey = None,
) -> ReviewedOut:
    """Refused with 409, and with what the other said, where the finding changed since you saw it.

    Takes the role reviewer.
    """
    at = desk_of(request).now()

    def review() -> ReviewedOut:
        batch = reviewing.review_findings(
            opened,
            {finding_id: said.seen_version},
            state_after=said.state,
            reviewer=person.name,
            reviewed_at=at,
            note=said.note or None,
        )
        if batch.conflicts:
            raise _contradicted(ConflictOut.of(batch.conflicts[0]))
        return ReviewedOut.of(batch.reviewed[0])

    asked: list[object] = ["review", finding_id, said.model_dump(mode="json")]
    return once(opened, review, ReviewedOut, key=key, person=person, request=asked, at=at)


@router.post(
    "/reviews/bulk",
    operation_id="review_findings",
    summary="Give one verdict to many findings",
    responses=writing(404, 409),
)
def review_findings(
    request: Request,
    person: Reviewer,
    opened: Writing,
    said: BulkReviewIn,
    key: IdempotencyKey = None,
) -> BatchOut:
    """Those that others reviewed meanwhile are left and stand under `conflicts`.

    Takes the role reviewer.
    """
    at = desk_of(request).now()

    def review() -> BatchOut:
        batch = reviewing.review_findings(
            opened,
            {one.id: one.seen_version for one in said.findings},
            state_after=said.state,
            reviewer=person.name,
            reviewed_at=at,
            note=said.note or None,
        )
        return BatchOut.of(batch)

    asked: list[object] = ["bulk", said.model_dump(mode="json")]
    return once(opened, review, BatchOut, key=key, person=person, request=asked, at=at)


@router.post(
    "/batches/{batch_id}/undo",
    operation_id="undo_batch",
    summary="Take an action of yours back",
    responses=refusals(404, 409),
)
def undo_batch(
    request: Request,
    person: Reviewer,
    opened: Writing,
    batch_id: Annotated[BatchId, Path(description="`batch_id` of what you did.")],
    key: IdempotencyKey = None,
) -> BatchOut:
    """Each finding gets the state it had before; those with a newer review are conflicts.

    Refused with 403 where somebody else did it. Takes the role reviewer.
    """
    at = desk_of(request).now()
    asked: list[object] = ["undo", batch_id]

    def undo() -> BatchOut:
        try:
            batch = reviewing.undo(opened, batch_id, reviewer=person.name, reviewed_at=at)
        except RecordRefused as error:
            raise ApiProblem(403, Code.NOT_ALLOWED, str(error)) from error
        return BatchOut.of(batch)

    return once(opened, undo, BatchOut, key=key, person=person, request=asked, at=at)


def _contradicted(conflict: ConflictOut) -> ApiProblem:
    said = conflict.said
    word = conflict.state.replace("_", " ")
    who = "it has changed" if said is None else f"{said.reviewer} said {word!r}"
    return ApiProblem(
        409,
        Code.REVIEW_CONFLICT,
        f"finding {conflict.finding_id} was reviewed after you saw it: {who}",
        extra={"conflict": conflict.model_dump(mode="json")},
    )
