"""What stands of what people said of a finding, and how they judged a frame: literal tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from db.tallies.judging import Judged, Opinion, Region, judged_by_audit, judged_by_reviews
from db.tallies.verdicts import Said, last_verdicts, pairs, standing
from db.words import JudgedBy, Judgement, Outcome, ReviewState, Verdict

YES, NO, PERHAPS = ReviewState.CONFIRMED, ReviewState.FALSE_ALARM, ReviewState.SECOND_LOOK
NEW = ReviewState.NEW
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SURE, REJECTED, UNSURE = Verdict.CONFIRMED, Verdict.REJECTED, Verdict.UNSURE
PASSED, FAILED, UNFIT = Outcome.PASSED, Outcome.FAILED, Outcome.UNFIT


def said(
    review_id: int, state: ReviewState = YES, by: str = "Ada", *, undoes: int | None = None
) -> Said:
    """One minute after the one before."""
    return Said(
        review_id=review_id,
        reviewer=by,
        reviewed_at=NOON + timedelta(minutes=review_id),
        state_after=state,
        undoes_id=undoes,
    )


@pytest.mark.parametrize(
    ("undoes", "ids"),
    [
        ({}, [1, 2, 3, 4]),
        ({2: 1}, [3, 4]),
        ({2: 1, 3: 2}, [1, 4]),
        ({2: 1, 3: 2, 4: 3}, []),
    ],
)
def test_what_was_taken_back_does_not_stand_unless_that_was_taken_back(
    undoes: dict[int, int], ids: list[int]
) -> None:
    reviews = [said(number, undoes=undoes.get(number)) for number in range(1, 5)]

    assert [one.review_id for one in standing(reviews)] == ids


@pytest.mark.parametrize(
    ("reviews", "ids"),
    [
        ([], []),
        ([said(1, PERHAPS)], []),
        ([said(1, YES), said(2, NO)], [2]),
        ([said(1, YES), said(2, NO), said(3, NEW, undoes=2)], [1]),
        ([said(1, YES), said(2, PERHAPS)], [1]),
        ([said(1, YES, "Bo"), said(2, NO), said(3, NO, "Bo")], [2, 3]),
        ([said(2, NO), said(1, YES, "Bo")], [1, 2]),
    ],
)
def test_everybodys_last_verdict_that_stands_counts_in_the_order_they_were_said(
    reviews: list[Said], ids: list[int]
) -> None:
    assert [one.review_id for one in last_verdicts(reviews)] == ids


def test_pairs_are_by_name_and_belong_to_the_later_word() -> None:
    found = list(pairs([said(1, YES, "Cy"), said(2, NO, "Ada"), said(3, NO, "Bo")]))

    assert [(pair.one.reviewer, pair.other.reviewer, pair.later.review_id) for pair in found] == [
        ("Ada", "Bo", 3),
        ("Ada", "Cy", 2),
        ("Bo", "Cy", 3),
    ]


def opinion(
    inspection_id: int, outcome: Outcome, *regions: tuple[Verdict, ReviewState], model: str = "m"
) -> Opinion:
    found = tuple(Region(place, *region) for place, region in enumerate(regions))
    return Opinion(inspection_id, model, outcome, found)


@pytest.mark.parametrize(
    ("outcome", "regions", "defective"),
    [
        (FAILED, [(SURE, YES)], [True]),
        (FAILED, [(SURE, NO)], [False]),
        (FAILED, [(SURE, NO), (REJECTED, NEW)], [False]),
        (FAILED, [(SURE, NO), (REJECTED, YES)], [True]),
        (FAILED, [(SURE, NO), (UNSURE, PERHAPS)], []),
        (FAILED, [(REJECTED, YES)], []),
        (PASSED, [(REJECTED, YES)], [True]),
        (PASSED, [(REJECTED, NO), (REJECTED, NEW)], []),
        (PASSED, [], []),
        (UNFIT, [], []),
    ],
)
def test_reviews_judge_a_frame_once_what_counts_is_settled(
    outcome: Outcome, regions: list[tuple[Verdict, ReviewState]], defective: list[bool]
) -> None:
    found = judged_by_reviews([opinion(1, outcome, *regions)])

    assert found == [
        Judged("m", True, JudgedBy.REVIEWS, outcome is PASSED, is_defective)
        for is_defective in defective
    ]


@pytest.mark.parametrize(
    ("opinions", "expected"),
    [
        ([], []),
        ([opinion(1, PASSED)], [("m", True, True)]),
        ([opinion(1, UNFIT)], []),
        ([opinion(2, FAILED), opinion(1, PASSED)], [("m", True, False)]),
        ([opinion(1, PASSED), opinion(2, UNFIT)], []),
        (
            [opinion(1, PASSED), opinion(2, FAILED, model="n")],
            [("m", False, True), ("n", True, False)],
        ),
        ([opinion(1, PASSED), opinion(2, UNFIT, model="n")], [("m", False, True)]),
    ],
)
def test_an_audit_judges_the_newest_opinion_of_each_model_that_saw_a_fit_frame(
    opinions: list[Opinion], expected: list[tuple[str, bool, bool]]
) -> None:
    found = judged_by_audit(opinions, Judgement.DEFECTIVE)

    assert [(one.model_id, one.is_newest, one.passed) for one in found] == expected
    assert all(one.source is JudgedBy.AUDITS and one.defective for one in found)
    assert judged_by_audit(opinions, None) == []
