"""Does something come again and again at a fixed distance? Pure statistics of positions on a web.

A dent in a roll marks the web once per turn, always at the same place across it. So within a narrow
band, distances between pairs of marks gather at the roll's circumference. For each pitch that is
tried, the pairs whose distance lies within the tolerance of it are counted against those between
half and one and a half of it (a second-order analysis of points, Ripley, J. Appl. Prob. 13, 1976).
Were the marks there by chance, with a density that changes slowly along the web, the count would be
binomial. The probability of as many or more is multiplied by the number of tests, pitches times
bands (Bonferroni): a web without a damaged roll is accused with a probability of at most `alpha`,
in truth less, because neighbouring tests see the same marks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Positions = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

_MOST_MISSED = 3  # turns in a row without a mark, within one repeat
_MOST_PER_BAND = 5
_MOST_PITCHES = 12  # improbable ones that are looked at more closely


@dataclass(frozen=True, kw_only=True)
class PitchSearch:
    """Pitches from the smallest to the largest roll; a turn is as long as
    the pitch within the tolerance."""

    pitch_min_mm: float
    pitch_max_mm: float
    tolerance_mm: float
    fewest: int  # marks of one repeat, at least 3

    @property
    def reach_mm(self) -> float:
        """How far a distance may be from the pitch that is tried, half a step off the true one."""
        return 1.5 * self.tolerance_mm

    @property
    def pitches_mm(self) -> Positions:
        """Every pitch that is tried: as close as the tolerance, so that none falls between."""
        steps = math.ceil((self.pitch_max_mm - self.pitch_min_mm) / self.tolerance_mm) + 1
        return self.pitch_min_mm + self.tolerance_mm * np.arange(steps, dtype=np.float64)


@dataclass(frozen=True, kw_only=True)
class Repeat:
    """`marks` are places in the positions that were given; `p_value` is of one test."""

    pitch_mm: float
    marks: tuple[int, ...]
    first_mm: float
    last_mm: float
    p_value: float


def find_repeats(web_mm: Positions, search: PitchSearch, *, p_limit: float) -> list[Repeat]:
    """What repeats in one band, the surest first; `p_limit` is for each test.

    Marks closer together than twice the tolerance are one (their first position counts), else a
    smear of several findings would look like many.
    """
    order = np.argsort(web_mm, kind="stable")
    events = _merged(web_mm[order], 2 * search.tolerance_mm)
    firsts_mm = web_mm[order[[event[0] for event in events]]]
    left = np.arange(len(events))
    repeats: list[Repeat] = []
    while len(left) >= search.fewest and len(repeats) < _MOST_PER_BAND:
        positions = firsts_mm[left]
        found = _surest(positions, search, p_limit)
        if found is None:
            break
        chain, pitch_mm, p_value = found
        marks = [int(order[place]) for at in left[chain] for place in events[at]]
        repeats.append(
            Repeat(
                pitch_mm=pitch_mm,
                marks=tuple(marks),
                first_mm=float(positions[chain[0]]),
                last_mm=float(positions[chain[-1]]),
                p_value=p_value,
            )
        )
        left = np.delete(left, chain)
    return repeats


def binomial_tail(count: int, of: int, share: float) -> float:
    """The probability of `count` or more among `of`, each with probability `share`."""
    if count <= 0:
        return 1.0
    if count > of or share <= 0.0:
        return 0.0
    if share >= 1.0:
        return 1.0
    total = 0.0
    for k in range(count, of + 1):
        log_ways = math.lgamma(of + 1) - math.lgamma(k + 1) - math.lgamma(of - k + 1)
        term = math.exp(log_ways + k * math.log(share) + (of - k) * math.log1p(-share))
        total += term
        if k > of * share and term < 1e-12 * total:
            break
    return min(1.0, total)


def _merged(ordered_mm: Positions, closest_mm: float) -> list[list[int]]:
    """Places of each event's marks."""
    events: list[list[int]] = []
    begun_mm = -math.inf
    for place, position in enumerate(ordered_mm.tolist()):
        if position - begun_mm <= closest_mm:
            events[-1].append(place)
        else:
            begun_mm = position
            events.append([place])
    return events


def _surest(
    positions: Positions, search: PitchSearch, p_limit: float
) -> tuple[Places, float, float] | None:
    """Places of the marks, pitch and p-value.

    Multiples of a pitch are improbable too: of all that are, the one that explains the most marks.
    """
    chains = [
        (_chain(positions, pitch_mm, search.reach_mm), pitch_mm, p_value)
        for p_value, pitch_mm in _apart(sorted(_tests(positions, search)), search.reach_mm)
        if p_value <= p_limit
    ]
    chain, pitch_mm, p_value = max(
        chains, key=lambda one: (len(one[0]), -one[2]), default=(np.zeros(0, np.int64), 0.0, 1.0)
    )
    if len(chain) < search.fewest:
        return None
    return chain, _fitted(positions[chain], pitch_mm), p_value


def _apart(tests: list[tuple[float, float]], reach_mm: float) -> list[tuple[float, float]]:
    """The first of them, without pitches that see the same pairs as an earlier one."""
    kept: list[tuple[float, float]] = []
    for p_value, pitch_mm in tests:
        if all(abs(pitch_mm - other) > reach_mm for _, other in kept):
            kept.append((p_value, pitch_mm))
            if len(kept) == _MOST_PITCHES:
                break
    return kept


def _tests(positions: Positions, search: PitchSearch) -> list[tuple[float, float]]:
    """p-value and pitch of every pitch at which pairs gather."""
    length_mm = float(positions[-1] - positions[0])
    pitches = search.pitches_mm
    pitches = pitches[pitches * (search.fewest - 1) <= length_mm + search.tolerance_mm]
    if pitches.size == 0:
        return []
    apart = _distances(positions, 1.5 * float(pitches[-1]) + search.reach_mm)
    hits = _between(apart, pitches - search.reach_mm, pitches + search.reach_mm)
    furthest = np.minimum(1.5 * pitches, length_mm)
    around = _between(apart, 0.5 * pitches, furthest)
    around = np.maximum(around, hits)
    shares = np.minimum(2 * search.reach_mm / (furthest - 0.5 * pitches), 1.0)
    worth = np.flatnonzero((hits >= search.fewest - 1) & (hits > around * shares))
    return [
        (binomial_tail(int(hits[at]), int(around[at]), float(shares[at])), float(pitches[at]))
        for at in worth
    ]


def _distances(positions: Positions, furthest_mm: float) -> Positions:
    """Between all pairs that are no further apart, sorted."""
    kept = []
    for lag in range(1, len(positions)):
        apart = positions[lag:] - positions[:-lag]
        near = apart[apart <= furthest_mm]
        if near.size == 0:
            break
        kept.append(near)
    return np.sort(np.concatenate(kept)) if kept else np.zeros(0)


def _between(ordered: Positions, low: Positions, high: Positions) -> Places:
    above = np.searchsorted(ordered, high, side="right")
    return np.asarray(above - np.searchsorted(ordered, low, side="left"), dtype=np.int64)


def _chain(positions: Positions, pitch_mm: float, reach_mm: float) -> Places:
    """The longest row of marks, each one turn after the last, then on over turns without a mark."""
    longest = _longest(_next_turn(positions, pitch_mm, reach_mm))
    if len(longest) < 3:
        return np.array(longest, dtype=np.int64)
    pitch_mm = _fitted(positions[longest], pitch_mm)
    forwards = _walk(positions, longest, pitch_mm, reach_mm, missed=_MOST_MISSED)
    mirrored = [len(positions) - 1 - at for at in reversed(forwards)]
    both = _walk(-positions[::-1], mirrored, pitch_mm, reach_mm, missed=_MOST_MISSED)
    return np.array([len(positions) - 1 - at for at in reversed(both)], dtype=np.int64)


def _next_turn(positions: Positions, pitch_mm: float, reach_mm: float) -> Places:
    """Of each mark the place of the one a turn later, the nearest within reach; -1 for none."""
    count = len(positions)
    expected = positions + pitch_mm
    above = np.searchsorted(positions, expected)
    below = above - 1
    miss_above = np.abs(positions[np.minimum(above, count - 1)] - expected)
    miss_above[above == count] = np.inf
    miss_below = np.abs(positions[below] - expected)
    miss_below[below <= np.arange(count)] = np.inf
    nearest = np.where(miss_below <= miss_above, below, above)
    return np.where(np.minimum(miss_below, miss_above) <= reach_mm, nearest, -1)


def _longest(following: Places) -> list[int]:
    """The longest row of places in which each is followed by the next, the first of equals."""
    after: list[int] = following.tolist()
    lengths = [1] * (len(after) + 1)
    lengths[-1] = 0  # of none: what place -1 has
    for place in range(len(after) - 1, -1, -1):
        lengths[place] += lengths[after[place]]
    at = int(np.argmax(lengths))
    row = []
    while at >= 0:
        row.append(at)
        at = after[at]
    return row


def _walk(
    positions: Positions, chain: list[int], pitch_mm: float, reach_mm: float, *, missed: int
) -> list[int]:
    """The chain and what follows its last mark turn by turn, over at most `missed` empty turns."""
    chain, turns = list(chain), 1
    while turns <= missed + 1:
        expected = positions[chain[-1]] + turns * pitch_mm
        at = int(np.searchsorted(positions, expected))
        near = [one for one in (at - 1, at) if chain[-1] < one < len(positions)]
        best = min(near, key=lambda one: abs(positions[one] - expected), default=None)
        if best is not None and abs(positions[best] - expected) <= reach_mm:
            chain.append(best)
            turns = 1
        else:
            turns += 1
    return chain


def _fitted(marks_mm: Positions, pitch_mm: float) -> float:
    """The pitch of a straight line through position over number of turns (least squares)."""
    turns = np.concatenate(([0.0], np.cumsum(np.round(np.diff(marks_mm) / pitch_mm))))
    centred = turns - turns.mean()
    return float((centred @ marks_mm) / (centred @ centred))
