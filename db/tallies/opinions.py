"""Keeps the tallies of verdicts and of agreement true: called where people's words are written.

What a finding counted for before a review is taken back, what it counts for after is added.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Finding, Review
from db.tallies.changes import Key, add_counts
from db.tallies.levels import AGREEMENT_LEVELS, verdict_levels
from db.tallies.verdicts import Said, last_verdicts, pairs


def said_of(opened: Session, finding_ids: Sequence[int]) -> dict[int, list[Said]]:
    """All that was said of each finding; ask it while the findings are kept from others."""
    chosen = (
        select(
            Review.finding_id,
            *(Review.id, Review.reviewer, Review.reviewed_at),
            *(Review.state_after, Review.undoes_id),
        )
        .where(Review.finding_id.in_(finding_ids))
        .order_by(Review.id)
    )
    said: dict[int, list[Said]] = defaultdict(list)
    for finding_id, *review in opened.execute(chosen):
        said[finding_id].append(Said._make(review))
    return said


def tally_reviews(
    opened: Session,
    before: Mapping[int, Sequence[Said]],
    written: Sequence[tuple[Finding, Review]],
    *,
    zone: ZoneInfo,
) -> None:
    """Counts new reviews, one of each finding; `zone` is the plant's."""
    verdicts: Counter[Key] = Counter()
    agreements: Counter[Key] = Counter()
    for finding, review in written:
        where = (finding.line_id, finding.camera_id, finding.part)
        said = before.get(finding.id, ())
        for words, count in ((said, -1), ((*said, _said(review)), 1)):
            for key in verdict_keys(words, where):
                verdicts[key] += count
            for key in agreement_keys(words, where):
                agreements[key] += count
    add_counts(opened, verdict_levels(zone), verdicts)
    add_counts(opened, AGREEMENT_LEVELS, agreements)


def verdict_keys(said: Sequence[Said], where: Key) -> list[Key]:
    """What the words of one finding count for: when, `where` (line, camera, part), and the rest."""
    last = last_verdicts(said)
    return [
        (one.reviewed_at, *where, one.reviewer, one.state_after, one is last[-1]) for one in last
    ]


def agreement_keys(said: Sequence[Said], where: Key) -> list[Key]:
    """The same of every two people."""
    return [
        (
            *(pair.later.reviewed_at, *where),
            *(pair.one.reviewer, pair.other.reviewer),
            *(pair.one.state_after, pair.other.state_after),
        )
        for pair in pairs(last_verdicts(said))
    ]


def _said(review: Review) -> Said:
    return Said(
        review_id=review.id,
        reviewer=review.reviewer,
        reviewed_at=review.reviewed_at,
        state_after=review.state_after,
        undoes_id=review.undoes_id,
    )
