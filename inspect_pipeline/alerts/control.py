"""Control charts of shares: p chart with run rules, EWMA. Pure statistics.

Only the upper side calls: fewer defects are no reason to run.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from db.questions.proportions import control_limits

EWMA_SIGMAS = (
    2.7  # with weight 0.2 about as many false alarms as three sigma (Lucas, Saccucci 1990)
)


@dataclass(frozen=True, kw_only=True)
class Sample:
    failed: int
    inspected: int

    @property
    def share(self) -> float:
        return self.failed / self.inspected


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What is usual: the mean share, and how much more samples vary than by chance (1 or more)."""

    centre: float
    spread: float

    def sigma(self, inspected: int) -> float:
        return self.spread * math.sqrt(self.centre * (1 - self.centre) / inspected)

    def upper(self, inspected: int, sigmas: float = 3.0) -> float:
        return min(1.0, self.centre + sigmas * self.sigma(inspected))


def reference_of(samples: Sequence[Sample], *, overdispersion: bool) -> Reference | None:
    """From the samples of a reference period; None where nothing failed or passed in it."""
    inspected = np.array([one.inspected for one in samples], dtype=np.int64)
    failed = np.array([one.failed for one in samples], dtype=np.int64)
    if inspected.sum() == 0 or not 0 < failed.sum() < inspected.sum():
        return None
    limits = control_limits(failed, inspected, laney=overdispersion)
    return Reference(centre=limits.centre, spread=max(1.0, limits.spread))


def p_signals(
    samples: Sequence[Sample], reference: Reference, *, sigmas: float = 3.0, run_rules: bool = True
) -> list[str | None]:
    """Per sample which rule calls, if any (Western Electric 1956; Montgomery 5.3.4)."""
    distances = [(one.share - reference.centre) / reference.sigma(one.inspected) for one in samples]
    return [_p_signal(distances[: at + 1], sigmas, run_rules) for at in range(len(samples))]


def ewma_signals(
    samples: Sequence[Sample], reference: Reference, *, weight: float, sigmas: float
) -> list[tuple[float, float]]:
    """Per sample the weighted average and its upper limit, exact for samples of any size.

    Montgomery 9.2: z = w x + (1 - w) z', from the centre on.
    """
    average, variance = reference.centre, 0.0
    points = []
    for one in samples:
        average = weight * one.share + (1 - weight) * average
        own = reference.sigma(one.inspected) ** 2
        variance = weight**2 * own + (1 - weight) ** 2 * variance
        points.append((average, reference.centre + sigmas * math.sqrt(variance)))
    return points


def _p_signal(distances: Sequence[float], sigmas: float, run_rules: bool) -> str | None:
    newest = distances[-1]
    if newest > sigmas:
        return f"beyond {sigmas:g} sigma"
    if not run_rules:
        return None
    runs = (
        (3, 2, 2.0, "2 of 3 beyond 2 sigma"),
        (5, 4, 1.0, "4 of 5 beyond 1 sigma"),
        (8, 8, 0.0, "8 in a row above the centre"),
    )
    for of, most, limit, words in runs:
        last = distances[-of:]
        if newest > limit and sum(one > limit for one in last) >= most and len(last) == of:
            return words
    return None
