"""What went wrong, in words that leak nothing: a page for people, a problem body for programs.

Each has a short id that stands in the log beside the whole story. A message is shown only where it
is our own; what a database or the system said stays in the log.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from urllib.parse import quote

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException as StarletteHTTPException

from db.errors import (
    DatabaseError,
    DatabaseUnreachable,
    EvidenceError,
    EvidenceMissing,
    QuestionRefused,
    RecordRefused,
    ReviewConflict,
    UnknownRecord,
)
from inspect_pipeline.errors import ExportRefused
from inspect_pipeline.review.access import NotAllowed, NotOurForm, NotSignedIn, is_api, person_of
from inspect_pipeline.review.api.problems import (
    MEDIA_TYPE,
    ApiProblem,
    Code,
    FieldProblem,
    field_problems,
    problem_body,
)
from inspect_pipeline.review.desk import desk_of
from inspect_pipeline.review.page import page
from inspect_pipeline.review.shield import harden

_log = logging.getLogger(__name__)

_STATUS = {
    NotAllowed: 403,
    NotOurForm: 403,
    UnknownRecord: 404,
    ReviewConflict: 409,
    RecordRefused: 422,
    QuestionRefused: 422,
    ExportRefused: 422,
    DatabaseUnreachable: 503,
    EvidenceMissing: 404,
    EvidenceError: 500,
    DatabaseError: 500,
}
_OURS = (
    NotAllowed,
    NotOurForm,
    UnknownRecord,
    ReviewConflict,
    RecordRefused,
    QuestionRefused,
    ExportRefused,
)
_MOST_FIELDS = 5  # in the sentence; programs get them all
_PLAIN = {
    400: "The request could not be read.",
    401: "Sign in first.",
    403: "You may not do this.",
    404: "There is nothing here. It may have been removed, or the address has a slip in it.",
    405: "This address does not take that kind of request.",
    409: "Somebody else changed this meanwhile. Load it again.",
    413: "Too much was sent at once.",
    422: "Something in the request is not as it should be.",
    429: "Too many tries. Wait a little.",
    500: "Something went wrong on our side. Try again; if it stays, give the number to support.",
    503: "The database does not answer at the moment. Try again in a minute.",
}


def answer_problems(app: FastAPI) -> None:
    """Registers what is answered when a handler raises."""
    app.add_exception_handler(NotSignedIn, _to_sign_in)
    app.add_exception_handler(ApiProblem, _refused)
    app.add_exception_handler(RequestValidationError, _unfit_request)
    app.add_exception_handler(StarletteHTTPException, _http)
    for kind in _STATUS:
        app.add_exception_handler(kind, _known)
    app.add_exception_handler(Exception, _unknown)


def problem(
    request: Request,
    status: int,
    message: str,
    *,
    code: Code | None = None,
    fields: Sequence[FieldProblem] = (),
    beside: Mapping[str, object] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """The answer for a request that failed: a body for programs, a notice for HTMX, or a page.

    `code`, `fields` and the facts `beside` them are for programs alone.
    """
    number = getattr(request.state, "problem_id", None) or secrets.token_hex(4)
    title = HTTPStatus(status).phrase
    answer: Response
    if is_api(request):
        body = problem_body(status, message, number, code=code, fields=fields)
        answer = JSONResponse({**(beside or {}), **body}, status, media_type=MEDIA_TYPE)
    else:
        person = getattr(request.state, "person", None)
        if person is None and status == 404:  # the way back; a database that is gone is no 404
            person = person_of(request)
        is_part = "HX-Request" in request.headers
        template = "problem_notice.html" if is_part else "problem.html"
        facts = {"title": title, "message": message, "number": number, "status_code": status}
        answer = page(request, template, person, status=status, **facts)
        if is_part:
            answer.headers.update({"HX-Retarget": "#notices", "HX-Reswap": "innerHTML"})
    answer.headers.update(headers or {})
    harden(answer.headers, request.url.path, https=desk_of(request).settings.https)
    return answer


def _known(request: Request, error: Exception) -> Response:
    status = next(code for kind, code in _STATUS.items() if isinstance(error, kind))
    is_bare = error.__cause__ is None or isinstance(error, QuestionRefused)  # its words are ours
    is_ours = isinstance(error, _OURS) and is_bare
    _note(request, error, status)
    headers = {"Retry-After": "30"} if status == 503 else None
    return problem(request, status, str(error) if is_ours else _PLAIN[status], headers=headers)


def _unknown(request: Request, error: Exception) -> Response:
    _note(request, error, 500)
    return problem(request, 500, _PLAIN[500])


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, StarletteHTTPException)
    status, said = error.status_code, str(error.detail)
    is_ours = isinstance(error, HTTPException) and said != HTTPStatus(status).phrase
    message = said if is_ours else _PLAIN.get(status, said)
    _note(request, error, status)
    return problem(request, status, message, headers=dict(error.headers or {}))


def _unfit_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    fields = field_problems(error)
    _note(request, NotOurForm("; ".join(one.field for one in fields)), 422)
    message = "; ".join(f"{one.field}: {one.problem}" for one in fields[:_MOST_FIELDS])
    return problem(request, 422, message, fields=fields)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiProblem)
    _note(request, error, error.status)
    return problem(
        request,
        error.status,
        error.detail,
        code=error.code,
        fields=error.fields,
        beside=error.extra,
    )


def _to_sign_in(request: Request, error: Exception) -> Response:
    if is_api(request):
        return problem(request, 401, str(error), headers={"WWW-Authenticate": "Bearer"})
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if "HX-Request" in request.headers:
        answer = problem(request, 401, _PLAIN[401])
        answer.headers["HX-Redirect"] = "/login"
        return answer
    back = f"?next={quote(here)}" if request.method == "GET" and here != "/" else ""
    return RedirectResponse(f"/login{back}", status_code=303)


def _note(request: Request, error: Exception, status: int) -> None:
    """One line in the log under the id that the person sees; a fault of ours with its traceback."""
    number = secrets.token_hex(4)
    request.state.problem_id = number
    level = logging.ERROR if status >= 500 else logging.INFO
    _log.log(
        level,
        "problem %s: %s %r answered %d: %s",
        number,
        request.method,
        request.url.path,
        status,
        repr(str(error)),
        exc_info=error if status >= 500 else None,
    )
