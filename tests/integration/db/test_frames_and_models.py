"""History, similar findings, repeats and changes between models, on both databases."""

from __future__ import annotations

import pandas as pd
import pytest
from sqlalchemy import Engine

from db.engine import session
from db.errors import QuestionRefused
from db.models import GoodFrame
from db.words import Judgement, Outcome, ReviewState
from inspect_pipeline.records import sha256_of
from tests.integration.db.asking import answer, at, audit, rows, say, take_back
from tests.integration.db.rows_to_ask import (
    MODEL,
    NEWER_MODEL,
    finding_at,
    inspected,
    know_models,
)

NO = ReviewState.FALSE_ALARM


@pytest.fixture
def two_models(engine: Engine) -> Engine:
    """Frame 1: one finding moved, one new. 2: failed, then passed. 3: unfit for both. 4: one."""
    with session(engine) as opened:
        know_models(opened, MODEL, NEWER_MODEL)
        inspected(opened, at(0), finding_at(10, 10), serial="S1", score=0.6)
        two = finding_at(14, 10), finding_at(50, 30)
        inspected(opened, at(0), *two, model_id=NEWER_MODEL, serial="S1", score=0.9)
        inspected(opened, at(1), finding_at(10, 10), score=0.55)
        inspected(opened, at(1), model_id=NEWER_MODEL, score=0.45)
        inspected(opened, at(2), outcome=Outcome.UNFIT)
        inspected(opened, at(2), outcome=Outcome.UNFIT, model_id=NEWER_MODEL)
        inspected(opened, at(3), finding_at(10, 10))
    return engine


def test_changed_outcomes_come_first_then_the_largest_change_of_score(two_models: Engine) -> None:
    changes = answer(two_models, "model-changes", before=MODEL[:8], after="bracket-1")

    assert rows(changes, "frame_id", "outcome_before", "outcome_after") == [
        (2, "failed", "passed"),
        (1, "failed", "failed"),
        (3, "unfit", "unfit"),
    ]
    assert rows(changes, "in_both", "only_before", "only_after") == [
        (0, 1, 0),
        (1, 0, 1),
        (0, 0, 0),
    ]
    assert changes["score_change"].tolist()[:2] == pytest.approx([-0.1, 0.3])
    assert changes["score_change"].isna().tolist() == [False, False, True]


def test_a_narrower_overlap_makes_them_other_findings(two_models: Engine) -> None:
    models = {"before": MODEL, "after": NEWER_MODEL}
    changes = answer(two_models, "model-changes", overlap="0.5", until="2026-03-30T12:01", **models)

    assert rows(changes, "in_both", "only_before", "only_after") == [(0, 1, 2)]


def test_the_summary_counts_frames_and_findings(two_models: Engine) -> None:
    summary = answer(two_models, "model-summary", before=MODEL, after=NEWER_MODEL)

    counted = {
        (what, before, after): (count, share)
        for what, before, after, count, share in rows(
            summary, "what", "before", "after", "count", "share"
        )
    }
    assert len(counted) == 9 + 3
    third = pytest.approx(1 / 3)
    assert counted["frames", "failed", "failed"] == (1, third)
    assert counted["frames", "failed", "passed"] == (1, third)
    assert counted["frames", "unfit", "unfit"] == (1, third)
    assert counted["frames", "passed", "failed"] == (0, 0.0)
    assert counted["findings", "found", "found"] == (1, third)
    assert counted["findings", "found", "not found"] == (1, third)
    assert counted["findings", "not found", "found"] == (1, third)


def test_a_model_is_not_compared_with_itself(two_models: Engine) -> None:
    with pytest.raises(QuestionRefused, match="after: is the same model"):
        answer(two_models, "model-changes", before=MODEL, after="bracket-0")


@pytest.mark.parametrize("named", [{"frame": "1"}, {"serial": "S1"}, {"content": "SHA"}])
def test_a_frame_tells_all_that_happened_to_it(two_models: Engine, named: dict[str, str]) -> None:
    batch = say(two_models, "Ada", NO, 1, 60)
    take_back(two_models, "Ada", batch, 61)
    audit(two_models, 1, Judgement.GOOD, 62)
    with session(two_models) as opened:
        opened.add(
            GoodFrame(
                frame_id=1,
                part="bracket",
                picture_name="aa/bb/x.png",
                content_sha256="0" * 64,
                added_by="Eve",
                added_at=at(63),
                removed_by="Ada",
                removed_at=at(64),
            )
        )
    sha256 = sha256_of(f"cam-1 {at(0).isoformat()}".encode())
    written = {key: text.replace("SHA", sha256.upper()) for key, text in named.items()}

    history = answer(two_models, "history", **written)

    assert rows(history, "event", "who", "said", "finding_id") == [
        ("taken", "cam-1", "bracket on line-1", pd.NA),
        ("inspected", "bracket-0", "failed, score 0.600", pd.NA),
        ("inspected", "bracket-1", "failed, score 0.900", pd.NA),
        ("found", "bracket-0", "confirmed, major, 100 mm², score 0.750", 1),
        ("found", "bracket-1", "confirmed, major, 100 mm², score 0.750", 2),
        ("found", "bracket-1", "confirmed, major, 100 mm², score 0.750", 3),
        ("reviewed", "Ada", "new -> false_alarm", 1),
        ("undone", "Ada", "false_alarm -> new", 1),
        ("audited", "Eve", "good", pd.NA),
        ("given", "Eve", "to the good set of bracket", pd.NA),
        ("removed", "Ada", "from the good set of bracket", pd.NA),
    ]


def test_a_frame_nobody_knows_has_no_history(two_models: Engine) -> None:
    assert len(answer(two_models, "history", frame="99")) == 0


def test_history_needs_one_name_of_the_frame(two_models: Engine) -> None:
    with pytest.raises(QuestionRefused, match="one of them"):
        answer(two_models, "history", frame="1", serial="S1")


def test_similar_findings_come_nearest_first(engine: Engine) -> None:
    with session(engine) as opened:
        know_models(opened)
        inspected(opened, at(0), finding_at(looks=[1, 0, 0]), finding_at(30, looks=[1, 0, 0]))
        inspected(opened, at(1), finding_at(looks=[0, 1, 0]))
        inspected(opened, at(2), finding_at(looks=[4, 3, 0]))
        inspected(opened, at(3), finding_at(looks=[1, 0, 0], space=sha256_of(b"other networks")))
        inspected(opened, at(4), finding_at())
        inspected(opened, at(5), finding_at(looks=[1, 0, 0]))
        inspected(opened, at(6), finding_at(looks=[-1, 0, 0]))

    alike = answer(engine, "similar", finding="1")

    assert alike["finding_id"].tolist() == [7, 4, 3, 8]
    assert alike["distance"].tolist() == pytest.approx([0, 0.2, 1, 2], abs=1e-3)
    assert answer(engine, "similar", finding="1", limit="2")["finding_id"].tolist() == [7, 4]


@pytest.mark.parametrize(
    ("finding", "reason"), [("1", "nothing is kept of how finding 1 looks"), ("9", "no finding 9")]
)
def test_what_has_no_description_says_so(engine: Engine, finding: str, reason: str) -> None:
    with session(engine) as opened:
        know_models(opened)
        inspected(opened, at(0), finding_at())

    with pytest.raises(QuestionRefused, match=reason):
        answer(engine, "similar", finding=finding)


def test_nothing_similar_is_an_empty_answer_of_the_same_columns(engine: Engine) -> None:
    with session(engine) as opened:
        know_models(opened)
        inspected(opened, at(0), finding_at(looks=[1, 0]))

    alike = answer(engine, "similar", finding="1")

    assert (len(alike), str(alike["distance"].dtype)) == (0, "float64")


@pytest.fixture
def web(engine: Engine) -> Engine:
    """A roll of 300 mm that marks the web at 45 mm across, eight turns, and three chance defects.

    Findings 1 to 8 are the marks; everything else lies elsewhere across the web.
    """
    with session(engine) as opened:
        know_models(opened)
        for turn in range(8):
            inspected(opened, at(turn), finding_at(40 + turn % 2, 10), web_mm=1000 + 300.0 * turn)
        for number, web_mm in enumerate((1033.0, 1500.0, 2800.0)):
            inspected(opened, at(20 + number), finding_at(10 + number * 30, 10), web_mm=web_mm)
    return engine


def test_the_damaged_roll_is_named_by_its_circumference(web: Engine) -> None:
    (mark,) = answer(web, "repeats", line="line-1").itertuples()

    assert mark.pitch_mm == pytest.approx(300.0)
    assert mark.diameter_mm == pytest.approx(95.49, abs=0.01)
    assert mark.cross_web_mm == pytest.approx(45.5)
    assert (mark.marks, mark.turns, mark.finding_ids) == (8, 8, "1,2,3,4,5,6,7,8")
    assert (mark.first_web_mm, mark.last_web_mm) == (1015.0, 3115.0)
    assert 0 < float(str(mark.p_value)) < 0.01


@pytest.mark.parametrize(
    ("written", "marks"),
    [
        ({"web_from": "1400", "web_until": "3200"}, [6]),
        ({"web_from": "2500"}, []),
        ({"pitch_max": "250"}, []),
        ({"counted": "confirmed"}, []),
        ({"camera": "cam-2"}, []),
    ],
)
def test_repeats_are_looked_for_where_asked(
    web: Engine, written: dict[str, str], marks: list[int]
) -> None:
    assert answer(web, "repeats", **written)["marks"].tolist() == marks


@pytest.mark.parametrize(
    ("written", "field"),
    [
        ({"pitch_min": "300", "pitch_max": "200"}, "pitch_max"),
        ({"tolerance": "20"}, "tolerance"),
        ({"fewest": "2"}, "fewest"),
    ],
)
def test_a_search_that_would_always_find_is_refused(
    web: Engine, written: dict[str, str], field: str
) -> None:
    with pytest.raises(QuestionRefused) as refused:
        answer(web, "repeats", **written)

    assert refused.value.field == field
