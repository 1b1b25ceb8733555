"""Everything a report says, as numbers: read from the database, no words yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy.orm import Session

from db import overview, queries, report_figures
from db.alert_pages import AlertLife, AlertRow, alert_life, unresolved_alerts
from db.input_health import CameraHealth, camera_health
from db.overview import Share
from db.questions.escapes import EscapesOf, escapes
from db.questions.pareto import Cause, ParetoOf, pareto
from db.questions.proportions import share_difference
from db.questions.rates import By, ChartOf, RateOf, control_chart, defect_rate
from db.questions.reviewers import Cut, FalseAlarmsOf, false_alarms
from db.questions.selection import Selection
from db.report_figures import CameraEvents, Drift, ModelInUse, Note, UnfitCount
from db.rows import FindingFilter, FindingRow
from db.words import ReviewState, Severity
from inspect_pipeline.reports.plant import lot_figures
from inspect_pipeline.reports.plant.rates import PlaceRate, added
from inspect_pipeline.reports.plant.since_report import (
    NewPlace,
    SinceReport,
    began_since,
    new_places,
    since_report,
)
from inspect_pipeline.reports.plant.subject import Subject

WORST_FINDINGS = 200
MOST_ALERTS = 12
MOST_NOTES = 6
CAUSES = (Cause.KIND, Cause.SEVERITY)
NOT_FALSE = (ReviewState.NEW, ReviewState.CONFIRMED, ReviewState.SECOND_LOOK)


@dataclass(frozen=True, kw_only=True)
class Change:
    """Against the time before: a difference of shares with its interval, in shares."""

    before: PlaceRate
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    new_kinds: tuple[str, ...] = ()
    gone_kinds: tuple[str, ...] = ()
    new_places: tuple[NewPlace, ...] = ()

    @property
    def is_clear(self) -> bool:
        """Does the interval of the difference leave out zero?"""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high


@dataclass(frozen=True, kw_only=True)
class CameraFitness:
    camera_id: str
    unfit: Share
    reasons: tuple[UnfitCount, ...]
    events: tuple[CameraEvents, ...]
    health: tuple[CameraHealth, ...]  # one for each part
    drifts: tuple[Drift, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Figures:
    """`chart` and `causes` are answers to questions; `worst` counts against the part.

    `since` is what the last report could not know, `alert_life` who was told of the alert.
    """

    subject: Subject
    totals: PlaceRate
    rates: tuple[PlaceRate, ...]
    change: Change | None
    since: SinceReport | None
    chart: pd.DataFrame
    causes: Mapping[Cause, pd.DataFrame]
    worst: tuple[FindingRow, ...]
    cameras: tuple[CameraFitness, ...]
    models: tuple[ModelInUse, ...]
    reviewed: pd.DataFrame
    judged: pd.DataFrame
    notes: tuple[Note, ...]
    waiting: Mapping[Severity, int]
    alerts: tuple[AlertRow, ...]
    alert_life: AlertLife | None

    @property
    def findings(self) -> int:
        """Those that are no false alarms."""
        return int(self.causes[Cause.SEVERITY]["findings"].sum())


def figures_of(opened: Session, subject: Subject, *, folder: Path) -> Figures:
    """One report's numbers, in the caller's transaction; `folder` is where reports are kept."""
    wanted, alert = subject.selection, subject.alert
    if subject.lot is None:
        rates = _rates(opened, wanted)
        chart = control_chart(opened, _chart(subject))
        causes: Mapping[Cause, pd.DataFrame] = {
            cause: _causes(opened, wanted, cause) for cause in CAUSES
        }
        worst = _worst(opened, wanted)
        change = _change(opened, subject, rates, causes[Cause.KIND])
    else:
        seen = lot_figures.lot_figures(opened, subject.lot, subject.lot_before)
        rates, chart, causes, worst = seen.rates, seen.chart, seen.causes, seen.worst
        change = None if seen.before is None else _against(added(rates), seen.before)
    return Figures(
        subject=subject,
        totals=added(rates),
        rates=rates,
        change=change,
        since=since_report(opened, subject, {rate.camera_id for rate in rates}, folder),
        chart=chart,
        causes=causes,
        worst=tuple(row for row in worst if row.urgency >= 1.0),
        cameras=_cameras(opened, wanted, rates),
        models=tuple(report_figures.models_in_use(opened, wanted, new_since=began_since(subject))),
        reviewed=false_alarms(opened, FalseAlarmsOf(**vars(wanted), by=Cut.REVIEWER)),
        judged=escapes(opened, EscapesOf(**vars(wanted))),
        notes=tuple(report_figures.notes_said(opened, wanted, limit=MOST_NOTES)),
        waiting=overview.waiting(opened, Selection(line=wanted.line)),
        alerts=tuple(unresolved_alerts(opened, wanted.line, limit=MOST_ALERTS)),
        alert_life=None if alert is None else alert_life(opened, alert.alert_id),
    )


def _rates(opened: Session, wanted: Selection) -> tuple[PlaceRate, ...]:
    by = (By.LINE, By.PART, By.CAMERA)
    answer = defect_rate(opened, RateOf(**vars(wanted), by=by))
    return tuple(_rate(row) for row in answer.itertuples(index=False))


def _rate(row: Any) -> PlaceRate:
    return PlaceRate(
        line_id=row.line_id,
        part=row.part,
        camera_id=row.camera_id,
        inspected=int(row.inspected),
        failed=int(row.failed),
        unfit=int(row.unfit),
    )


def _chart(subject: Subject) -> ChartOf:
    return ChartOf(**vars(subject.charted), by=subject.point, shifts=subject.shifts)


def _causes(opened: Session, wanted: Selection, cause: Cause) -> pd.DataFrame:
    return pareto(opened, ParetoOf(**vars(wanted), of=cause))


def _worst(opened: Session, wanted: Selection) -> list[FindingRow]:
    filtered = FindingFilter(**vars(wanted.frames()), states=NOT_FALSE)
    return queries.worst_findings(opened, filtered, limit=WORST_FINDINGS)


def _change(
    opened: Session, subject: Subject, rates: tuple[PlaceRate, ...], kinds: pd.DataFrame
) -> Change | None:
    if subject.before is None:
        return None
    before = added(_rates(opened, subject.before))
    found = _against(added(rates), before)
    if found.difference is None:
        return found
    now, then = (
        set(table["cause"]) for table in (kinds, _causes(opened, subject.before, Cause.KIND))
    )
    return replace(
        found,
        new_kinds=tuple(sorted(now - then)),
        gone_kinds=tuple(sorted(then - now)),
        new_places=new_places(opened, subject.selection, subject.before, rates, before.inspected),
    )


def _against(totals: PlaceRate, before: PlaceRate) -> Change:
    if not totals.inspected or not before.inspected:
        return Change(before=before)
    difference, low, high = share_difference(
        totals.failed, totals.inspected, before.failed, before.inspected
    )
    return Change(before=before, difference=difference, low=low, high=high)


def _cameras(
    opened: Session, wanted: Selection, rates: Iterable[PlaceRate]
) -> tuple[CameraFitness, ...]:
    """Every camera that gave frames or of which something is told, by name."""
    of_camera: dict[str, PlaceRate] = {}
    for rate in rates:
        met = of_camera.get(rate.camera_id)
        of_camera[rate.camera_id] = rate if met is None else added((met, rate))
    unfit = tuple(name for name, rate in of_camera.items() if rate.unfit)
    reasons = report_figures.unfit_reasons(opened, wanted, unfit) if unfit else []
    events = report_figures.camera_events(opened, wanted)
    health = [one for one in camera_health(opened, wanted) if one.measured]
    drifts = report_figures.drifts(opened, wanted)
    told = {one.camera_id for one in events} | {one.camera_id for one in health}
    names = sorted({*of_camera, *told, *(one.camera_id for one in drifts)})
    return tuple(
        CameraFitness(
            camera_id=name,
            unfit=of_camera[name].unfit_share if name in of_camera else Share(count=0, of=0),
            reasons=tuple(one for one in reasons if one.camera_id == name),
            events=tuple(one for one in events if one.camera_id == name),
            health=tuple(one for one in health if one.camera_id == name),
            drifts=tuple(one for one in drifts if one.camera_id == name),
        )
        for name in names
    )
