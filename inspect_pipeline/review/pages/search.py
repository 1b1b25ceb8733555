"""Search: every question of the catalogue as a form and a table, kept under names, taken away."""

from __future__ import annotations

import logging
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session
from starlette.datastructures import QueryParams

from db import plants, saved_queries
from db.errors import QuestionRefused
from db.questions.catalogue import QUESTIONS, Question, ask
from inspect_pipeline.exports.tables import write_csv, write_parquet
from inspect_pipeline.review.access import Person, Reviewer, Viewer
from inspect_pipeline.review.asked_questions import (
    Answer,
    answer_of,
    can_be_asked,
    form_of,
    written_of,
)
from inspect_pipeline.review.desk import desk_of
from inspect_pipeline.review.downloads import download
from inspect_pipeline.review.page import page
from inspect_pipeline.review.transactions import Reading, Writing

router = APIRouter()
_log = logging.getLogger(__name__)

FIRST = "findings"
_PAGING = ("order", "limit")
WRITERS = {
    "csv": (write_csv, "text/csv"),
    "parquet": (write_parquet, "application/vnd.apache.parquet"),
}


@router.get("/search")
def show_search(request: Request, person: Viewer, opened: Reading) -> Response:
    """All questions, and the form of the first; nothing is asked yet."""
    return _page(request, person, opened, _question(FIRST), written={}, is_asked=False)


@router.get("/questions/{name}")
def show_answer(request: Request, person: Viewer, opened: Reading, name: str) -> Response:
    question = _question(name)
    written = written_of(question, request.query_params)
    is_asked = bool(request.query_params) and can_be_asked(question, written)
    return _page(request, person, opened, question, written=written, is_asked=is_asked)


@router.get("/questions/{name}/table.{form}")
def take_answer(
    request: Request, person: Reviewer, opened: Reading, name: str, form: str
) -> Response:
    """The answer as a file."""
    if form not in WRITERS:
        raise HTTPException(404, f"an answer can be taken as {' or '.join(WRITERS)}")
    question = _question(name)
    table = ask(
        opened,
        question.name,
        written_of(question, request.query_params),
        now=desk_of(request).now(),
    )
    write, media_type = WRITERS[form]
    _log.info("answer taken: question=%s form=%s by=%r", name, form, person.name)
    return download(f"{question.name}.{form}", media_type, lambda file: write(file, [table]))


@router.post("/questions/{name}/save")
def save(
    request: Request,
    person: Viewer,
    opened: Writing,
    name: str,
    save_as: Annotated[str, Form(max_length=1000)] = "",
    query: Annotated[str, Form(max_length=10_000)] = "",
) -> Response:
    """Keeps the question as it was asked under a name of the person's own."""
    question = _question(name)
    written = written_of(question, QueryParams(query))
    saved_queries.save_query(
        opened,
        owner=person.name,
        name=save_as,
        question=question.name,
        written=written,
        now=desk_of(request).now(),
    )
    return RedirectResponse(f"/questions/{question.name}?{urlencode(written)}", status_code=303)


@router.post("/search/forget")
def forget(
    person: Viewer, opened: Writing, saved: Annotated[str, Form(max_length=1000)] = ""
) -> Response:
    """Deletes a question that the person has kept; only one of their own."""
    saved_queries.delete_query(opened, owner=person.name, name=saved)
    return RedirectResponse("/search", status_code=303)


def _page(
    request: Request,
    person: Person,
    opened: Session,
    question: Question,
    *,
    written: dict[str, str],
    is_asked: bool,
) -> Response:
    answer, problem, field = None, "", None
    if is_asked:
        try:
            answer = _answer(request, opened, question, written)
        except QuestionRefused as error:
            problem, field = str(error), error.field
    often, seldom = form_of(question, written, _offered(opened))
    facts: dict[str, Any] = {
        "questions": QUESTIONS,
        "question": question,
        "saved": [
            (kept, urlencode(kept.written))
            for kept in saved_queries.saved_queries(opened, owner=person.name)
        ],
        "often": often,
        "seldom": seldom,
        "seldom_open": any(
            one.one.name == field or (one.written and one.one.name not in _PAGING) for one in seldom
        ),
        "answer": answer,
        "problem": problem,
        "problem_field": field,
        "query": urlencode(written),
        "is_paged": "after" in written,
        "first_query": urlencode({k: v for k, v in written.items() if k != "after"}),
    }
    return page(request, "search.html", person, 422 if problem else 200, **facts)


def _answer(
    request: Request, opened: Session, question: Question, written: dict[str, str]
) -> Answer:
    table = ask(opened, question.name, written, now=desk_of(request).now())
    return answer_of(question, table, written)


def _offered(opened: Session) -> dict[str, tuple[str, ...]]:
    places = plants.places(opened)
    cameras = tuple(row.camera_id for row in places.cameras)
    return {"line": places.lines, "part": places.parts, "camera": cameras}


def _question(name: str) -> Question:
    for question in QUESTIONS:
        if question.name == name:
            return question
    raise HTTPException(404, "there is no such question")
