"""Reports that were made, and their files."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path as FilePath
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from db.report_archive import ReportRow, report_kept, reports_folder, reports_kept
from db.words import ReportKind
from inspect_pipeline.review.access import Viewer
from inspect_pipeline.review.api.refusals import refusals
from inspect_pipeline.review.desk import desk_of
from inspect_pipeline.review.fields import RowId
from inspect_pipeline.review.pages.reports import KINDS, report_file
from inspect_pipeline.review.transactions import Reading

router = APIRouter(prefix="/api/v1", tags=["reports"])

ReportId = Annotated[RowId, Path(description="The id of a report.", examples=[1])]


class ReportQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: ReportKind | None = Field(default=None, description="Only this kind.")
    before: RowId | None = Field(
        default=None, description="The id of the last report of the page before."
    )
    limit: int = Field(default=50, ge=1, le=200, description="At most so many.")


class ReportOut(BaseModel):
    """Made again it is the same report with the next revision."""

    id: int
    kind: ReportKind
    scope: str = Field(description="A line, or empty for the whole plant.")
    period: str = Field(description="Names a shift, day or week, a lot or an alert.")
    language: str
    revision: int
    from_at: datetime
    to_at: datetime
    created_at: datetime
    created_by: str
    forms: list[str] = Field(description="html first; each at /reports/ID/FORM.")

    @classmethod
    def of(cls, row: ReportRow) -> ReportOut:
        facts = {name: value for name, value in vars(row).items() if name in cls.model_fields}
        forms = [FilePath(name).suffix[1:] for name in row.files]
        return cls(id=row.report_id, forms=forms, **facts)


class ReportList(BaseModel):
    reports: list[ReportOut]


@router.get(
    "/reports",
    operation_id="list_reports",
    summary="Reports, newest first",
    responses=refusals(404),
)
def list_reports(
    _person: Viewer, opened: Reading, asked: Annotated[ReportQuery, Query()]
) -> ReportList:
    """What was made by schedule and by hand; the next page follows with `before`."""
    before = None if asked.before is None else report_kept(opened, asked.before)
    rows = reports_kept(opened, kind=asked.kind, before=before, limit=asked.limit)
    return ReportList(reports=[ReportOut.of(row) for row in rows])


@router.get(
    "/reports/{report_id}",
    operation_id="get_report",
    summary="One report",
    responses=refusals(404),
)
def get_report(_person: Viewer, opened: Reading, report_id: ReportId) -> ReportOut:
    """What it is about, when it was made, and which files it has."""
    return ReportOut.of(report_kept(opened, report_id))


@router.get(
    "/reports/{report_id}/{form}",
    operation_id="get_report_file",
    summary="A file of a report",
    response_class=Response,
    responses={
        200: {
            "content": {kind.split(";")[0]: {} for kind in KINDS.values()},
            "description": "The file as it was made.",
        },
        **refusals(404),
    },
)
def get_report_file(
    request: Request,
    _person: Viewer,
    opened: Reading,
    report_id: ReportId,
    form: Literal["html", "pdf", "csv", "parquet"],
) -> Response:
    """The page, the PDF, or the numbers behind them."""
    folder = reports_folder(desk_of(request).store.folder)
    return report_file(folder, report_kept(opened, report_id), form)
