"""Numbers to places on a drawing, and round numbers for its axes: what every plot is made with."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Area:
    """The drawing and, inside it, the rectangle between the axes; y grows downwards."""

    width: int = 520
    height: int = 300
    left: int = 46
    right: int = 496
    top: int = 18
    bottom: int = 260


@dataclass(frozen=True, kw_only=True)
class Tick:
    at: float  # place on the drawing
    label: str


@dataclass(frozen=True, kw_only=True)
class Axes:
    """Numbers to places of an area; y grows upwards."""

    area: Area
    low_x: float
    high_x: float
    high_y: float
    low_y: float = 0.0

    def x(self, value: float) -> float:
        share = (value - self.low_x) / (self.high_x - self.low_x)
        return round(self.area.left + share * (self.area.right - self.area.left), 2)

    def y(self, value: float) -> float:
        share = (value - self.low_y) / (self.high_y - self.low_y)
        return round(self.area.bottom - share * (self.area.bottom - self.area.top), 2)


def nice(low: float, high: float, *, wanted: int = 6) -> list[float]:
    """Round numbers between low and high, in steps of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / wanted
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(times * power for times in (1, 2, 5, 10) if times * power >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(number * step, 12) for number in range(first, last + 1)]


def per_cent(share: float) -> str:
    return f"{100 * share:g} %"


def share_ticks(
    axes: Axes, high: float, *, written: Callable[[float], str] = per_cent
) -> tuple[Tick, ...]:
    """Per cents along the upright axis."""
    return tuple(
        Tick(at=axes.y(value), label=written(value)) for value in nice(0.0, high, wanted=5)
    )
