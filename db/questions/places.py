"""Where on the part: cells of a grid over the frame, named like those of a chessboard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from string import ascii_uppercase
from typing import Any

from sqlalchemy import ColumnElement, Float, Integer, Select, cast, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from db.models import Finding, PlaceMonth
from db.questions.selection import (
    Counted,
    Selection,
    counted_condition,
    slot_conditions,
    standing_conditions,
)
from db.rows import FindingFilter
from db.selects import finding_conditions
from db.tallies.slots import PLACE_CELLS, Months, Piece, pieces

MOST_NAMED_COLUMNS = len(ascii_uppercase)


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Equal cells over the frame, `x` to the right and `y` downwards, both from 0."""

    columns: int
    rows: int

    def name(self, x: int, y: int) -> str:
        """B3 is the second column's third cell from above."""
        return f"{ascii_uppercase[x]}{y + 1}"

    def centre(self, x: int, y: int) -> tuple[float, float]:
        """As shares of the frame's sides."""
        return (x + 0.5) / self.columns, (y + 0.5) / self.rows


def cell_counts(
    opened: Session, wanted: Selection, grid: Grid, counted: Counted
) -> Iterator[tuple[int, int, int]]:
    """x, y and findings of each cell in which there are any, row by row.

    Whole months of UTC come from kept counts, where the cells are made of theirs; else findings are
    counted where they lie, through the index of part and time.
    """
    is_kept = PLACE_CELLS % grid.columns == 0 and PLACE_CELLS % grid.rows == 0
    levels = ((PlaceMonth, Months()),) if is_kept else ()
    counts: Counter[int] = Counter()
    for piece in pieces(wanted.since, wanted.until, levels, Finding):
        if piece.source is PlaceMonth:
            chosen = _kept_cells(wanted, grid, counted, piece)
        else:
            within = replace(wanted, since=piece.since, until=piece.until)
            chosen = _cells_of_findings(opened, within, grid, counted)
        for cell, count in opened.execute(chosen):
            counts[int(cell)] += int(count)
    found = ((divmod(cell, grid.columns), counts[cell]) for cell in sorted(counts) if counts[cell])
    return ((x, y, count) for (y, x), count in found)


def _kept_cells(
    wanted: Selection, grid: Grid, counted: Counted, piece: Piece[Any]
) -> Select[int, int]:
    x = (PlaceMonth.cell_x * grid.columns).op("/")(PLACE_CELLS)  # of whole numbers: cuts off
    y = (PlaceMonth.cell_y * grid.rows).op("/")(PLACE_CELLS)
    return (
        select((y * grid.columns + x).label("cell"), func.sum(PlaceMonth.findings))
        .where(
            *standing_conditions(PlaceMonth, wanted),
            *slot_conditions(PlaceMonth, piece),
            *counted_condition(PlaceMonth, counted),
        )
        .group_by("cell")
    )


def _cells_of_findings(
    opened: Session, wanted: Selection, grid: Grid, counted: Counted
) -> Select[int, int]:
    x = _cell(opened, Finding.place_x, grid.columns)
    y = _cell(opened, Finding.place_y, grid.rows)
    filtered = FindingFilter(
        part=wanted.part,
        line_id=wanted.line,
        camera_id=wanted.camera,
        since=wanted.since,
        until=wanted.until,
    )
    return (
        select((y * grid.columns + x).label("cell"), func.count())
        .where(*finding_conditions(filtered), *counted_condition(Finding, counted))
        .group_by("cell")
    )


def _cell(opened: Session, place: InstrumentedAttribute[float], cells: int) -> ColumnElement[int]:
    """The number of the cell; the far edge of the frame belongs to the last one."""
    scaled = place * literal(float(cells), Float)
    if opened.get_bind().dialect.name == "postgresql":  # its cast rounds, SQLite's cuts off
        return cast(func.least(func.floor(scaled), cells - 1), Integer)
    return func.min(cast(scaled, Integer), cells - 1, type_=Integer)
