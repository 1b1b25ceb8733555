"""Control chart, Pareto and heat map as places on a drawing, for pages and for reports.

A drawing carries no colours and no styles of its own: every mark has a class, and the page's style
sheet knows light and dark.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from db.questions.proportions import wilson_interval
from inspect_pipeline.axes import Area, Axes, Tick, per_cent, share_ticks

CHART = Area(width=760, height=300, left=68, right=744, top=16, bottom=252)
HEAT_STEPS = 6
MOST_LABELS = 9
MOST_BARS = 8
_ROW_PX, _BAR_FROM_PX, _BAR_TO_PX = 30, 112, 290


@dataclass(frozen=True, kw_only=True)
class ChartMark:
    """One period: its rate, its Wilson interval from `y_low` up to `y_high`, and words on it."""

    x: float
    y: float
    y_low: float
    y_high: float
    is_outside: bool
    said: str


@dataclass(frozen=True, kw_only=True)
class ControlPlot:
    """`centre_y` is the mean rate, `limit_low` and `limit_high` the three-sigma limits as paths."""

    area: Area
    marks: tuple[ChartMark, ...]
    line: str
    limit_low: str
    limit_high: str
    centre_y: float
    centre: float
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]


@dataclass(frozen=True, kw_only=True)
class ParetoMark:
    y: float
    label: str
    findings: int
    width: float
    count_x: float
    cumulative: float


@dataclass(frozen=True, kw_only=True)
class ParetoPlot:
    width: int
    height: int
    bar_x: int
    bar_height: int
    marks: tuple[ParetoMark, ...]
    left_out: int  # causes below the last bar


@dataclass(frozen=True, kw_only=True)
class HeatMark:
    """A cell of the part; `step` from 1 to HEAT_STEPS says how many findings it has."""

    x: float
    y: float
    step: int
    said: str
    place: str  # x0,y0,x1,y1 in shares of the sides, as questions take it


@dataclass(frozen=True, kw_only=True)
class HeatPlot:
    width: float
    height: float
    cell_width: float
    cell_height: float
    marks: tuple[HeatMark, ...]
    most: int


def control_plot(
    points: pd.DataFrame,
    *,
    share: Callable[[float], str] = per_cent,
    period: Callable[[Any], str] | None = None,
) -> ControlPlot | None:
    """Of the answer to the question `control`; None without points.

    `share` writes a share on the axis, `period` a point's name below it.
    """
    if points.empty:
        return None
    intervals = [
        wilson_interval(failed, inspected) or (0.0, 1.0)
        for failed, inspected in zip(points["failed"], points["inspected"], strict=True)
    ]
    highest = max(float(points["rate"].max()), float(points["high"].max()), 0.005)
    axes = Axes(area=CHART, low_x=-0.5, high_x=len(points) - 0.5, high_y=min(1.0, 1.15 * highest))
    rows: list[Any] = list(points.itertuples(index=False))
    marks = tuple(
        ChartMark(
            x=axes.x(number),
            y=axes.y(row.rate),
            y_low=axes.y(interval[0]),
            y_high=axes.y(min(interval[1], axes.high_y)),
            is_outside=bool(row.outside),
            said=_said(row, interval),
        )
        for number, (row, interval) in enumerate(zip(rows, intervals, strict=True))
    )
    centre = float(rows[0].centre)
    return ControlPlot(
        area=CHART,
        marks=marks,
        line="M" + " L".join(f"{mark.x},{mark.y}" for mark in marks),
        limit_low=_steps(axes, [float(row.low) for row in rows]),
        limit_high=_steps(axes, [float(row.high) for row in rows]),
        centre_y=axes.y(centre),
        centre=centre,
        x_ticks=_period_ticks(axes, [(period or _short)(row) for row in rows]),
        y_ticks=share_ticks(axes, axes.high_y, written=share),
    )


def pareto_plot(
    bars: pd.DataFrame, *, cause: Callable[[str], str] | None = None
) -> ParetoPlot | None:
    """Of the answer to the question `pareto`, the first few causes; None without findings.

    `cause` says a stored cause in words.
    """
    said = cause or _spaced
    if bars.empty:
        return None
    shown: list[Any] = list(bars.head(MOST_BARS).itertuples(index=False))
    most = max(int(row.findings) for row in shown)
    marks = []
    for number, row in enumerate(shown):
        width = round((_BAR_TO_PX - _BAR_FROM_PX) * int(row.findings) / most, 1)
        marks.append(
            ParetoMark(
                y=number * _ROW_PX,
                label=said(str(row.cause)),
                findings=int(row.findings),
                width=max(width, 2.0),
                count_x=_BAR_FROM_PX + width + 8,
                cumulative=float(row.cumulative),
            )
        )
    return ParetoPlot(
        width=400,
        height=_ROW_PX * len(marks),
        bar_x=_BAR_FROM_PX,
        bar_height=_ROW_PX - 10,
        marks=tuple(marks),
        left_out=len(bars) - len(shown),
    )


def heat_plot(
    cells: pd.DataFrame, *, columns: int, rows: int, frame_wh: tuple[int, int]
) -> HeatPlot | None:
    """Of the answer to the question `heat-map`, in the proportions of the frame."""
    if cells.empty:
        return None
    width = 480.0
    height = round(width * frame_wh[1] / frame_wh[0], 1)
    wide, high = width / columns, height / rows
    found: list[Any] = list(cells.itertuples(index=False))
    most = max(int(row.findings) for row in found)
    marks = tuple(
        HeatMark(
            x=round(row.x * wide, 2),
            y=round(row.y * high, 2),
            step=_step(int(row.findings), most),
            said=f"{row.findings} finding{'s' if row.findings != 1 else ''}",
            place=_box(int(row.x), int(row.y), columns, rows),
        )
        for row in found
    )
    return HeatPlot(
        width=width,
        height=height,
        cell_width=round(wide, 2),
        cell_height=round(high, 2),
        marks=marks,
        most=most,
    )


def _spaced(cause: str) -> str:
    return cause.replace("_", " ")


def _said(row: Any, interval: tuple[float, float]) -> str:
    return (
        f"{row.period}: {row.failed} of {row.inspected} failed, {100 * row.rate:.1f} % "
        f"(95 %: {100 * interval[0]:.1f} to {100 * interval[1]:.1f} %)"
    )


def _steps(axes: Axes, values: Sequence[float]) -> str:
    """Limits change where the number of parts changes: a step per period."""
    pieces = [
        f"{axes.x(number - 0.5)},{axes.y(value)} L{axes.x(number + 0.5)},{axes.y(value)}"
        for number, value in enumerate(values)
    ]
    return "M" + " L".join(pieces)


def _period_ticks(axes: Axes, names: Sequence[str]) -> tuple[Tick, ...]:
    every = -(-len(names) // MOST_LABELS)
    return tuple(
        Tick(at=axes.x(number), label=name)
        for number, name in enumerate(names)
        if number % every == 0
    )


def _short(row: Any) -> str:
    """2026-03-29 late is 03-29 late; an hour loses its year and its zone."""
    period = str(row.period)
    without_year = period[5:] if period[:4].isdigit() and period[4:5] == "-" else period
    return without_year.split("+")[0].strip()


def _step(findings: int, most: int) -> int:
    return max(1, -(-findings * HEAT_STEPS // max(most, HEAT_STEPS)))


def _box(x: int, y: int, columns: int, rows: int) -> str:
    sides = (x / columns, y / rows, (x + 1) / columns, (y + 1) / rows)
    return ",".join(f"{side:g}" for side in sides)
