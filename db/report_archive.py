"""Which reports were made, and where their files lie: one row each, the newest revision of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, inspect, select, update
from sqlalchemy.orm import Session

from db.adding import add_once
from db.errors import UnknownRecord
from db.models import Report
from db.selects import Rows
from db.words import ReportKind

_FILE = re.compile(r"[a-z]+/[^./\\\0][^/\\\0]*")
_COLUMNS = (
    "kind",
    "scope",
    "period",
    "language",
    "revision",
    "from_at",
    "to_at",
    "created_at",
    "created_by",
    "files",
)


@dataclass(frozen=True, kw_only=True)
class ReportRow:
    """`files` are names within the folder of reports, the page first; `scope` is a line or ""."""

    report_id: int
    kind: ReportKind
    scope: str
    period: str
    language: str
    revision: int
    from_at: datetime
    to_at: datetime
    created_at: datetime
    created_by: str
    files: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ReportName:
    """What a report is: the same thing made again is another revision of it."""

    kind: ReportKind
    scope: str
    period: str
    language: str


def reports_folder(evidence_folder: Path) -> Path:
    """Beside the pictures behind the findings."""
    return evidence_folder.parent / "reports"


def is_report_file(name: str) -> bool:
    """Is it a name within the folder of reports, and of nothing outside of it?"""
    return _FILE.fullmatch(name) is not None


def report_files(opened: Session) -> list[str]:
    """Every file that reports are kept in, by name; none where the database is too old for them."""
    if not inspect(opened.connection()).has_table(Report.__tablename__):
        return []
    return sorted({name for files in opened.scalars(select(Report.files)) for name in files})


def kept_report(opened: Session, name: ReportName) -> ReportRow | None:
    """The report as it was made last."""
    row = opened.execute(_select().where(*_is(name))).mappings().one_or_none()
    return None if row is None else _row(row)


def report_before(
    opened: Session, kind: ReportKind, scope: str, *, ended_by: datetime
) -> ReportRow | None:
    """The report of the same kind and line whose time ended last before a moment.

    In whatever language: of several the one that was made last.
    """
    chosen = _select().where(Report.kind == kind, Report.scope == scope, Report.to_at <= ended_by)
    newest = chosen.order_by(Report.to_at.desc(), Report.created_at.desc()).limit(1)
    row = opened.execute(newest).mappings().one_or_none()
    return None if row is None else _row(row)


def keep_report(
    opened: Session,
    name: ReportName,
    *,
    span: tuple[datetime, datetime],
    created_at: datetime,
    created_by: str,
    files: Sequence[str],
) -> ReportRow:
    """Notes a report; one that was there becomes the next revision of itself."""
    made: dict[str, Any] = {
        "from_at": span[0],
        "to_at": span[1],
        "created_at": created_at,
        "created_by": created_by,
        "files": list(files),
    }
    if not add_once(opened, Report(**vars(name), revision=1, **made)):
        again = update(Report).where(*_is(name))
        opened.execute(again.values(revision=Report.revision + 1, **made))
    kept = kept_report(opened, name)
    assert kept is not None, "it was written just now"
    return kept


def report_kept(opened: Session, report_id: int) -> ReportRow:
    """Raises UnknownRecord."""
    row = opened.execute(_select().where(Report.id == report_id)).mappings().one_or_none()
    if row is None:
        raise UnknownRecord(f"there is no report {report_id}: see `report list`")
    return _row(row)


def reports_kept(
    opened: Session,
    *,
    kind: ReportKind | None = None,
    before: ReportRow | None = None,
    limit: int = 100,
) -> list[ReportRow]:
    """What was made last, newest first; a page follows with `before`, the last row of it."""
    chosen = _select().order_by(Report.created_at.desc(), Report.id.desc()).limit(limit)
    if kind is not None:
        chosen = chosen.where(Report.kind == kind)
    if before is not None:
        chosen = chosen.where(
            (Report.created_at < before.created_at)
            | ((Report.created_at == before.created_at) & (Report.id < before.report_id))
        )
    return [_row(row) for row in opened.execute(chosen).mappings()]


def _is(name: ReportName) -> list[ColumnElement[bool]]:
    return [getattr(Report, key) == value for key, value in vars(name).items()]


def _select() -> Rows:
    return select(Report.id.label("report_id"), *(getattr(Report, name) for name in _COLUMNS))


def _row(row: RowMapping) -> ReportRow:
    return ReportRow(**{**row, "files": tuple(row["files"])})
