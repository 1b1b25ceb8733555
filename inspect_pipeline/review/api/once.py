"""A request that is sent again under the same Idempotency-Key is answered again and done once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, TypeVar

from fastapi import Header
from pydantic import BaseModel
from sqlalchemy.orm import Session

from db.kept_answers import Claim, claim_key, keep_answer
from inspect_pipeline.review.access import Person
from inspect_pipeline.review.api.problems import ApiProblem, Code

Answer = TypeVar("Answer", bound=BaseModel)

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[!-~]{1,200}$",
        description="A word of your choice, new for each action: the same request under the same "
        "key is done once and answered the same each time.",
    ),
]


def once(
    opened: Session,
    work: Callable[[], Answer],
    shape: type[Answer],
    *,
    key: str | None,
    person: Person,
    request: list[object],
    at: datetime,
) -> Answer:
    """What `work` says, or what it said when the person sent this request under this key before.

    `request` is plain JSON that tells it from others. A refused request is not kept.
    """
    if key is None:
        return work()
    written = json.dumps(request, sort_keys=True).encode()
    sha256 = hashlib.sha256(written).hexdigest()
    claim = Claim(user_id=person.user_id, key=key, request_sha256=sha256)
    kept = claim_key(opened, claim, at=at)
    if kept is None:
        answer = work()
        keep_answer(opened, claim, answer.model_dump(mode="json"))
        return answer
    if kept.request_sha256 != sha256:
        raise ApiProblem(
            409,
            Code.KEY_REUSED,
            "this Idempotency-Key belongs to another request of yours: use a new one",
        )
    return shape.model_validate(kept.answer)
