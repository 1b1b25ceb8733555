"""Scores of good parts that move, and frames that nobody inspects."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from db.words import EventKind, Outcome, UnfitReason
from inspect_pipeline.monitoring.changes import Observed, Turn
from inspect_pipeline.monitoring.scores import ScoreWatch, scores_after
from plant_config.monitoring import Monitoring
from tests.unit.monitoring.histories import MODEL, NOON, frames, unfit, watched


def scored(seen: Iterable[Observed], by: float) -> Iterable[Observed]:
    return (replace(one, raw_score=(one.raw_score or 0.0) + by) for one in seen)


def dimmed(number: int, figures: dict[str, float]) -> dict[str, float]:
    return {**figures, "brightness": 0.8 * figures["brightness"]}


def test_scores_that_rise_on_good_parts_are_told_once_and_the_parts_are_looked_at() -> None:
    watch, _ = watched(frames(1000))

    watch, told = watched(scored(frames(3000, first=1000), 0.6), watch)

    (began,) = told
    assert (began.kind, began.turn, began.figure) == (EventKind.INPUT_HEALTH, Turn.BEGAN, "score")
    assert "scores of good parts rose" in began.text
    assert "lamp and lens are as before" in began.text
    assert began.facts["lamp_or_lens_moved"] == []
    _, after = watched(frames(1000, first=4000), watch)
    assert [(one.turn, one.began_at) for one in after] == [(Turn.ENDED, began.at)]


def test_where_the_lamp_moved_too_it_is_to_be_looked_at_first() -> None:
    watch, _ = watched(frames(1000))

    _, told = watched(scored(frames(1500, first=1000, fault=dimmed), -0.8), watch)

    of_scores = next(one for one in told if one.figure == "score")
    assert "scores of good parts fell" in of_scores.text
    assert "brightness moved too: look at lamp and lens first" in of_scores.text
    assert of_scores.facts["lamp_or_lens_moved"] == ["brightness"]


def test_another_model_learns_its_own_scores() -> None:
    watch, _ = watched(frames(1000))
    others = (replace(one, model_id="b" * 64) for one in scored(frames(3000, first=1000), 5.0))

    watch, told = watched(others, watch)

    assert told == []
    assert watch.scores.model_id == "b" * 64


def test_five_cameras_without_drift_say_nothing_in_a_hundred_thousand_passed_frames() -> None:
    """By the bound a window is beyond 0.15 once in 1.6 million, and two in a row must be."""
    far: list[float] = []
    for seed in range(5):
        watch = ScoreWatch(model_id=MODEL)
        for score in np.random.default_rng(seed).gumbel(size=20_000).tolist():
            seen = Observed(at=NOON, outcome=Outcome.PASSED, model_id=MODEL, raw_score=score)
            ends_window = sum(watch.counts) == 499
            watch, told = scores_after(watch, seen, Monitoring(), moved=[])
            assert told == []
            far += [abs(watch.far)] if ends_window else []

    assert len(far) == 5 * (20_000 - 1000) // 500
    assert max(far) < 0.15


def test_a_share_of_unfit_frames_is_told_with_its_reasons_and_when_it_is_over() -> None:
    fit = frames(300)
    bad = [unfit(300 + at) for at in range(7)] + [
        unfit(310 + at, UnfitReason.MISPLACED) for at in range(8)
    ]

    watch, told = watched([*fit, *bad])

    (began,) = told
    assert (began.kind, began.turn) == (EventKind.UNFIT_SHARE, Turn.BEGAN)
    assert began.facts["reasons"] == {"no_part": 7, "misplaced": 3}
    assert (began.facts["unfit"], began.facts["frames"]) == (10, 200)
    assert "10 of the last 200 frames were unfit (7 no part, 3 misplaced)" in began.text

    watch, after = watched(frames(300, first=400), watch)
    (ended,) = after
    assert (ended.turn, ended.began_at) == (Turn.ENDED, began.at)
    _, again = watched(frames(50, first=700), watch)
    assert again == []


def test_single_unfit_frames_of_a_line_that_begins_are_not_told() -> None:
    _, told = watched([unfit(at) for at in range(9)])

    assert told == []
