"""Answers that are kept for programs, and forgotten when they are old."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from db.engine import session
from db.kept_answers import Claim, Kept, claim_key, count_answers, forget_answers, keep_answer
from db.models import KeptAnswer
from db.people import create_user
from db.words import Role
from tests.integration.db.bare_rows import NOON, sha
from tests.integration.db.growing_old import quietly

DAY = timedelta(days=1)


@pytest.fixture
def program(engine: Engine) -> Engine:
    """Keys 0 to 9 of one account, a day apart from noon on."""
    with session(engine) as opened:
        create_user(
            opened,
            name="ada",
            full_name="Ada",
            role=Role.ADMIN,
            password_hash="hash",
            created_at=NOON,
        )
        for day in range(10):
            claim_key(opened, claim(day), at=NOON + day * DAY)
            keep_answer(opened, claim(day), {"review_id": day})
    return engine


def claim(day: int) -> Claim:
    return Claim(user_id=1, key=f"key {day}", request_sha256=sha(f"request {day}"))


def days_kept(engine: Engine) -> list[int]:
    chosen = sa.select(KeptAnswer.answer).order_by(KeptAnswer.kept_at)
    with session(engine, read_only=True) as opened:
        return [answer["review_id"] for answer in opened.scalars(chosen)]


@pytest.mark.parametrize("most_at_once", [1, 3, 100])
def test_answers_of_before_are_forgotten_and_those_since_stay(
    program: Engine, most_at_once: int
) -> None:
    before = NOON + 6 * DAY
    with session(program, read_only=True) as opened:
        assert count_answers(opened, kept_before=before) == 6

    forgotten = forget_answers(
        program, kept_before=before, watch=quietly, most_at_once=most_at_once
    )

    assert forgotten == 6
    assert days_kept(program) == [6, 7, 8, 9]
    assert forget_answers(program, kept_before=before, watch=quietly) == 0


def test_a_forgotten_key_may_be_used_anew_and_a_kept_one_answers_as_before(
    program: Engine,
) -> None:
    forget_answers(program, kept_before=NOON + DAY, watch=quietly)

    with session(program) as opened:
        assert claim_key(opened, claim(0), at=NOON + 20 * DAY) is None
        kept = claim_key(opened, claim(1), at=NOON + 20 * DAY)

    assert kept == Kept(request_sha256=sha("request 1"), answer={"review_id": 1})
