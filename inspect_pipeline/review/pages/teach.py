"""Teach: frames that were called good go back to their part's good set, with one action."""

from __future__ import annotations

import logging
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from db import plants, teaching
from db.rows import After
from inspect_pipeline.review.access import Engineer, Viewer
from inspect_pipeline.review.cursors import (
    MAX_CURSOR_CHARS,
    BadCursor,
    moment_cursor,
    moment_of,
)
from inspect_pipeline.review.desk import desk_of
from inspect_pipeline.review.evidence_links import candidate_picture, good_picture
from inspect_pipeline.review.fields import RowId
from inspect_pipeline.review.page import page
from inspect_pipeline.review.transactions import Reading, Writing

router = APIRouter()
_log = logging.getLogger(__name__)

PER_PAGE = 24
_LIST = "teach"
Name = Annotated[str, Query(max_length=200)]


@router.get("/teach")
def show_teach(
    request: Request,
    person: Viewer,
    opened: Reading,
    *,
    part: Name = "",
    after: Annotated[str, Query(max_length=MAX_CURSOR_CHARS)] = "",
) -> Response:
    """What can be given, what was given, and how to train with it."""
    parts = plants.places(opened).parts
    chosen = part or (parts[0] if parts else "")
    found = teaching.candidates(opened, chosen, limit=PER_PAGE + 1, after=_after(after))
    more = found[PER_PAGE - 1] if len(found) > PER_PAGE else None
    return page(
        request,
        "teach.html",
        person,
        parts=parts,
        sizes=teaching.good_set_sizes(opened),
        part=chosen,
        candidates=found[:PER_PAGE],
        candidate_picture=candidate_picture,
        good_picture=good_picture,
        is_there=desk_of(request).store.has,
        next_query=None if more is None else urlencode({"part": chosen, "after": _end(more)}),
        is_paged=bool(after),
        good_set=teaching.good_set(opened, chosen),
    )


@router.post("/teach/give")
def give_frames(
    request: Request,
    person: Engineer,
    opened: Writing,
    frame: Annotated[list[RowId], Form(max_length=500)],
    part: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """All of the frames, or none where one is refused."""
    desk = desk_of(request)
    for frame_id in frame:
        teaching.give(opened, desk.store, frame_id, added_by=person.name, added_at=desk.now())
    _log.info("good set: %d frames given by %r", len(frame), person.name)
    return _back(part)


@router.post("/teach/take-back")
def take_frames_back(
    request: Request,
    person: Engineer,
    opened: Writing,
    frame: Annotated[list[RowId], Form(max_length=500)],
    part: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    now = desk_of(request).now()
    for frame_id in frame:
        teaching.take_back(opened, frame_id, removed_by=person.name, removed_at=now)
    _log.info("good set: %d frames taken back by %r", len(frame), person.name)
    return _back(part)


def _back(part: str) -> Response:
    query = f"?{urlencode({'part': part})}" if part else ""
    return RedirectResponse(f"/teach{query}", status_code=303)


def _end(last: teaching.Candidate) -> str:
    return moment_cursor(_LIST, last.taken_at, last.frame_id)


def _after(cursor: str) -> After | None:
    """Where the page before ended; what is no such mark begins again."""
    try:
        taken_at, frame_id = moment_of(cursor, _LIST)
    except BadCursor:
        return None
    return After(taken_at=taken_at, row_id=frame_id)
