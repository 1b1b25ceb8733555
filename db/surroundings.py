"""What lies around a finding: what that camera saw before and after, and at the same place.

Every read looks at a bounded number of rows, however many there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, tuple_
from sqlalchemy.orm import Session

from db.errors import UnknownRecord
from db.models import Finding, Frame, GoodFrame, Inspection, Model
from db.rows import FindingRow
from db.selects import Rows, finding_columns
from db.words import Outcome

NEAR = 0.04  # share of the frame's sides: this far away is the same place
LOOKED_THROUGH = 2_000  # findings of a camera that are compared by place, each way in time


@dataclass(frozen=True, kw_only=True)
class NeighbourFrame:
    """A frame of the same camera; `outcome` is that of its newest inspection, as is the count."""

    frame_id: int
    taken_at: datetime
    serial: str | None
    outcome: Outcome | None
    findings_count: int
    observed_name: str | None
    inspection_id: int | None


@dataclass(frozen=True, kw_only=True)
class FindingShape:
    """Where exactly a finding lies; `mask` is of the size of its box (db.masks)."""

    finding_id: int
    x0: int
    y0: int
    x1: int
    y1: int
    mask: bytes


@dataclass(frozen=True, kw_only=True)
class Named:
    """The pictures that a row names: observed, golden, restored, heat; and whose heat it is."""

    names: tuple[str | None, str | None, str | None, str | None]
    model_card: dict[str, Any]


def frames_beside(opened: Session, frame_id: int, *, each_way: int) -> list[NeighbourFrame]:
    """What did the same camera see just before and after? Oldest first, the frame itself too."""
    here = opened.execute(
        select(Frame.camera_id, Frame.taken_at).where(Frame.id == frame_id)
    ).one_or_none()
    if here is None:
        raise UnknownRecord(f"there is no frame {frame_id}")
    of_camera = select(Frame.id).where(Frame.camera_id == here.camera_id)
    order, at = tuple_(Frame.taken_at, Frame.id), (here.taken_at, frame_id)
    before = of_camera.where(order < at).order_by(Frame.taken_at.desc(), Frame.id.desc())
    after = of_camera.where(order > at).order_by(Frame.taken_at, Frame.id)
    ids = [
        frame_id,
        *opened.scalars(before.limit(each_way)),
        *opened.scalars(after.limit(each_way)),
    ]
    return _neighbours(opened, ids)


def findings_at_place(opened: Session, near: FindingRow, *, limit: int) -> list[FindingRow]:
    """What else did the same camera report at this place of the part? Nearest in time first.

    Other frames only, among its LOOKED_THROUGH findings before and as many after.
    """
    found: list[FindingRow] = []
    for is_before in (True, False):
        rows = opened.execute(_at_place(near, is_before=is_before).limit(limit)).mappings()
        found += [FindingRow(**row) for row in rows]
    found.sort(key=lambda row: (abs(row.taken_at - near.taken_at), row.finding_id))
    return found[:limit]


def shapes(opened: Session, finding_ids: Sequence[int]) -> dict[int, FindingShape]:
    """The masks of findings, by id; unknown ids are left out."""
    chosen = select(
        Finding.id.label("finding_id"),
        Finding.x0,
        Finding.y0,
        Finding.x1,
        Finding.y1,
        Finding.mask,
    ).where(Finding.id.in_(finding_ids))
    return {row["finding_id"]: FindingShape(**row) for row in opened.execute(chosen).mappings()}


def named_by_finding(opened: Session, finding_id: int) -> Named | None:
    """Which pictures does a finding have? None where there is no such finding."""
    return _named(opened, Finding, Finding.id == finding_id)


def named_by_inspection(opened: Session, inspection_id: int) -> Named | None:
    """Which pictures were kept of the whole frame? None where there is no such inspection."""
    return _named(opened, Inspection, Inspection.id == inspection_id)


def named_by_good_frame(opened: Session, frame_id: int) -> Named | None:
    """Which picture teaches? None where the frame is not in its part's good set."""
    chosen = select(GoodFrame.picture_name).where(
        GoodFrame.frame_id == frame_id, GoodFrame.removed_at.is_(None)
    )
    name = opened.scalar(chosen)
    return None if name is None else Named(names=(name, None, None, None), model_card={})


def card_of(opened: Session, model_id: str) -> dict[str, Any]:
    """What a model says of itself; raises UnknownRecord."""
    card: dict[str, Any] | None = opened.scalar(
        select(Model.card).where(Model.model_id == model_id)
    )
    if card is None:
        raise UnknownRecord(f"there is no model {model_id}")
    return card


def _named(
    opened: Session, table: type[Finding] | type[Inspection], condition: ColumnElement[bool]
) -> Named | None:
    chosen = select(
        table.observed_name, table.golden_name, table.restored_name, table.heat_name, Model.card
    ).where(condition)
    if table is Finding:
        chosen = chosen.join(Inspection, Finding.inspection_id == Inspection.id)
    row = opened.execute(chosen.join(Model, Inspection.model_id == Model.model_id)).one_or_none()
    return None if row is None else Named(names=tuple(row[:4]), model_card=row[4])


def _neighbours(opened: Session, frame_ids: Sequence[int]) -> list[NeighbourFrame]:
    newest = (
        select(func.max(Inspection.id))
        .where(Inspection.frame_id == Frame.id)
        .correlate(Frame)
        .scalar_subquery()
    )
    count = (
        select(func.count())
        .where(Finding.inspection_id == Inspection.id)
        .correlate(Inspection)
        .scalar_subquery()
    )
    chosen = (
        select(
            Frame.id.label("frame_id"),
            Frame.taken_at,
            Frame.serial,
            Inspection.id.label("inspection_id"),
            Inspection.outcome,
            Inspection.observed_name,
            count.label("findings_count"),
        )
        .outerjoin(Inspection, Inspection.id == newest)
        .where(Frame.id.in_(frame_ids))
        .order_by(Frame.taken_at, Frame.id)
    )
    return [NeighbourFrame(**row) for row in opened.execute(chosen).mappings()]


def _at_place(near: FindingRow, *, is_before: bool) -> Rows:
    """The same camera's findings here, the nearest in time first, of one side in time."""
    place, at = tuple_(Finding.taken_at, Finding.id), (near.taken_at, near.finding_id)
    order = [Finding.taken_at, Finding.id]
    nearest_first = [column.desc() for column in order] if is_before else order
    looked_through = (
        select(Finding.id)
        .where(Finding.camera_id == near.camera_id, place < at if is_before else place > at)
        .order_by(*nearest_first)
        .limit(LOOKED_THROUGH)
    )
    return (
        finding_columns()
        .where(
            Finding.id.in_(looked_through),
            Finding.part == near.part,
            Inspection.frame_id != near.frame_id,
            Finding.place_x.between(near.place_x - NEAR, near.place_x + NEAR),
            Finding.place_y.between(near.place_y - NEAR, near.place_y + NEAR),
        )
        .order_by(*nearest_first)
    )
