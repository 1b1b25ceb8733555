"""What is known of a web around a frame that is being recorded."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from db.models import Finding, Frame, Inspection, JoinedRegion
from db.web_regions import WebRegion, region_on_web

MOST_REGIONS = 64  # of one finding: a longer defect is told in pieces
LONGEST_FRAME_LINES = 16_384

_WEBS = 0x3EB5  # the class of our PostgreSQL advisory locks; SQLite has one writer anyway
_Span = tuple[int, int]  # first line and lines of a frame


@dataclass(frozen=True, kw_only=True, eq=False)
class Neighbour:
    """A region that another frame shows, and the finding that stands for it."""

    region: WebRegion
    finding_id: int


@dataclass(frozen=True, kw_only=True, eq=False)
class WebAround:
    """What is known of the web around a frame; others wait until the transaction ends."""

    mm_per_px: float
    neighbours: tuple[Neighbour, ...]
    findings: dict[int, Finding]


def keep_web_around(opened: Session, frame: Frame, inspection: Inspection) -> WebAround | None:
    """Call it before any frame is kept. None where nothing can be joined."""
    if frame.web_position_mm is None or frame.serial is None or not inspection.findings:
        return None
    _keep_web(opened, frame)
    first = inspection.findings[0]
    mm_per_px = math.sqrt(first.area_mm2 / first.area_px)
    neighbours = _neighbours(opened, frame, inspection, mm_per_px)
    if not neighbours:
        return None
    wanted = {neighbour.finding_id for neighbour in neighbours}
    kept = select(Finding).where(Finding.id.in_(wanted)).order_by(Finding.id).with_for_update()
    findings = {finding.id: finding for finding in opened.scalars(kept)}
    return WebAround(mm_per_px=mm_per_px, neighbours=tuple(neighbours), findings=findings)


def frame_line(frame: Frame, mm_per_px: float) -> int:
    """Which line of the roll is the frame's first one?"""
    assert frame.web_position_mm is not None, "only frames of a web lie on one"
    return round(frame.web_position_mm / mm_per_px)


def _keep_web(opened: Session, frame: Frame) -> None:
    """One program at a time records what a camera sees of a roll."""
    if opened.get_bind().dialect.name != "postgresql":
        return
    name = zlib.crc32(f"{frame.camera_id} {frame.serial}".encode()) - (1 << 31)
    opened.execute(select(func.pg_advisory_xact_lock(_WEBS, name)))


def _neighbours(
    opened: Session, frame: Frame, inspection: Inspection, mm_per_px: float
) -> list[Neighbour]:
    """Regions of the same model's inspections of the frames that overlap this one or touch it."""
    assert frame.web_position_mm is not None
    first_line = frame_line(frame, mm_per_px)
    lines = frame.height_px or 0
    chosen = (
        select(Inspection.id, Frame.web_position_mm, Frame.height_px)
        .join(Frame, Inspection.frame_id == Frame.id)
        .where(
            Frame.camera_id == frame.camera_id,
            Frame.serial == frame.serial,
            Frame.web_position_mm.between(
                frame.web_position_mm - LONGEST_FRAME_LINES * mm_per_px,
                frame.web_position_mm + (lines + 1) * mm_per_px,
            ),
            Inspection.model_id == inspection.model_id,
            Inspection.config_id == inspection.config_id,
        )
    )
    near = {
        inspection_id: (round(position_mm / mm_per_px), height_px or 0)
        for inspection_id, position_mm, height_px in opened.execute(chosen)
        if position_mm is not None
    }
    touching = {
        inspection_id: span
        for inspection_id, span in near.items()
        if span[0] <= first_line + lines and first_line <= span[0] + span[1]
    }
    alone = _regions_of(opened, Finding, Finding.id, touching)
    joined = _regions_of(opened, JoinedRegion, JoinedRegion.finding_id, touching)
    found = {**alone, **joined}
    long_ones = _long_ones(opened, {one.finding_id for one in joined.values()})
    return [one for one in found.values() if one.finding_id not in long_ones]


def _regions_of(
    opened: Session,
    table: type[Finding] | type[JoinedRegion],
    finding_id: InstrumentedAttribute[int],
    spans: Mapping[int, _Span],
) -> dict[tuple[int, int], Neighbour]:
    """By inspection and number."""
    chosen = select(
        *(table.inspection_id, table.number, finding_id, table.mask),
        *(table.x0, table.y0, table.x1, table.y1),
    ).where(table.inspection_id.in_(spans))
    found = {}
    for inspection_id, number, of_finding, mask, x0, y0, x1, y1 in opened.execute(chosen):
        first_line, lines = spans[inspection_id]
        region = region_on_web(mask, box=(x0, y0, x1, y1), frame_line=first_line, frame_lines=lines)
        found[inspection_id, number] = Neighbour(region=region, finding_id=of_finding)
    return found


def _long_ones(opened: Session, finding_ids: set[int]) -> set[int]:
    counted = (
        select(JoinedRegion.finding_id)
        .where(JoinedRegion.finding_id.in_(finding_ids))
        .group_by(JoinedRegion.finding_id)
        .having(func.count() >= MOST_REGIONS)
    )
    return set(opened.scalars(counted))
