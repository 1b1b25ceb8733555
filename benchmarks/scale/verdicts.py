"""What people said of a day's findings, and of some whole frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.scale.columns import NONE, Array, Column, Rows, Words, hex_digits
from benchmarks.scale.regions import VERDICTS
from benchmarks.scale.world import END, REVIEWERS
from db.words import Judgement, ReviewState, Verdict

STATES = tuple(ReviewState)
NEW, CONFIRMED, FALSE_ALARM, SECOND_LOOK = range(4)
DEFECT_SHARES = {Verdict.CONFIRMED: 0.85, Verdict.REJECTED: 0.05, Verdict.UNSURE: 0.45}
SECOND_LOOKS = 0.04  # asked for, then answered by somebody else
CORRECTIONS = 0.01
NOTED = 0.004  # of actions: a hundred a day where thirty thousand findings are reviewed
AUDITED = 0.004  # of inspections
FORGOTTEN = 0.0003  # findings of long ago that nobody has looked at
_HALF_A_DAY = np.timedelta64(12, "h")
_BATCHED = 0.6  # how often a review belongs to the same action as the one before
_WRONG = np.linspace(0.02, 0.12, len(REVIEWERS))  # how often each reviewer errs
_OPENINGS = ("seen", "again", "asked the shift", "clearly", "perhaps", "looks like", "same as")
_THINGS = ("oil on the lens", "burr at the edge", "tool mark", "dust", "scratch under light")
_REMARKS = ("", " before cleaning", " since tool change 17", " on the left side", " of batch K4")


@dataclass(frozen=True, kw_only=True)
class Said:
    """Reviews without id and with the finding's place in the day; states and versions after."""

    reviews: Rows
    state: Array  # per finding, place in STATES
    version: Array


def reviews_of(verdict: Array, taken_at: Array, waits: Array, random: np.random.Generator) -> Said:
    """`waits` (finding): nobody has given a final verdict yet."""
    count = len(verdict)
    is_defect = random.random(count) < np.array([DEFECT_SHARES[one] for one in VERDICTS])[verdict]
    first_by, second_by = _two_reviewers(count, random)
    asked = random.random(count) < np.where(waits, 0.12, SECOND_LOOKS)
    corrected = ~waits & ~asked & (random.random(count) < CORRECTIONS)
    final = _judged(is_defect, np.where(asked | corrected, second_by, first_by), random)
    first_says = np.where(asked, SECOND_LOOK, np.where(corrected, _other(final), final))
    said_first, said_twice = ~waits | asked, ~waits & (asked | corrected)
    delay = random.exponential(5 * 3600e6, (2, count)).astype("timedelta64[us]")
    first_at = taken_at + delay[0]
    which = np.concatenate([np.flatnonzero(said_first), np.flatnonzero(said_twice)])
    is_second = np.arange(which.size) >= said_first.sum()
    reviews = _in_batches(
        finding=which,
        reviewer=np.where(is_second, second_by[which], first_by[which]),
        before=np.where(is_second, first_says[which], NEW),
        after=np.where(is_second, final[which], first_says[which]),
        said_at=np.where(is_second, (first_at + _HALF_A_DAY + delay[1])[which], first_at[which]),
        random=random,
    )
    state = np.where(waits, np.where(asked, SECOND_LOOK, NEW), final)
    return Said(reviews=reviews, state=state, version=1 + said_first + said_twice)


def audits_of(
    inspected: Array, failed: Array, taken_at: Array, random: np.random.Generator
) -> Rows:
    """Audits of some frames (`inspected`: ids): most failed ones are defective, few others."""
    chosen = random.random(len(inspected)) < AUDITED
    share = np.where(failed[chosen], 0.9, 0.015)
    defective = random.random(share.size) < share
    said_at = taken_at[chosen] + np.timedelta64(1, "D")
    judgements = tuple(Judgement)
    return Rows(
        table="audits",
        columns={
            "frame_id": inspected[chosen],
            "auditor": Words(random.integers(0, 3, share.size), REVIEWERS),
            "audited_at": np.minimum(said_at, _end()),
            "judgement": Words(
                np.where(
                    defective,
                    judgements.index(Judgement.DEFECTIVE),
                    judgements.index(Judgement.GOOD),
                ),
                judgements,
            ),
            "note": Words(np.full(share.size, NONE), ("",)),
        },
    )


def notes() -> tuple[str, ...]:
    return tuple(
        f"{opening} {thing}{remark}"
        for opening in _OPENINGS
        for thing in _THINGS
        for remark in _REMARKS
    )


def _in_batches(
    *,
    finding: Array,
    reviewer: Array,
    before: Array,
    after: Array,
    said_at: Array,
    random: np.random.Generator,
) -> Rows:
    """Reviews of one person with one verdict fall into actions of several findings each."""
    step = before != NEW
    order = np.lexsort((said_at, after, reviewer, step))
    finding, reviewer, before, after = (x[order] for x in (finding, reviewer, before, after))
    said_at, step = said_at[order], step[order]
    begins = random.random(finding.size) > _BATCHED
    begins[:1] = True
    for key in (reviewer, after, step):
        begins[1:] |= key[1:] != key[:-1]
    batch = np.cumsum(begins) - 1
    count = int(batch[-1]) + 1 if batch.size else 0
    last = np.flatnonzero(np.append(begins[1:], True)) if count else np.array([], int)
    vocabulary = notes()
    note = np.where(random.random(count) < NOTED, random.integers(0, len(vocabulary), count), NONE)
    said_at = np.minimum(said_at[last], _end())[batch]
    by_time = np.lexsort((finding, batch, said_at, step))  # a second word has the later id
    columns: dict[str, Column] = {
        "finding_id": finding,
        "reviewer": Words(reviewer, REVIEWERS),
        "reviewed_at": said_at,
        "state_before": Words(before, STATES),
        "state_after": Words(after, STATES),
        "note": Words(note[batch], vocabulary),
        "batch_id": hex_digits(random, count, 32)[batch],
    }
    return Rows(table="reviews", columns={name: one[by_time] for name, one in columns.items()})


def _two_reviewers(count: int, random: np.random.Generator) -> tuple[Array, Array]:
    first = random.integers(0, len(REVIEWERS), count)
    return first, (first + random.integers(1, len(REVIEWERS), count)) % len(REVIEWERS)


def _judged(is_defect: Array, reviewer: Array, random: np.random.Generator) -> Array:
    errs = random.random(len(is_defect)) < _WRONG[reviewer]
    return np.where(is_defect ^ errs, CONFIRMED, FALSE_ALARM)


def _other(final: Array) -> Array:
    return np.where(final == CONFIRMED, FALSE_ALARM, CONFIRMED)


def _end() -> np.datetime64:
    return np.datetime64(END.replace(tzinfo=None), "us")
