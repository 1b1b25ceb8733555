"""Figures of an evaluation: how well scores tell defective from good, and how often we err."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inspect_pipeline.conformal import wilson

Scores = npt.NDArray[np.float64]
ROC_POINTS = 400


@dataclass(frozen=True, kw_only=True)
class Rate:
    """A share with its 95 % interval (Wilson)."""

    count: int
    of: int
    low: float
    high: float

    @property
    def share(self) -> float | None:
        return self.count / self.of if self.of else None


@dataclass(frozen=True, kw_only=True)
class Histogram:
    """How many scores fall between neighbouring `edges`, for good and for defective pictures."""

    edges: tuple[float, ...]
    good: tuple[int, ...]
    defective: tuple[int, ...]


def rate(count: int, of: int) -> Rate:
    low, high = wilson(count, of)
    return Rate(count=count, of=of, low=low, high=high)


def auroc(good: Sequence[float], defective: Sequence[float]) -> float | None:
    """Share of (good, defective) pairs in which the defective picture scores higher; ties half.

    This is the area under the ROC curve. None where one of the two kinds is missing.
    """
    if not len(good) or not len(defective):
        return None
    ordered = np.sort(np.asarray(good, dtype=np.float64))
    wanted = np.asarray(defective, dtype=np.float64)
    below = np.searchsorted(ordered, wanted, side="left")
    not_above = np.searchsorted(ordered, wanted, side="right")
    return float((below + not_above).sum() / (2 * len(good) * len(defective)))


def roc_curve(good: Sequence[float], defective: Sequence[float]) -> list[tuple[float, float]]:
    """(false-alarm rate, detection rate) from (0, 0) to (1, 1), at most about ROC_POINTS points.

    A threshold lies between two scores that differ, so pictures with equal scores move together.
    """
    thresholds = np.unique(np.concatenate([good, defective]))[::-1]
    if len(thresholds) > ROC_POINTS:
        chosen = np.linspace(0, len(thresholds) - 1, ROC_POINTS).round().astype(int)
        thresholds = thresholds[chosen]
    alarms = _share_at_least(good, thresholds)
    found = _share_at_least(defective, thresholds)
    return [(0.0, 0.0), *zip(alarms.tolist(), found.tolist(), strict=True)]


def histogram(
    good: Sequence[float], defective: Sequence[float], *, include: float, bins: int = 30
) -> Histogram:
    """Equal bins over all scores and `include` (the threshold, so that its line is on the page)."""
    everything = np.array([*good, *defective, include], dtype=np.float64)
    low, high = float(everything.min()), float(everything.max())
    if low == high:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, bins + 1)
    return Histogram(
        edges=tuple(edges.tolist()),
        good=tuple(np.histogram(good, edges)[0].tolist()),
        defective=tuple(np.histogram(defective, edges)[0].tolist()),
    )


def _share_at_least(scores: Sequence[float], thresholds: Scores) -> Scores:
    ordered = np.sort(np.asarray(scores, dtype=np.float64))
    below = np.searchsorted(ordered, thresholds, side="left")
    return np.asarray(1.0 - below / len(ordered), dtype=np.float64)
