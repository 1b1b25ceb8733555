"""Agreement beyond chance, and boxes that are the same."""

from __future__ import annotations

import numpy as np
import pytest

from db.questions.model_changes import matched_boxes
from db.questions.reviewers import cohens_kappa
from db.words import ReviewState

YES, NO = ReviewState.CONFIRMED, ReviewState.FALSE_ALARM


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
