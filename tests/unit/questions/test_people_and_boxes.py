"""What stands of what people said, agreement beyond chance, and boxes that are the same."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from db.questions.model_changes import matched_boxes
from db.questions.reviewers import cohens_kappa
from db.verdicts import Said, standing
from db.words import ReviewState

YES, NO = ReviewState.CONFIRMED, ReviewState.FALSE_ALARM


def said(review_id: int, *, undoes: int | None = None) -> Said:
    return Said(
        review_id=review_id,
        reviewer="Ada",
        reviewed_at=datetime(2026, 1, 1, tzinfo=UTC),
        state_after=YES,
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
    ("counts", "kappa"),
    [
        ({(YES, YES): 20, (YES, NO): 5, (NO, YES): 10, (NO, NO): 15}, 0.4),
        ({(YES, YES): 5, (NO, NO): 5}, 1.0),
        ({(YES, NO): 5, (NO, YES): 5}, -1.0),
        ({(YES, YES): 5, (NO, YES): 5}, 0.0),
        ({(YES, YES): 5}, None),
        ({}, None),
    ],
)
def test_kappa_is_cohens(
    counts: dict[tuple[ReviewState, ReviewState], int], kappa: float | None
) -> None:
    assert cohens_kappa(counts) == (None if kappa is None else pytest.approx(kappa))


def test_boxes_that_overlap_enough_are_the_same_and_each_once() -> None:
    before = np.array([[0, 0, 10, 10], [20, 0, 30, 10], [50, 0, 60, 10]])
    after = np.array([[5, 0, 15, 10], [0, 0, 10, 9], [21, 0, 31, 10], [59, 9, 69, 19]])

    assert matched_boxes(before, after, overlap=0.1) == [(0, 1), (1, 2)]
    assert matched_boxes(before, after, overlap=0.85) == [(0, 1)]


def test_without_boxes_none_are_the_same() -> None:
    none, one = np.zeros((0, 4), dtype=np.int64), np.array([[0, 0, 1, 1]])

    assert matched_boxes(none, one, overlap=0.1) == matched_boxes(one, none, overlap=0.1) == []
