"""Runs of jobs that keep house: each works beside the clock, and ends in the record."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from queue import SimpleQueue

from db.errors import DatabaseError
from db.words import JobOutcome
from inspect_pipeline.errors import InspectError
from inspect_pipeline.service.housekeeping.chore import ChoreContext, ChoreResult, ChoreStopped
from inspect_pipeline.service.housekeeping.kinds import run_chore
from inspect_pipeline.service.ingesting.places import notices_of
from inspect_pipeline.service.scheduling.book import Began, Book
from inspect_pipeline.service.scheduling.timetable import Timetable
from plant_config.plant import Plant

_log = logging.getLogger(__name__)


class ChoreRuns:
    def __init__(self, plant: Plant, book: Book, *, is_stopping: Callable[[], bool]) -> None:
        self.plant = plant
        self.book = book
        self.is_stopping = is_stopping
        self._going: dict[str, datetime] = {}
        self._ended: SimpleQueue[tuple[str, JobOutcome, str]] = SimpleQueue()

    def is_going(self, job: str) -> bool:
        return job in self._going

    def begin(self, run: Began, timetable: Timetable) -> None:
        """Raises DatabaseError: a job that cannot be recorded does not begin yet."""
        if self.book.begin_now(run):
            self._going[run.job.name] = run.planned_at
            timetable.work(run.job.name, lambda: self._work(run))

    def close(self) -> None:
        """Records what has ended since the last time."""
        while not self._ended.empty():
            name, outcome, text = self._ended.get()
            self.book.end(name, self._going.pop(name), outcome, text)

    def _work(self, run: Began) -> None:
        """In another thread: it touches nothing of the record but what a job reads and removes."""
        assert run.job.settings is not None, "only cameras have none"
        assert self.book.engine is not None, "opened before anything is begun"
        context = ChoreContext(
            plant=self.plant,
            engine=self.book.engine,
            planned_at=run.planned_at,
            now=self.book.now,
            is_stopping=self.is_stopping,
            notices=notices_of(self.plant),
        )
        name = run.job.name
        try:
            result: ChoreResult = run_chore(run.job.settings, context)
            self._ended.put((name, JobOutcome.DONE, result.text))
        except ChoreStopped:
            self._ended.put((name, JobOutcome.INTERRUPTED, "the program was told to stop"))
        except (InspectError, DatabaseError, OSError) as error:
            self._ended.put((name, JobOutcome.FAILED, str(error)))
        except Exception as error:  # noqa: BLE001 - one bad job must not stop the others
            _log.exception("job %s", name)
            self._ended.put((name, JobOutcome.FAILED, f"{type(error).__name__}: {error}"))
