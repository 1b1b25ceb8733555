"""Reports: which were made, newest first, and each of them as it was made."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import FileResponse

from db.report_archive import ReportRow, report_kept, reports_folder, reports_kept
from db.words import ReportKind
from inspect_pipeline.review.access import Viewer
from inspect_pipeline.review.desk import desk_of
from inspect_pipeline.review.fields import RowId
from inspect_pipeline.review.page import page
from inspect_pipeline.review.transactions import Reading

router = APIRouter()

A_PAGE = 50
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".pdf": "application/pdf",
    ".csv": "text/csv; charset=utf-8",
    ".parquet": "application/vnd.apache.parquet",
}
_GONE = "The files of this report are not there any more."
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


@router.get("/reports")
def show_reports(
    request: Request,
    person: Viewer,
    opened: Reading,
    *,
    kind: ReportKind | Literal[""] = "",
    before: Annotated[RowId | None, Query()] = None,
) -> Response:
    after = None if before is None else report_kept(opened, before)
    rows = reports_kept(opened, kind=kind or None, before=after, limit=A_PAGE + 1)
    return page(
        request,
        "reports.html",
        person,
        kind=kind,
        kinds=tuple(ReportKind),
        reports=[(row, _suffixes(row)) for row in rows[:A_PAGE]],
        more=rows[A_PAGE - 1].report_id if len(rows) > A_PAGE else None,
    )


@router.get("/reports/{report_id}/{form}")
def show_report(
    request: Request, _person: Viewer, opened: Reading, report_id: RowId, form: str
) -> Response:
    """The page (`html`) or one of the files beside it; nothing on the page may run or be loaded."""
    folder = reports_folder(desk_of(request).store.folder)
    return report_file(folder, report_kept(opened, report_id), form)


def report_file(folder: Path, row: ReportRow, form: str) -> Response:
    """404 where the report has no such file, or it was taken away."""
    suffix = f".{form}"
    name = next((one for one in row.files if Path(one).suffix == suffix), None)
    path = None if name is None else (folder / name).resolve()
    if suffix not in KINDS or path is None or not path.is_relative_to(folder.resolve()):
        raise HTTPException(404, "This report has no such file.")
    if not path.is_file():
        raise HTTPException(404, _GONE)
    if suffix != ".html":
        shown = "inline" if suffix == ".pdf" else "attachment"
        return FileResponse(
            path, media_type=KINDS[suffix], filename=path.name, content_disposition_type=shown
        )
    written = path.read_text(encoding="utf-8")
    return Response(
        written, media_type=KINDS[suffix], headers={"Content-Security-Policy": _policy(written)}
    )


def _policy(written: str) -> str:
    """Pictures and fonts that the page holds itself, and its own style sheet by its hash."""
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'"
        for style in _STYLE.findall(written)
    )
    styles = hashes or "'none'"
    return (
        f"default-src 'none'; style-src {styles}; img-src data:; font-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
    )


def _suffixes(row: ReportRow) -> list[str]:
    return [Path(name).suffix[1:] for name in row.files]
