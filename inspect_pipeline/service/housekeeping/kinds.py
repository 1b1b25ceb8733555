"""Which function does a job of which kind: a new kind is one line here and one section there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from inspect_pipeline.service.housekeeping.backup import make_backup
from inspect_pipeline.service.housekeeping.calibration import check_promises
from inspect_pipeline.service.housekeeping.chore import ChoreContext, ChoreResult
from inspect_pipeline.service.housekeeping.period_reports import make_reports
from inspect_pipeline.service.housekeeping.retention import remove_pictures
from plant_config.jobs import JobSettings

_Chore = Callable[[Any, ChoreContext], ChoreResult]  # of the settings of its own kind


def run_chore(settings: JobSettings, context: ChoreContext) -> ChoreResult:
    """Raises InspectError, DatabaseError or OSError where it fails, ChoreStopped where told to."""
    return _chores()[settings.kind](settings, context)


def _chores() -> Mapping[str, _Chore]:
    return {
        "retention": remove_pictures,
        "backup": make_backup,
        "calibration": check_promises,
        "report": make_reports,
    }
