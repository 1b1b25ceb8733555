"""The same place across the web again and again: a damaged roll, and which one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.columns import metadata_table
from db.errors import QuestionRefused
from db.models import Finding
from db.questions.parameters import asked
from db.questions.pitches import PitchSearch, Repeat, find_repeats
from db.questions.selection import Counted, Selection, counted_condition
from db.rows import FindingFilter
from db.selects import finding_conditions
from db.tables import rows_table

MOST_FINDINGS = 1500
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class RepeatsOf(Selection):
    """The web position must count on within the range: ask for one roll of material at a time."""

    web_from: float | None = asked("At or after this position along the web, in mm.")
    web_until: float | None = asked("At or before this position along the web, in mm.")
    counted: Counted = asked("Which findings count.", Counted.NOT_FALSE_ALARM)
    pitch_min: float = asked("The smallest roll's circumference, in mm.", 50, least=1)
    pitch_max: float = asked("The largest roll's circumference, in mm.", 2000, least=2)
    tolerance: float = asked("How exactly a mark repeats along the web, in mm.", 2, least=0.01)
    across: float = asked("How exactly it repeats across the web, in mm.", 5, least=0.01)
    fewest: int = asked("At least this many marks.", 4, least=3, most=1000)
    alpha: float = asked("Probability of a false accusation.", 0.01, least=1e-9, most=0.5)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.pitch_min >= self.pitch_max or self.pitch_max / self.tolerance > 1e5:
            raise QuestionRefused(
                "pitch_max: must be above pitch_min, and below 100000 times the tolerance",
                field="pitch_max",
            )
        if self.tolerance > self.pitch_min / 8:
            raise QuestionRefused(
                f"tolerance: must be at most an eighth of pitch_min, {self.pitch_min / 8:g} mm: "
                "else every mark repeats",
                field="tolerance",
            )

    def search(self) -> PitchSearch:
        return PitchSearch(
            pitch_min_mm=self.pitch_min,
            pitch_max_mm=self.pitch_max,
            tolerance_mm=self.tolerance,
            fewest=self.fewest,
        )


@dataclass(frozen=True, kw_only=True)
class RollMark:
    """`diameter_mm` is that of a roll with this circumference; `marks` findings in `turns` turns.

    `p_value` is corrected for all tests: the probability that a web without damage shows as much.
    """

    line_id: str
    camera_id: str
    cross_web_mm: float
    pitch_mm: float
    diameter_mm: float
    marks: int
    turns: int
    first_web_mm: float
    last_web_mm: float
    p_value: float
    finding_ids: str


@dataclass(frozen=True, kw_only=True)
class _Web:
    """What one camera saw of the web."""

    line_id: str
    camera_id: str
    ids: npt.NDArray[np.int64]
    cross_mm: Numbers
    web_mm: Numbers


def repeats(opened: Session, wanted: RepeatsOf) -> pd.DataFrame:
    """Does a mark come again and again at a fixed pitch? The surest first.

    Of the newest 1500 findings on a web, per camera, in bands across the web twice as wide as
    `across`. The method and its rate of false accusations: db.questions.pitches.
    """
    webs = _webs(opened, wanted)
    bands = [(web, band) for web in webs for band in _bands(web, wanted)]
    search = wanted.search()
    tests = max(1, len(bands) * search.pitches_mm.size)
    found = [
        _mark(web, band, repeat, tests)
        for web, band in bands
        for repeat in find_repeats(web.web_mm[band], search, p_limit=wanted.alpha / tests)
    ]
    return rows_table(_without_repetition(found), RollMark)


def _webs(opened: Session, wanted: RepeatsOf) -> list[_Web]:
    filtered = FindingFilter(
        part=wanted.part,
        line_id=wanted.line,
        camera_id=wanted.camera,
        since=wanted.since,
        until=wanted.until,
        web_mm_min=wanted.web_from,
        web_mm_max=wanted.web_until,
    )
    columns = metadata_table(Finding).c  # not of the class: thousands of rows, three numbers each
    chosen = (
        select(columns.line_id, columns.camera_id, columns.id, columns.centre_x_mm, columns.web_mm)
        .where(
            *finding_conditions(filtered),
            *counted_condition(Finding, wanted.counted),
            columns.web_mm.is_not(None),
        )
        .order_by(columns.taken_at.desc(), columns.id.desc())
        .limit(MOST_FINDINGS)
    )
    rows: dict[tuple[str, str], list[tuple[int, float, float]]] = {}
    for line_id, camera_id, *numbers in opened.execute(chosen):
        rows.setdefault((line_id, camera_id), []).append(tuple(numbers))
    webs = []
    for (line_id, camera_id), seen in sorted(rows.items()):
        ids, cross_mm, web_mm = zip(*seen, strict=True)
        webs.append(
            _Web(
                line_id=line_id,
                camera_id=camera_id,
                ids=np.array(ids, dtype=np.int64),
                cross_mm=np.array(cross_mm, dtype=np.float64),
                web_mm=np.array(web_mm, dtype=np.float64),
            )
        )
    return webs


def _bands(web: _Web, wanted: RepeatsOf) -> list[npt.NDArray[np.int64]]:
    """Places of the findings in each band; bands overlap by half, so that no mark is cut in two."""
    cells = np.floor(web.cross_mm / wanted.across).astype(np.int64)
    bands = []
    for cell in np.unique(np.concatenate((cells, cells - 1))):
        band = np.flatnonzero((cells == cell) | (cells == cell + 1))
        if len(band) >= wanted.fewest:
            bands.append(band)
    return bands


def _mark(web: _Web, band: npt.NDArray[np.int64], repeat: Repeat, tests: int) -> RollMark:
    of_repeat = band[list(repeat.marks)]
    ids = sorted(int(one) for one in web.ids[of_repeat])
    return RollMark(
        line_id=web.line_id,
        camera_id=web.camera_id,
        cross_web_mm=float(np.median(web.cross_mm[of_repeat])),
        pitch_mm=repeat.pitch_mm,
        diameter_mm=repeat.pitch_mm / math.pi,
        marks=len(ids),
        turns=round((repeat.last_mm - repeat.first_mm) / repeat.pitch_mm) + 1,
        first_web_mm=repeat.first_mm,
        last_web_mm=repeat.last_mm,
        p_value=min(1.0, repeat.p_value * tests),
        finding_ids=",".join(str(one) for one in ids),
    )


def _without_repetition(found: list[RollMark]) -> list[RollMark]:
    """Two bands that overlap show the same marks: the surer account of them stays."""
    kept: list[RollMark] = []
    told: set[str] = set()
    for mark in sorted(found, key=lambda one: (one.p_value, -one.marks, one.cross_web_mm)):
        ids = mark.finding_ids.split(",")
        if sum(one in told for one in ids) * 2 < len(ids):
            kept.append(mark)
            told.update(ids)
    return kept
