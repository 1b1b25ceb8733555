"""Figures of a camera over time as places on small drawings; cameras.html draws them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from db.input_health import Limits
from db.questions.input_health import HealthRow
from inspect_pipeline.axes import Area, Axes, Tick, nice

SMALL = Area(width=340, height=184, left=46, right=332, top=12, bottom=152)
TIME_TICKS = 4
_PADDING = 0.08
_FLATTEST = 0.02  # of the value: a drawing that is finer shows only noise
_ENOUGH_FRAMES = 50  # limits are for means of many frames: a few may lie outside by chance


@dataclass(frozen=True, kw_only=True)
class Point:
    at: datetime
    value: float
    frames: int
    said: str


@dataclass(frozen=True, kw_only=True)
class Mark:
    x: float
    y: float
    is_outside: bool
    said: str


@dataclass(frozen=True, kw_only=True)
class Band:
    """Between the limits, from when they were known."""

    x: float
    width: float
    low_y: float
    high_y: float
    centre_y: float


@dataclass(frozen=True, kw_only=True)
class FigurePlot:
    """`line` is broken where nothing was measured."""

    area: Area
    marks: tuple[Mark, ...]
    line: str
    band: Band | None
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]


def points_of(rows: Sequence[HealthRow], name: str) -> list[Point]:
    """Of a figure, or of `unfit`, the share in per cent."""
    found = []
    for row in rows:
        value = 100.0 * row.unfit / row.frames if name == "unfit" else getattr(row, name)
        if value is not None:
            said = f"{row.period}: {value:.4g}, {row.frames} frames"
            found.append(Point(at=row.from_at, value=value, frames=row.frames, said=said))
    return found


def figure_plot(
    points: Sequence[Point],
    *,
    since: datetime,
    until: datetime,
    slot: timedelta,
    zone: tzinfo,
    limits: Limits | None = None,
    known_at: datetime | None = None,
    is_share: bool = False,
) -> FigurePlot | None:
    """None without points. `slot` is about the time that a point stands for.

    `is_share`: per cent of frames or pixels, of which there is nothing below 0.
    """
    if not points:
        return None
    axes = _axes(points, limits, since, until, is_share=is_share)
    marks = tuple(
        Mark(
            x=axes.x(_middle(one.at, slot, since, until)),
            y=axes.y(one.value),
            is_outside=_is_outside(one, limits, known_at),
            said=one.said,
        )
        for one in points
    )
    return FigurePlot(
        area=SMALL,
        marks=marks,
        line=_line(points, marks, slot),
        band=_band(axes, limits, known_at),
        x_ticks=_time_ticks(axes, since, until, zone),
        y_ticks=tuple(
            Tick(at=axes.y(value), label=f"{value:g}")
            for value in nice(axes.low_y, axes.high_y, wanted=4)
        ),
    )


def _axes(
    points: Sequence[Point],
    limits: Limits | None,
    since: datetime,
    until: datetime,
    *,
    is_share: bool,
) -> Axes:
    values = [one.value for one in points]
    if limits is not None:
        values += [limits.low, limits.high]
    low, high = min(values), max(values)
    if high - low < _FLATTEST * max(abs(high), 1.0):
        middle, half = (low + high) / 2, _FLATTEST * max(abs(high), 1.0)
        low, high = middle - half, middle + half
    padding = _PADDING * (high - low)
    return Axes(
        area=SMALL,
        low_x=since.timestamp(),
        high_x=until.timestamp(),
        low_y=0.0 if is_share else low - padding,
        high_y=max(high + padding, 1.0) if is_share else high + padding,
    )


def _middle(at: datetime, slot: timedelta, since: datetime, until: datetime) -> float:
    return min(max(at + slot / 2, since), until).timestamp()


def _is_outside(point: Point, limits: Limits | None, known_at: datetime | None) -> bool:
    if limits is None or known_at is None or point.at < known_at:
        return False
    if point.frames < _ENOUGH_FRAMES:
        return False
    return not limits.low <= point.value <= limits.high


def _band(axes: Axes, limits: Limits | None, known_at: datetime | None) -> Band | None:
    if limits is None or known_at is None or known_at.timestamp() >= axes.high_x:
        return None
    x = axes.x(max(axes.low_x, known_at.timestamp()))
    return Band(
        x=x,
        width=axes.area.right - x,
        low_y=axes.y(max(limits.low, axes.low_y)),
        high_y=axes.y(limits.high),
        centre_y=axes.y(limits.mean),
    )


def _line(points: Sequence[Point], marks: Sequence[Mark], slot: timedelta) -> str:
    pieces = []
    for number, mark in enumerate(marks):
        follows = number and points[number].at - points[number - 1].at < 2.1 * slot
        pieces.append(f"{'L' if follows else 'M'}{mark.x},{mark.y}")
    return " ".join(pieces)


def _time_ticks(axes: Axes, since: datetime, until: datetime, zone: tzinfo) -> tuple[Tick, ...]:
    written = "%H:%M" if until - since <= timedelta(days=2) else "%m-%d"
    step = (until - since) / TIME_TICKS
    moments = [since + step * (number + 0.5) for number in range(TIME_TICKS)]
    return tuple(
        Tick(at=axes.x(one.timestamp()), label=one.astimezone(zone).strftime(written))
        for one in moments
    )
