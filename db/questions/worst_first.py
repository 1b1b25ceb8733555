"""The worst findings of a selection, by the way that reads less of the table.

From the worst on, passing by what is not wanted, it is quick to fill a page where many are wanted;
gathering all that are wanted and sorting them is quick where few are. No planner knows which: how
many are wanted depends on line, part, time and state together. The kept counts do know.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, func, select, true
from sqlalchemy.orm import Session

from db.models import Finding
from db.questions.selection import Selection, finding_counts
from db.rows import AfterUrgent, FindingFilter
from db.selects import Rows, worst_first_select
from db.tallies.slots import Every, Months

_OLDEST_AND_NEWEST = select(
    select(func.min(Finding.taken_at)).scalar_subquery(),
    select(func.max(Finding.taken_at)).scalar_subquery(),
)
_SAMPLED_DAYS = timedelta(days=4)
_SHARE_OF_A_MEASURE = 0.2  # of findings that pass a filter which nothing is counted of


def worst_first(
    opened: Session, wanted: FindingFilter, *, limit: int, after: AfterUrgent | None = None
) -> Rows:
    """The select of a page of findings, reviewed or not, most urgent first."""
    if wanted.note is not None:  # few are noted, and those are found first
        return worst_first_select(wanted, limit=limit, after=after, gathers=True)
    gathered, counted = _counts(opened, wanted)
    fit = max(1.0, counted * _uncounted_share(wanted))
    passed_by = _every(opened, wanted) * limit / fit
    return worst_first_select(wanted, limit=limit, after=after, gathers=gathered < passed_by)


def sampled_time(since: datetime, until: datetime) -> tuple[datetime, datetime]:
    """A piece of the time for which few kept counts are read: its last whole month, or days."""
    month = Months()
    ended = month.begin(until)
    began = month.begin(ended - timedelta(microseconds=1))
    if began >= since:
        return began, ended
    day = Every(timedelta(days=1))
    ended = day.begin(until)
    began = ended - _SAMPLED_DAYS
    return (began, ended) if began >= since else (since, until)


def _counts(opened: Session, wanted: FindingFilter) -> tuple[float, float]:
    """About how many findings are of this time and place, and of those, of this sort and state?

    Of a whole plant a piece of the time stands for all of it: the choice needs no exact counts.
    """
    if wanted.line_id is None and wanted.part is None and wanted.camera_id is None:
        first, last = opened.execute(_OLDEST_AND_NEWEST).one()
        if first is None:
            return 0, 0
        since, until = max(wanted.since or first, first), min(wanted.until or last, last)
        if since < until:
            began, ended = sampled_time(since, until)
            gathered, counted = _counted(opened, wanted, began, ended)
            if gathered:  # a plant that stood still then says nothing of the rest
                weight = (until - since) / (ended - began)
                return gathered * weight, counted * weight
    return _counted(opened, wanted, wanted.since, wanted.until)


def _counted(
    opened: Session, wanted: FindingFilter, since: datetime | None, until: datetime | None
) -> tuple[int, int]:
    kept = finding_counts(
        Selection(
            line=wanted.line_id,
            part=wanted.part,
            camera=wanted.camera_id,
            since=since,
            until=until,
        )
    ).c
    sorts: list[ColumnElement[bool]] = [
        kept[name] == value
        for name in ("verdict", "severity", "state", "kind")
        if (value := getattr(wanted, name)) is not None
    ]
    if wanted.states:
        sorts.append(kept.state.in_(wanted.states))
    of_sort = func.sum(case((and_(true(), *sorts), kept.findings), else_=0))
    gathered, counted = opened.execute(select(func.sum(kept.findings), of_sort)).one()
    return int(gathered or 0), int(counted or 0)


def _every(opened: Session, wanted: FindingFilter) -> float:
    """About how many findings the walk may pass by.

    It keeps to its part, or its line, and to its verdict and severity.
    """
    if wanted.part is not None:
        every, _ = _counted(opened, FindingFilter(part=wanted.part), None, None)
    elif wanted.line_id is not None:
        every, _ = _counted(opened, FindingFilter(line_id=wanted.line_id), None, None)
    else:
        every = opened.scalar(select(func.max(Finding.id))) or 0
    sorts = (wanted.verdict, wanted.severity)
    return float(every) / float(3 ** sum(one is not None for one in sorts))


def _uncounted_share(wanted: FindingFilter) -> float:
    measures = (
        wanted.area_mm2_min,
        wanted.area_mm2_max,
        wanted.score_min,
        wanted.web_mm_min,
        wanted.web_mm_max,
        wanted.place,
        wanted.model_id,
    )
    return float(_SHARE_OF_A_MEASURE ** sum(one is not None for one in measures))
