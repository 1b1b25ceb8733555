"""One frame from beginning to end: what models said of it, and what people answered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from db.errors import UnknownRecord
from db.models import Audit, Finding, Frame, GoodFrame, Inspection, JoinedRegion, Review
from db.rows import FindingRow, InspectionRow, ReviewRow
from db.selects import finding_columns, inspection_columns, reviews_select
from db.words import Judgement, Severity, Verdict


@dataclass(frozen=True, kw_only=True)
class FrameRow:
    frame_id: int
    part: str
    line_id: str
    camera_id: str
    serial: str | None
    taken_at: datetime
    web_position_mm: float | None
    source: str
    content_sha256: str
    width_px: int | None
    height_px: int | None


@dataclass(frozen=True, kw_only=True)
class AuditRow:
    """What a person said of a whole frame; the newest of a frame counts."""

    audit_id: int
    frame_id: int
    auditor: str
    audited_at: datetime
    judgement: Judgement
    note: str | None


@dataclass(frozen=True, kw_only=True)
class GoodFrameRow:
    frame_id: int
    added_by: str
    added_at: datetime
    removed_by: str | None
    removed_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class ReviewedFinding:
    finding: FindingRow
    reviews: tuple[ReviewRow, ...]  # in the order they were said


@dataclass(frozen=True, kw_only=True)
class RegionElsewhere:
    """What the frame shows of a defect whose finding stands with another frame of the web."""

    finding_id: int
    frame_id: int  # with which the finding stands
    number: int
    x0: int
    y0: int
    x1: int
    y1: int
    area_mm2: float
    verdict: Verdict
    severity: Severity


@dataclass(frozen=True, kw_only=True)
class InspectionHistory:
    inspection: InspectionRow
    findings: tuple[ReviewedFinding, ...]  # by number
    elsewhere: tuple[RegionElsewhere, ...]  # by number


@dataclass(frozen=True, kw_only=True)
class FrameHistory:
    frame: FrameRow
    inspections: tuple[InspectionHistory, ...]  # in the order they were made
    audits: tuple[AuditRow, ...]  # in the order they were said
    good_frame: GoodFrameRow | None  # None where it never was in the good set


def frame_history(opened: Session, frame_id: int) -> FrameHistory:
    """Everything that was ever said of one frame; raises UnknownRecord."""
    found = frame_histories(opened, [frame_id])
    if not found:
        raise UnknownRecord(f"there is no frame {frame_id}")
    return found[0]


def frame_histories(opened: Session, frame_ids: Sequence[int]) -> list[FrameHistory]:
    """The same of several frames, by their ids; unknown ids are left out."""
    inspections = _inspections(opened, frame_ids)
    audits = _audits(opened, frame_ids)
    good_frames = _good_frames(opened, frame_ids)
    return [
        FrameHistory(
            frame=frame,
            inspections=tuple(inspections[frame.frame_id]),
            audits=tuple(audits[frame.frame_id]),
            good_frame=good_frames.get(frame.frame_id),
        )
        for frame in _frames(opened, frame_ids)
    ]


def _frames(opened: Session, frame_ids: Sequence[int]) -> list[FrameRow]:
    chosen = select(
        Frame.id.label("frame_id"),
        Frame.part,
        Frame.line_id,
        Frame.camera_id,
        Frame.serial,
        Frame.taken_at,
        Frame.web_position_mm,
        Frame.source,
        Frame.content_sha256,
        Frame.width_px,
        Frame.height_px,
    ).where(Frame.id.in_(frame_ids))
    return [FrameRow(**row) for row in opened.execute(chosen.order_by(Frame.id)).mappings()]


def _inspections(opened: Session, frame_ids: Sequence[int]) -> dict[int, list[InspectionHistory]]:
    """By frame."""
    findings = _reviewed_findings(opened, frame_ids)
    elsewhere = _regions_elsewhere(opened, frame_ids)
    chosen = inspection_columns().where(Inspection.frame_id.in_(frame_ids)).order_by(Inspection.id)
    made: dict[int, list[InspectionHistory]] = defaultdict(list)
    for facts in opened.execute(chosen).mappings():
        row = InspectionRow(**facts)
        made[row.frame_id].append(
            InspectionHistory(
                inspection=row,
                findings=tuple(findings[row.inspection_id]),
                elsewhere=tuple(elsewhere[row.inspection_id]),
            )
        )
    return made


def _reviewed_findings(
    opened: Session, frame_ids: Sequence[int]
) -> dict[int, list[ReviewedFinding]]:
    """By inspection."""
    of_frames = select(Finding.id).join(Inspection).where(Inspection.frame_id.in_(frame_ids))
    said: dict[int, list[ReviewRow]] = defaultdict(list)
    for row in opened.execute(reviews_select().where(Review.finding_id.in_(of_frames))).mappings():
        said[row["finding_id"]].append(ReviewRow(**row))
    chosen = finding_columns().where(Inspection.frame_id.in_(frame_ids)).order_by(Finding.number)
    found: dict[int, list[ReviewedFinding]] = defaultdict(list)
    for facts in opened.execute(chosen).mappings():
        finding = FindingRow(**facts)
        reviews = tuple(said[finding.finding_id])
        found[finding.inspection_id].append(ReviewedFinding(finding=finding, reviews=reviews))
    return found


def _regions_elsewhere(
    opened: Session, frame_ids: Sequence[int]
) -> dict[int, list[RegionElsewhere]]:
    """By inspection."""
    there = aliased(Inspection)
    of_frames = select(Inspection.id).where(Inspection.frame_id.in_(frame_ids))
    chosen = (
        select(
            JoinedRegion.inspection_id,
            JoinedRegion.finding_id,
            there.frame_id,
            JoinedRegion.number,
            JoinedRegion.x0,
            JoinedRegion.y0,
            JoinedRegion.x1,
            JoinedRegion.y1,
            JoinedRegion.area_mm2,
            JoinedRegion.verdict,
            JoinedRegion.severity,
        )
        .join(Finding, Finding.id == JoinedRegion.finding_id)
        .join(there, there.id == Finding.inspection_id)
        .where(
            JoinedRegion.inspection_id.in_(of_frames),
            Finding.inspection_id != JoinedRegion.inspection_id,
        )
        .order_by(JoinedRegion.number)
    )
    found: dict[int, list[RegionElsewhere]] = defaultdict(list)
    for facts in opened.execute(chosen).mappings():
        seen = {name: value for name, value in facts.items() if name != "inspection_id"}
        found[facts["inspection_id"]].append(RegionElsewhere(**seen))
    return found


def _audits(opened: Session, frame_ids: Sequence[int]) -> dict[int, list[AuditRow]]:
    """By frame."""
    chosen = select(
        Audit.id.label("audit_id"),
        Audit.frame_id,
        Audit.auditor,
        Audit.audited_at,
        Audit.judgement,
        Audit.note,
    ).where(Audit.frame_id.in_(frame_ids))
    said: dict[int, list[AuditRow]] = defaultdict(list)
    for row in opened.execute(chosen.order_by(Audit.id)).mappings():
        said[row["frame_id"]].append(AuditRow(**row))
    return said


def _good_frames(opened: Session, frame_ids: Sequence[int]) -> dict[int, GoodFrameRow]:
    """By frame."""
    chosen = select(
        GoodFrame.frame_id,
        GoodFrame.added_by,
        GoodFrame.added_at,
        GoodFrame.removed_by,
        GoodFrame.removed_at,
    ).where(GoodFrame.frame_id.in_(frame_ids))
    return {row["frame_id"]: GoodFrameRow(**row) for row in opened.execute(chosen).mappings()}
