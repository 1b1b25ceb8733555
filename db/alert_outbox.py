"""The outbox: which messages are due, who has them in hand, what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from db.alert_pages import AlertRow, alert_rows
from db.models import Delivery
from db.words import DeliveryAbout, DeliveryState

MOST_AT_ONCE = 1000


@dataclass(frozen=True, kw_only=True)
class Told:
    """What one delivery tells of one alert, as the alert is now."""

    delivery_id: int
    about: DeliveryAbout
    alert: AlertRow


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """What goes as one message; the same `key` however often it is tried."""

    key: str
    channel: str
    attempts: int  # this one counted
    told: tuple[Told, ...]

    @property
    def delivery_ids(self) -> list[int]:
        return [one.delivery_id for one in self.told]


def take_due(
    opened: Session, channel: str, *, at: datetime, lease: timedelta, together: int
) -> Parcel | None:
    """The message of a channel that has been due for longest; None where none is.

    It is in hand for the length of the lease; where whoever has it dies, it is due again after
    that. More than `together` that nobody has tried become one.
    """
    due = opened.scalars(
        select(Delivery)
        .where(
            Delivery.state == DeliveryState.WAITING,
            Delivery.next_try_at <= at,
            Delivery.channel == channel,
        )
        .order_by(Delivery.next_try_at, Delivery.id)
        .limit(MOST_AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    if not due:
        return None
    new = [one for one in due if one.message_key is None]
    first = due[0]
    rows, key = [first], first.message_key or first.key
    if first.message_key is not None:
        rows = [one for one in due if one.message_key == first.message_key]
    elif len(new) > together:
        rows, key = new, f"{len(new)} together, {first.key}"[:200]
    for row in rows:
        row.message_key, row.attempts, row.next_try_at = key, row.attempts + 1, at + lease
    opened.flush()
    alerts = alert_rows(opened, {row.alert_id for row in rows})
    return Parcel(
        key=key,
        channel=channel,
        attempts=max(row.attempts for row in rows),
        told=tuple(
            Told(delivery_id=row.id, about=row.about, alert=alerts[row.alert_id]) for row in rows
        ),
    )


def forget_acknowledgements(opened: Session, channel: str) -> None:
    """For a channel whose people need not hear that somebody takes care."""
    opened.execute(
        delete(Delivery).where(
            Delivery.state == DeliveryState.WAITING,
            Delivery.channel == channel,
            Delivery.about == DeliveryAbout.ACKNOWLEDGED,
        )
    )


def was_sent(opened: Session, delivery_ids: Sequence[int], *, at: datetime) -> None:
    _write(opened, delivery_ids, state=DeliveryState.SENT, next_try_at=None, sent_at=at)


def has_failed(
    opened: Session, delivery_ids: Sequence[int], *, error: str, again_at: datetime | None
) -> None:
    """To be tried again, or never more where `again_at` is None."""
    state = DeliveryState.DEAD if again_at is None else DeliveryState.WAITING
    _write(opened, delivery_ids, state=state, next_try_at=again_at, last_error=error)


def give_up_unknown(opened: Session, channels: Sequence[str]) -> int:
    """Messages for channels that are not there any more become dead letters. How many?"""
    given_up = opened.execute(
        update(Delivery)
        .where(Delivery.state == DeliveryState.WAITING, Delivery.channel.not_in(channels))
        .values(
            state=DeliveryState.DEAD,
            next_try_at=None,
            last_error="the plant file has no such channel any more",
        )
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    return len(given_up.all())


def _write(opened: Session, delivery_ids: Sequence[int], **values: object) -> None:
    opened.execute(
        update(Delivery)
        .where(Delivery.id.in_(delivery_ids), Delivery.state == DeliveryState.WAITING)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
