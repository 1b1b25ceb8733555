"""Does the promise still hold that at most so many good parts are reported by mistake?"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from db.engine import session
from db.questions.escapes import EscapesOf, escapes
from db.questions.proportions import wilson_interval
from db.questions.rates import By, RateOf, defect_rate
from inspect_pipeline.errors import InspectError
from inspect_pipeline.service.housekeeping.chore import ChoreContext, ChoreResult
from plant_config.jobs import CalibrationJob
from plant_config.part import Part


class PromiseBroken(InspectError):
    """More good parts are reported than the plant file allows: look at lamp and lens first."""


def check_promises(settings: CalibrationJob, context: ChoreContext) -> ChoreResult:
    """Of each part, what people said of its failed frames against its `false_alarms`.

    Counted are frames that failed and that people judged good, among all that were inspected but
    those that they judged defective. Frames that failed and that nobody judged count as rightly
    failed, so the true share is at least this. Raises PromiseBroken where even the lower end of
    its interval (Wilson, 95 %) is above what was promised.
    """
    until = context.planned_at
    since = until - timedelta(days=settings.days)
    kept: list[str] = []
    broken: list[str] = []
    with session(context.engine, read_only=True) as opened:
        for part in context.plant.parts:
            wanted = EscapesOf(part=part.name, since=since, until=until)
            holds, words = _said_of(opened, part, wanted, judged_min=settings.judged_min)
            (kept if holds else broken).append(words)
    if broken:
        raise PromiseBroken("; ".join([*broken, *kept]))
    return ChoreResult(text="; ".join(kept))


def _said_of(
    opened: Session, part: Part, wanted: EscapesOf, *, judged_min: int
) -> tuple[bool, str]:
    of_part = RateOf(part=part.name, since=wanted.since, until=wanted.until, by=(By.TOTAL,))
    rate = defect_rate(opened, of_part)
    inspected, failed = (int(rate[name].sum()) for name in ("inspected", "failed"))
    found = escapes(opened, wanted)
    calls = found[found["measure"] == "false_call"]
    if calls.empty or int(calls["frames"].max()) < judged_min:
        judged = 0 if calls.empty else int(calls["frames"].max())
        return True, (
            f"{part.name}: people judged {judged} of {failed} frames that failed, which is too "
            f"few to say anything (at least {judged_min})"
        )
    widest = calls.sort_values("frames").iloc[-1]
    judged, mistaken = int(widest["frames"]), int(widest["count"])
    good = inspected - (judged - mistaken)
    low, _ = wilson_interval(mistaken, good) or (0.0, 1.0)
    return low <= part.false_alarms, (
        f"{part.name}: {mistaken} of {good} good frames failed ({mistaken / good:.2%}, at least "
        f"{low:.2%}), promised are at most {part.false_alarms:.2%}; nobody judged "
        f"{max(0, failed - judged)} of {failed} that failed"
    )
