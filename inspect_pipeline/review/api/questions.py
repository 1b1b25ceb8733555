"""The standing questions: which there are, what they take, and their answers as tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from db.errors import QuestionRefused
from db.questions.catalogue import QUESTIONS, Question
from inspect_pipeline.review.access import Viewer
from inspect_pipeline.review.api.answer_tables import described_table, table_response
from inspect_pipeline.review.api.question_parameters import (
    TableQuery,
    parameters_of,
    query_model,
    refused,
)
from inspect_pipeline.review.api.refusals import refusals
from inspect_pipeline.review.transactions import Reading


class ParameterOut(BaseModel):
    """One parameter as people write it on the command line and in saved queries."""

    name: str
    says: str = Field(description="What it means, in a sentence.")
    takes: str = Field(description="What sort of thing is written in it.")
    required: bool
    default: str = Field(description="As it would be written; empty for none.")
    choices: list[str]
    least: float | None
    most: float | None


class QuestionOut(BaseModel):
    name: str
    sentence: str
    href: str = Field(description="Where it is asked.")
    parameters: list[ParameterOut]

    @classmethod
    def of(cls, question: Question) -> QuestionOut:
        return cls(
            name=question.name,
            sentence=question.sentence,
            href=f"/api/v1/questions/{question.name}",
            parameters=[
                ParameterOut(**{**vars(one), "choices": list(one.choices)})
                for one in question.described
            ],
        )


class QuestionList(BaseModel):
    questions: list[QuestionOut]


def list_questions(_person: Viewer) -> QuestionList:
    """Each with its parameters; the answer to each is a table."""
    return QuestionList(questions=[QuestionOut.of(question) for question in QUESTIONS])


def _router() -> APIRouter:
    """One address per question, so that each describes its own parameters."""
    made = APIRouter(prefix="/api/v1", tags=["questions"])
    made.get(
        "/questions",
        operation_id="list_questions",
        summary="What can be asked",
        responses=refusals(),
    )(list_questions)
    for question in QUESTIONS:
        made.get(
            f"/questions/{question.name}",
            operation_id=f"ask_{question.name.replace('-', '_')}",
            summary=question.sentence,
            responses={**refusals(), 200: described_table()},
        )(_asking(question))
    return made


def _asking(question: Question) -> Callable[..., Response]:
    def ask(_person: Viewer, opened: Reading, asked: TableQuery) -> Response:
        parameters: Any = parameters_of(question.parameters, asked)
        try:
            table = question.answer(opened, parameters)
        except QuestionRefused as error:
            raise refused(error) from error
        return table_response(question.name, table, asked.format)

    ask.__doc__ = f"{question.sentence} The answer is a table, in the format that is asked for."
    described: Any = query_model(question)
    ask.__annotations__["asked"] = Annotated[described, Query()]
    return ask


router = _router()
