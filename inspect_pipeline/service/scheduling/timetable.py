"""The clock that wakes: the only file that knows APScheduler.

It decides nothing and remembers nothing. What is due follows from the record in the database, each
time that it wakes us; so its own rules for lateness are off, and its store is memory. Its thread
can end while it still says that it runs: whoever lives by its ticks notices.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Self

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger

_TICKS, _WAKES, _WORK = "ticks", "wakes", "work"


class Timetable:
    """Ticks, wakes and work have threads of their own; all wakes share one, one after the other."""

    def __init__(self, *, works_at_once: int = 2) -> None:
        self._clock = BackgroundScheduler(
            executors={
                _TICKS: ThreadPoolExecutor(1),
                _WAKES: ThreadPoolExecutor(1),
                _WORK: ThreadPoolExecutor(works_at_once),
            },
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone=UTC,
        )

    def tick(self, every_s: float, call: Callable[[], None]) -> None:
        """Whatever else is going on."""
        self._clock.add_job(call, IntervalTrigger(seconds=every_s), id="tick", executor=_TICKS)

    def look(self, every_s: float, call: Callable[[], None]) -> None:
        self._clock.add_job(call, IntervalTrigger(seconds=every_s), id="look", executor=_WAKES)

    def wake(
        self, name: str, after: Callable[[datetime], datetime | None], call: Callable[[], None]
    ) -> None:
        """At each of the times that `after` gives."""
        self._clock.add_job(call, _Trigger(after), id=f"wake {name}", executor=_WAKES)

    def work(self, name: str, call: Callable[[], None]) -> None:
        """Now, beside everything else."""
        self._clock.add_job(
            call,
            id=f"work {name}",
            executor=_WORK,
            max_instances=2,  # one that has just ended may be counted for a moment longer
        )

    def __enter__(self) -> Self:
        self._clock.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Waits for what is going on: tell that to end before."""
        self._clock.shutdown(wait=True)


class _Trigger(BaseTrigger):  # type: ignore[misc]  # the library has no types
    def __init__(self, after: Callable[[datetime], datetime | None]) -> None:
        self.after = after

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime | None:
        return self.after(previous or now)
