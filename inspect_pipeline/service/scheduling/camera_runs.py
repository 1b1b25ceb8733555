"""Runs of cameras: an order is given, and what the camera says of it is the end of the run."""

from __future__ import annotations

from datetime import datetime, timedelta

from db.words import JobOutcome
from inspect_pipeline.ingestion.orders import Order
from inspect_pipeline.service.ingesting.places import orders_of
from inspect_pipeline.service.scheduling.book import Began, Book, Taken
from inspect_pipeline.service.scheduling.plan import PlannedJob, order_of
from plant_config.plant import Plant

SLACK = timedelta(seconds=5)  # in which a camera may say itself that its order is over


class CameraRuns:
    def __init__(self, plant: Plant, jobs: list[PlannedJob], book: Book) -> None:
        self.plant = plant
        self.book = book
        self.orders = {one.name: orders_of(plant, one.name) for one in jobs if one.camera}
        self._going: dict[str, tuple[datetime, Order]] = {}

    def is_going(self, job: str) -> bool:
        return job in self._going

    def take_over(self, job: str, planned_at: datetime) -> bool:
        """A run of an earlier process goes on where its order still stands."""
        order = self.orders[job].current() if job in self.orders else None
        if order is None or order.key != _key(job, planned_at):
            return False
        self._going[job] = (planned_at, order)
        return True

    def begin(self, run: Began) -> None:
        """The order first: given again after a kill, the camera knows it by its key.

        Raises DiskFull or OSError where it cannot be given.
        """
        camera = run.job.camera
        assert camera is not None, "only cameras get orders"
        key = _key(camera.id, run.planned_at)
        order = order_of(self.plant, camera, key, run.planned_at, self.book.now())
        self.orders[camera.id].give(order)
        self._going[camera.id] = (run.planned_at, order)
        self.book.begin(run)

    def close(self) -> None:
        """Ends the runs whose cameras are ready, or had all the time there was."""
        for name, (_, order) in list(self._going.items()):
            is_over = self.book.now() > order.until_at + SLACK
            if is_over or self.orders[name].progress(order.key).ended:
                self._end(name)

    def pause(self, job: PlannedJob, paused_by: str) -> None:
        """What a camera takes all through a shift ends at once; other orders end by themselves."""
        if self.is_going(job.name) and job.camera and not job.camera.schedule.is_timed:
            self.orders[job.name].withdraw()
            self._end(job.name, f"paused by {paused_by}")

    def _end(self, name: str, text: str = "") -> None:
        planned_at, order = self._going.pop(name)
        made = self.orders[name].progress(order.key)
        outcome = JobOutcome.DONE
        if order.frames is not None and made.taken < order.frames and not text:
            outcome = JobOutcome.FAILED
            text = f"the camera gave {made.taken} of {order.frames} frames in the time it had"
        taken = Taken(frames=made.taken, first_at=made.first_at, last_at=made.last_at)
        self.book.end(name, planned_at, outcome, text, taken)


def _key(job: str, planned_at: datetime) -> str:
    return f"{job} {planned_at.isoformat()}"
