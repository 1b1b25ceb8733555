"""Lots: everything whose frames carry the same serial, such as a roll, a coil or a box of parts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from db.errors import UnknownRecord
from db.models import Finding, Frame, Inspection
from db.rows import FindingRow
from db.selects import finding_columns
from db.words import Outcome, ReviewState


@dataclass(frozen=True, kw_only=True)
class Lot:
    """When and where a lot was seen; `length_mm` of a web is where its last frame begins."""

    serial: str
    parts: tuple[str, ...]
    line_ids: tuple[str, ...]
    camera_ids: tuple[str, ...]
    frames: int
    first_at: datetime
    last_at: datetime
    length_mm: float | None


@dataclass(frozen=True, kw_only=True)
class LotFrame:
    taken_at: datetime
    camera_id: str
    outcome: Outcome


def lot_seen(opened: Session, serial: str) -> Lot:
    """Raises UnknownRecord."""
    of_lot = Frame.serial == serial
    frames, first_at, last_at, length_mm = opened.execute(
        select(
            func.count(),
            func.min(Frame.taken_at),
            func.max(Frame.taken_at),
            func.max(Frame.web_position_mm),
        ).where(of_lot)
    ).one()
    if not frames:
        raise UnknownRecord(f"no frame carries the serial {serial!r}: see `ask findings`")
    places = opened.execute(
        select(Frame.part, Frame.line_id, Frame.camera_id).where(of_lot).distinct()
    ).all()
    return Lot(
        serial=serial,
        parts=tuple(sorted({part for part, _, _ in places})),
        line_ids=tuple(sorted({line for _, line, _ in places})),
        camera_ids=tuple(sorted({camera for _, _, camera in places})),
        frames=frames,
        first_at=first_at,
        last_at=last_at,
        length_mm=length_mm,
    )


def lot_before(opened: Session, lot: Lot) -> str | None:
    """The serial of the lot that was seen on the same line just before."""
    return opened.scalar(
        select(Frame.serial)
        .where(
            Frame.line_id.in_(lot.line_ids),
            Frame.part.in_(lot.parts),
            Frame.taken_at < lot.first_at,
            Frame.serial.is_not(None),
            Frame.serial != lot.serial,
        )
        .order_by(Frame.taken_at.desc())
        .limit(1)
    )


def lot_frames(opened: Session, serial: str) -> list[LotFrame]:
    """How did its newest inspections end? In the order in which the frames were taken."""
    newest = (
        select(func.max(Inspection.id))
        .where(Inspection.frame_id == Frame.id)
        .correlate(Frame)
        .scalar_subquery()
    )
    chosen = (
        select(Frame.taken_at, Frame.camera_id, Inspection.outcome)
        .join(Inspection, Inspection.id == newest)
        .where(Frame.serial == serial)
        .order_by(Frame.taken_at, Frame.id)
    )
    return [LotFrame(**row) for row in opened.execute(chosen).mappings()]


def lot_findings(opened: Session, serial: str, *, limit: int) -> list[FindingRow]:
    """The worst findings of a lot, worst first."""
    chosen = (
        finding_columns()
        .where(Finding.id.in_(_ids(serial)))
        .order_by(Finding.urgency.desc(), Finding.id)
        .limit(limit)
    )
    return [FindingRow(**row) for row in opened.execute(chosen).mappings()]


def lot_causes(opened: Session, serial: str, column: str) -> Counter[str]:
    """How many findings that are no false alarms are of which `kind` or `severity`?"""
    cause = getattr(Finding, column)
    chosen = (
        select(cause, func.count())
        .where(Finding.id.in_(_ids(serial)), Finding.state != ReviewState.FALSE_ALARM)
        .group_by(cause)
    )
    return Counter({str(name or ""): count for name, count in opened.execute(chosen)})


def _ids(serial: str) -> Select[int]:
    return (
        select(Finding.id)
        .join(Inspection, Finding.inspection_id == Inspection.id)
        .join(Frame, Inspection.frame_id == Frame.id)
        .where(Frame.serial == serial)
    )
