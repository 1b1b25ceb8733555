"""May the camera take pictures now? Always, or as long as it has an order to."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from inspect_pipeline.errors import DiskFull
from inspect_pipeline.ingestion.entry import Entry
from inspect_pipeline.ingestion.orders import Orders, Progress

_log = logging.getLogger(__name__)


class Gate(Protocol):
    def is_open(self) -> bool: ...

    def took(self, entry: Entry) -> None:
        """A frame of the camera is safe."""


class AlwaysOpen:
    def is_open(self) -> bool:
        return True

    def took(self, entry: Entry) -> None:
        """Nobody counts."""


class OnOrder:
    """Open from an order until it is fulfilled, its time is over or it is withdrawn."""

    def __init__(self, orders: Orders, *, now: Callable[[], datetime]) -> None:
        self.orders = orders
        self._now = now
        self._progress: Progress | None = None

    def is_open(self) -> bool:
        order = self.orders.current()
        if order is None:
            self._progress = None
            return False
        if self._progress is None or self._progress.key != order.key:
            self._progress = self.orders.progress(order.key)
        is_enough = order.frames is not None and self._progress.taken >= order.frames
        if not self._progress.ended and (is_enough or self._now() >= order.until_at):
            self._say(replace(self._progress, ended=True))
        return not self._progress.ended

    def took(self, entry: Entry) -> None:
        if self._progress is None:  # the order was withdrawn while the frame came
            return
        before = self._progress
        self._say(
            replace(
                before,
                taken=before.taken + 1,
                first_at=min(before.first_at or entry.taken_at, entry.taken_at),
                last_at=max(before.last_at or entry.taken_at, entry.taken_at),
            )
        )

    def _say(self, progress: Progress) -> None:
        self._progress = progress
        try:
            self.orders.report(progress)
        except (DiskFull, OSError) as error:
            _log.warning("what was taken cannot be noted: %s", error)
