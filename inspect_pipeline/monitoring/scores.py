"""Do good parts still get the scores that they got when all was well?

The raw scores of passed frames, in windows, are held against those of a reference by the largest
distance between their distribution functions (Kolmogorov and Smirnov), at STEPS levels of the
reference, which can only make it smaller. Two windows in a row must be further away than
`score_change`, in the same direction. Without drift, and for frames that do not depend on each
other, a window of m against a reference of n is further than D with a probability of at most about
2 exp(-2 D2 nm / (n + m)): 6e-7 for the usual 1000, 500 and 0.15.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime

from db.words import EventKind, Outcome
from inspect_pipeline.monitoring.changes import Change, Observed, Remembered, Turn
from inspect_pipeline.monitoring.figures import FIRST
from plant_config.monitoring import Monitoring

STEPS = 40
BACK = 0.5
NAME = "score"


class ScoreWatch(Remembered):
    """Of one model: another one learns anew. `levels` are of the reference, `below` its shares."""

    model_id: str
    learned: tuple[float, ...] = ()
    learned_at: datetime | None = None
    levels: tuple[float, ...] = ()
    below: tuple[float, ...] = ()  # share of the reference at or below each level
    median: float = 0.0
    counts: tuple[int, ...] = ()  # of the window: between the levels, and above the last
    far: float = 0.0  # signed distance of the last whole window: positive where scores rose
    began_at: datetime | None = None


def scores_after(
    watch: ScoreWatch, seen: Observed, settings: Monitoring, *, moved: Sequence[str]
) -> tuple[ScoreWatch, list[Change]]:
    """What is known after one more frame; `moved` are figures of lamp and lens that moved too."""
    changes: list[Change] = []
    if watch.model_id != seen.model_id:
        watch, changes = scores_accepted(watch, seen.at, model_id=seen.model_id)
    if seen.outcome is not Outcome.PASSED or seen.raw_score is None:
        return watch, changes
    if watch.learned_at is None:
        return _learned(watch, seen.raw_score, seen.at, settings), changes
    counts = list(watch.counts)
    counts[bisect_left(watch.levels, seen.raw_score)] += 1
    if sum(counts) < settings.reference_frames // 2:
        return watch.model_copy(update={"counts": tuple(counts)}), changes
    found, told = _after_window(watch, counts, seen.at, settings, moved)
    return found, [*changes, *told]


def scores_accepted(
    watch: ScoreWatch, at: datetime, *, model_id: str | None = None
) -> tuple[ScoreWatch, list[Change]]:
    """A new reference is learned: somebody said so, or there is another model."""
    fresh = ScoreWatch(model_id=model_id or watch.model_id)
    if watch.began_at is None:
        return fresh, []
    why = "somebody said that they are fine" if model_id is None else "another model inspects now"
    change = Change(
        kind=EventKind.INPUT_HEALTH,
        turn=Turn.ACCEPTED,
        figure=NAME,
        at=at,
        began_at=watch.began_at,
        text=f"the scores of good parts are learned anew: {why}",
    )
    return fresh, [change]


def _learned(watch: ScoreWatch, score: float, at: datetime, settings: Monitoring) -> ScoreWatch:
    learned = (*watch.learned, score)
    count = len(learned)
    if count < settings.reference_frames:
        return watch.model_copy(update={"learned": learned})
    ordered = sorted(learned)
    levels = sorted({ordered[count * step // STEPS] for step in range(1, STEPS)})
    return watch.model_copy(
        update={
            "learned": (),
            "learned_at": at,
            "levels": tuple(levels),
            "below": tuple(sum(one <= level for one in ordered) / count for level in levels),
            "median": ordered[count // 2],
            "counts": (0,) * (len(levels) + 1),
        }
    )


def _after_window(
    watch: ScoreWatch,
    counts: Sequence[int],
    at: datetime,
    settings: Monitoring,
    moved: Sequence[str],
) -> tuple[ScoreWatch, list[Change]]:
    far, median = _compared(watch, counts)
    limit = settings.score_change
    update: dict[str, object] = {"counts": (0,) * len(watch.counts), "far": far}
    if watch.began_at is None and min(abs(far), abs(watch.far)) > limit and far * watch.far > 0:
        update["began_at"] = at
        return watch.model_copy(update=update), [_change(watch, at, far, median, moved, limit)]
    if watch.began_at is not None and abs(far) < BACK * limit:
        update["began_at"] = None
        ended = Change(
            kind=EventKind.INPUT_HEALTH,
            turn=Turn.ENDED,
            figure=NAME,
            at=at,
            began_at=watch.began_at,
            text="good parts have the scores again that they had before",
            facts={"was": watch.median, "is": median, "change": round(far, 4), "limit": limit},
        )
        return watch.model_copy(update=update), [ended]
    return watch.model_copy(update=update), []


def _compared(watch: ScoreWatch, counts: Sequence[int]) -> tuple[float, float]:
    """The signed distance between window and reference, and about the median of the window."""
    total, passed, far, median = sum(counts), 0, 0.0, watch.levels[-1]
    for count, level, below in zip(counts, watch.levels, watch.below, strict=False):
        if passed * 2 < total <= (passed + count) * 2:
            median = level
        passed += count
        here = below - passed / total
        far = here if abs(here) > abs(far) else far
    return far, median


def _change(
    watch: ScoreWatch, at: datetime, far: float, median: float, moved: Sequence[str], limit: float
) -> Change:
    assert watch.learned_at is not None, "only what has learned is compared"
    advice = (
        f"{' and '.join(moved)} moved too: look at lamp and lens first, {FIRST}"
        if moved
        else "lamp and lens are as before: look at the parts and their material, then calibrate "
        "anew on good parts of today"
    )
    verb = "rose" if far > 0 else "fell"
    text = (
        f"the scores of good parts {verb} since {watch.learned_at:%Y-%m-%d} (median from "
        f"{watch.median:.3g} to {median:.3g}; {100 * abs(far):.0f} % of them moved): {advice}"
    )
    return Change(
        kind=EventKind.INPUT_HEALTH,
        turn=Turn.BEGAN,
        figure=NAME,
        at=at,
        began_at=at,
        text=text,
        facts={
            "was": watch.median,
            "is": median,
            "change": round(far, 4),
            "change_is": "distance",
            "limit": limit,
            "unit": "raw score",
            "reference_at": watch.learned_at.isoformat(),
            "model_id": watch.model_id,
            "lamp_or_lens_moved": list(moved),
            "advice": advice,
        },
    )
