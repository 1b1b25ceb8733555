"""Teach: frames that were called good go back to their part's good set, with one action."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from db import overview, teaching
from db.rows import After
from inspect_pipeline.review.access import Engineer, Viewer
from inspect_pipeline.review.desk import desk_of
from inspect_pipeline.review.page import page
from inspect_pipeline.review.transactions import Reading, Writing

router = APIRouter()
_log = logging.getLogger(__name__)

PER_PAGE = 24
Name = Annotated[str, Query(max_length=200)]
FrameId = Annotated[int, Form(ge=1, lt=2**63)]


@router.get("/teach")
def show_teach(
    request: Request,
    person: Viewer,
    opened: Reading,
    *,
    part: Name = "",
    after: Annotated[str, Query(max_length=60)] = "",
) -> Response:
    """What can be given, what was given, and how to train with it."""
    parts = overview.places(opened).parts
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
        next_query=None if more is None else urlencode({"part": chosen, "after": _mark(more)}),
        is_paged=bool(after),
        good_set=teaching.good_set(opened, chosen),
    )


@router.post("/teach/give")
def give_frames(
    request: Request,
    person: Engineer,
    opened: Writing,
    frame: Annotated[list[FrameId], Form(max_length=500)],
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
    frame: Annotated[list[FrameId], Form(max_length=500)],
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


def _mark(last: teaching.Candidate) -> str:
    return f"{last.taken_at.isoformat()}~{last.frame_id}"


def _after(written: str) -> After | None:
    """Where the page before ended; what is no such mark begins again."""
    moment, _, frame_id = written.partition("~")
    try:
        taken_at = datetime.fromisoformat(moment)
        row_id = int(frame_id)
    except ValueError:
        return None
    if taken_at.tzinfo is None or not 0 < row_id < 2**63:
        return None
    return After(taken_at=taken_at, row_id=row_id)
