"""Two programs that change the same counts at once: the second sees what the first did."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Thread

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from db.catalogue import meet_plant
from db.engine import session, snapshot
from db.models import JudgedTally, Plant
from db.repository import record_inspection
from db.reviewing import audit_frame, review_finding
from db.tallies.recounting import recount, wrong_tallies
from db.words import JudgedBy, Judgement, ReviewState
from tests.integration.db.bare_rows import (
    NOON,
    a_model,
    finding_row,
    frame_row,
    inspection_row,
    record,
    sha,
)

LATE = NOON + timedelta(hours=11)  # the next day in Berlin
WAITING = sa.text(
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
)

Act = Callable[[Session], object]


@pytest.fixture
def two(engine: Engine) -> list[int]:
    """The ids of two findings of one frame."""
    return record(engine, frame_row(), finding_row(1), finding_row(2))


def test_of_two_who_settle_a_frame_at_once_the_second_judges_it(
    engine: Engine, two: list[int]
) -> None:
    at_once(engine, confirming(two[0]), confirming(two[1]))

    assert judged(engine) == [(JudgedBy.REVIEWS, True, True, 1)]
    assert_counts_are_right(engine)


def test_a_frame_that_is_inspected_again_while_it_is_settled_keeps_the_older_models_word(
    engine: Engine, two: list[int]
) -> None:
    with session(engine) as opened:
        confirming(two[0])(opened)
        a_model(opened, sha("newer"))

    def look_again(opened: Session) -> None:
        record_inspection(opened, frame_row(), inspection_row(model_id=sha("newer")))

    at_once(engine, confirming(two[1]), look_again)

    assert judged(engine) == [(JudgedBy.REVIEWS, False, True, 1)]
    assert_counts_are_right(engine)


def test_of_two_audits_at_once_the_second_counts(engine: Engine, two: list[int]) -> None:
    at_once(engine, auditing(Judgement.DEFECTIVE), auditing(Judgement.GOOD))

    assert judged(engine) == [(JudgedBy.AUDITS, True, False, 1)]
    assert_counts_are_right(engine)


def test_who_counts_all_again_waits_for_what_is_being_said(engine: Engine, two: list[int]) -> None:
    at_once(engine, confirming(two[0]), recount)

    assert_counts_are_right(engine)


def test_the_plants_clock_is_turned_after_what_is_being_said(
    engine: Engine, two: list[int]
) -> None:
    at_once(engine, confirming(two[0], at=LATE), turn_the_clock)

    assert_counts_are_right(engine)


def test_what_is_said_while_the_clock_is_turned_is_counted_by_the_new_one(
    engine: Engine, two: list[int]
) -> None:
    at_once(engine, turn_the_clock, confirming(two[0], at=LATE))

    assert_counts_are_right(engine)


def at_once(engine: Engine, first: Act, second: Act) -> None:
    """The second begins before the first has ended, and comes to where it must wait."""

    def act() -> None:
        with session(engine) as opened:
            second(opened)

    other = Thread(target=act)
    with session(engine) as opened:
        first(opened)
        other.start()
        while engine.dialect.name == "postgresql" and other.is_alive():
            with session(engine, read_only=True) as watching:
                if watching.scalar(WAITING):
                    break
    other.join()


def confirming(finding_id: int, *, at: datetime = NOON) -> Act:
    def act(opened: Session) -> None:
        review_finding(
            opened, finding_id, state_after=ReviewState.CONFIRMED, reviewer="Ada", reviewed_at=at
        )

    return act


def auditing(judgement: Judgement) -> Act:
    def act(opened: Session) -> None:
        audit_frame(opened, 1, judgement=judgement, auditor="Eve", audited_at=NOON)

    return act


def turn_the_clock(opened: Session) -> None:
    meet_plant(opened, Plant(plant="Works", timezone="Europe/Berlin", seen_at=NOON), [], [])


def judged(engine: Engine) -> list[tuple[JudgedBy, bool, bool, int]]:
    """Source, is it the newest inspection, is the frame defective, how many."""
    with session(engine, read_only=True) as opened:
        chosen = sa.select(
            JudgedTally.source, JudgedTally.is_newest, JudgedTally.defective, JudgedTally.frames
        )
        return [
            (source, is_newest, defective, frames)
            for source, is_newest, defective, frames in opened.execute(
                chosen.where(JudgedTally.frames != 0)
            )
        ]


def assert_counts_are_right(engine: Engine) -> None:
    with snapshot(engine) as opened:
        assert wrong_tallies(opened) == 0
