"""The parameters of a question as the API takes them: typed, bounded, described by its fields."""

from __future__ import annotations

import types
import typing
from collections.abc import Collection
from dataclasses import MISSING, fields
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, create_model

from db.errors import QuestionRefused
from db.questions.catalogue import Question
from db.questions.parameters import Described, described
from inspect_pipeline.review.api.fields import Moment, ShortText, Truth, decimal, whole
from inspect_pipeline.review.api.problems import ApiProblem

P = TypeVar("P")
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
    made = query_fields(question.parameters)
    assert "format" not in made, f"{question.name} has a parameter of the name of the API's own"
    name = "".join(word.title() for word in question.name.replace("_", "-").split("-"))
    return create_model(f"{name}Query", __base__=TableQuery, **made)


def query_fields(parameters: type, *, leave_out: Collection[str] = ()) -> dict[str, Any]:
    """The fields of a question's parameters, as those of a model."""
    hints = typing.get_type_hints(parameters)
    defaults = {one.name: one.default for one in fields(parameters)}
    return {
        one.name: _field(one, hints[one.name], defaults[one.name])
        for one in described(parameters)
        if one.name not in leave_out
    }


def parameters_of(parameters: type[P], asked: BaseModel) -> P:
    """The frozen parameters of a question; raises ApiProblem for what it refuses.

    Those that the model of the query leaves out have their defaults.
    """
    known = {one.name for one in described(parameters)}
    given = {name: _frozen(getattr(asked, name)) for name in type(asked).model_fields}
    try:
        return parameters(**{name: value for name, value in given.items() if name in known})
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
