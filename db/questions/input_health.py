"""How were brightness, contrast, focus and shading of each camera's pictures, over time?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.input_health import COUNTS, SUMS, FigureMean, figure_conditions, means_of
from db.models import CameraFigures
from db.questions.parameters import asked
from db.questions.periods import USUAL_SHIFTS, Period, Span, read_shifts, span_of
from db.questions.selection import Selection, plant_zone
from db.tables import rows_table


@dataclass(frozen=True, kw_only=True)
class HealthOf(Selection):
    by: Period = asked("What one row covers.", Period.DAY)
    shifts: str = asked("When each shift begins, on the plant's clock.", USUAL_SHIFTS)

    def __post_init__(self) -> None:
        super().__post_init__()
        read_shifts(self.shifts)


@dataclass(frozen=True, kw_only=True)
class HealthRow:
    """Means over the frames that could be measured; `*_spread` is between frames.

    `score` is the raw score of the frames that passed.
    """

    camera_id: str
    part: str
    period: str
    from_at: datetime
    frames: int
    unfit: int
    brightness: float | None
    brightness_spread: float | None
    contrast: float | None
    contrast_spread: float | None
    focus: float | None
    focus_spread: float | None
    shading: float | None
    shading_spread: float | None
    darkest_spot: float | None
    darkest_spot_spread: float | None
    clipped: float | None
    clipped_spread: float | None
    score: float | None
    score_spread: float | None


def input_health(opened: Session, wanted: HealthOf) -> pd.DataFrame:
    """By camera, part and time."""
    return rows_table(health_rows(opened, wanted), HealthRow)


def health_rows(opened: Session, wanted: HealthOf) -> list[HealthRow]:
    """The same as rows."""
    names = (*COUNTS, *SUMS)
    sums: dict[tuple[str, str, Span], dict[str, Any]] = defaultdict(lambda: dict.fromkeys(names, 0))
    for camera_id, part, span, row in _slots(opened, wanted):
        total = sums[camera_id, part, span]
        for name in names:
            total[name] += row[name]
    return [
        HealthRow(
            camera_id=camera_id,
            part=part,
            period=span.name,
            from_at=span.from_at,
            frames=total["frames"],
            unfit=total["unfit"],
            **_columns(means_of(total)),
        )
        for (camera_id, part, span), total in sums.items()
    ]


def _slots(opened: Session, wanted: HealthOf) -> Iterator[tuple[str, str, Span, Mapping[str, Any]]]:
    zone, shifts = plant_zone(opened), read_shifts(wanted.shifts)
    spans: dict[datetime, Span] = {}
    chosen = (
        select(*CameraFigures.__table__.columns)
        .where(*figure_conditions(wanted))
        .order_by(CameraFigures.camera_id, CameraFigures.part, CameraFigures.slot_at)
    )
    for row in opened.execute(chosen).mappings():
        at = row["slot_at"]
        if at not in spans:
            spans[at] = span_of(at, wanted.by, shifts, zone)
        yield row["camera_id"], row["part"], spans[at], dict(row)


def _columns(means: Mapping[str, FigureMean]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, one in means.items():
        found[name], found[f"{name}_spread"] = one.mean, one.spread
    return found
