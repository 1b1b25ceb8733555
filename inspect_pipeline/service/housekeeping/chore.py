"""What a job that keeps house is given, and what it gives back."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from inspect_pipeline.ingestion.notices import Notices
from plant_config.plant import Plant

_LOOK_EVERY_S = 0.25


class ChoreStopped(Exception):
    """The program shall end: the job breaks off between two of its steps."""


@dataclass(frozen=True, kw_only=True)
class ChoreContext:
    """`planned_at` is the time for which it runs, also where it runs late.

    The job runs in a thread beside others; it opens its own transactions.
    """

    plant: Plant
    engine: Engine
    planned_at: datetime
    now: Callable[[], datetime]
    is_stopping: Callable[[], bool]
    notices: Notices

    def watch(self, _what: str, _more: int) -> None:
        """For what counts its steps: raises ChoreStopped where it shall end."""
        if self.is_stopping():
            raise ChoreStopped

    def pause(self, seconds: float) -> None:
        """Raises ChoreStopped where it shall end meanwhile."""
        until_s = time.monotonic() + seconds
        while (left_s := until_s - time.monotonic()) > 0:
            self.watch("pause", 1)
            time.sleep(min(left_s, _LOOK_EVERY_S))


@dataclass(frozen=True, kw_only=True)
class ChoreResult:
    """It is done; `text` says for people what came of it. What fails raises instead."""

    text: str
