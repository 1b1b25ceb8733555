"""Histogram and ROC curve as places on a drawing; the template draws them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inspect_pipeline.axes import Area, Axes, Tick, nice, share_ticks
from inspect_pipeline.reports.ranking import Histogram

AREA = Area()


@dataclass(frozen=True, kw_only=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    tone: str  # good or bad
    said: str


@dataclass(frozen=True, kw_only=True)
class HistogramPlot:
    bars: tuple[Bar, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    threshold_x: float


@dataclass(frozen=True, kw_only=True)
class RocPlot:
    path: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    point_xy: tuple[float, float]  # where the program works


def histogram_plot(counted: Histogram, *, threshold: float) -> HistogramPlot:
    """Good and defective side by side in each bin, as shares of their kind: both add up to 1."""
    shares = [
        [count / max(1, sum(counts)) for count in counts]
        for counts in (counted.good, counted.defective)
    ]
    axes = Axes(
        area=AREA,
        low_x=counted.edges[0],
        high_x=counted.edges[-1],
        high_y=max(*shares[0], *shares[1]) or 1.0,
    )
    bars = [
        _bar(axes, counted, number, side, shares[side][number])
        for side in (0, 1)
        for number in range(len(counted.good))
        if shares[side][number]
    ]
    return HistogramPlot(
        bars=tuple(bars),
        x_ticks=tuple(
            Tick(at=axes.x(value), label=f"{value:g}") for value in nice(axes.low_x, axes.high_x)
        ),
        y_ticks=share_ticks(axes, axes.high_y),
        threshold_x=axes.x(threshold),
    )


def roc_plot(
    curve: Sequence[tuple[float, float]], *, working_point: tuple[float, float]
) -> RocPlot:
    axes = Axes(area=AREA, low_x=0.0, high_x=1.0, high_y=1.0)
    places = [f"{axes.x(alarms)},{axes.y(found)}" for alarms, found in curve]
    alarms, found = working_point
    return RocPlot(
        path="M" + " L".join(places),
        x_ticks=tuple(
            Tick(at=axes.x(value), label=f"{100 * value:g} %") for value in nice(0.0, 1.0)
        ),
        y_ticks=share_ticks(axes, 1.0),
        point_xy=(axes.x(alarms), axes.y(found)),
    )


def _bar(axes: Axes, counted: Histogram, number: int, side: int, share: float) -> Bar:
    x0, x1 = axes.x(counted.edges[number]), axes.x(counted.edges[number + 1])
    half = (x1 - x0) / 2
    count = (counted.good, counted.defective)[side][number]
    return Bar(
        x=round(x0 + side * half, 2),
        y=axes.y(share),
        width=round(max(half - 0.4, 0.6), 2),
        height=round(axes.y(0.0) - axes.y(share), 2),
        tone=("good", "bad")[side],
        said=f"{count} {('good', 'defective')[side]} from {counted.edges[number]:.3g} "
        f"to {counted.edges[number + 1]:.3g}",
    )
