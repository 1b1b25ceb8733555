"""What the rules of the plant file called out, and the messages that tell people of it.

    alerts 1--n alert_deliveries
           1--n alert_calls      what the alert counts
           1--n alert_steps      who did what with it
    alert_watermarks             how far each rule has looked

All are written in the transaction that records what they are about: a message is sent at least
once, and its key lets a receiver drop what comes twice.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from db.columns import Base, Json, Key, Sha256, ShortName, UtcDateTime, word
from db.words import AlertState, AlertStep, DeliveryAbout, DeliveryState, Severity

UNRESOLVED = text("state IN ('open', 'acknowledged')")
_DUE = text("state = 'waiting'")


class Alert(Base):
    """One thing that a rule called out, however often it happened while nobody had resolved it.

    Line, camera and part are where the rule looked; none means every one. `events` counts what the
    alert stands for, the last of them at `last_event_at`: a storm is one alert that counts. `facts`
    are the figures behind it, as the rule saw them last. `resolved_by` is nobody where the rule
    itself saw the end. Alerts about the same rule and place share `place`: while one of them is
    unresolved, what is called out there is counted by it. `told_at` is when its last message was or
    will be due, `escalate_at` when others are told unless somebody acknowledges before.
    """

    __tablename__ = "alerts"
    __table_args__ = (
        UniqueConstraint("key"),
        CheckConstraint("events >= 1", name="events"),
        CheckConstraint("opened_at <= last_event_at", name="period"),
        CheckConstraint(
            "(acknowledged_at IS NULL) = (acknowledged_by IS NULL)",
            name="acknowledgement_has_a_name_and_a_time",
        ),
        CheckConstraint(
            "state = 'resolved' OR (state = 'acknowledged') = (acknowledged_at IS NOT NULL)",
            name="acknowledged",
        ),
        CheckConstraint("(state = 'resolved') = (resolved_at IS NOT NULL)", name="resolved"),
        CheckConstraint("resolved_at IS NOT NULL OR resolved_by IS NULL", name="resolved_by"),
        Index(None, "opened_at", "id"),
        Index(None, "finding_id"),
        Index(None, "place", "id"),
        Index(
            "ix_alerts_unresolved_of_line",
            "line_id",
            "opened_at",
            "id",
            sqlite_where=UNRESOLVED,
            postgresql_where=UNRESOLVED,
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    key: Mapped[str] = mapped_column(ShortName)  # says what is called out: never called out twice
    rule: Mapped[str] = mapped_column(ShortName)
    place: Mapped[str] = mapped_column(Sha256)
    text: Mapped[str] = mapped_column(Text)  # a sentence for people
    line_id: Mapped[str | None] = mapped_column(ShortName)
    camera_id: Mapped[str | None] = mapped_column(ShortName)
    part: Mapped[str | None] = mapped_column(ShortName)
    finding_id: Mapped[int | None] = mapped_column(ForeignKey("findings.id"))
    severity: Mapped[Severity] = mapped_column(word(Severity, name="severity"))
    state: Mapped[AlertState] = mapped_column(word(AlertState, name="state"))
    events: Mapped[int] = mapped_column(Integer)
    facts: Mapped[dict[str, Any]] = mapped_column(Json)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_event_at: Mapped[datetime] = mapped_column(UtcDateTime)
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    escalate_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    acknowledged_by: Mapped[str | None] = mapped_column(ShortName)
    acknowledged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    resolved_by: Mapped[str | None] = mapped_column(ShortName)
    resolved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Delivery(Base):
    """One message about an alert by one channel: the outbox of whoever sends.

    Several may be about one alert and channel, each with a key of its own: that it opened, that
    nobody acknowledged it, that it ended. `message_key` is of the message that carried it: several
    that were due at once may have gone as one. It stands there before the message leaves, so that
    whoever tries again sends the same.
    """

    __tablename__ = "alert_deliveries"
    __table_args__ = (
        UniqueConstraint("key"),
        CheckConstraint("attempts >= 0", name="attempts"),
        CheckConstraint("(state = 'waiting') = (next_try_at IS NOT NULL)", name="waiting"),
        CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent"),
        CheckConstraint("state <> 'dead' OR last_error IS NOT NULL", name="dead"),
        Index(None, "alert_id"),
        Index(
            "ix_alert_deliveries_due",
            "next_try_at",
            "id",
            sqlite_where=_DUE,
            postgresql_where=_DUE,
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    alert_id: Mapped[int] = mapped_column(ForeignKey("alerts.id"))
    channel: Mapped[str] = mapped_column(ShortName)  # its name in the plant file
    key: Mapped[str] = mapped_column(ShortName)
    about: Mapped[DeliveryAbout] = mapped_column(word(DeliveryAbout, name="about"))
    message_key: Mapped[str | None] = mapped_column(ShortName)
    state: Mapped[DeliveryState] = mapped_column(word(DeliveryState, name="state"))
    attempts: Mapped[int] = mapped_column(Integer)
    next_try_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_error: Mapped[str | None] = mapped_column(Text)


class AlertCall(Base):
    """One thing that a rule saw; its key is known, so however often it looks it counts once."""

    __tablename__ = "alert_calls"
    __table_args__ = (Index(None, "alert_id"),)

    key: Mapped[str] = mapped_column(Sha256, primary_key=True)
    alert_id: Mapped[int] = mapped_column(ForeignKey("alerts.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class AlertStepTaken(Base):
    """What happened to an alert, for good: nothing of it is ever changed."""

    __tablename__ = "alert_steps"
    __table_args__ = (Index(None, "alert_id", "id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    alert_id: Mapped[int] = mapped_column(ForeignKey("alerts.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    step: Mapped[AlertStep] = mapped_column(word(AlertStep, name="step"))
    person: Mapped[str | None] = mapped_column(ShortName)  # none: the rules themselves
    note: Mapped[str | None] = mapped_column(Text)


class AlertWatermark(Base):
    """How far a rule has looked: at everything up to a moment, and at which rows."""

    __tablename__ = "alert_watermarks"

    rule: Mapped[str] = mapped_column(ShortName, primary_key=True)
    seen_until: Mapped[datetime] = mapped_column(UtcDateTime)
    inspection_id: Mapped[int] = mapped_column(BigInteger)
    event_id: Mapped[int] = mapped_column(BigInteger)
