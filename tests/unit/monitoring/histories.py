"""Cameras as rules see them: seeded figures and scores of frame after frame."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import numpy as np

from db.words import Outcome, UnfitReason
from inspect_pipeline.monitoring.camera_watch import CameraWatch, begun, watch_after
from inspect_pipeline.monitoring.changes import Change, Observed
from inspect_pipeline.records import InputFigures
from plant_config.monitoring import Monitoring

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
USUAL = {
    "brightness": 128.0,
    "contrast": 40.0,
    "focus": 12.0,
    "shading": 5.0,
    "darkest_spot": 8.0,
    "clipped": 0.5,
}
BETWEEN_FRAMES = 0.05  # spread of each figure, as a share of it
MODEL = "a" * 64

Fault = Callable[[int, dict[str, float]], dict[str, float]]


def frames(
    count: int, *, seed: int = 1, first: int = 0, fault: Fault = lambda _, figures: figures
) -> Iterable[Observed]:
    """One a second; `fault` changes the figures of a frame by its number."""
    random = np.random.default_rng(seed + first)
    for number in range(first, first + count):
        wander = 1.0 + BETWEEN_FRAMES * random.standard_t(4, len(USUAL))
        figures = {
            name: value * by for (name, value), by in zip(USUAL.items(), wander, strict=True)
        }
        yield Observed(
            at=NOON + timedelta(seconds=number),
            outcome=Outcome.PASSED,
            model_id=MODEL,
            figures=InputFigures(**fault(number, figures)),
            raw_score=float(random.normal()),
        )


def unfit(number: int, reason: UnfitReason = UnfitReason.NO_PART) -> Observed:
    return Observed(
        at=NOON + timedelta(seconds=number),
        outcome=Outcome.UNFIT,
        model_id=MODEL,
        unfit_reason=reason,
    )


def watched(
    seen: Iterable[Observed], watch: CameraWatch | None = None, settings: Monitoring | None = None
) -> tuple[CameraWatch, list[Change]]:
    """What is known at the end, and all that was told on the way."""
    told: list[Change] = []
    for one in seen:
        watch, changes = watch_after(watch or begun(one), one, settings or Monitoring())
        told += changes
    assert watch is not None
    return watch, told
