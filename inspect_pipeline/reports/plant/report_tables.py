"""The numbers of a report as one table, for spreadsheets and programs: a line per figure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from db.input_health import FIGURES
from db.overview import Share
from db.tables import rows_table
from inspect_pipeline.reports.plant.figures import Figures
from inspect_pipeline.reports.plant.rates import PlaceRate
from inspect_pipeline.reports.plant.roi import Worth


@dataclass(frozen=True, kw_only=True)
class Figure:
    """`section` and `name` say which figure of which `item`; shares are within [0, 1].

    `low` and `high` are a 95 % interval, or the control limits of a point of the chart.
    """

    section: str
    item: str
    name: str
    value: float
    low: float | None = None
    high: float | None = None
    unit: str


def figures_table(figures: Figures) -> pd.DataFrame:
    """The figures of a shift, day, week, lot or alert, in the order of the page."""
    return rows_table(list(_figures(figures)), Figure)


def worth_table(worth: Worth) -> pd.DataFrame:
    """What can be stated, in the plant's currency; the sum only where all of it can."""
    rows = [
        _money(amount.entry.value, (amount.value, amount.low, amount.high))
        for amount in worth.amounts
    ]
    rows.append(_money("known", worth.known))
    if worth.total is not None:
        rows.append(_money("total", worth.total))
    return rows_table(rows, Figure)


def _money(name: str, ends: tuple[float, float, float]) -> Figure:
    value, low, high = ends
    return Figure(
        section="roi", item="", name=name, value=value, low=low, high=high, unit="currency"
    )


def _figures(figures: Figures) -> Iterator[Figure]:
    yield from _of_rate("total", "", figures.totals)
    for rate in figures.rates:
        yield from _of_rate("rate", f"{rate.line_id}/{rate.part}/{rate.camera_id}", rate)
    if figures.change is not None:
        yield from _of_rate("before", "", figures.change.before)
        if figures.change.difference is not None:
            yield Figure(
                section="change",
                item="",
                name="difference",
                value=figures.change.difference,
                low=figures.change.low,
                high=figures.change.high,
                unit="share",
            )
    yield from _of_since(figures)
    points: list[Any] = list(figures.chart.itertuples(index=False))
    for point in points:
        yield Figure(
            section="chart",
            item=point.period,
            name="failed_share",
            value=point.rate,
            low=point.low,
            high=point.high,
            unit="share",
        )
    for cause, bars in figures.causes.items():
        counted: list[Any] = list(bars.itertuples(index=False))
        for bar in counted:
            yield _count(f"by_{cause.value}", bar.cause, "findings", bar.findings)
    yield from _of_cameras(figures)
    yield from _of_people(figures)
    for severity, count in figures.waiting.items():
        yield _count("open", severity.value, "waiting_findings", count)
    yield _count("open", "", "unresolved_alerts", len(figures.alerts))


def _of_rate(section: str, item: str, rate: PlaceRate) -> Iterator[Figure]:
    for name in ("inspected", "failed", "unfit"):
        yield _count(section, item, name, getattr(rate, name))
    yield from _share(section, item, "failed_share", rate.share)


def _of_since(figures: Figures) -> Iterator[Figure]:
    for place in () if figures.change is None else figures.change.new_places:
        yield _count("new_place", f"{place.part}/{place.name}", "findings", place.now)
    since = figures.since
    if since is None:
        return
    for state, count in since.judged.items():
        yield _count("since_report", since.row.period, f"judged_{state.value}", count)
    for judgement, count in since.audited.items():
        yield _count("since_report", since.row.period, f"audited_{judgement.value}", count)
    yield _count("since_report", since.row.period, "came_in", since.came_in)
    yield _count("since_report", since.row.period, "alerts_opened", since.alerts.opened)
    yield _count("since_report", since.row.period, "alerts_resolved", since.alerts.resolved)
    for camera_id in since.limits_changed:
        yield _count("since_report", camera_id, "limits_changed", 1)


def _of_cameras(figures: Figures) -> Iterator[Figure]:
    for camera in figures.cameras:
        yield from _share("camera", camera.camera_id, "unfit_share", camera.unfit)
        for reason in camera.reasons:
            yield _count("camera", camera.camera_id, f"unfit_{reason.reason}", reason.frames)
        for event in camera.events:
            yield _count("camera", camera.camera_id, event.kind.value, event.events)
        for health in camera.health:
            for name in FIGURES:
                mean, unit = health.figures[name].mean, "grey" if name == "brightness" else "%"
                item = f"{camera.camera_id}/{health.part}"
                if mean is not None:
                    yield Figure(section="camera", item=item, name=name, value=mean, unit=unit)
        if camera.drifts:
            yield _count("camera", camera.camera_id, "drifts", len(camera.drifts))


def _of_people(figures: Figures) -> Iterator[Figure]:
    reviewed: list[Any] = list(figures.reviewed.itertuples(index=False))
    for row in reviewed:
        yield _count("reviewer", row.reviewer, "judged", row.reviewed)
        yield Figure(
            section="reviewer",
            item=row.reviewer,
            name="false_alarm_share",
            value=row.share,
            low=row.low,
            high=row.high,
            unit="share",
        )
    judged: list[Any] = list(figures.judged.itertuples(index=False))
    for row in judged:
        yield Figure(
            section="judged",
            item=row.source,
            name=row.measure,
            value=row.rate,
            low=row.low,
            high=row.high,
            unit="share",
        )


def _share(section: str, item: str, name: str, share: Share) -> Iterator[Figure]:
    if share.value is not None and share.interval is not None:
        low, high = share.interval
        yield Figure(
            section=section,
            item=item,
            name=name,
            value=share.value,
            low=low,
            high=high,
            unit="share",
        )


def _count(section: str, item: str, name: str, count: int) -> Figure:
    return Figure(section=section, item=item, name=name, value=float(count), unit="count")
