"""Alerts as people read them: lists, one with its whole life, letters that nobody could deliver."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.errors import UnknownRecord
from db.models import Alert, AlertStepTaken, Delivery
from db.models.alerts import UNRESOLVED
from db.words import AlertState, AlertStep, DeliveryAbout, DeliveryState, Severity


@dataclass(frozen=True, kw_only=True)
class AlertRow:
    """An alert as it is now; `events` counts what it stands for."""

    alert_id: int
    rule: str
    text: str
    line_id: str | None
    camera_id: str | None
    part: str | None
    finding_id: int | None
    severity: Severity
    state: AlertState
    events: int
    facts: Mapping[str, Any]
    opened_at: datetime
    last_event_at: datetime
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    resolved_by: str | None
    resolved_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class StepRow:
    at: datetime
    step: AlertStep
    person: str | None
    note: str | None


@dataclass(frozen=True, kw_only=True)
class DeliveryRow:
    delivery_id: int
    alert_id: int
    channel: str
    about: DeliveryAbout
    state: DeliveryState
    attempts: int
    next_try_at: datetime | None
    sent_at: datetime | None
    last_error: str | None


@dataclass(frozen=True, kw_only=True)
class AlertLife:
    alert: AlertRow
    steps: tuple[StepRow, ...]
    deliveries: tuple[DeliveryRow, ...]


_COLUMNS = tuple(
    getattr(Alert, "id" if name == "alert_id" else name).label(name)
    for name in AlertRow.__dataclass_fields__
)
_RANK = {state: place for place, state in enumerate(Severity)}


def alert_rows(opened: Session, ids: Collection[int]) -> dict[int, AlertRow]:
    found = opened.execute(select(*_COLUMNS).where(Alert.id.in_(list(ids)))).mappings()
    return {row["alert_id"]: AlertRow(**row) for row in found}


def newest_alerts(
    opened: Session,
    state: AlertState | None = None,
    *,
    line: str | None = None,
    before_id: int | None = None,
    limit: int = 100,
) -> list[AlertRow]:
    """Newest first; those after the one with `before_id`."""
    chosen = select(*_COLUMNS)
    if state is not None:
        chosen = chosen.where(Alert.state == state)
    if line is not None:
        chosen = chosen.where(Alert.line_id == line)
    if before_id is not None:
        chosen = chosen.where(Alert.id < before_id)
    newest = chosen.order_by(Alert.id.desc()).limit(limit)
    return [AlertRow(**row) for row in opened.execute(newest).mappings()]


def open_alerts(opened: Session, line: str | None = None, limit: int = 500) -> list[AlertRow]:
    """Those that nobody has acknowledged, the most severe first."""
    rows = newest_alerts(opened, AlertState.OPEN, line=line, limit=limit)
    return sorted(rows, key=lambda row: -_RANK[row.severity])


def unresolved_alerts(opened: Session, line: str | None, *, limit: int) -> list[AlertRow]:
    """Which alerts does nobody have resolved? Newest first; those of the whole plant count."""
    chosen = select(*_COLUMNS).where(Alert.state != AlertState.RESOLVED)
    if line is not None:
        chosen = chosen.where((Alert.line_id == line) | Alert.line_id.is_(None))
    newest = chosen.order_by(Alert.opened_at.desc(), Alert.id.desc()).limit(limit)
    return [AlertRow(**row) for row in opened.execute(newest).mappings()]


def standing_alerts(opened: Session, told: Iterable[AlertRow]) -> list[AlertRow]:
    """How does it stand where these alerts are? One for each rule, line and camera.

    An open one before one that somebody takes care of, the newest of them; else the newest told.
    """
    newest: dict[tuple[str | None, ...], AlertRow] = {}
    for row in sorted(told, key=lambda row: row.alert_id):
        newest[row.rule, row.line_id, row.camera_id] = row
    return [_unresolved_at(opened, row) or row for row in newest.values()]


def _unresolved_at(opened: Session, row: AlertRow) -> AlertRow | None:
    chosen = (
        select(*_COLUMNS)
        .where(
            UNRESOLVED,
            Alert.rule == row.rule,
            Alert.line_id.is_not_distinct_from(row.line_id),
            Alert.camera_id.is_not_distinct_from(row.camera_id),
        )
        .order_by(Alert.state.desc(), Alert.id.desc())  # open before acknowledged
        .limit(1)
    )
    found = opened.execute(chosen).mappings().one_or_none()
    return None if found is None else AlertRow(**found)


def count_alerts(opened: Session) -> dict[AlertState, int]:
    """How many are in each state? Every state is there."""
    counted = opened.execute(select(Alert.state, func.count()).group_by(Alert.state))
    found = {state: int(count) for state, count in counted}
    return {state: found.get(state, 0) for state in AlertState}


def alert_called(opened: Session, alert_id: int) -> AlertRow:
    """Raises UnknownRecord."""
    found = alert_rows(opened, [alert_id]).get(alert_id)
    if found is None:
        raise UnknownRecord(f"there is no alert {alert_id}: `alerts list` shows which there are")
    return found


def alert_life(opened: Session, alert_id: int) -> AlertLife:
    """Raises UnknownRecord."""
    alert = alert_called(opened, alert_id)
    steps = opened.execute(
        select(AlertStepTaken.at, AlertStepTaken.step, AlertStepTaken.person, AlertStepTaken.note)
        .where(AlertStepTaken.alert_id == alert_id)
        .order_by(AlertStepTaken.id)
    ).mappings()
    return AlertLife(
        alert=alert,
        steps=tuple(StepRow(**row) for row in steps),
        deliveries=tuple(_deliveries(opened, Delivery.alert_id == alert_id)),
    )


def dead_letters(opened: Session, limit: int = 200) -> list[DeliveryRow]:
    """Messages that nobody tries to deliver any more, newest first."""
    return _deliveries(opened, Delivery.state == DeliveryState.DEAD)[::-1][:limit]


def _deliveries(opened: Session, condition: Any) -> list[DeliveryRow]:
    names = DeliveryRow.__dataclass_fields__
    columns = [
        getattr(Delivery, "id" if name == "delivery_id" else name).label(name) for name in names
    ]
    found = opened.execute(select(*columns).where(condition).order_by(Delivery.id)).mappings()
    return [DeliveryRow(**row) for row in found]
