"""A scheduler under a clock that the test sets, and without threads: work is done at once."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from db import jobs as record
from db.engine import connect, session
from db.jobs import RunRow
from db.upgrade import upgrade
from db.words import EventKind
from inspect_pipeline.ingestion.orders import Orders, Progress
from inspect_pipeline.service.ingesting.link import Link, Stop
from inspect_pipeline.service.ingesting.places import notices_of, orders_of
from inspect_pipeline.service.scheduling.scheduler import Scheduler
from plant_config.loader import load_plant
from plant_config.plant import Plant
from tests.integration.ingesting.tiny_plant import camera, tiny_plant


class Hand:
    """A clock that stands still until somebody sets it, and a timetable that works at once."""

    def __init__(self, moment: str) -> None:
        self.is_working = True
        self.set(moment)
        self.left: list[Callable[[], None]] = []

    def set(self, moment: str) -> None:
        self.moment = datetime.fromisoformat(moment)

    def __call__(self) -> datetime:
        return self.moment

    def work(self, name: str, call: Callable[[], None]) -> None:
        if self.is_working:
            call()
        else:
            self.left.append(call)


def scheduled_plant(folder: Path, url: str, *, schedule: str = "", blocks: str = "") -> Plant:
    """One camera, with its schedule, in Berlin; `blocks` are jobs and shifts."""
    engine = connect(url)
    upgrade(engine)
    engine.dispose()
    said = f"{camera()}[cameras.schedule]\n{schedule}\n" if schedule else camera()
    path = tiny_plant(folder, url, [said], models=folder / "none")
    path.write_text(f'timezone = "Europe/Berlin"\n{path.read_text()}\n{blocks}\n')
    return load_plant(path)


class Desk:
    """The scheduler of a plant, begun again as often as a test wants, and the record it keeps."""

    def __init__(self, plant: Plant, moment: str) -> None:
        self.plant = plant
        self.hand = Hand(moment)
        self.engine = connect(plant.storage.database_url.get_secret_value())
        self.begin()

    def begin(self) -> None:
        """A new process: it knows what the record says, and nothing else."""
        self.stop = Stop()
        _, pipe = multiprocessing.Pipe(duplex=False)
        self.scheduler = Scheduler(self.plant, Link(pipe, self.stop), now=self.hand)
        self.scheduler.book.engine = self.engine
        self.look()

    def look(self, moment: str | None = None) -> None:
        if moment is not None:
            self.hand.set(moment)
        self.scheduler.look(self.hand)  # type: ignore[arg-type]  # as much of it as is asked
        self.scheduler.look_back()

    def camera_gives(self, frames: int, *, ended: bool = True) -> None:
        order = self.orders.current()
        assert order is not None
        self.orders.report(
            Progress(
                key=order.key,
                taken=frames,
                first_at=self.hand.moment,
                last_at=self.hand.moment,
                ended=ended,
            )
        )

    @property
    def orders(self) -> Orders:
        return orders_of(self.plant, "cam-1")

    @property
    def runs(self) -> list[RunRow]:
        with session(self.engine, read_only=True) as opened:
            return record.runs(opened)[::-1]

    @property
    def told(self) -> list[tuple[str, str, str | None]]:
        """Planned time, outcome and text of every run, the oldest first."""
        return [
            (f"{one.planned_at:%H:%M:%S}", one.outcome or "going on", one.text) for one in self.runs
        ]

    @property
    def events(self) -> list[EventKind]:
        notices = notices_of(self.plant)
        return [notices.read(path).kind for path in notices.waiting()]
