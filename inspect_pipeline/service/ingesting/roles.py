"""What the processes do: one function each, that a fresh interpreter can find by its name."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection

from db.errors import DatabaseError
from inspect_pipeline.errors import InspectError
from inspect_pipeline.service.ingesting.instance import belonging
from inspect_pipeline.service.ingesting.link import Link, Stop
from plant_config.plant import Plant

CAMERA, WORKER, WRITER, REVIEW = "camera", "worker", "writer", "review"
SCHEDULER = "scheduler"


@dataclass(frozen=True, kw_only=True)
class Role:
    """Which process it is: `camera web-cam`, `worker 2`, `writer`, `review`."""

    kind: str
    which: str = ""

    @property
    def name(self) -> str:
        return f"{self.kind} {self.which}".strip()


@dataclass(frozen=True, kw_only=True)
class Service:
    """What is to run: the plant, once or for good, with the review application or without."""

    plant: Plant
    once: bool = False
    review: bool = False
    log_level: int = logging.WARNING


def roles_of(service: Service) -> list[Role]:
    """In the order in which they begin: whoever takes work before whoever makes it."""
    workers = range(1, service.plant.ingestion.workers + 1)
    is_scheduled = service.plant.is_scheduled and not service.once
    return [
        Role(kind=WRITER),
        *(Role(kind=WORKER, which=str(number)) for number in workers),
        *(Role(kind=CAMERA, which=camera.id) for camera in service.plant.cameras),
        *([Role(kind=SCHEDULER)] if is_scheduled else []),
        *([Role(kind=REVIEW)] if service.review else []),
    ]


def run_role(service: Service, role: Role, pipe: Connection, supervisor: int) -> None:
    """The whole life of a process; its exit code is 0 where it did what it was there for."""
    stop = Stop()
    stop.listen(signal.SIGTERM)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # until it has left the terminal
    logging.basicConfig(
        level=service.log_level, format=f"[{role.name}] %(message)s", stream=sys.stderr
    )
    link = Link(pipe, stop)
    duties: dict[str, Callable[[Service, Role, Link], None]] = {
        CAMERA: _capture,
        WORKER: _work,
        WRITER: _write,
        REVIEW: _review,
        SCHEDULER: _schedule,
    }
    with belonging(service.plant.spool_folder, supervisor, name=role.name):
        try:
            duties[role.kind](service, role, link)
        except BrokenPipeError:
            os._exit(1)  # the supervisor is gone
        except (InspectError, DatabaseError) as error:
            link.say("refused", text=str(error))
            sys.exit(1)
        except Exception as error:
            logging.getLogger(__name__).exception("%s ended", role.name)
            link.say("failed", text=f"{type(error).__name__}: {error}")
            sys.exit(1)


def _capture(service: Service, role: Role, link: Link) -> None:
    from inspect_pipeline.ingestion.admission import Admission
    from inspect_pipeline.service.ingesting.capturing import Capture
    from inspect_pipeline.service.ingesting.gates import AlwaysOpen, OnOrder
    from inspect_pipeline.service.ingesting.places import (
        memory_of,
        notices_of,
        orders_of,
        post_of,
        spool_of,
        utc_now,
    )
    from inspect_pipeline.service.opening import open_camera
    from inspect_pipeline.service.webs import as_web

    plant = service.plant
    settings = plant.camera(role.which)
    memory, notices = memory_of(plant, settings.id), notices_of(plant)
    spool = spool_of(plant, settings.id)
    start_at = utc_now().replace(microsecond=0)
    is_free = service.once or settings.schedule.is_always
    Capture(
        lambda: as_web(
            open_camera(settings, state=memory, once=service.once, start_at=start_at),
            settings,
            memory,
        ),
        post_of(settings),
        Admission(spool, notices, plant.ingestion, now=utc_now),
        link,
        once=service.once,
        gate=AlwaysOpen() if is_free else OnOrder(orders_of(plant, settings.id), now=utc_now),
        now=utc_now,
    ).run()


def _work(service: Service, role: Role, link: Link) -> None:
    import torch

    from db.evidence import EvidenceStore
    from inspect_pipeline.ingestion.picking import Picker
    from inspect_pipeline.service.build import build_inspector
    from inspect_pipeline.service.ingesting.places import notices_of, spools_of, utc_now
    from inspect_pipeline.service.ingesting.working import Worker
    from inspect_pipeline.service.opening import build_correction
    from inspect_pipeline.service.rows import RowMaker

    plant = service.plant
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    torch.set_num_threads(max(1, cores // plant.ingestion.workers))
    link.beat()
    parts = sorted({camera.part for camera in plant.cameras})
    folder = plant.storage.models_folder
    inspectors = {part: build_inspector(folder, plant.part(part)) for part in parts}
    link.say("ready")
    Worker(
        inspectors,
        {camera.id: build_correction(camera) for camera in plant.cameras},
        Picker(spools_of(plant), worker_folder(role)),
        RowMaker(EvidenceStore(plant.storage.evidence_folder), utc_now),
        notices_of(plant),
        link,
        tries=plant.ingestion.tries,
        now=utc_now,
    ).run()


def _write(service: Service, _role: Role, link: Link) -> None:
    from inspect_pipeline.service.ingesting.places import notices_of, spools_of, utc_now
    from inspect_pipeline.service.ingesting.writing import Writer

    plant = service.plant
    Writer(plant, spools_of(plant), notices_of(plant), link, now=utc_now).run()


def _schedule(service: Service, _role: Role, link: Link) -> None:
    from inspect_pipeline.service.ingesting.places import utc_now
    from inspect_pipeline.service.scheduling.scheduler import Scheduler

    Scheduler(service.plant, link, now=utc_now).run()


def _review(service: Service, _role: Role, link: Link) -> None:
    from db.evidence import EvidenceStore
    from db.upgrade import open_database
    from inspect_pipeline.service.serving import listen, prepared, run_until_stopped

    plant = service.plant
    engine = open_database(plant.storage.database_url.get_secret_value(), create=False)
    try:
        store = EvidenceStore(plant.storage.evidence_folder)
        application = prepared(engine, store, plant.review, plant=plant)
        with listen(plant.review) as door:
            link.say("ready", text=plant.review.address)
            run_until_stopped(application, door, plant.review, beat=link.beat)
    finally:
        engine.dispose()


def worker_folder(role: Role) -> str:
    """The name under which a worker claims frames."""
    return f"worker-{role.which}"
