"""What is to be done now: pure rules. The record says until when times are settled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from inspect_pipeline.service.scheduling.times import Times

COUNTED = 1000  # times that were missed are counted so far


@dataclass(frozen=True, kw_only=True)
class Policy:
    """`late_after` says of a planned time from when on it is late; `catch_up`: `skip` or `once`."""

    late_after: Callable[[datetime], datetime]
    catch_up: str = "skip"


@dataclass(frozen=True, kw_only=True)
class Missed:
    """Times that nobody will make up for, the last one at `last_at`."""

    last_at: datetime
    text: str


@dataclass(frozen=True, kw_only=True)
class Due:
    """`run_at` is the planned time that is to be run now, also for `others` before it."""

    run_at: datetime | None = None
    others: int = 0
    missed: Missed | None = None


def what_is_due(times: Times, policy: Policy, *, settled_at: datetime, now: datetime) -> Due:
    """Of the times after `settled_at` until now: one run at most stands for all that are not late.

    Late ones are missed, or with `catch_up = once` one run stands for all of them too.
    """
    passed: list[datetime] = []
    found = times.after(settled_at)
    while found is not None and found <= now:
        passed.append(found)
        if len(passed) == COUNTED:  # of the rest only the last ones matter
            found = max(found, _shortly_before_the_last(times, now))
        found = times.after(found)
    fresh = [one for one in passed if now < policy.late_after(one)]
    if policy.catch_up == "once" and passed:
        fresh = passed
    late = passed[: len(passed) - len(fresh)]
    if not fresh:
        return Due(missed=_missed(late))
    return Due(run_at=fresh[-1], others=len(fresh) - 1, missed=_missed(late))


def _shortly_before_the_last(times: Times, now: datetime) -> datetime:
    """A moment between the last planned time and the one before, or some before that."""
    back = timedelta(seconds=1)
    while (found := times.after(now - back)) is None or found > now:
        back *= 2
    return now - back


def _missed(passed: list[datetime]) -> Missed | None:
    if not passed:
        return None
    if len(passed) == 1:
        return Missed(last_at=passed[0], text="its time passed while nothing could begin it")
    count = f"{len(passed)}" if len(passed) < COUNTED else f"more than {COUNTED}"
    return Missed(
        last_at=passed[-1],
        text=(
            f"{count} times passed while nothing could begin it, the first at "
            f"{passed[0]:%Y-%m-%d %H:%M:%S} UTC"
        ),
    )
