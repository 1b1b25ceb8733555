"""What verification does to regions: every suspect of the test pictures, with and without it.

A region is an alarm where its peak is above a threshold; verification takes rejected ones away. A
region that shares a pixel with a defect is true, every other one is false.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from inspect_pipeline.records import Mask, Region, Verdict, Verification

CURVE_POINTS = 24


@dataclass(frozen=True, kw_only=True)
class _Suspect:
    picture: int
    peak: float
    is_rejected: bool
    is_true: bool
    on_good: bool


@dataclass(kw_only=True)
class RegionTally:
    """Notes regions while an exam goes on."""

    good: int = 0
    defective: int = 0
    suspects: list[_Suspect] = field(default_factory=list)

    def add(self, suspects: Sequence[Verification], truth: Mask | None) -> None:
        """All suspects of a test picture; without a truth it shows a good part."""
        picture, on_good = self.good + self.defective, truth is None
        self.good += on_good
        self.defective += not on_good
        for one in suspects:
            self.suspects.append(
                _Suspect(
                    picture=picture,
                    peak=one.region.peak,
                    is_rejected=one.verdict is Verdict.REJECTED,
                    is_true=truth is not None and _touches(one.region, truth),
                    on_good=on_good,
                )
            )

    def figures(self, thresholds: Sequence[float]) -> dict[str, Any]:
        """At the thresholds of the budgets, and along the whole range of peaks."""
        peaks = sorted({one.peak for one in self.suspects})
        places = np.linspace(0, len(peaks) - 1, CURVE_POINTS).round().astype(int).tolist()
        shown = [peaks[place] for place in dict.fromkeys(places)] if peaks else []
        curve = [float(np.nextafter(peak, -np.inf)) for peak in shown]
        return {
            "good_pictures": self.good,
            "defective_pictures": self.defective,
            "at_budgets": [self._both(threshold) for threshold in thresholds],
            "curve": [self._both(threshold) for threshold in curve],
        }

    def _both(self, threshold: float) -> dict[str, Any]:
        alarms = [one for one in self.suspects if one.peak > threshold]
        standing = [one for one in alarms if not one.is_rejected]
        return {
            "threshold": threshold,
            "alone": self._counts(alarms),
            "verified": self._counts(standing),
        }

    def _counts(self, alarms: Sequence[_Suspect]) -> dict[str, Any]:
        true = sum(one.is_true for one in alarms)
        hit = len({one.picture for one in alarms if one.is_true})
        return {
            "false_on_good": sum(one.on_good for one in alarms),
            "false_on_defective": sum(not one.on_good and not one.is_true for one in alarms),
            "true": true,
            "defective_hit": hit,
            "precision": round(true / len(alarms), 4) if alarms else None,
            "recall": round(hit / self.defective, 4) if self.defective else None,
        }


def _touches(region: Region, truth: Mask) -> bool:
    return bool((truth[region.box.slices] & region.mask).any())
