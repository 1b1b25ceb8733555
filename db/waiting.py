"""Reads of the queue besides its pages (db.queries.waiting): how many wait, and what is next."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from db.models import Finding, Review
from db.rows import FindingFilter, FindingRow, ReviewRow
from db.selects import finding_columns, reviews_select, waiting_conditions

COUNTED_TO = 1_000


def waiting_count(opened: Session, wanted: FindingFilter) -> int:
    """How many findings wait? Counted up to COUNTED_TO; one more stands for "more than that"."""
    some = select(Finding.id).where(*waiting_conditions(wanted)).limit(COUNTED_TO + 1).subquery()
    return opened.scalar(select(func.count()).select_from(some)) or 0


def waiting_beside(
    opened: Session, wanted: FindingFilter, row: FindingRow
) -> tuple[int | None, int | None]:
    """Which waiting finding comes before this one in the queue, and which after? By id."""
    place, here = tuple_(Finding.urgency, Finding.id), (row.urgency, row.finding_id)
    chosen = select(Finding.id).where(*waiting_conditions(wanted)).limit(1)
    before = chosen.where(place > here).order_by(Finding.urgency, Finding.id)
    after = chosen.where(place < here).order_by(Finding.urgency.desc(), Finding.id.desc())
    return opened.scalar(before), opened.scalar(after)


def findings_by_id(opened: Session, finding_ids: Sequence[int]) -> list[FindingRow]:
    """These findings, waiting or not, worst first; unknown ids are left out."""
    chosen = finding_columns().where(Finding.id.in_(finding_ids))
    worst_first = chosen.order_by(Finding.urgency.desc(), Finding.id.desc())
    return [FindingRow(**row) for row in opened.execute(worst_first).mappings()]


def last_reviews(opened: Session, finding_ids: Sequence[int]) -> dict[int, ReviewRow]:
    """The newest answer to each of these findings; those without one are left out."""
    newest = (
        select(func.max(Review.id))
        .where(Review.finding_id.in_(finding_ids))
        .group_by(Review.finding_id)
    )
    rows = opened.execute(reviews_select().where(Review.id.in_(newest))).mappings()
    return {row["finding_id"]: ReviewRow(**row) for row in rows}


def reviews_of_batch(opened: Session, batch_id: str) -> list[ReviewRow]:
    """What one action said; empty where there is none of that name."""
    rows = opened.execute(reviews_select().where(Review.batch_id == batch_id)).mappings()
    return [ReviewRow(**row) for row in rows]
