"""The numbers that open a findings report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from db import reporting
from db.reporting import SEVERITIES, VERDICTS, ModelTotals, Period
from db.rows import FrameFilter
from db.words import Outcome, Severity, UnfitReason, Verdict
from inspect_pipeline.reports.drawing import HeatScale
from inspect_pipeline.reports.model_cards import CalibrationFacts, calibration_facts


@dataclass(frozen=True, kw_only=True)
class ModelLine:
    """A row of the table of models."""

    totals: ModelTotals
    calibration: CalibrationFacts


@dataclass(frozen=True, kw_only=True)
class Totals:
    """The selection in numbers; `counts` by verdict and severity, 0 included."""

    period: Period
    models: tuple[ModelLine, ...]
    unfit_reasons: Mapping[UnfitReason, int]
    counts: Mapping[Verdict, Mapping[Severity, int]]

    @property
    def outcomes(self) -> Mapping[Outcome, int]:
        lines = [line.totals.outcomes for line in self.models]
        return {outcome: sum(line[outcome] for line in lines) for outcome in Outcome}

    @property
    def inspections(self) -> int:
        return sum(self.outcomes.values())

    @property
    def repeated(self) -> int:
        """Second opinions: inspections of a frame that was inspected before."""
        return self.inspections - self.period.frames

    @property
    def findings(self) -> int:
        return sum(sum(row.values()) for row in self.counts.values())

    def scale_of(self, model_id: str) -> HeatScale:
        """The colours of a model's heat maps: one scale for all its pictures."""
        lines = (line for line in self.models if line.totals.model.model_id == model_id)
        return next(lines).calibration.scale


def totals_of(opened: Session, wanted: FrameFilter) -> Totals:
    counted = reporting.finding_counts(opened, wanted)
    return Totals(
        period=reporting.period(opened, wanted),
        models=tuple(
            ModelLine(totals=one, calibration=calibration_facts(one.model.card))
            for one in reporting.model_totals(opened, wanted)
        ),
        unfit_reasons=reporting.unfit_counts(opened, wanted),
        counts={
            verdict: {severity: counted.get((verdict, severity), 0) for severity in SEVERITIES}
            for verdict in VERDICTS
        },
    )
