"""Do a camera's pictures look as they did when all was well? Lamp and lens, by six figures.

Frames are taken in batches. The means of the first REFERENCE_BATCHES batches of fit frames are the
reference, the later ones are smoothed (an EWMA) and held against it. A figure is out where it has
moved by more than is allowed and by more than LIMIT_SPREADS times what chance does to it; it is
back within BACK of that. A batch counts at most CUT limits, so that at least four wild ones in a
row are needed: a hand before the camera is no lamp that fails.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import sqrt
from statistics import fmean, stdev

from pydantic import Field

from db.words import EventKind
from inspect_pipeline.monitoring.changes import Change, Observed, Remembered, Turn
from inspect_pipeline.monitoring.figures import FIGURES, Figure, in_order
from plant_config.monitoring import Monitoring

REFERENCE_BATCHES = 40
SMOOTHING = 0.2
LIMIT_SPREADS = 8.0
CUT = 2.0
BACK = 0.5

Numbers = tuple[float, ...]  # one for each of FIGURES, in their order


class LightWatch(Remembered):
    """`learned` are the means of batches until there is a reference; then it is empty."""

    learned_at: datetime | None = None
    learned: tuple[Numbers, ...] = ()
    batch_frames: int = 0
    batch_sums: Numbers = (0.0,) * len(FIGURES)
    means: Numbers = ()
    spreads: Numbers = ()
    smoothed: Numbers = ()
    out: dict[str, datetime] = Field(default_factory=dict)  # by name of a figure: since when

    @property
    def has_learned(self) -> bool:
        return self.learned_at is not None

    def limits(self, settings: Monitoring) -> Numbers:
        """How far each figure may lie from its mean of the reference."""
        scale = sqrt(SMOOTHING / (2.0 - SMOOTHING) + 1.0 / REFERENCE_BATCHES)
        return tuple(
            max(figure.allowed(mean, settings), LIMIT_SPREADS * scale * spread)
            for figure, mean, spread in zip(FIGURES, self.means, self.spreads, strict=True)
        )

    def moved(self, settings: Monitoring) -> list[str]:
        """Figures that are out, or more than half on the way there, in words."""
        if not self.has_learned:
            return []
        limits = self.limits(settings)
        return [
            figure.words
            for place, figure in enumerate(FIGURES)
            if figure.name in self.out
            or abs(self.smoothed[place] - self.means[place]) > BACK * limits[place]
        ]


def light_after(
    watch: LightWatch, seen: Observed, settings: Monitoring
) -> tuple[LightWatch, list[Change]]:
    """What is known after one more frame; only fit frames make a reference."""
    is_fit = seen.unfit_reason is None
    if seen.figures is None or not (is_fit or watch.has_learned):
        return watch, []
    added = in_order(seen.figures)
    sums = tuple(total + one for total, one in zip(watch.batch_sums, added, strict=True))
    frames = watch.batch_frames + 1
    if frames < max(1, settings.reference_frames // REFERENCE_BATCHES):
        return watch.model_copy(update={"batch_sums": sums, "batch_frames": frames}), []
    emptied = watch.model_copy(update={"batch_sums": (0.0,) * len(FIGURES), "batch_frames": 0})
    return after_batch(emptied, tuple(total / frames for total in sums), seen.at, settings)


def after_batch(
    watch: LightWatch, batch: Numbers, at: datetime, settings: Monitoring
) -> tuple[LightWatch, list[Change]]:
    """The same after the means of one more batch."""
    if not watch.has_learned:
        return _learned(watch, batch, at), []
    limits = watch.limits(settings)
    smoothed = tuple(
        old + SMOOTHING * (max(-CUT * limit, min(CUT * limit, new - mean)) + mean - old)
        for old, new, mean, limit in zip(watch.smoothed, batch, watch.means, limits, strict=True)
    )
    out, changes = dict(watch.out), []
    for place, figure in enumerate(FIGURES):
        mean, now, limit = watch.means[place], smoothed[place], limits[place]
        away = abs(now - mean)
        if figure.name not in out and away > limit:
            out[figure.name] = at
            changes.append(_change(figure, Turn.BEGAN, at, at, (mean, now, limit), watch))
        elif figure.name in out and away < BACK * limit:
            began_at = out.pop(figure.name)
            changes.append(_change(figure, Turn.ENDED, at, began_at, (mean, now, limit), watch))
    return watch.model_copy(update={"smoothed": smoothed, "out": out}), changes


def light_accepted(watch: LightWatch, at: datetime) -> tuple[LightWatch, list[Change]]:
    """Somebody says that the pictures are fine from now on: a new reference is learned."""
    changes = [
        Change(
            kind=EventKind.INPUT_HEALTH,
            turn=Turn.ACCEPTED,
            figure=figure.name,
            at=at,
            began_at=watch.out[figure.name],
            text=f"{figure.words} is fine as it is now, somebody said",
        )
        for figure in FIGURES
        if figure.name in watch.out
    ]
    return LightWatch(), changes


def _learned(watch: LightWatch, batch: Numbers, at: datetime) -> LightWatch:
    learned = (*watch.learned, batch)
    if len(learned) < REFERENCE_BATCHES:
        return watch.model_copy(update={"learned": learned})
    columns: Sequence[Numbers] = list(zip(*learned, strict=True))
    means = tuple(fmean(column) for column in columns)
    return watch.model_copy(
        update={
            "learned": (),
            "learned_at": at,
            "means": means,
            "spreads": tuple(stdev(column) for column in columns),
            "smoothed": means,
        }
    )


def _change(
    figure: Figure,
    turn: Turn,
    at: datetime,
    began_at: datetime,
    found: tuple[float, float, float],
    watch: LightWatch,
) -> Change:
    was, now, limit = found
    assert watch.learned_at is not None, "only what has learned has limits"
    learned = f"{watch.learned_at:%Y-%m-%d}"
    text = f"{figure.words} is again as on {learned} ({now:.1f}, it was {was:.1f} {figure.unit})"
    facts: dict[str, object] = {
        "was": round(was, 4),
        "is": round(now, 4),
        "change": round(now / was - 1.0, 4) if figure.is_share and was else round(now - was, 4),
        "change_is": "share" if figure.is_share else "points",
        "limit": round(limit, 4),
        "unit": figure.unit,
        "reference_at": watch.learned_at.isoformat(),
    }
    if turn is Turn.BEGAN:
        advice = figure.advice(was, now)
        text = f"{figure.words} {figure.moved(was, now)} since {learned}: {advice}"
        facts["advice"] = advice
    return Change(
        kind=EventKind.INPUT_HEALTH,
        turn=turn,
        figure=figure.name,
        at=at,
        began_at=began_at,
        text=text,
        facts=facts,
    )
