"""Which findings and inspections a request asks for: its query, and the page it wants.

A filter is that of the question `findings`: the same names, meanings and bounds everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, create_model
from sqlalchemy.orm import Session

from db import queries
from db.errors import QuestionRefused
from db.models.inspections import WAITING_STATES
from db.questions.finding_lists import FindingsOf, Order
from db.questions.parameters import asked
from db.questions.selection import Selection, model_named
from db.rows import After, AfterUrgent, FindingFilter, FindingRow, InspectionFilter, InspectionRow
from db.words import Outcome
from inspect_pipeline.review.api.fields import PageSize
from inspect_pipeline.review.api.problems import ApiProblem
from inspect_pipeline.review.api.question_parameters import parameters_of, query_fields, refused
from inspect_pipeline.review.cursors import (
    MAX_CURSOR_CHARS,
    BadCursor,
    moment_cursor,
    moment_of,
    number_cursor,
    number_of,
)

Filter = TypeVar("Filter")
_INSPECTIONS = "inspections"
_PAGING = frozenset({"limit", "after"})  # a page is asked for with a cursor


@dataclass(frozen=True, kw_only=True)
class InspectionsOf(Selection):
    outcome: Outcome | None = asked("Only what ended so.")
    model: str | None = asked("Only this model: its name, or how its id begins.")

    def filtered(self, opened: Session) -> InspectionFilter:
        return InspectionFilter(
            **vars(self.frames()),
            outcome=self.outcome,
            model_id=None if self.model is None else model_named(opened, self.model),
        )


class PageQuery(BaseModel):
    """An unknown name is refused: a misspelt filter must not give everything."""

    model_config = ConfigDict(extra="forbid")

    limit: PageSize = Field(default=50, description="Rows on the page.")
    cursor: str | None = Field(
        default=None,
        max_length=MAX_CURSOR_CHARS,
        description="`next_cursor` of the page before; the filters stay the same.",
    )


FINDING_QUERY: type[PageQuery] = create_model(
    "FindingQuery", __base__=PageQuery, **query_fields(FindingsOf, leave_out=_PAGING)
)
INSPECTION_QUERY: type[PageQuery] = create_model(
    "InspectionQuery", __base__=PageQuery, **query_fields(InspectionsOf)
)


def findings_page(opened: Session, asked: PageQuery) -> tuple[list[FindingRow], str | None]:
    """The rows of the page, and the cursor of the next one where there is one."""
    wanted = parameters_of(FindingsOf, asked)
    filtered = _found(wanted.filtered, opened)
    if wanted.order is Order.NEWEST:
        after = _after(asked.cursor, Order.NEWEST)
        rows = queries.findings(opened, filtered, limit=asked.limit + 1, after=after)
    else:
        rows = _worst(opened, filtered, asked)
    shown = rows[: asked.limit]
    if len(rows) == len(shown):
        return shown, None
    last = shown[-1]
    if wanted.order is Order.NEWEST:
        return shown, moment_cursor(wanted.order, last.taken_at, last.finding_id)
    return shown, number_cursor(wanted.order, last.urgency, last.finding_id)


def inspections_page(opened: Session, asked: PageQuery) -> tuple[list[InspectionRow], str | None]:
    """The rows of the page, and the cursor of the next one where there is one."""
    wanted = _found(parameters_of(InspectionsOf, asked).filtered, opened)
    after = _after(asked.cursor, _INSPECTIONS)
    rows = queries.inspections(opened, wanted, limit=asked.limit + 1, after=after)
    shown = rows[: asked.limit]
    if len(rows) == len(shown):
        return shown, None
    last = shown[-1]
    return shown, moment_cursor(_INSPECTIONS, last.taken_at, last.inspection_id)


def _worst(opened: Session, wanted: FindingFilter, asked: PageQuery) -> list[FindingRow]:
    """Where only waiting findings are asked for, an index holds them in this order."""
    after = None
    if asked.cursor is not None:
        with _naming_the_cursor():
            urgency, row_id = number_of(asked.cursor, Order.WORST)
        after = AfterUrgent(urgency=urgency, row_id=row_id)
    is_queue = bool(wanted.states) and WAITING_STATES.issuperset(wanted.states)
    read = queries.waiting if is_queue else queries.worst_findings
    return read(opened, wanted, limit=asked.limit + 1, after=after)


def _after(cursor: str | None, order: str) -> After | None:
    if cursor is None:
        return None
    with _naming_the_cursor():
        taken_at, row_id = moment_of(cursor, order)
    return After(taken_at=taken_at, row_id=row_id)


@contextmanager
def _naming_the_cursor() -> Iterator[None]:
    try:
        yield
    except BadCursor as error:
        raise ApiProblem.of_field("cursor", str(error)) from error


def _found(filtered: Callable[[Session], Filter], opened: Session) -> Filter:
    """The filter; raises ApiProblem for a model that is not there."""
    try:
        return filtered(opened)
    except QuestionRefused as error:
        raise refused(error) from error
