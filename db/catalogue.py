"""Which plants, lines, cameras and parts there are, and which model is in use since when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.adding import add_once
from db.models import Activation, Camera, Line, Model, Part, Plant
from db.plants import zone_of
from db.tallies.locks import counting_alone
from db.tallies.long_slots import count_days_again


@dataclass(frozen=True, kw_only=True)
class ActivationRow:
    """`is_return` marks a rollback: the model had been in use before another one."""

    part: str
    model_id: str
    model_name: str
    active_from: datetime
    active_to: datetime | None
    is_return: bool


def meet_camera(opened: Session, *, camera_id: str, line_id: str, part: str) -> None:
    """Makes a camera, its line and its part known; a camera that moved stands at its new line."""
    add_once(opened, Line(line_id=line_id))
    add_once(opened, Part(part=part))
    add_once(opened, Camera(camera_id=camera_id, line_id=line_id))
    moved = update(Camera).where(Camera.camera_id == camera_id, Camera.line_id != line_id)
    opened.execute(moved.values(line_id=line_id))


def meet_plant(opened: Session, plant: Plant, lines: Sequence[str], parts: Sequence[Part]) -> None:
    """Writes what the plant file says of its name, time zone, lines and parts."""
    zone_before = zone_of(opened)
    opened.merge(plant)
    opened.flush()
    if zone_of(opened) != zone_before:
        count_days_again(opened, counting_alone(opened))
    for line_id in lines:
        opened.merge(Line(line_id=line_id, plant=plant.plant))
    for part in parts:
        opened.merge(part)
    opened.flush()


def use_model(opened: Session, part: str, model_id: str, *, at: datetime) -> None:
    """Notes that a model inspects its part from now on; the one before ends where it begins."""
    add_once(opened, Part(part=part))
    opened.execute(select(Part.part).where(Part.part == part).with_for_update())
    in_use = opened.scalar(
        select(Activation).where(Activation.part == part, Activation.active_to.is_(None))
    )
    if in_use is not None:
        if in_use.model_id == model_id:
            return
        in_use.active_to = max(at, in_use.active_from)
        opened.flush()
    opened.add(Activation(part=part, model_id=model_id, active_from=at, active_to=None))
    opened.flush()


def activations(opened: Session, part: str | None = None) -> list[ActivationRow]:
    """Which model was in use when? By part, newest first."""
    chosen = (
        select(Activation, Model.name)
        .join(Model, Activation.model_id == Model.model_id)
        .order_by(Activation.active_from, Activation.id)
    )
    if part is not None:
        chosen = chosen.where(Activation.part == part)
    seen: set[tuple[str, str]] = set()
    rows = []
    for one, name in opened.execute(chosen):
        rows.append(
            ActivationRow(
                part=one.part,
                model_id=one.model_id,
                model_name=name,
                active_from=one.active_from,
                active_to=one.active_to,
                is_return=(one.part, one.model_id) in seen,
            )
        )
        seen.add((one.part, one.model_id))
    rows.reverse()
    return sorted(rows, key=lambda row: row.part)
