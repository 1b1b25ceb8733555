"""What dead processes left in the middle is put where the living find it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from inspect_pipeline.errors import DiskFull
from inspect_pipeline.ingestion.admission import shed
from inspect_pipeline.ingestion.notices import Notices
from inspect_pipeline.ingestion.spool import SHEDDER, CameraSpool, Place, intact
from inspect_pipeline.service.ingesting.setting_apart import set_apart

Clock = Callable[[], datetime]

_log = logging.getLogger(__name__)


def repair_all(spools: Sequence[CameraSpool], notices: Notices, *, tries: int, now: Clock) -> None:
    """At a start, while no other process lives."""
    for spool in spools:
        for worker in spool.workers():
            repair_worker([spool], worker, notices, tries=tries, now=now)


def repair_worker(
    spools: Sequence[CameraSpool], worker: str, notices: Notices, *, tries: int, now: Clock
) -> None:
    """After a worker's death: what it had in hand waits again, or was its last try."""
    for spool in spools:
        for place in spool.repair(worker):
            try:
                _repair(spool, place, notices, is_shed=worker == SHEDDER, tries=tries, now=now)
            except (DiskFull, OSError) as error:  # it stays where it is until the next repair
                _log.error("%s cannot be put right yet: %s", place.path, error)


def _repair(
    spool: CameraSpool,
    place: Place,
    notices: Notices,
    *,
    is_shed: bool,
    tries: int,
    now: Clock,
) -> None:
    if is_shed:
        shed(spool, notices, place, now=now)
    elif place.tries < tries:
        spool.give_back(place)
    else:
        reason = f"workers died {place.tries} times while they had it"
        entry = intact(spool, place)
        set_apart(spool, place, notices, entry=entry, reason=reason, at=now())
