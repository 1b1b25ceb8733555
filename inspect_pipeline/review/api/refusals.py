"""Which refusals an operation may answer with, as its description declares them."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from inspect_pipeline.review.api.finding_models import ConflictOut
from inspect_pipeline.review.api.problems import Problem

Declared = dict[int | str, dict[str, Any]]


class ConflictProblem(Problem):
    """Somebody else reviewed the finding after you saw it: look at what was said first."""

    conflict: ConflictOut | None = Field(
        default=None, description="What was said; missing where the Idempotency-Key is to blame."
    )


_MEANINGS = {
    400: "The body cannot be read as JSON.",
    401: "No sign-in, or one that is over: send a token or sign in.",
    403: "Your role may not do this, or the CSRF token is missing.",
    404: "There is no such thing.",
    409: "The Idempotency-Key belongs to another request of yours.",
    413: "The body is too large.",
    422: "The request is not as described; `fields` says where.",
    503: "The database does not answer now: try again.",
}


def refusals(*more: int) -> Declared:
    """What every operation may answer, and these statuses besides."""
    return {
        status: {"model": Problem, "description": _MEANINGS[status]}
        for status in sorted({401, 403, 422, 503, *more})
    }


def writing(*more: int) -> Declared:
    """The same of an operation that reads a body."""
    return refusals(400, 413, *more)


def conflicts() -> Declared:
    return {
        409: {
            "model": ConflictProblem,
            "description": "Somebody reviewed the finding meanwhile: `conflict` is what was said. "
            "Or the Idempotency-Key belongs to another request of yours.",
        }
    }
