"""What people say: versions that guard, batches, undo and the trail, on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Barrier, Thread

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from db import queries
from db.engine import session
from db.errors import DatabaseError, RecordRefused, ReviewConflict, UnknownRecord
from db.models import Audit
from db.reviewing import Batch, Reviewed, audit_frame, review_finding, review_findings, undo
from db.rows import FindingRow, ReviewRow
from db.words import Judgement, ReviewState
from tests.integration.db.bare_rows import NOON, finding_row, frame_row, record

CONFIRMED, FALSE_ALARM = ReviewState.CONFIRMED, ReviewState.FALSE_ALARM
NEW, SECOND_LOOK = ReviewState.NEW, ReviewState.SECOND_LOOK


@pytest.fixture
def three(engine: Engine) -> list[int]:
    """The ids of three findings of one frame."""
    return record(engine, frame_row(), *(finding_row(number) for number in (1, 2, 3)))


def at(minute: int) -> datetime:
    return NOON + timedelta(minutes=minute)


def say(
    engine: Engine,
    finding_id: int,
    state: ReviewState,
    *,
    by: str = "Ada",
    minute: int = 0,
    seen: int | None = None,
) -> Reviewed:
    with session(engine) as opened:
        return review_finding(
            opened,
            finding_id,
            state_after=state,
            reviewer=by,
            reviewed_at=at(minute),
            seen_version=seen,
        )


def say_all(
    engine: Engine, seen: dict[int, int | None], state: ReviewState, *, by: str = "Ada"
) -> Batch:
    with session(engine) as opened:
        return review_findings(
            opened, seen, state_after=state, reviewer=by, reviewed_at=at(0), note="all of them"
        )


def take_back(engine: Engine, batch_id: str, *, by: str = "Ada", minute: int = 5) -> Batch:
    with session(engine) as opened:
        return undo(opened, batch_id, reviewer=by, reviewed_at=at(minute))


def states(engine: Engine) -> list[ReviewState]:
    return [row.state for row in rows(engine)]


def rows(engine: Engine) -> list[FindingRow]:
    with session(engine, read_only=True) as opened:
        return sorted(queries.findings(opened), key=lambda row: row.finding_id)


def trail(engine: Engine) -> list[ReviewRow]:
    with session(engine, read_only=True) as opened:
        return queries.reviews(opened)


def test_a_review_of_the_version_that_was_seen_counts_it_up(
    engine: Engine, three: list[int]
) -> None:
    first = say(engine, three[0], SECOND_LOOK, seen=1)
    second = say(engine, three[0], CONFIRMED, seen=first.version)

    assert (first.version, second.version) == (2, 3)
    assert second.state_before is SECOND_LOOK
    assert [row.version for row in rows(engine)] == [3, 1, 1]


def test_the_second_of_two_reviewers_is_told_what_the_first_said(
    engine: Engine, three: list[int]
) -> None:
    say(engine, three[0], FALSE_ALARM, by="Ada", minute=3, seen=1)

    with pytest.raises(ReviewConflict) as caught:
        say(engine, three[0], CONFIRMED, by="Grace", minute=4, seen=1)

    assert "Ada said 'false alarm' at 2026-03-29 12:03:00 UTC. Load it again" in str(caught.value)
    assert states(engine) == [FALSE_ALARM, NEW, NEW]
    assert [review.reviewer for review in trail(engine)] == ["Ada"]


def test_a_conflict_with_an_undo_says_that_it_was_taken_back(
    engine: Engine, three: list[int]
) -> None:
    said = say(engine, three[0], FALSE_ALARM, by="Ada", seen=1)
    take_back(engine, said.batch_id, by="Ada", minute=5)

    with pytest.raises(ReviewConflict, match=r"Ada took a review back \(now 'new'\) at 2026-"):
        say(engine, three[0], CONFIRMED, by="Grace", seen=1)


def test_without_a_version_the_last_word_wins(engine: Engine, three: list[int]) -> None:
    say(engine, three[0], FALSE_ALARM, by="Ada", seen=1)
    say(engine, three[0], CONFIRMED, by="Grace")

    assert states(engine)[0] is CONFIRMED


def test_of_two_reviewers_at_the_same_moment_one_gets_a_conflict(
    engine: Engine, three: list[int]
) -> None:
    start, outcomes = Barrier(2), []

    def speak(name: str, state: ReviewState) -> None:
        start.wait()
        try:
            say(engine, three[0], state, by=name, seen=1)
        except ReviewConflict:
            outcomes.append("conflict")
        else:
            outcomes.append("written")

    people = [
        Thread(target=speak, args=("Ada", CONFIRMED)),
        Thread(target=speak, args=("Grace", FALSE_ALARM)),
    ]
    for person in people:
        person.start()
    for person in people:
        person.join()

    assert sorted(outcomes) == ["conflict", "written"]
    assert [review.state_before for review in trail(engine)] == [NEW]


def test_a_bulk_review_leaves_what_others_reviewed_and_names_it(
    engine: Engine, three: list[int]
) -> None:
    say(engine, three[1], CONFIRMED, by="Grace", seen=1)

    batch = say_all(engine, dict.fromkeys(three, 1), FALSE_ALARM)

    assert [one.finding_id for one in batch.reviewed] == [three[0], three[2]]
    (conflict,) = batch.conflicts
    assert (conflict.finding_id, conflict.state, conflict.version) == (three[1], CONFIRMED, 2)
    assert conflict.said is not None
    assert conflict.said.reviewer == "Grace"
    assert states(engine) == [FALSE_ALARM, CONFIRMED, FALSE_ALARM]


def test_reviews_of_one_action_share_a_batch_and_its_note(engine: Engine, three: list[int]) -> None:
    batch = say_all(engine, dict.fromkeys(three, None), FALSE_ALARM)

    assert {(one.batch_id, one.note) for one in trail(engine)} == {(batch.batch_id, "all of them")}
    assert say(engine, three[0], CONFIRMED).batch_id != batch.batch_id


def test_a_bulk_review_with_an_unknown_finding_changes_nothing(
    engine: Engine, three: list[int]
) -> None:
    with pytest.raises(UnknownRecord, match="no finding 998, 999"):
        say_all(engine, {**dict.fromkeys(three, 1), 999: 1, 998: None}, FALSE_ALARM)

    assert states(engine) == [NEW, NEW, NEW]
    assert trail(engine) == []


def test_a_bulk_review_of_nothing_is_an_action_without_reviews(engine: Engine) -> None:
    batch = say_all(engine, {}, FALSE_ALARM)

    assert (batch.reviewed, batch.conflicts) == ((), ())


@pytest.mark.parametrize("name", ["", "  "])
def test_a_review_needs_a_name(engine: Engine, three: list[int], name: str) -> None:
    with pytest.raises(RecordRefused, match="needs the reviewer's name"):
        say(engine, three[0], CONFIRMED, by=name)

    assert states(engine)[0] is NEW


def test_a_review_cannot_make_a_finding_new(engine: Engine, three: list[int]) -> None:
    with pytest.raises(RecordRefused, match="cannot make a finding new again"):
        say(engine, three[0], NEW)


def test_undo_gives_each_finding_the_state_it_had(engine: Engine, three: list[int]) -> None:
    say(engine, three[0], SECOND_LOOK, by="Grace")
    batch = say_all(engine, dict.fromkeys(three, None), FALSE_ALARM)

    undone = take_back(engine, batch.batch_id)

    assert states(engine) == [SECOND_LOOK, NEW, NEW]
    assert [row.version for row in rows(engine)] == [4, 3, 3]
    assert [one.undoes_id for one in trail(engine)[-3:]] == [
        one.review_id for one in batch.reviewed
    ]
    assert undone.conflicts == ()


def test_nobody_can_undo_what_somebody_else_said(engine: Engine, three: list[int]) -> None:
    said = say(engine, three[0], CONFIRMED, by="Ada")

    with pytest.raises(RecordRefused, match="only Ada can undo it"):
        take_back(engine, said.batch_id, by="Grace")

    assert states(engine)[0] is CONFIRMED


def test_undo_leaves_what_somebody_answered_since(engine: Engine, three: list[int]) -> None:
    batch = say_all(engine, dict.fromkeys(three, None), FALSE_ALARM, by="Ada")
    say(engine, three[1], CONFIRMED, by="Grace")

    undone = take_back(engine, batch.batch_id, by="Ada")

    assert states(engine) == [NEW, CONFIRMED, NEW]
    assert [conflict.finding_id for conflict in undone.conflicts] == [three[1]]
    assert undone.conflicts[0].said is not None
    assert undone.conflicts[0].said.reviewer == "Grace"


def test_undo_of_an_undo_says_it_again(engine: Engine, three: list[int]) -> None:
    said = say(engine, three[0], FALSE_ALARM)
    undone = take_back(engine, said.batch_id)

    again = take_back(engine, undone.batch_id)

    assert states(engine)[0] is FALSE_ALARM
    assert [one.undoes_id for one in trail(engine)] == [
        None,
        said.review_id,
        undone.reviewed[0].review_id,
    ]
    assert again.conflicts == ()


def test_an_action_is_undone_once(engine: Engine, three: list[int]) -> None:
    said = say(engine, three[0], FALSE_ALARM)
    take_back(engine, said.batch_id)

    second = take_back(engine, said.batch_id)

    assert second.reviewed == ()
    assert [conflict.finding_id for conflict in second.conflicts] == [three[0]]
    assert len(trail(engine)) == 2


def test_an_unknown_action_cannot_be_undone(engine: Engine) -> None:
    with pytest.raises(UnknownRecord, match="no action 'none' to undo"):
        take_back(engine, "none")


def test_an_audit_keeps_who_said_what_of_a_frame(engine: Engine, three: list[int]) -> None:
    with session(engine) as opened:
        audit_id = audit_frame(
            opened,
            rows(engine)[0].frame_id,
            judgement=Judgement.GOOD,
            auditor=" Ada ",
            audited_at=at(1),
            note="measured",
        )

    with session(engine, read_only=True) as opened:
        audit = opened.get_one(Audit, audit_id)
    assert (audit.auditor, audit.judgement, audit.note) == ("Ada", Judgement.GOOD, "measured")


def test_an_audit_of_an_unknown_frame_is_refused(engine: Engine) -> None:
    with pytest.raises(UnknownRecord, match="no frame 7"), session(engine) as opened:
        audit_frame(opened, 7, judgement=Judgement.GOOD, auditor="Ada", audited_at=at(1))


@pytest.mark.parametrize("table", ["reviews", "audits"])
@pytest.mark.parametrize("change", ["UPDATE {} SET note = 'other'", "DELETE FROM {}"])
def test_the_trail_cannot_be_changed_by_sql(
    engine: Engine, three: list[int], table: str, change: str
) -> None:
    say(engine, three[0], CONFIRMED)
    with session(engine) as opened:
        audit_frame(
            opened,
            rows(engine)[0].frame_id,
            judgement=Judgement.DEFECTIVE,
            auditor="Ada",
            audited_at=at(1),
        )

    with (
        pytest.raises(DatabaseError, match=f"{table} are append-only"),
        session(engine) as opened,
    ):
        opened.execute(sa.text(change.format(table)))

    with session(engine, read_only=True) as opened:
        assert opened.scalar(sa.text(f"SELECT count(*) FROM {table} WHERE note IS NULL")) == 1
