"""Questions that you keep under a name, with their parameters as you wrote them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from db import saved_queries
from db.errors import QuestionRefused
from db.questions.catalogue import QUESTIONS
from db.saved_queries import SavedQueryRow
from inspect_pipeline.review.access import Viewer
from inspect_pipeline.review.api.answer_tables import described_table, table_response
from inspect_pipeline.review.api.question_parameters import TableQuery, refused
from inspect_pipeline.review.api.refusals import refusals, writing
from inspect_pipeline.review.desk import desk_of
from inspect_pipeline.review.transactions import Reading, Writing

router = APIRouter(prefix="/api/v1", tags=["questions"])

QuestionName = StrEnum(  # type: ignore[misc]  # the names are the catalogue's
    "QuestionName",
    {question.name.replace("-", "_").upper(): question.name for question in QUESTIONS},
)
SavedName = Annotated[
    str,
    Path(
        min_length=1,
        max_length=200,
        pattern=r"^[^\u0000/]+$",
        description="The name you gave it; without a slash.",
        examples=["night shift"],
    ),
]
Word = Annotated[str, Field(max_length=200, pattern=r"^[^\u0000]*$")]


class SavedQueryIn(BaseModel):
    """A question with its parameters as written: "7d" will mean seven days before it is asked."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"question": "rate", "parameters": {"line": "line-1", "since": "7d"}}]
        },
    )

    question: QuestionName
    parameters: dict[Word, Word] = Field(
        default={}, description="By name, as in the catalogue of questions."
    )


class SavedQueryOut(BaseModel):
    name: str
    question: str
    parameters: dict[str, str]
    saved_at: datetime

    @classmethod
    def of(cls, row: SavedQueryRow) -> SavedQueryOut:
        return cls(
            name=row.name,
            question=row.question,
            parameters=dict(row.written),
            saved_at=row.saved_at,
        )


class SavedQueryList(BaseModel):
    saved_queries: list[SavedQueryOut] = Field(description="Your own, by name.")


@router.get(
    "/saved-queries",
    operation_id="list_saved_queries",
    summary="Your saved questions",
    responses=refusals(),
)
def list_saved_queries(person: Viewer, opened: Reading) -> SavedQueryList:
    """Only your own."""
    rows = saved_queries.saved_queries(opened, person.name)
    return SavedQueryList(saved_queries=[SavedQueryOut.of(row) for row in rows])


@router.get(
    "/saved-queries/{name}",
    operation_id="get_saved_query",
    summary="One saved question",
    responses=refusals(404),
)
def get_saved_query(person: Viewer, opened: Reading, name: SavedName) -> SavedQueryOut:
    """What it asks, and since when it is kept."""
    return SavedQueryOut.of(saved_queries.saved_query(opened, owner=person.name, name=name))


@router.put(
    "/saved-queries/{name}",
    operation_id="save_query",
    summary="Keep a question under a name",
    responses=writing(),
)
def save_query(
    request: Request, person: Viewer, opened: Writing, name: SavedName, asked: SavedQueryIn
) -> SavedQueryOut:
    """One of the same name is replaced. The parameters have to fit the question."""
    with _naming_fields("body.parameters"):
        row = saved_queries.save_query(
            opened,
            owner=person.name,
            name=name,
            question=asked.question,
            written=asked.parameters,
            now=desk_of(request).now(),
        )
    return SavedQueryOut.of(row)


@router.delete(
    "/saved-queries/{name}",
    operation_id="delete_saved_query",
    summary="Forget a saved question",
    status_code=204,
    responses=refusals(404),
)
def delete_saved_query(person: Viewer, opened: Writing, name: SavedName) -> None:
    """Its name is free again."""
    saved_queries.delete_query(opened, owner=person.name, name=name)


@router.get(
    "/saved-queries/{name}/answer",
    operation_id="ask_saved_query",
    summary="The answer to a saved question, now",
    responses={**refusals(404), 200: described_table()},
)
def ask_saved_query(
    request: Request,
    person: Viewer,
    opened: Reading,
    name: SavedName,
    asked: Annotated[TableQuery, Query()],
) -> Response:
    """A table, in the format that is asked for."""
    saved = saved_queries.saved_query(opened, owner=person.name, name=name)
    with _naming_fields("saved"):
        table = saved_queries.ask_saved(
            opened, owner=person.name, name=name, now=desk_of(request).now()
        )
    return table_response(saved.question, table, asked.format)


@contextmanager
def _naming_fields(place: str) -> Iterator[None]:
    try:
        yield
    except QuestionRefused as error:
        raise refused(error, place) from error
