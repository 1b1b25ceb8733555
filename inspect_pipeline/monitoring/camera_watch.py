"""All that is watched of one camera and part: what is remembered goes in, and comes out anew."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from inspect_pipeline.monitoring.changes import Change, Observed, Remembered
from inspect_pipeline.monitoring.figures import FIGURES
from inspect_pipeline.monitoring.light import (
    REFERENCE_BATCHES,
    LightWatch,
    light_accepted,
    light_after,
)
from inspect_pipeline.monitoring.scores import ScoreWatch, scores_accepted, scores_after
from inspect_pipeline.monitoring.unfit import UnfitWatch, unfit_after
from plant_config.monitoring import Monitoring


class CameraWatch(Remembered):
    light: LightWatch = LightWatch()
    scores: ScoreWatch
    unfit: UnfitWatch = UnfitWatch()


def begun(seen: Observed) -> CameraWatch:
    """What is known before the first frame."""
    return CameraWatch(scores=ScoreWatch(model_id=seen.model_id))


def watch_after(
    watch: CameraWatch, seen: Observed, settings: Monitoring
) -> tuple[CameraWatch, list[Change]]:
    """What is known after one more frame, and what began or ended with it."""
    light, of_light = light_after(watch.light, seen, settings)
    moved = light.moved(settings)
    scores, of_scores = scores_after(watch.scores, seen, settings, moved=moved)
    unfit, of_unfit = unfit_after(watch.unfit, seen, settings)
    after = CameraWatch(light=light, scores=scores, unfit=unfit)
    return after, [*of_light, *of_scores, *of_unfit]


def watch_accepted(watch: CameraWatch, at: datetime) -> tuple[CameraWatch, list[Change]]:
    """Somebody says that the camera is fine as it is: references are learned anew."""
    light, of_light = light_accepted(watch.light, at)
    scores, of_scores = scores_accepted(watch.scores, at)
    after = CameraWatch(light=light, scores=scores, unfit=watch.unfit)
    return after, [*of_light, *of_scores]


def summary_of(watch: CameraWatch, settings: Monitoring) -> dict[str, Any]:
    """For people and charts: `db.input_health` says what stands in it."""
    light, scores = watch.light, watch.scores
    figures = {}
    if light.has_learned:
        for place, limit in enumerate(light.limits(settings)):
            mean, figure = light.means[place], FIGURES[place]
            since = light.out.get(figure.name)
            figures[figure.name] = {
                "mean": mean,
                "low": mean - limit,
                "high": mean + limit,
                "now": light.smoothed[place],
                "out_since": None if since is None else since.isoformat(),
            }
    began = scores.began_at, watch.unfit.began_at
    score_out, unfit_out = (None if at is None else at.isoformat() for at in began)
    return {
        "learned_at": None if light.learned_at is None else light.learned_at.isoformat(),
        "learned_share": 1.0 if light.has_learned else len(light.learned) / REFERENCE_BATCHES,
        "figures": figures,
        "score_far": scores.far,
        "score_out_since": score_out,
        "unfit_out_since": unfit_out,
    }
