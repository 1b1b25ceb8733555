"""Where on the part: cells of a grid over the frame, named like those of a chessboard."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from string import ascii_uppercase

from sqlalchemy import ColumnElement, Float, Integer, cast, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from db.models import Finding
from db.questions.selection import Counted, Selection, counted_condition
from db.rows import FindingFilter
from db.selects import finding_conditions

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

    Findings are counted where they lie, through the index of part and time.
    """
    x = _cell(opened, Finding.place_x, grid.columns).label("x")
    y = _cell(opened, Finding.place_y, grid.rows).label("y")
    filtered = FindingFilter(
        part=wanted.part,
        line_id=wanted.line,
        camera_id=wanted.camera,
        since=wanted.since,
        until=wanted.until,
    )
    chosen = (
        select(x, y, func.count())
        .where(*finding_conditions(filtered), *counted_condition(Finding, counted))
        .group_by(x, y)
        .order_by(y, x)
    )
    return ((int(x), int(y), count) for x, y, count in opened.execute(chosen))


def _cell(opened: Session, place: InstrumentedAttribute[float], cells: int) -> ColumnElement[int]:
    """The number of the cell; the far edge of the frame belongs to the last one."""
    scaled = place * literal(float(cells), Float)
    if opened.get_bind().dialect.name == "postgresql":  # its cast rounds, SQLite's cuts off
        return cast(func.least(func.floor(scaled), cells - 1), Integer)
    return func.min(cast(scaled, Integer), cells - 1, type_=Integer)
