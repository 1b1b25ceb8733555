"""The API for people to read: made from its description, with nothing from outside the plant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response

from inspect_pipeline.review.access import Viewer
from inspect_pipeline.review.api.description import described
from inspect_pipeline.review.desk import desk_of
from inspect_pipeline.review.page import page

router = APIRouter()


@dataclass(frozen=True, kw_only=True)
class Parameter:
    name: str
    place: str
    kind: str
    says: str
    is_needed: bool


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One thing that the API does; `answers` are statuses with what each means."""

    name: str
    verb: str
    path: str
    summary: str
    says: str
    parameters: tuple[Parameter, ...]
    body: str
    answers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Subject:
    name: str
    says: str
    operations: tuple[Operation, ...]


@router.get("/docs")
def show_docs(request: Request, person: Viewer) -> Response:
    description = described(request.app, desk_of(request))
    return page(
        request,
        "docs.html",
        person,
        address=str(request.base_url).rstrip("/"),
        subjects=subjects_of(description),
    )


def subjects_of(description: dict[str, Any]) -> tuple[Subject, ...]:
    """The operations by the subject they are about, in the order of the description."""
    operations = [
        (operation["tags"][0], _operation(path, verb, operation))
        for path, verbs in description["paths"].items()
        for verb, operation in verbs.items()
    ]
    return tuple(
        Subject(
            name=tag["name"],
            says=tag["description"],
            operations=tuple(one for subject, one in operations if subject == tag["name"]),
        )
        for tag in description["tags"]
    )


def _operation(path: str, verb: str, operation: dict[str, Any]) -> Operation:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return Operation(
        name=operation["operationId"],
        verb=verb.upper(),
        path=path,
        summary=operation["summary"],
        says=operation["description"],
        parameters=tuple(_parameter(one) for one in operation.get("parameters", ())),
        body=_kind(body["schema"]) if body else "",
        answers=tuple(
            (status, answer["description"])
            for status, answer in sorted(operation["responses"].items())
        ),
    )


def _parameter(one: dict[str, Any]) -> Parameter:
    return Parameter(
        name=one["name"],
        place=one["in"],
        kind=_kind(one["schema"]),
        says=one.get("description", ""),
        is_needed=one["required"],
    )


def _kind(schema: dict[str, Any]) -> str:
    """In a few words: Severity, list of ReviewState, integer 1 to 500."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}"
    words = [str(schema.get("format", schema.get("type", "any")))]
    if "minimum" in schema and "maximum" in schema:
        words.append(f"{schema['minimum']} to {schema['maximum']}")
    return " ".join(words)
