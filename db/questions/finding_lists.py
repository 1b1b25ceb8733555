"""The findings themselves, filtered in every way, page by page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.errors import QuestionRefused
from db.models import Finding, Model
from db.models.inspections import WAITING_STATES
from db.questions.parameters import MOST_ID, asked
from db.questions.selection import Selection, model_named
from db.questions.worst_first import worst_first
from db.rows import After, AfterUrgent, FindingFilter, FindingRow
from db.selects import Rows, findings_select, waiting_select
from db.tables import selected_table
from db.words import ReviewState, Severity, Verdict

MOST_ROWS = 100_000


class Order(StrEnum):
    NEWEST = "newest"
    WORST = "worst"


@dataclass(frozen=True, kw_only=True)
class FindingsOf(Selection):
    """Ranges include both ends."""

    verdict: Verdict | None = asked("Only what the pipeline called this.")
    states: tuple[ReviewState, ...] = asked("Only these review states; none given: any.", ())
    severity: Severity | None = asked("Only this severity.")
    kind: str | None = asked("Only this kind of defect.")
    area_min: float | None = asked("At least this area, in mm².", least=0)
    area_max: float | None = asked("At most this area, in mm².", least=0)
    score_min: float | None = asked("At least this score; 0.5 is the threshold.", least=0, most=1)
    place: tuple[float, float, float, float] | None = asked(
        "Centre within this box x0,y0,x1,y1, in shares of the frame's sides.", least=0, most=1
    )
    web_from: float | None = asked("At or after this position along the web, in mm.")
    web_until: float | None = asked("At or before this position along the web, in mm.")
    note: str | None = asked("A reviewer's note holds this text, in any case.")
    model: str | None = asked("Only this model: its name, or how its id begins.")
    order: Order = asked("Newest or worst first.", Order.NEWEST)
    limit: int = asked("At most this many.", 100, least=1, most=MOST_ROWS)
    after: int | None = asked(
        "The next page: the id of the last finding of the one before.", least=1, most=MOST_ID
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.place is None:
            return
        x0, y0, x1, y1 = self.place
        if x0 > x1 or y0 > y1:
            raise QuestionRefused(
                "place: write left,top,right,bottom as shares of the frame's sides, such as "
                f"0.5,0,1,0.5, got {x0:g},{y0:g},{x1:g},{y1:g}",
                field="place",
            )

    def filtered(self, opened: Session) -> FindingFilter:
        model_id = None if self.model is None else model_named(opened, self.model)
        its_part = select(Model.part).where(Model.model_id == model_id)
        return FindingFilter(
            part=self.part or (None if model_id is None else opened.scalar(its_part)),
            line_id=self.line,
            camera_id=self.camera,
            since=self.since,
            until=self.until,
            verdict=self.verdict,
            states=self.states,
            severity=self.severity,
            kind=self.kind,
            area_mm2_min=self.area_min,
            area_mm2_max=self.area_max,
            score_min=self.score_min,
            place=self.place,
            web_mm_min=self.web_from,
            web_mm_max=self.web_until,
            note=self.note,
            model_id=model_id,
        )


def findings(opened: Session, wanted: FindingsOf) -> pd.DataFrame:
    """Which findings are there? Newest first, or worst first (db.urgency), in a stable order.

    What has the order of its row before never moves, so pages neither repeat nor leave out.
    """
    return selected_table(opened, _page(opened, wanted), FindingRow)


def finding_rows(opened: Session, wanted: FindingsOf) -> list[FindingRow]:
    """The same as rows."""
    return [FindingRow(**row) for row in opened.execute(_page(opened, wanted)).mappings()]


def _page(opened: Session, wanted: FindingsOf) -> Rows:
    filtered = wanted.filtered(opened)
    last = None if wanted.after is None else _last(opened, wanted.after)
    if wanted.order is Order.NEWEST:
        after = None if last is None else After(taken_at=last[0], row_id=last[2])
        return findings_select(filtered, limit=wanted.limit, after=after)
    after_urgent = None if last is None else AfterUrgent(urgency=last[1], row_id=last[2])
    if wanted.states and WAITING_STATES.issuperset(wanted.states):
        return waiting_select(filtered, limit=wanted.limit, after=after_urgent)
    return worst_first(opened, filtered, limit=wanted.limit, after=after_urgent)


def _last(opened: Session, finding_id: int) -> tuple[datetime, float, int]:
    chosen = select(Finding.taken_at, Finding.urgency, Finding.id).where(Finding.id == finding_id)
    row = opened.execute(chosen).one_or_none()
    if row is None:
        raise QuestionRefused(
            f"after: there is no finding {finding_id}: begin with the first page", field="after"
        )
    return row[0], row[1], row[2]
