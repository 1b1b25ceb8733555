"""What people really said of one finding: pure rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import combinations
from operator import attrgetter
from typing import NamedTuple

from db.words import ReviewState

SETTLED = (ReviewState.CONFIRMED, ReviewState.FALSE_ALARM)


class Said(NamedTuple):
    """One review, also one that takes another back. Ids follow the order in which people spoke."""

    review_id: int
    reviewer: str
    reviewed_at: datetime
    state_after: ReviewState
    undoes_id: int | None


class Pair(NamedTuple):
    """Two people's verdicts of one finding; `one` is the first by name."""

    one: Said
    other: Said

    @property
    def later(self) -> Said:
        return max(self, key=attrgetter("review_id"))


def standing(said: Sequence[Said]) -> list[Said]:
    """Without reviews that were taken back and without those that only took one back.

    Taking back can itself be taken back, and then what was said first stands again.
    """
    taken_back: set[int] = set()
    for one in sorted(said, key=attrgetter("review_id"), reverse=True):
        if one.undoes_id is not None and one.review_id not in taken_back:
            taken_back.add(one.undoes_id)
    return [one for one in said if one.undoes_id is None and one.review_id not in taken_back]


def last_verdicts(said: Sequence[Said]) -> list[Said]:
    """Everybody's last verdict that stands, in the order in which they were said.

    A second look is no verdict. `said` is all that was said of the finding.
    """
    last: dict[str, Said] = {}
    for one in sorted(standing(said), key=attrgetter("review_id")):
        if one.state_after in SETTLED:
            last[one.reviewer] = one
    return sorted(last.values(), key=attrgetter("review_id"))


def pairs(verdicts: Sequence[Said]) -> Iterator[Pair]:
    """Every two people of whom one finding has a verdict."""
    by_name = sorted(verdicts, key=attrgetter("reviewer"))
    return (Pair(one, other) for one, other in combinations(by_name, 2))
