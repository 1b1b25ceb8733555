"""How are the pictures of the cameras? Written beside each frame, read for charts and reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from math import sqrt
from typing import Any

from sqlalchemy import ColumnElement, Executable, Select, bindparam, func, select
from sqlalchemy.orm import Session

from db.adding import insert_of
from db.columns import metadata_table
from db.models import CameraFigures, CameraWatch
from db.questions.selection import Selection, standing_conditions
from db.tallies.slots import QUARTER, Every

FIGURES = ("brightness", "contrast", "focus", "shading", "darkest_spot", "clipped")
SCORE = "score"
COUNTS = ("frames", "unfit", "measured", "passed")
SUMS = tuple(name for one in (*FIGURES, SCORE) for name in (one, f"{one}_squares"))
_SLOTS = Every(QUARTER)


@dataclass(frozen=True, kw_only=True)
class Place:
    line_id: str
    camera_id: str
    part: str


@dataclass(frozen=True, kw_only=True)
class Limits:
    """A figure's mean while all was well, between which limits it may lie, and where it is now.

    `now` is smoothed; `out_since` is when it left the limits, None where it did not.
    """

    mean: float
    low: float
    high: float
    now: float
    out_since: datetime | None


@dataclass(frozen=True, kw_only=True)
class WatchRow:
    """What is known of a camera. Without `learned_at` the reference is still being learned.

    `score_far`: how far the scores of passed frames have moved, -1 to 1, in the last whole window.
    """

    line_id: str
    camera_id: str
    part: str
    kept_at: datetime
    learned_at: datetime | None
    learned_share: float
    limits: Mapping[str, Limits]
    score_far: float
    score_out_since: datetime | None
    unfit_out_since: datetime | None

    @property
    def out(self) -> list[str]:
        """What is not as it should be, by name."""
        found = [name for name, one in self.limits.items() if one.out_since is not None]
        found += ["score"] if self.score_out_since is not None else []
        return found + (["unfit_share"] if self.unfit_out_since is not None else [])


@dataclass(frozen=True, kw_only=True)
class FigureMean:
    """`spread` is the standard deviation between frames; None where nothing was measured."""

    mean: float | None
    spread: float | None


@dataclass(frozen=True, kw_only=True)
class CameraHealth:
    """A camera's frames of a time; `figures` by name, and `score` of the frames that passed."""

    line_id: str
    camera_id: str
    part: str
    frames: int
    unfit: int
    measured: int
    passed: int
    figures: Mapping[str, FigureMean]


def add_figures(
    opened: Session,
    place: Place,
    taken_at: datetime,
    *,
    is_unfit: bool,
    figures: Mapping[str, float] | None,
    passed_score: float | None,
) -> None:
    """Counts one frame. `figures` by name, None where it could not be measured."""
    found = dict(figures or {})
    if passed_score is not None:
        found[SCORE] = passed_score
    sums = dict.fromkeys(SUMS, 0.0)
    for name, value in found.items():
        sums[name], sums[f"{name}_squares"] = value, value * value
    counts = {
        "frames": 1,
        "unfit": int(is_unfit),
        "measured": int(figures is not None),
        "passed": int(passed_score is not None),
    }
    opened.execute(
        _counting(opened.get_bind().dialect.name),
        {
            "camera_id": place.camera_id,
            "part": place.part,
            "slot_at": _SLOTS.begin(taken_at),
            "line_id": place.line_id,
            **counts,
            **sums,
        },
    )


def remembered(opened: Session, camera_id: str, part: str) -> dict[str, Any] | None:
    """What the rules remember; nobody else changes it until the transaction ends."""
    found: dict[str, Any] | None = opened.scalar(_known(), {"camera": camera_id, "of_part": part})
    return found


def remember(
    opened: Session,
    place: Place,
    *,
    remembered: Mapping[str, Any],
    summary: Mapping[str, Any],
    at: datetime,
) -> None:
    """Instead of what was remembered before."""
    opened.execute(
        _remembering(opened.get_bind().dialect.name),
        {
            "camera_id": place.camera_id,
            "part": place.part,
            "line_id": place.line_id,
            "kept_at": at,
            "remembered": dict(remembered),
            "summary": dict(summary),
        },
    )


def watches(opened: Session, wanted: Selection | None = None) -> list[WatchRow]:
    """What is known of each camera and part now; a time that was asked for does not matter."""
    chosen = select(
        CameraWatch.line_id,
        CameraWatch.camera_id,
        CameraWatch.part,
        CameraWatch.kept_at,
        CameraWatch.summary,
    ).order_by(CameraWatch.camera_id, CameraWatch.part)
    if wanted is not None:
        chosen = chosen.where(*standing_conditions(CameraWatch, wanted))
    return [_watch_row(*row) for row in opened.execute(chosen)]


def camera_health(opened: Session, wanted: Selection) -> list[CameraHealth]:
    """How were the pictures of each camera and part in this time, on average?"""
    names = (*COUNTS, *SUMS)
    totals = [func.sum(getattr(CameraFigures, name)).label(name) for name in names]
    places = (CameraFigures.line_id, CameraFigures.camera_id, CameraFigures.part)
    chosen = (
        select(*places, *totals)
        .where(*figure_conditions(wanted))
        .group_by(*places)
        .order_by(CameraFigures.camera_id, CameraFigures.part)
    )
    return [
        CameraHealth(
            line_id=row["line_id"],
            camera_id=row["camera_id"],
            part=row["part"],
            **{name: int(row[name]) for name in COUNTS},
            figures=means_of(dict(row)),
        )
        for row in opened.execute(chosen).mappings()
    ]


def means_of(sums: Mapping[str, Any]) -> dict[str, FigureMean]:
    """From the sums of a row, or of several together."""
    found = {}
    for name in (*FIGURES, SCORE):
        count = int(sums["passed" if name == SCORE else "measured"])
        if not count:
            found[name] = FigureMean(mean=None, spread=None)
            continue
        mean = float(sums[name]) / count
        spread = sqrt(max(0.0, float(sums[f"{name}_squares"]) / count - mean * mean))
        found[name] = FigureMean(mean=mean, spread=spread)
    return found


def figure_conditions(wanted: Selection) -> list[ColumnElement[bool]]:
    """Whole quarters of an hour, each where it begins."""
    conditions = standing_conditions(CameraFigures, wanted)
    if wanted.since is not None:
        conditions.append(CameraFigures.slot_at >= _SLOTS.begin(wanted.since))
    if wanted.until is not None:
        conditions.append(CameraFigures.slot_at < wanted.until)
    return conditions


@cache  # for each frame anew it would take longer than all else that is done with its figures
def _counting(dialect: str) -> Executable:
    """Adds to what was counted before."""
    table = metadata_table(CameraFigures)
    added = insert_of(dialect, table)
    more = {name: table.columns[name] + added.excluded[name] for name in (*COUNTS, *SUMS)}
    keys = [column.name for column in table.primary_key]
    return added.on_conflict_do_update(index_elements=keys, set_=more)


@cache
def _remembering(dialect: str) -> Executable:
    table = metadata_table(CameraWatch)
    added = insert_of(dialect, table)
    keys = [column.name for column in table.primary_key]
    names = [column.name for column in table.columns if not column.primary_key]
    fresh = {name: added.excluded[name] for name in names}
    return added.on_conflict_do_update(index_elements=keys, set_=fresh)


@cache
def _known() -> Select[tuple[dict[str, Any]]]:
    """What is remembered of one camera and part, kept from others."""
    wanted = {"camera": CameraWatch.camera_id, "of_part": CameraWatch.part}
    chosen = select(CameraWatch.remembered)
    chosen = chosen.where(*(column == bindparam(name) for name, column in wanted.items()))
    return chosen.with_for_update()


def _watch_row(
    line_id: str, camera_id: str, part: str, kept_at: datetime, summary: Mapping[str, Any]
) -> WatchRow:
    return WatchRow(
        line_id=line_id,
        camera_id=camera_id,
        part=part,
        kept_at=kept_at,
        learned_at=_moment(summary["learned_at"]),
        learned_share=summary["learned_share"],
        limits={
            name: Limits(**{**one, "out_since": _moment(one["out_since"])})
            for name, one in summary["figures"].items()
        },
        score_far=summary["score_far"],
        score_out_since=_moment(summary["score_out_since"]),
        unfit_out_since=_moment(summary["unfit_out_since"]),
    )


def _moment(written: str | None) -> datetime | None:
    return None if written is None else datetime.fromisoformat(written)
