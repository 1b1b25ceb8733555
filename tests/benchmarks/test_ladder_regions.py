"""Regions with and without verification, on literal regions."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.ladder.regions import RegionTally
from inspect_pipeline.geometry import Box
from inspect_pipeline.records import Mask, Region, Verdict, Verification


def suspect(peak: float, verdict: Verdict, *, x0: int = 0) -> Verification:
    """A region of 2 x 2 pixels at (x0, 0)."""
    region = Region(
        box=Box(x0=x0, y0=0, x1=x0 + 2, y1=2), mask=np.ones((2, 2), bool), peak=peak, mean=peak
    )
    return Verification(region=region, explained=0.5, verdict=verdict)


def defect_at(x: int) -> Mask:
    truth = np.zeros((4, 8), dtype=bool)
    truth[0, x] = True
    return truth


@pytest.fixture
def tally() -> RegionTally:
    """Two good pictures with three suspects, two defective ones of which one is hit twice."""
    made = RegionTally()
    made.add([suspect(3.0, Verdict.REJECTED), suspect(2.0, Verdict.UNSURE, x0=4)], None)
    made.add([suspect(1.0, Verdict.REJECTED)], None)
    hit = [
        suspect(4.0, Verdict.CONFIRMED),
        suspect(2.5, Verdict.REJECTED),
        suspect(1.5, Verdict.UNSURE, x0=6),
    ]
    made.add(hit, defect_at(1))
    made.add([], defect_at(3))
    return made


def test_an_alarm_is_true_where_it_shares_a_pixel_with_a_defect(tally: RegionTally) -> None:
    (low, high) = tally.figures([0.0, 2.2])["at_budgets"]

    assert low["alone"] == {
        **{"false_on_good": 3, "false_on_defective": 1, "true": 2, "defective_hit": 1},
        **{"precision": 0.3333, "recall": 0.5},
    }
    assert low["verified"] == {
        **{"false_on_good": 1, "false_on_defective": 1, "true": 1, "defective_hit": 1},
        **{"precision": 0.3333, "recall": 0.5},
    }
    assert (high["alone"]["false_on_good"], high["verified"]["false_on_good"]) == (1, 0)


def test_a_curve_goes_from_all_suspects_to_the_last(tally: RegionTally) -> None:
    curve = tally.figures([])["curve"]

    thresholds = [one["threshold"] for one in curve]
    assert thresholds == sorted(set(thresholds))
    assert sum(curve[0]["alone"][name] for name in ("false_on_good", "false_on_defective")) == 4
    assert curve[-1]["alone"]["true"] == 1
    assert curve[-1]["alone"]["precision"] == 1.0


def test_without_suspects_there_is_no_precision() -> None:
    tally = RegionTally()
    tally.add([], None)

    figures = tally.figures([1.0])

    assert figures["curve"] == []
    assert figures["at_budgets"][0]["alone"]["precision"] is None
    assert figures["at_budgets"][0]["alone"]["recall"] is None
