"""The pictures of a report: findings as strips, and where on the part or web they lie."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

from sqlalchemy.orm import Session

from db import overview, queries
from db.errors import EvidenceError
from db.evidence import EvidenceStore
from db.questions.pareto import HeatMapOf, heat_map
from db.rows import FindingRow
from db.words import Severity
from inspect_pipeline.charts import HeatPlot, heat_plot
from inspect_pipeline.records import Picture
from inspect_pipeline.reports.drawing import data_uri, jpeg_of, reduced
from inspect_pipeline.reports.finding_cards import finding_overlay
from inspect_pipeline.reports.model_cards import calibration_facts
from inspect_pipeline.reports.plant.figures import WORST_FINDINGS, Figures
from inspect_pipeline.reports.stored import picture_of

STRIPS: Final = 6
CELLS: Final = 24
MOST_MAPS: Final = 4
_STRIP_PX, _MAP_PX = 300, 640
_WEB_WIDTH, _WEB_HEIGHT = 760.0, 90.0


@dataclass(frozen=True, kw_only=True)
class Strip:
    """One finding: None stands for a picture that is not kept any more."""

    row: FindingRow
    observed: str | None
    golden: str | None
    restored: str | None
    heat: str | None

    @property
    def pictures(self) -> tuple[str | None, ...]:
        return self.observed, self.golden, self.restored, self.heat


@dataclass(frozen=True, kw_only=True)
class MapMark:
    x: float
    y: float
    severity: Severity


@dataclass(frozen=True, kw_only=True)
class PartMap:
    """`cells` where findings are too many to be drawn one by one."""

    part: str
    width: float
    height: float
    picture: str | None
    marks: tuple[MapMark, ...]
    cells: HeatPlot | None


@dataclass(frozen=True, kw_only=True)
class WebMap:
    """A web of one camera, its length to the right and its width downwards."""

    camera_id: str
    width: float
    height: float
    to_mm: float
    marks: tuple[MapMark, ...]


def strips_of(opened: Session, store: EvidenceStore, worst: Iterable[FindingRow]) -> list[Strip]:
    """The first few findings with their pictures."""
    return [_strip(opened, store, row) for row in list(worst)[:STRIPS]]


def part_maps(opened: Session, store: EvidenceStore, figures: Figures) -> list[PartMap]:
    """A map for each of the parts that findings were made on; none for a lot of a web."""
    if figures.subject.lot is not None and any(row.web_mm is not None for row in figures.worst):
        return []
    parts = sorted({row.part for row in figures.worst})
    return [_part_map(opened, store, figures, part) for part in parts[:MOST_MAPS]]


def web_maps(figures: Figures) -> list[WebMap]:
    """The whole length of a lot that is a web, for each camera."""
    lot = figures.subject.lot
    if lot is None or lot.length_mm is None:
        return []
    on_web = [row for row in figures.worst if row.web_mm is not None]
    on_web.sort(key=lambda row: row.camera_id)
    length_mm = max([lot.length_mm, *(row.web_mm or 0.0 for row in on_web)]) or 1.0
    return [
        WebMap(
            camera_id=camera_id,
            width=_WEB_WIDTH,
            height=_WEB_HEIGHT,
            to_mm=length_mm,
            marks=tuple(
                MapMark(
                    x=round(_WEB_WIDTH * (row.web_mm or 0.0) / length_mm, 1),
                    y=round(_WEB_HEIGHT * row.place_x, 1),
                    severity=row.severity,
                )
                for row in rows
            ),
        )
        for camera_id, rows in groupby(on_web, key=lambda row: row.camera_id)
    ]


def _part_map(opened: Session, store: EvidenceStore, figures: Figures, part: str) -> PartMap:
    frame_wh = overview.frame_size(opened, part) or (4, 3)
    width, height = 480.0, round(480.0 * frame_wh[1] / frame_wh[0], 1)
    of_part = [row for row in figures.worst if row.part == part]
    cells = None
    if len(figures.worst) >= WORST_FINDINGS and figures.subject.lot is None:
        asked = replace(figures.subject.selection, part=part)
        answer = heat_map(opened, HeatMapOf(**vars(asked), columns=CELLS, rows=CELLS))
        cells = heat_plot(answer, columns=CELLS, rows=CELLS, frame_wh=frame_wh)
    newest = overview.newest_picture(opened, part)
    name = None if newest is None else newest.observed_name
    return PartMap(
        part=part,
        width=width,
        height=height,
        picture=None if name is None else _uri(lambda: picture_of(store.get(name)), _MAP_PX),
        marks=()
        if cells is not None
        else tuple(
            MapMark(
                x=round(width * row.place_x, 1),
                y=round(height * row.place_y, 1),
                severity=row.severity,
            )
            for row in of_part
        ),
        cells=cells,
    )


def _strip(opened: Session, store: EvidenceStore, row: FindingRow) -> Strip:
    detail = queries.finding(opened, row.finding_id)
    model = next(model for model in queries.models(opened) if model.model_id == row.model_id)
    scale = calibration_facts(model.card).scale
    return Strip(
        row=row,
        observed=_uri(lambda: picture_of(store.get(row.observed_name)), _STRIP_PX),
        golden=_uri(lambda: picture_of(store.get(row.golden_name)), _STRIP_PX),
        restored=_uri(lambda: picture_of(store.get(row.restored_name)), _STRIP_PX),
        heat=_uri(lambda: finding_overlay(detail, store, scale), _STRIP_PX),
    )


def _uri(drawn: Callable[[], Picture], longest_px: int) -> str | None:
    """None where the picture is not kept any more, or damaged."""
    try:
        picture = drawn()
    except EvidenceError:
        return None
    return data_uri(jpeg_of(reduced(picture, longest_px=longest_px)))
