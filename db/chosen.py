"""What somebody chose to take away: findings by filter or by id, read a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from db.models import Finding, Frame, Inspection, Review
from db.rows import FindingFilter, FindingRow
from db.selects import Rows, finding_columns, finding_conditions
from db.words import ReviewState, Severity

BATCH_ROWS = 500
EVERY_FINDING = FindingFilter()


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The findings that the filter wants; with `finding_ids` only those of them."""

    wanted: FindingFilter = EVERY_FINDING
    finding_ids: tuple[int, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class ChosenFinding:
    """A finding with its mask and what is needed of its frame; decode with `db.masks`."""

    finding: FindingRow
    mask: bytes
    width_px: int | None
    height_px: int | None
    content_sha256: str
    frame_picture_name: str | None


@dataclass(frozen=True, kw_only=True)
class FoundOnFrame:
    """What one finding says of its frame, whichever model made it."""

    frame_id: int
    finding_id: int
    state: ReviewState
    severity: Severity
    kind: str | None


@dataclass(frozen=True, kw_only=True)
class LastWord:
    finding_id: int
    reviewer: str
    reviewed_at: datetime


def count_chosen(opened: Session, chosen: Chosen, *, at_most: int) -> int:
    """How many findings are chosen? Stops counting at `at_most`."""
    some = _chosen(select(Finding.id), chosen).limit(at_most).subquery()
    return opened.scalar(select(func.count()).select_from(some)) or 0


def chosen_rows(
    opened: Session, chosen: Chosen, *, batch: int = BATCH_ROWS
) -> Iterator[list[FindingRow]]:
    """The chosen findings, newest frame first, in lists of at most `batch`."""
    for rows in _batches(opened, _chosen(finding_columns(), chosen), batch):
        yield [FindingRow(**row) for row in rows]


def chosen_findings(
    opened: Session, chosen: Chosen, *, batch: int = BATCH_ROWS
) -> Iterator[list[ChosenFinding]]:
    """The same with masks and frames."""
    asked = finding_columns().add_columns(
        Finding.mask,
        Frame.width_px,
        Frame.height_px,
        Frame.content_sha256,
        Inspection.observed_name.label("frame_picture_name"),
    )
    more = [field.name for field in fields(ChosenFinding) if field.name != "finding"]
    for rows in _batches(opened, _chosen(asked, chosen), batch):
        found = []
        for row in rows:
            beside = {name: row.pop(name) for name in more}
            found.append(ChosenFinding(finding=FindingRow(**row), **beside))
        yield found


def found_on_frames(opened: Session, frame_ids: Sequence[int]) -> list[FoundOnFrame]:
    """Every finding of these frames, by whichever model, in the order of their ids."""
    asked = (
        select(
            Inspection.frame_id,
            Finding.id.label("finding_id"),
            Finding.state,
            Finding.severity,
            Finding.kind,
        )
        .join(Inspection, Finding.inspection_id == Inspection.id)
        .where(Inspection.frame_id.in_(frame_ids))
        .order_by(Finding.id)
    )
    return [FoundOnFrame(**row) for row in opened.execute(asked).mappings()]


def last_words(opened: Session, finding_ids: Sequence[int]) -> dict[int, LastWord]:
    """Who spoke last of each finding; those that nobody reviewed are left out."""
    newest = (
        select(func.max(Review.id))
        .where(Review.finding_id.in_(finding_ids))
        .group_by(Review.finding_id)
    )
    asked = select(Review.finding_id, Review.reviewer, Review.reviewed_at).where(
        Review.id.in_(newest)
    )
    return {row["finding_id"]: LastWord(**row) for row in opened.execute(asked).mappings()}


def _chosen(asked: Rows, chosen: Chosen) -> Rows:
    asked = asked.where(*finding_conditions(chosen.wanted))
    if chosen.finding_ids is not None:
        asked = asked.where(Finding.id.in_(chosen.finding_ids))
    return asked


def _batches(opened: Session, asked: Rows, batch: int) -> Iterator[list[dict[str, Any]]]:
    """Page after page by key, so that only one page is in memory whatever the driver buffers."""
    ordered = asked.order_by(Finding.taken_at.desc(), Finding.id.desc()).limit(batch)
    page = ordered
    while rows := [dict(row) for row in opened.execute(page).mappings()]:
        last = (rows[-1]["taken_at"], rows[-1]["finding_id"])  # before a reader takes rows apart
        yield rows
        if len(rows) < batch:
            return
        page = ordered.where(tuple_(Finding.taken_at, Finding.id) < last)
