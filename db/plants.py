"""Which lines, cameras and parts has the database met? By name. And by which clock?"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Camera, Line, Part, Plant


@dataclass(frozen=True, kw_only=True)
class LineRow:
    line_id: str
    plant: str | None


@dataclass(frozen=True, kw_only=True)
class CameraRow:
    camera_id: str
    line_id: str


@dataclass(frozen=True, kw_only=True)
class PartRow:
    """`false_alarms` is the plant's budget, a share of good parts; None where none is told."""

    part: str
    mm_per_px: float | None
    false_alarms: float | None


@dataclass(frozen=True, kw_only=True)
class Places:
    """What a person can choose from."""

    lines: tuple[str, ...]
    parts: tuple[str, ...]
    cameras: tuple[CameraRow, ...]


def lines(opened: Session) -> list[LineRow]:
    chosen = select(Line.line_id, Line.plant).order_by(Line.line_id)
    return [LineRow(**row) for row in opened.execute(chosen).mappings()]


def cameras(opened: Session) -> list[CameraRow]:
    chosen = select(Camera.camera_id, Camera.line_id).order_by(Camera.camera_id)
    return [CameraRow(**row) for row in opened.execute(chosen).mappings()]


def parts(opened: Session) -> list[PartRow]:
    chosen = select(Part.part, Part.mm_per_px, Part.false_alarms).order_by(Part.part)
    return [PartRow(**row) for row in opened.execute(chosen).mappings()]


def places(opened: Session) -> Places:
    return Places(
        lines=tuple(row.line_id for row in lines(opened)),
        parts=tuple(row.part for row in parts(opened)),
        cameras=tuple(cameras(opened)),
    )


def zone_of(opened: Session) -> str:
    """The time zone that days and shifts are counted in: the plant's, UTC where none is known."""
    zones = opened.scalars(select(Plant.timezone).order_by(Plant.seen_at.desc())).all()
    return zones[0] if zones else "UTC"


def written_shifts_of(opened: Session) -> str | None:
    """When the plant's shifts begin, as its plant file says; None where none are known."""
    return opened.scalars(select(Plant.shifts).order_by(Plant.seen_at.desc())).first()
