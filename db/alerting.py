"""Alerts as rows: opened, counted, acknowledged, resolved, and the messages that are due.

Writes happen inside the caller's transaction. What is decided when is not decided here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.orm import Session

from db.adding import add_once
from db.errors import RecordRefused, ReviewConflict, UnknownRecord
from db.models import Alert, AlertCall, AlertStepTaken, AlertWatermark, Delivery
from db.words import AlertState, AlertStep, DeliveryAbout, DeliveryState

UNRESOLVED = (AlertState.OPEN, AlertState.ACKNOWLEDGED)


def sha(written: str) -> str:
    """A key of fixed length for a text of any."""
    return hashlib.sha256(written.encode()).hexdigest()


def unknown_calls(opened: Session, keys: Collection[str]) -> set[str]:
    """Which of these were not called out before? Locks nothing: the caller writes alone."""
    wanted, known = list(keys), set()
    for start in range(0, len(wanted), 500):
        some = wanted[start : start + 500]
        known |= set(opened.scalars(select(AlertCall.key).where(AlertCall.key.in_(some))))
    return set(wanted) - known


def newest_alert(opened: Session, place: str) -> Alert | None:
    """The last alert about a place, resolved or not; nobody else changes it until the end."""
    chosen = select(Alert).where(Alert.place == place)
    newest = chosen.order_by(Alert.id.desc()).limit(1)
    return opened.scalars(newest.with_for_update()).first()


def open_alert(opened: Session, alert: Alert, *, at: datetime) -> int:
    """Writes it, with the first step of its life."""
    opened.add(alert)
    opened.flush()
    take_step(opened, alert.id, AlertStep.OPENED, at=at)
    return alert.id


def note_call(opened: Session, key: str, alert_id: int, at: datetime) -> bool:
    """False where the key is known: another program was quicker."""
    return add_once(opened, AlertCall(key=key, alert_id=alert_id, at=at))


def take_step(
    opened: Session,
    alert_id: int,
    step: AlertStep,
    *,
    at: datetime,
    person: str | None = None,
    note: str | None = None,
) -> None:
    facts = {"alert_id": alert_id, "at": at, "step": step, "person": person, "note": note}
    opened.execute(insert(AlertStepTaken).values(**facts))


def add_deliveries(
    opened: Session,
    alert_id: int,
    about: DeliveryAbout,
    channels: Sequence[str],
    *,
    due_at: datetime,
    number: int = 1,
) -> None:
    """One message per channel; `number` tells the first of a kind from the second."""
    opened.add_all(
        Delivery(
            alert_id=alert_id,
            channel=channel,
            key=f"alert {alert_id} {about} {number} {channel}",
            about=about,
            state=DeliveryState.WAITING,
            attempts=0,
            next_try_at=due_at,
        )
        for channel in dict.fromkeys(channels)
    )
    opened.flush()


def acknowledge(
    opened: Session, alert_id: int, *, person: str, at: datetime, note: str | None = None
) -> None:
    """Somebody takes care: wherever it was told as open, that is told too.

    Raises UnknownRecord, ReviewConflict where it is not open any more.
    """
    _change(
        opened,
        alert_id,
        (AlertState.OPEN,),
        {
            "state": AlertState.ACKNOWLEDGED,
            "acknowledged_by": person,
            "acknowledged_at": at,
            "escalate_at": None,
        },
    )
    _forget_waiting(opened, alert_id, (DeliveryAbout.ESCALATED,))
    told = _channels_told(opened, alert_id, Delivery.attempts > 0)  # others hear it with the rest
    add_deliveries(opened, alert_id, DeliveryAbout.ACKNOWLEDGED, told, due_at=at)
    take_step(opened, alert_id, AlertStep.ACKNOWLEDGED, at=at, person=person, note=note)


def resolve(
    opened: Session,
    alert_id: int,
    *,
    at: datetime,
    person: str | None = None,
    note: str | None = None,
) -> None:
    """It is over, says a person, or the rule itself. Whoever was told of it is told that too.

    What nobody was told yet is not told any more. Raises UnknownRecord, ReviewConflict.
    """
    _change(
        opened,
        alert_id,
        UNRESOLVED,
        {
            "state": AlertState.RESOLVED,
            "resolved_by": person,
            "resolved_at": at,
            "escalate_at": None,
        },
    )
    _forget_waiting(opened, alert_id, tuple(DeliveryAbout))
    told = _channels_told(opened, alert_id)
    add_deliveries(opened, alert_id, DeliveryAbout.ENDED, told, due_at=at)
    step = AlertStep.ENDED if person is None else AlertStep.RESOLVED
    take_step(opened, alert_id, step, at=at, person=person, note=note)


def resend(opened: Session, delivery_id: int, *, person: str, at: datetime) -> None:
    """A dead letter is due again. Raises UnknownRecord, RecordRefused where it is not dead."""
    row = opened.get(Delivery, delivery_id)
    if row is None:
        raise UnknownRecord(f"there is no message {delivery_id}: see `alerts dead-letters`")
    if row.state is not DeliveryState.DEAD:
        raise RecordRefused(f"message {delivery_id} is {row.state}, only dead letters are resent")
    row.state, row.next_try_at, row.attempts = DeliveryState.WAITING, at, 0
    opened.flush()
    take_step(opened, row.alert_id, AlertStep.RESENT, at=at, person=person, note=row.channel)


def watermark(opened: Session, rule: str) -> AlertWatermark | None:
    return opened.get(AlertWatermark, rule)


def keep_watermark(opened: Session, mark: AlertWatermark) -> None:
    opened.merge(mark)
    opened.flush()


def _change(
    opened: Session, alert_id: int, expected: Sequence[AlertState], values: dict[str, Any]
) -> None:
    changed = opened.execute(
        update(Alert)
        .where(Alert.id == alert_id, Alert.state.in_(expected))
        .values(**values)
        .returning(Alert.id)
        .execution_options(synchronize_session="fetch")
    )
    if changed.first() is not None:
        return
    row = opened.execute(
        select(Alert.state, Alert.acknowledged_by, Alert.resolved_by).where(Alert.id == alert_id)
    ).one_or_none()
    if row is None:
        raise UnknownRecord(f"there is no alert {alert_id}")
    who = row.resolved_by if row.state is AlertState.RESOLVED else row.acknowledged_by
    by = f" by {who}" if who else ""
    raise ReviewConflict(f"alert {alert_id} is {row.state}{by} meanwhile: look at it again")


def _channels_told(
    opened: Session, alert_id: int, *conditions: ColumnElement[bool]
) -> Sequence[str]:
    chosen = select(Delivery.channel).where(
        Delivery.alert_id == alert_id, Delivery.state != DeliveryState.DEAD, *conditions
    )
    return opened.scalars(chosen.distinct().order_by(Delivery.channel)).all()


def _forget_waiting(opened: Session, alert_id: int, about: Sequence[DeliveryAbout]) -> None:
    """Messages that were never tried: whoever holds them back need not send them any more."""
    opened.execute(
        delete(Delivery).where(
            Delivery.alert_id == alert_id,
            Delivery.about.in_(about),
            Delivery.state == DeliveryState.WAITING,
            Delivery.attempts == 0,
        )
    )
