"""Did a model judge a frame as people do? Pure rules.

Of each model its newest inspection of the frame counts, unless it found the frame unfit. An audit
judges the whole frame, the newest one counts. Reviews judge a frame once every finding that counts
is settled: it is defective with a confirmed finding, else good; rejected findings count on frames
that passed, where they are all there is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from db.tallies.verdicts import SETTLED
from db.words import JudgedBy, Judgement, Outcome, ReviewState, Verdict


class Region(NamedTuple):
    """What the pipeline says of a finding, and people."""

    finding_id: int
    verdict: Verdict
    state: ReviewState


class Opinion(NamedTuple):
    """One inspection of a frame. Ids follow the order of inspections."""

    inspection_id: int
    model_id: str
    outcome: Outcome
    regions: tuple[Region, ...]


class Judged(NamedTuple):
    """A frame as one model and people judged it; in the order of the keys of its tally."""

    model_id: str
    is_newest: bool
    source: JudgedBy
    passed: bool
    defective: bool


def judged_by_audit(opinions: Sequence[Opinion], judgement: Judgement | None) -> list[Judged]:
    """`judgement` of the newest audit of the frame; None where there is none."""
    if judgement is None:
        return []
    defective = judgement is Judgement.DEFECTIVE
    return [
        _judged(one, opinions, JudgedBy.AUDITS, defective=defective) for one in _counting(opinions)
    ]


def judged_by_reviews(opinions: Sequence[Opinion]) -> list[Judged]:
    """`opinions` are all of the frame."""
    return [
        _judged(one, opinions, JudgedBy.REVIEWS, defective=defective)
        for one in _counting(opinions)
        if (defective := _is_defective(one)) is not None
    ]


def _counting(opinions: Sequence[Opinion]) -> Iterator[Opinion]:
    newest_of = {
        model_id: max(one.inspection_id for one in opinions if one.model_id == model_id)
        for model_id in {one.model_id for one in opinions}
    }
    for one in opinions:
        is_fit = one.outcome is not Outcome.UNFIT
        if is_fit and one.inspection_id == newest_of[one.model_id]:
            yield one


def _judged(
    one: Opinion, opinions: Sequence[Opinion], source: JudgedBy, *, defective: bool
) -> Judged:
    newest_id = max(opinion.inspection_id for opinion in opinions)
    return Judged(
        model_id=one.model_id,
        is_newest=one.inspection_id == newest_id,
        source=source,
        passed=one.outcome is Outcome.PASSED,
        defective=defective,
    )


def _is_defective(one: Opinion) -> bool | None:
    """None while something that counts is not settled, or nothing counts."""
    counting = [
        region
        for region in one.regions
        if region.verdict is not Verdict.REJECTED or one.outcome is Outcome.PASSED
    ]
    if not counting or any(region.state not in SETTLED for region in counting):
        return None
    return any(region.state is ReviewState.CONFIRMED for region in one.regions)
