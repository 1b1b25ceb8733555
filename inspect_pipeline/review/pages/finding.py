"""One finding: pictures to compare, figures in words, what lies around it, and the answer."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from db.errors import QuestionRefused
from db.reviewing import Conflict, review_findings
from db.rows import FindingFilter
from db.waiting import findings_by_id, waiting_beside
from db.words import ReviewState, Role
from inspect_pipeline.review.access import Person, Reviewer, Viewer
from inspect_pipeline.review.answers import answer_of, note_of
from inspect_pipeline.review.desk import Desk, desk_of
from inspect_pipeline.review.fields import RowId
from inspect_pipeline.review.finding_view import alike, finding_view
from inspect_pipeline.review.page import page
from inspect_pipeline.review.queue_filter import BadFilter, QueueFilter, queue_filter
from inspect_pipeline.review.toasts import toast_of_batch
from inspect_pipeline.review.transactions import Reading, Writing

router = APIRouter()


@router.get("/findings/{finding_id}")
def show_finding(
    request: Request, person: Viewer, opened: Reading, finding_id: RowId, done: str = ""
) -> Response:
    """`done` names the action that led here, so that it can be taken back."""
    asked = _filter_of(opened, dict(request.query_params), desk_of(request))
    return _page(request, person, opened, finding_id, asked, done=done)


@router.get("/findings/{finding_id}/similar")
def show_similar(request: Request, person: Viewer, opened: Reading, finding_id: RowId) -> Response:
    """The part of the page that comes after the rest."""
    reason, found = None, []
    try:
        found = alike(opened, desk_of(request).store, finding_id)
    except QuestionRefused:
        reason = "Nothing is kept of how this finding looks, so none can be compared with it."
    return page(request, "finding_similar.html", person, found=found, reason=reason)


@router.post("/findings/{finding_id}/review")
def review(
    request: Request,
    person: Reviewer,
    opened: Writing,
    finding_id: RowId,
    *,
    version: Annotated[int, Form(ge=0, lt=2**31)],
    verdict: Annotated[str, Form()] = "",
    note: Annotated[str, Form()] = "",
    back: Annotated[str, Form()] = "",
) -> Response:
    """The next finding of the queue follows; where somebody answered first, that is shown."""
    desk = desk_of(request)
    asked = _filter_of(opened, dict(parse_qsl(back)), desk)
    written = note_of(note)
    batch = review_findings(
        opened,
        {finding_id: version},
        state_after=answer_of(verdict),
        reviewer=person.name,
        reviewed_at=desk.now(),
        note=written,
    )
    if batch.conflicts:
        return _page(
            request, person, opened, finding_id, asked, conflict=batch.conflicts[0], note=note
        )
    row = findings_by_id(opened, [finding_id])[0]
    _, after_id = waiting_beside(opened, asked.wanted, row)
    path = "/queue" if after_id is None else f"/findings/{after_id}"
    return RedirectResponse(asked.url(path, done=batch.batch_id), status_code=303)


def _page(
    request: Request,
    person: Person,
    opened: Session,
    finding_id: int,
    asked: QueueFilter,
    *,
    done: str = "",
    conflict: Conflict | None = None,
    note: str = "",
) -> Response:
    view = finding_view(opened, desk_of(request).store, finding_id, asked)
    facts = {
        "view": view,
        "asked": asked,
        "conflict": conflict,
        "note": note,
        "toast": toast_of_batch(opened, done, person.name),
        "may_review": person.role.covers(Role.REVIEWER),
        "state_new": ReviewState.NEW,
    }
    return page(request, "finding.html", person, 409 if conflict else 200, **facts)


def _filter_of(opened: Session, asked: dict[str, str], desk: Desk) -> QueueFilter:
    """The queue that the reader works through; one that cannot be read is the whole queue."""
    try:
        return queue_filter(opened, asked, zone=desk.zone, now=desk.now())
    except BadFilter:
        return QueueFilter(wanted=FindingFilter(), given={})
