"""The parameters of a question as the API takes them: typed, bounded, described by its fields."""

from __future__ import annotations

import types
import typing
from dataclasses import MISSING, fields
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from db.errors import QuestionRefused
from db.questions.catalogue import Question
from db.questions.parameters import Described
from inspect_pipeline.review.api.fields import Moment, ShortText, Truth, decimal, whole
from inspect_pipeline.review.api.problems import ApiProblem

_PLAIN = {str: ShortText, bool: Truth, datetime: Moment}
_BOUNDED = {int: whole, float: decimal}


class TableFormat(StrEnum):
    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


class TableQuery(BaseModel):
    """What every question takes besides its own parameters; an unknown name is refused."""

    model_config = ConfigDict(extra="forbid")

    format: TableFormat = Field(
        default=TableFormat.JSON, description="How the table comes: json, csv or parquet."
    )


def query_model(question: Question) -> type[TableQuery]:
    """A model whose fields are the question's parameters."""
    hints = typing.get_type_hints(question.parameters)
    defaults = {one.name: one.default for one in fields(question.parameters)}
    made: dict[str, Any] = {
        one.name: _field(one, hints[one.name], defaults[one.name]) for one in question.described
    }
    assert "format" not in made, f"{question.name} has a parameter of the name of the API's own"
    name = "".join(word.title() for word in question.name.replace("_", "-").split("-"))
    return create_model(f"{name}Query", __base__=TableQuery, **made)


def parameters_of(question: Question, asked: TableQuery) -> Any:
    """The question's own frozen parameters; raises ApiProblem for what it refuses."""
    given = {one.name: _frozen(getattr(asked, one.name)) for one in fields(question.parameters)}
    try:
        return question.parameters(**given)
    except QuestionRefused as error:
        raise refused(error) from error


def refused(error: QuestionRefused, place: str = "query") -> ApiProblem:
    return ApiProblem.of_field(error.field or "question", str(error), place=place)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _field(one: Described, hint: object, default: Any) -> tuple[Any, Any]:
    kind = _without_none(hint)
    if typing.get_origin(kind) is tuple:
        return _list_field(one, typing.get_args(kind), default)
    annotated = _bounded(one, kind)
    if default is MISSING:
        return annotated, Field(description=one.says)
    optional = annotated | None if default is None else annotated
    return optional, Field(default=default, description=one.says)


def _list_field(one: Described, kinds: tuple[Any, ...], default: Any) -> tuple[Any, Any]:
    """A name that may be repeated: any number of times, or as often as the tuple is long."""
    inner = _bounded(one, kinds[0])
    if kinds[-1] is Ellipsis:
        return list[inner], Field(default=list(default), description=one.says)  # type: ignore[valid-type]
    count = len(kinds)
    exact = Annotated[list[inner], Field(min_length=count, max_length=count)]  # type: ignore[valid-type]
    return exact | None, Field(default=default, description=one.says)


def _bounded(one: Described, kind: Any) -> Any:
    if kind in _BOUNDED:
        return _BOUNDED[kind](one.least, one.most)
    return _PLAIN.get(kind, kind)


def _without_none(hint: object) -> Any:
    if isinstance(hint, types.UnionType):
        return next(kind for kind in typing.get_args(hint) if kind is not types.NoneType)
    return hint
