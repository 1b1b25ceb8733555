"""Which few causes make most of the findings, and where on the part do they gather?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import pandas as pd
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.errors import QuestionRefused
from db.questions.parameters import asked, required
from db.questions.places import MOST_NAMED_COLUMNS, Grid, cell_counts
from db.questions.selection import Counted, Selection, counted_condition, finding_counts
from db.tables import rows_table

_MOST_CELLS = 200
NO_KIND = "(no kind)"


class Cause(StrEnum):
    """What findings are sorted by."""

    KIND = "kind"
    POSITION = "position"
    SEVERITY = "severity"
    VERDICT = "verdict"
    STATE = "state"
    LINE = "line"
    CAMERA = "camera"
    PART = "part"


_TALLIED = {
    Cause.KIND: "kind",
    Cause.SEVERITY: "severity",
    Cause.VERDICT: "verdict",
    Cause.STATE: "state",
    Cause.LINE: "line_id",
    Cause.CAMERA: "camera_id",
    Cause.PART: "part",
}


@dataclass(frozen=True, kw_only=True)
class ParetoOf(Selection):
    of: Cause = asked("What findings are sorted by.", Cause.KIND)
    counted: Counted = asked("Which findings count.", Counted.NOT_FALSE_ALARM)
    columns: int = asked("Positions: cells across.", 8, least=1, most=MOST_NAMED_COLUMNS)
    rows: int = asked("Positions: cells down.", 8, least=1, most=_MOST_CELLS)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.of is Cause.POSITION and self.part is None:
            raise QuestionRefused(
                "part: is needed for positions: they mean something on one part only", field="part"
            )


@dataclass(frozen=True, kw_only=True)
class ParetoBar:
    """`share` is of all that count, `cumulative` of this bar and those before it."""

    rank: int
    cause: str
    findings: int
    share: float
    cumulative: float


@dataclass(frozen=True, kw_only=True)
class HeatMapOf(Selection):
    part: str = required("The part: positions mean something on one part only.")
    counted: Counted = asked("Which findings count.", Counted.NOT_FALSE_ALARM)
    columns: int = asked("Cells across.", 24, least=1, most=_MOST_CELLS)
    rows: int = asked("Cells down.", 24, least=1, most=_MOST_CELLS)


@dataclass(frozen=True, kw_only=True)
class HeatCell:
    """Cell `x` from the left and `y` from above, both from 0; its centre as shares of the sides."""

    x: int
    y: int
    place_x: float
    place_y: float
    findings: int


def pareto(opened: Session, wanted: ParetoOf) -> pd.DataFrame:
    """Which causes make most of the findings? Most first, with the cumulative share (Juran).

    From the tallies, in whole hours of UTC; positions are counted finding by finding.
    """
    if wanted.of is Cause.POSITION:
        grid = Grid(columns=wanted.columns, rows=wanted.rows)
        cells = cell_counts(opened, wanted, grid, wanted.counted)
        return bars_of((grid.name(x, y), count) for x, y, count in cells)
    kept = finding_counts(wanted).c
    cause = kept[_TALLIED[wanted.of]]
    chosen = (
        select(cause, func.sum(kept.findings))
        .where(*counted_condition(kept, wanted.counted))
        .group_by(cause)
    )
    return bars_of((str(name), int(count)) for name, count in opened.execute(chosen))


def heat_map(opened: Session, wanted: HeatMapOf) -> pd.DataFrame:
    """Where on the part do findings gather? Only cells with findings, row by row from above.

    Positions are the centres of the findings as shares of the frame's sides.
    """
    grid = Grid(columns=wanted.columns, rows=wanted.rows)
    rows = []
    for x, y, count in cell_counts(opened, wanted, grid, wanted.counted):
        place_x, place_y = grid.centre(x, y)
        rows.append(HeatCell(x=x, y=y, place_x=place_x, place_y=place_y, findings=count))
    return rows_table(rows, HeatCell)


def bars_of(counts: Iterable[tuple[str, int]]) -> pd.DataFrame:
    """Causes with how often each was met, the most frequent first."""
    met = ((name or NO_KIND, count) for name, count in counts if count > 0)
    ordered = sorted(met, key=lambda one: (-one[1], one[0]))
    total = sum(count for _, count in ordered)
    bars, so_far = [], 0
    for rank, (cause, count) in enumerate(ordered, start=1):
        so_far += count
        bars.append(
            ParetoBar(
                rank=rank,
                cause=cause,
                findings=count,
                share=count / total,
                cumulative=so_far / total,
            )
        )
    return rows_table(bars, ParetoBar)
