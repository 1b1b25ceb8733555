"""What the API says when it does not do what was asked: problem+json (RFC 9457), one shape for all.

A `code` is a promise to programs and never changes its meaning; `detail` is for people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field

MEDIA_TYPE = "application/problem+json"


class Code(StrEnum):
    BODY_UNREADABLE = "body_unreadable"
    NOT_SIGNED_IN = "not_signed_in"
    NOT_ALLOWED = "not_allowed"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    REVIEW_CONFLICT = "review_conflict"
    KEY_REUSED = "key_reused"
    REFUSED = "refused"
    TOO_LARGE = "too_large"
    INVALID_INPUT = "invalid_input"
    TOO_MANY_REQUESTS = "too_many_requests"
    BROKEN = "broken"
    DATABASE_UNAVAILABLE = "database_unavailable"


_CODES = {
    400: Code.BODY_UNREADABLE,
    401: Code.NOT_SIGNED_IN,
    403: Code.NOT_ALLOWED,
    404: Code.NOT_FOUND,
    405: Code.METHOD_NOT_ALLOWED,
    409: Code.REFUSED,
    413: Code.TOO_LARGE,
    422: Code.INVALID_INPUT,
    429: Code.TOO_MANY_REQUESTS,
    503: Code.DATABASE_UNAVAILABLE,
}


class FieldProblem(BaseModel):
    """One thing that is wrong with one field."""

    field: str = Field(description="Where, such as query.limit or body.findings.0.id.")
    problem: str = Field(description="What is wrong with it.")


class Problem(BaseModel):
    """Why the request was not done."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "about:blank",
                    "title": "Unprocessable Content",
                    "status": 422,
                    "code": "invalid_input",
                    "detail": "query.limit: Input should be less than or equal to 500",
                    "fields": [
                        {
                            "field": "query.limit",
                            "problem": "Input should be less than or equal to 500",
                        }
                    ],
                    "id": "5f0c9a1e",
                }
            ]
        }
    )

    type: str = Field(default="about:blank", description="Always about:blank: see `code`.")
    title: str = Field(description="The words of the HTTP status.")
    status: int = Field(description="The HTTP status.")
    code: Code = Field(description="Stable: programs may decide by it.")
    detail: str = Field(description="One sentence for people; its words may change.")
    fields: list[FieldProblem] = Field(default=[], description="What is wrong, field by field.")
    id: str = Field(description="Stands in the server's log beside the whole story.")


class ApiProblem(Exception):
    """A request that the API refuses; becomes a Problem, with `extra` facts beside it."""

    def __init__(
        self,
        status: int,
        code: Code,
        detail: str,
        *,
        fields: Sequence[FieldProblem] = (),
        extra: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.fields, self.extra = tuple(fields), dict(extra or {})

    @classmethod
    def of_field(cls, name: str, problem: str, *, place: str = "query") -> ApiProblem:
        found = FieldProblem(field=f"{place}.{name}", problem=problem)
        return cls(422, Code.INVALID_INPUT, f"{found.field}: {problem}", fields=[found])


def problem_body(
    status: int,
    detail: str,
    number: str,
    *,
    code: Code | None = None,
    fields: Sequence[FieldProblem] = (),
) -> dict[str, Any]:
    """A Problem as plain JSON; nothing of what the client sent is repeated in it."""
    usual = _CODES.get(status, Code.BROKEN if status >= 500 else Code.REFUSED)
    problem = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        code=code or usual,
        detail=_plain(detail, most_chars=1000),
        fields=list(fields),
        id=number,
    )
    return problem.model_dump(mode="json")


def field_problems(error: RequestValidationError) -> list[FieldProblem]:
    """Input of the wrong shape, field by field; pydantic's words, without the values."""
    return [_field_problem(found) for found in error.errors()]


def _field_problem(found: Mapping[str, Any]) -> FieldProblem:
    place = ".".join(str(step) for step in found["loc"])
    return FieldProblem(field=_plain(place), problem=_plain(str(found["msg"])))


def _plain(text: str, *, most_chars: int = 300) -> str:
    """A name of a field comes from outside: any characters, any length."""
    return text.encode("utf-8", "replace").decode("utf-8")[:most_chars]
