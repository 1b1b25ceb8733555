"""Frames of one camera through one inspector into the database, one line of log per frame."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from inspect_pipeline.records import Captured, Inspection, Outcome
from inspect_pipeline.service.build import register_model
from inspect_pipeline.service.ledger import Ledger
from inspect_pipeline.stages.judge import grading

if TYPE_CHECKING:
    from inspect_pipeline.inspector import Inspector

_log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Tally:
    """What came of a batch of frames."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    findings: int = 0
    written: int = 0
    known: int = 0

    @property
    def frames(self) -> int:
        return self.outcomes.total()

    def add(self, inspection: Inspection, *, written: bool) -> None:
        self.outcomes[inspection.outcome] += 1
        self.findings += len(inspection.findings)
        self.written += written
        self.known += not written


def inspect_frames(
    frames: Iterable[Captured],
    inspector: Inspector,
    ledger: Ledger,
    *,
    on_inspection: Callable[[Inspection], None] | None = None,
    tally: Tally | None = None,
) -> Tally:
    """Inspects and records each frame; each is one transaction, so a kill loses at most one."""
    register_model(ledger, inspector)
    grade = grading(inspector.part)
    counted = tally if tally is not None else Tally()
    for captured in frames:
        inspection = inspector.inspect(captured)
        recorded = ledger.record(inspection, grade)
        counted.add(inspection, written=recorded.written)
        _log.info("%s", log_line(inspection))
        if on_inspection is not None:
            on_inspection(inspection)
    return counted


def log_line(inspection: Inspection) -> str:
    """camera=... frame=... outcome=... findings=... 0.41s"""
    key = inspection.frame
    reason = f" reason={inspection.unfit.reason}" if inspection.unfit else ""
    return (
        f"camera={key.camera_id} frame={key.source} outcome={inspection.outcome}{reason} "
        f"findings={len(inspection.findings)} {sum(inspection.timings_s.values()):.2f}s"
    )
