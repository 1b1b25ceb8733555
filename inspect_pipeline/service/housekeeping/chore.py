"""What a job that keeps house is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from inspect_pipeline.ingestion.notices import Notices
from plant_config.plant import Plant


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


@dataclass(frozen=True, kw_only=True)
class ChoreResult:
    """It is done; `text` says for people what came of it. What fails raises instead."""

    text: str
