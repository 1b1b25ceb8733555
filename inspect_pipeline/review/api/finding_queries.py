"""Which findings and inspections a request asks for: its query, and the page it wants."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from db import queries
from db.rows import (
    After,
    AfterUrgent,
    FindingFilter,
    FindingRow,
    InspectionFilter,
    InspectionRow,
)
from db.words import Outcome, ReviewState, Severity, Verdict
from inspect_pipeline.review.api.cursors import (
    MAX_CURSOR_CHARS,
    moment_cursor,
    moment_of,
    number_cursor,
    number_of,
)
from inspect_pipeline.review.api.fields import (
    Decimal,
    Moment,
    PageSize,
    Sha256,
    Share,
    ShortText,
)

WAITING = frozenset({ReviewState.NEW, ReviewState.SECOND_LOOK})
_INSPECTIONS = "inspections"


class Order(StrEnum):
    NEWEST = "newest"
    WORST = "worst"


class PageQuery(BaseModel):
    """An unknown name is refused: a misspelt filter must not give everything."""

    model_config = ConfigDict(extra="forbid")

    limit: PageSize = Field(default=50, description="Rows on the page.")
    cursor: str | None = Field(
        default=None,
        max_length=MAX_CURSOR_CHARS,
        description="`next_cursor` of the page before; the filters stay the same.",
    )


class FrameQuery(PageQuery):
    part: ShortText | None = Field(default=None, examples=["bracket"])
    line_id: ShortText | None = Field(default=None, examples=["line-1"])
    camera_id: ShortText | None = Field(default=None, examples=["cam-1"])
    since: Moment | None = Field(
        default=None,
        description="Taken at or after; with a zone.",
        examples=["2026-03-29T06:00:00Z"],
    )
    until: Moment | None = Field(
        default=None, description="Taken before; with a zone.", examples=["2026-03-30T06:00:00Z"]
    )


class FindingQuery(FrameQuery):
    state: list[ReviewState] = Field(
        default=[], max_length=4, description="Any of these; may be repeated."
    )
    verdict: Verdict | None = None
    severity: Severity | None = None
    kind: ShortText | None = None
    model_id: Sha256 | None = None
    area_mm2_min: Decimal | None = None
    area_mm2_max: Decimal | None = None
    score_min: Decimal | None = None
    place_x_min: Share = Field(default=0.0, description="Of the centre, as a share of the width.")
    place_x_max: Share = Field(default=1.0, description="Of the centre, as a share of the width.")
    place_y_min: Share = Field(default=0.0, description="Of the centre, as a share of the height.")
    place_y_max: Share = Field(default=1.0, description="Of the centre, as a share of the height.")
    web_mm_min: Decimal | None = None
    web_mm_max: Decimal | None = None
    note: ShortText | None = Field(default=None, description="Text that a reviewer wrote of it.")
    order: Order = Field(
        default=Order.NEWEST,
        description="newest: by the time of the frame. worst: most urgent first, and without "
        "`state` only those that wait for a person (new, second_look).",
    )


class InspectionQuery(FrameQuery):
    outcome: Outcome | None = None
    model_id: Sha256 | None = None


def findings_page(opened: Session, asked: FindingQuery) -> tuple[list[FindingRow], str | None]:
    """The rows of the page, and the cursor of the next one where there is one."""
    if asked.order is Order.NEWEST:
        rows = queries.findings(
            opened,
            _findings_of(asked),
            limit=asked.limit + 1,
            after=_after(asked.cursor, Order.NEWEST),
        )
    else:
        rows = _worst(opened, asked)
    shown = rows[: asked.limit]
    if len(rows) == len(shown):
        return shown, None
    last = shown[-1]
    if asked.order is Order.NEWEST:
        return shown, moment_cursor(asked.order, last.taken_at, last.finding_id)
    return shown, number_cursor(asked.order, last.urgency, last.finding_id)


def inspections_page(
    opened: Session, asked: InspectionQuery
) -> tuple[list[InspectionRow], str | None]:
    """The rows of the page, and the cursor of the next one where there is one."""
    wanted = InspectionFilter(
        part=asked.part,
        line_id=asked.line_id,
        camera_id=asked.camera_id,
        since=asked.since,
        until=asked.until,
        outcome=asked.outcome,
        model_id=asked.model_id,
    )
    after = _after(asked.cursor, _INSPECTIONS)
    rows = queries.inspections(opened, wanted, limit=asked.limit + 1, after=after)
    shown = rows[: asked.limit]
    if len(rows) == len(shown):
        return shown, None
    last = shown[-1]
    return shown, moment_cursor(_INSPECTIONS, last.taken_at, last.inspection_id)


def _worst(opened: Session, asked: FindingQuery) -> list[FindingRow]:
    """Where only waiting findings are asked for, an index holds them in this order."""
    after = None
    if asked.cursor is not None:
        urgency, row_id = number_of(asked.cursor, Order.WORST)
        after = AfterUrgent(urgency=urgency, row_id=row_id)
    read = queries.waiting if set(asked.state) <= WAITING else queries.worst_findings
    return read(opened, _findings_of(asked), limit=asked.limit + 1, after=after)


def _after(cursor: str | None, order: str) -> After | None:
    if cursor is None:
        return None
    taken_at, row_id = moment_of(cursor, order)
    return After(taken_at=taken_at, row_id=row_id)


def _findings_of(asked: FindingQuery) -> FindingFilter:
    place = (asked.place_x_min, asked.place_y_min, asked.place_x_max, asked.place_y_max)
    return FindingFilter(
        part=asked.part,
        line_id=asked.line_id,
        camera_id=asked.camera_id,
        since=asked.since,
        until=asked.until,
        verdict=asked.verdict,
        states=tuple(asked.state),
        severity=asked.severity,
        kind=asked.kind,
        model_id=asked.model_id,
        area_mm2_min=asked.area_mm2_min,
        area_mm2_max=asked.area_mm2_max,
        score_min=asked.score_min,
        place=None if place == (0.0, 0.0, 1.0, 1.0) else place,
        web_mm_min=asked.web_mm_min,
        web_mm_max=asked.web_mm_max,
        note=asked.note,
    )
