"""Agreement, false alarms and escapes, as people said them, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from db.engine import session
from db.models import Finding
from db.questions.proportions import wilson_interval
from db.reviewing import review_findings
from db.words import Judgement, Outcome, ReviewState, Verdict
from tests.integration.db.asking import answer, at, audit, rows, say, take_back
from tests.integration.db.rows_to_ask import (
    NEWER_MODEL,
    finding_at,
    inspected,
    know_models,
)

YES, NO, PERHAPS = ReviewState.CONFIRMED, ReviewState.FALSE_ALARM, ReviewState.SECOND_LOOK


@pytest.fixture
def reviewed(engine: Engine) -> Engine:
    """Ten findings. Ada and Bo judge 1 to 5, agree on 1, 2, 3; Ada alone 6; Cy only looks at 7."""
    with session(engine) as opened:
        know_models(opened)
        for number in range(10):
            inspected(opened, at(number), finding_at())
    for finding_id, ada, bo in ((1, YES, YES), (2, YES, YES), (3, NO, NO), (4, YES, NO)):
        say(engine, "Ada", ada, finding_id)
        say(engine, "Bo", bo, finding_id, 120)
    say(engine, "Ada", YES, 5)
    say(engine, "Ada", NO, 5, 70)  # changes her mind: the last word counts
    say(engine, "Bo", YES, 5, 120)
    say(engine, "Ada", NO, 6)
    say(engine, "Cy", PERHAPS, 7)
    take_back(engine, "Bo", say(engine, "Bo", YES, 6, 130), 131)
    return engine


def test_agreement_is_counted_per_pair_and_beyond_chance(reviewed: Engine) -> None:
    pairs = answer(reviewed, "agreement")

    assert rows(pairs, "reviewer", "other", "findings", "agreed", "share") == [
        ("Ada", "Bo", 5, 3, 0.6)
    ]
    (pair,) = pairs.itertuples()
    assert (pair.low, pair.high) == pytest.approx(wilson_interval(3, 5))
    # both said yes to 3 of 5: by chance they agree on 0.36 + 0.16 of them
    assert pair.kappa == pytest.approx((0.6 - 0.52) / 0.48)


def test_pairs_with_few_findings_can_be_left_out(reviewed: Engine) -> None:
    assert len(answer(reviewed, "agreement", fewest="6")) == 0
    assert len(answer(reviewed, "agreement", line="line-2")) == 0
    assert len(answer(reviewed, "agreement", part="bracket", until="2026-03-30T13:30")) == 0


def test_an_undone_undo_stands_again(reviewed: Engine) -> None:
    batch = say(reviewed, "Bo", NO, 6, 140)
    undone = take_back(reviewed, "Bo", batch, 141)
    assert answer(reviewed, "agreement")["findings"].tolist() == [5]

    take_back(reviewed, "Bo", undone, 142)

    assert answer(reviewed, "agreement")["findings"].tolist() == [6]


def test_false_alarms_count_each_finding_once_where_it_was_judged_last(reviewed: Engine) -> None:
    say(reviewed, "Ada", YES, 6, 60 * 24)  # on Tuesday

    days = answer(reviewed, "false-alarms", by="day")
    people = answer(reviewed, "false-alarms", by="reviewer")

    # Monday: 1 yes, 2 yes, 3 no, 4 no, 5 yes; Tuesday: 6 yes
    assert rows(days, "period", "reviewed", "false_alarms") == [
        ("2026-03-30", 5, 2),
        ("2026-03-31", 1, 0),
    ]
    assert (days["low"][0], days["high"][0]) == pytest.approx(wilson_interval(2, 5))
    assert rows(people, "reviewer", "reviewed", "false_alarms") == [("Ada", 6, 2), ("Bo", 5, 2)]


def test_without_verdicts_no_share_is_told(engine: Engine) -> None:
    assert len(answer(engine, "false-alarms")) == 0
    assert len(answer(engine, "agreement")) == 0
    assert len(answer(engine, "escapes")) == 0


@pytest.fixture
def judged(engine: Engine) -> Engine:
    """Frames 1 to 4 passed (3 and 4 with a rejected finding), 5 to 8 failed with two each."""

    def rejected() -> Finding:
        return finding_at(60, 10, verdict=Verdict.REJECTED)

    with session(engine) as opened:
        know_models(opened)
        for number in range(1, 3):
            inspected(opened, at(number))
        for number in range(3, 5):
            inspected(opened, at(number), rejected(), outcome=Outcome.PASSED)
        for number in range(5, 9):
            inspected(opened, at(number), finding_at(10, 10), rejected())
    return engine


def test_audits_tell_escapes_and_false_calls_and_the_newest_counts(judged: Engine) -> None:
    for frame_id, judgement in (
        (1, Judgement.DEFECTIVE),
        (2, Judgement.GOOD),
        (3, Judgement.DEFECTIVE),
        (3, Judgement.GOOD),
        (5, Judgement.GOOD),
        (6, Judgement.DEFECTIVE),
    ):
        audit(judged, frame_id, judgement)

    rates = answer(judged, "escapes")

    assert rows(rates, "measure", "source", "per", "frames", "count") == [
        ("escape", "audits", "all", 3, 1),
        ("false_call", "audits", "all", 2, 1),
    ]
    assert (rates["low"][0], rates["high"][0]) == pytest.approx(wilson_interval(1, 3))


def test_reviews_judge_a_frame_once_what_counts_is_settled(judged: Engine) -> None:
    """Findings 1, 2 are those of frames 3, 4; 3 and 4 of frame 5, and so on; even: rejected."""
    for finding_id, state in (
        *((1, YES), (2, NO)),  # frame 3 escaped, frame 4 passed rightly
        (3, NO),  # frame 5 was stopped for nothing: the rejected finding does not matter
        *((5, NO), (6, YES)),  # frame 6: the rejected one was a defect after all
        (8, NO),  # frame 7: what counts is not settled
        (9, PERHAPS),  # frame 8: neither
    ):
        say(judged, "Ada", state, finding_id)

    rates = answer(judged, "escapes", by="line")

    assert rows(rates, "measure", "source", "per", "frames", "count") == [
        ("escape", "reviews", "line-1", 2, 1),
        ("false_call", "reviews", "line-1", 2, 1),
    ]
    assert len(answer(judged, "escapes", part="gear")) == 0
    assert len(answer(judged, "escapes", since="2026-03-31")) == 0


def test_what_counts_is_what_the_newest_inspection_or_the_model_said(judged: Engine) -> None:
    with session(judged) as opened:
        know_models(opened, NEWER_MODEL, part="gear")
        inspected(opened, at(1), finding_at(), model_id=NEWER_MODEL)
        review_findings(
            opened, {3: None}, state_after=NO, reviewer="Ada", reviewed_at=at(60), note=None
        )
    audit(judged, 1, Judgement.GOOD)

    newest = answer(judged, "escapes", by="day")
    older = answer(judged, "escapes", model="bracket-0")

    assert rows(newest, "measure", "source", "per", "frames", "count") == [
        ("false_call", "audits", "2026-03-30", 1, 1),
        ("false_call", "reviews", "2026-03-30", 1, 1),
    ]
    assert rows(older, "measure", "source", "frames", "count") == [
        ("escape", "audits", 1, 0),
        ("false_call", "reviews", 1, 1),
    ]
