"""The OpenAPI description, as true as the code it is made from: FastAPI's own, put right.

FastAPI says that problems are plain JSON, that a query can hold null, and knows nothing of the
cookie: here it is told.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from starlette.responses import JSONResponse

from inspect_pipeline.review.access import CSRF_HEADER, SAFE_METHODS, Viewer, cookie_name
from inspect_pipeline.review.api.problems import MEDIA_TYPE
from inspect_pipeline.review.desk import Desk, desk_of

router = APIRouter()

VERSION = "1"
_SAYS = """\
What was found on the line, what people said of it, and the answers to the standing questions.

Sign in with `Authorization: Bearer SECRET`: make the token under *Account*. A signed-in browser can
use its cookie instead; what changes something then needs the header `X-CSRF-Token`.

Times are ISO 8601 with a zone, and are answered in UTC. Lists come in pages of at most 500: hand
`next_cursor` back as `cursor` until it is null. What is refused is answered as problem+json, with a
`code` that programs may decide by.
"""
_TAGS = (
    ("findings", "Regions that differ from good parts, and what people say of them."),
    ("frames", "Pictures from the cameras, their inspections and audits."),
    ("plant", "Lines, cameras, parts, and the models that inspect."),
    ("jobs", "What is done by the clock: when it is due, and how it went."),
    ("alerts", "What the plant's rules called out, who takes care, and which messages were sent."),
    ("reports", "Reports that were made, and their files."),
    ("questions", "The standing questions; every answer is a table."),
    ("account", "Who you are, and the tokens of your programs."),
)


@router.get("/openapi.json", include_in_schema=False)
def get_description(request: Request, _person: Viewer) -> JSONResponse:
    """For everybody who may use the API; it names what there is, and so is not public."""
    return JSONResponse(described(request.app, desk_of(request)))


def described(app: FastAPI, desk: Desk) -> dict[str, Any]:
    """Made once and kept with the application."""
    if app.openapi_schema is None:
        made = get_openapi(
            title="Findings of the inspection pipeline",
            version=VERSION,
            description=_SAYS,
            routes=app.routes,
            tags=[{"name": name, "description": says} for name, says in _TAGS],
        )
        _name_keys(made, desk)
        for operations in made["paths"].values():
            for method, operation in operations.items():
                _put_right(operation, method.upper())
        app.openapi_schema = made
    return app.openapi_schema


def _name_keys(made: dict[str, Any], desk: Desk) -> None:
    made["components"]["securitySchemes"] = {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "A token that you made under *Account*.",
        },
        "cookie": {
            "type": "apiKey",
            "in": "cookie",
            "name": cookie_name(desk.settings),
            "description": "A browser that signed in.",
        },
        "csrf": {
            "type": "apiKey",
            "in": "header",
            "name": CSRF_HEADER,
            "description": "Beside the cookie for what changes something: it stands in each page.",
        },
    }


def _put_right(operation: dict[str, Any], method: str) -> None:
    by_cookie: dict[str, list[str]] = {"cookie": []}
    if method not in SAFE_METHODS:
        by_cookie["csrf"] = []
    operation["security"] = [{"bearer": []}, by_cookie]
    for parameter in operation.get("parameters", ()):
        _drop_null(parameter["schema"])
    for status, answer in operation["responses"].items():
        if int(status) >= 400:
            answer["content"] = {MEDIA_TYPE: answer["content"].pop("application/json")}


def _drop_null(schema: dict[str, Any]) -> None:
    """A parameter that is left out has no value; there is no way to write null."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) == 1:
        del schema["anyOf"]
        schema.update({**kinds[0], **schema})
