"""A program that heard no answer asks again: under the same key nothing is written twice.

A key is claimed first, in the transaction that does the work. Whoever claims it second waits for
that transaction to end and is told what the first was told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, delete, func, select, tuple_, update
from sqlalchemy.orm import Session

from db.adding import add_once
from db.engine import session
from db.models import KeptAnswer
from db.transfer import Watch

MOST_AT_ONCE = 5000


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Whose key it is, and of what request (its sha256, so that a key means one thing)."""

    user_id: int
    key: str
    request_sha256: str


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What the first request under a key was, and what it was told."""

    request_sha256: str
    answer: dict[str, Any]


def claim_key(opened: Session, claim: Claim, *, at: datetime) -> Kept | None:
    """None where the key is new: do the work, then `keep_answer`. Else what was kept under it."""
    claimed = KeptAnswer(
        user_id=claim.user_id,
        key=claim.key,
        request_sha256=claim.request_sha256,
        answer={},
        kept_at=at,
    )
    if add_once(opened, claimed):
        return None
    chosen = select(KeptAnswer.request_sha256, KeptAnswer.answer)
    row = opened.execute(chosen.where(*_is(claim))).one()
    return Kept(request_sha256=row.request_sha256, answer=row.answer)


def keep_answer(opened: Session, claim: Claim, answer: dict[str, Any]) -> None:
    """Keeps what the request that claimed the key is told; `answer` is plain JSON."""
    opened.execute(update(KeptAnswer).where(*_is(claim)).values(answer=answer))


def count_answers(opened: Session, *, kept_before: datetime) -> int:
    """How many would `forget_answers` forget?"""
    old = select(func.count()).where(KeptAnswer.kept_at < kept_before)
    return opened.scalar(old) or 0


def forget_answers(
    engine: Engine, *, kept_before: datetime, watch: Watch, most_at_once: int = MOST_AT_ONCE
) -> int:
    """Deletes old answers in small transactions; how many. Their keys may be used anew."""
    key, forgotten = tuple_(KeptAnswer.user_id, KeptAnswer.key), 0
    old = select(KeptAnswer.user_id, KeptAnswer.key).where(KeptAnswer.kept_at < kept_before)
    while True:
        with session(engine) as opened:
            keys = opened.execute(old.order_by(KeptAnswer.kept_at).limit(most_at_once)).all()
            opened.execute(delete(KeptAnswer).where(key.in_([tuple(one) for one in keys])))
        if not keys:
            return forgotten
        forgotten += len(keys)
        watch("answers", len(keys))


def _is(claim: Claim) -> tuple[Any, Any]:
    return KeptAnswer.user_id == claim.user_id, KeptAnswer.key == claim.key
