"""What people really said: reviews without those that were taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from db.models import Finding, Review
from db.questions.selection import Selection
from db.words import ReviewState

SETTLED = (ReviewState.CONFIRMED, ReviewState.FALSE_ALARM)


@dataclass(frozen=True, kw_only=True)
class Said:
    """One review, also one that takes another back."""

    review_id: int
    finding_id: int
    reviewer: str
    reviewed_at: datetime
    state_after: ReviewState
    undoes_id: int | None


def verdicts(opened: Session, wanted: Selection) -> list[Said]:
    """Every confirmed or false alarm that stands, oldest first.

    `since` and `until` are about the time of the review; one that was taken back later, at any
    time, does not stand. A second look is no verdict.
    """
    conditions: list[ColumnElement[bool]] = []
    for column, value in (
        (Finding.line_id, wanted.line),
        (Finding.part, wanted.part),
        (Finding.camera_id, wanted.camera),
    ):
        if value is not None:
            conditions.append(column == value)
    if wanted.since is not None:
        conditions.append(Review.reviewed_at >= wanted.since)
    chosen = (
        select(
            Review.id.label("review_id"),
            Review.finding_id,
            Review.reviewer,
            Review.reviewed_at,
            Review.state_after,
            Review.undoes_id,
        )
        .where(*conditions)
        .order_by(Review.id)
    )
    if wanted.line is not None or wanted.part is not None or wanted.camera is not None:
        chosen = chosen.join(Finding, Review.finding_id == Finding.id)
    said = standing([Said(**row) for row in opened.execute(chosen).mappings()])
    return [
        one
        for one in said
        if one.state_after in SETTLED and (wanted.until is None or one.reviewed_at < wanted.until)
    ]


def standing(said: Sequence[Said]) -> list[Said]:
    """Without reviews that were taken back and without those that only took one back.

    Taking back can itself be taken back, and then what was said first stands again.
    """
    taken_back: set[int] = set()
    for one in sorted(said, key=lambda one: one.review_id, reverse=True):
        if one.undoes_id is not None and one.review_id not in taken_back:
            taken_back.add(one.undoes_id)
    return [one for one in said if one.undoes_id is None and one.review_id not in taken_back]
