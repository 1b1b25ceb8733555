"""Are too many of a camera's frames unfit? Counted in its last frames."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from db.words import EventKind
from inspect_pipeline.monitoring.changes import Change, Observed, Remembered, Turn
from plant_config.monitoring import Monitoring

NAME = "unfit_share"
BACK = 0.5
_FIT = ""


class UnfitWatch(Remembered):
    recent: tuple[str, ...] = ()  # the reason of each, newest last; _FIT where there is none
    began_at: datetime | None = None


def unfit_after(
    watch: UnfitWatch, seen: Observed, settings: Monitoring
) -> tuple[UnfitWatch, list[Change]]:
    """It is told when as many are unfit as make the share of a whole window, so not of the first.

    It is over when a whole window has less than half of that.
    """
    window = settings.unfit_window_frames
    reason = _FIT if seen.unfit_reason is None else seen.unfit_reason.value
    recent = (*watch.recent, reason)[-window:]
    reasons = Counter(one for one in recent if one != _FIT)
    share = reasons.total() / window
    update: dict[str, object] = {"recent": recent}
    changes = []
    if watch.began_at is None and reason != _FIT and share >= settings.unfit_share:
        update["began_at"] = seen.at
        changes = [_change(Turn.BEGAN, seen.at, seen.at, reasons, len(recent), settings)]
    elif watch.began_at is not None and share < BACK * settings.unfit_share:
        update["began_at"] = None
        changes = [_change(Turn.ENDED, seen.at, watch.began_at, reasons, len(recent), settings)]
    return watch.model_copy(update=update), changes


def _change(
    turn: Turn,
    at: datetime,
    began_at: datetime,
    reasons: Counter[str],
    frames: int,
    settings: Monitoring,
) -> Change:
    words = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in reasons.most_common())
    unfit = reasons.total()
    text = f"{unfit} of the last {frames} frames were unfit ({words}): nobody inspects these parts"
    if turn is Turn.ENDED:
        text = f"frames are fit again: {unfit} of the last {frames} were not"
    return Change(
        kind=EventKind.UNFIT_SHARE,
        turn=turn,
        figure=NAME,
        at=at,
        began_at=began_at,
        text=text,
        facts={
            "unfit": unfit,
            "frames": frames,
            "share": round(unfit / frames, 4),
            "limit": settings.unfit_share,
            "reasons": dict(reasons.most_common()),
        },
    )
