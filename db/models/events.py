"""What happened to the line, its cameras, its frames and this program itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.columns import Base, Json, Key, ShortName, UtcDateTime, word
from db.words import EventKind, Severity


class Event(Base):
    """One thing that happened, written once however often it is told: the key says which.

    A frame that was shed or set apart, and what a camera did not hand over, stand here, so that
    frames and events together tell of everything that a camera saw.
    """

    __tablename__ = "events"
    __table_args__ = (
        UniqueConstraint("key"),
        Index(None, "at", "id"),
        Index(None, "kind", "at", "id"),
        Index(None, "camera_id", "kind", "at", "id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    key: Mapped[str] = mapped_column(ShortName)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    kind: Mapped[EventKind] = mapped_column(word(EventKind, name="kind"))
    severity: Mapped[Severity] = mapped_column(word(Severity, name="severity"))
    line_id: Mapped[str | None] = mapped_column(ShortName)
    camera_id: Mapped[str | None] = mapped_column(ShortName)
    part: Mapped[str | None] = mapped_column(ShortName)
    text: Mapped[str] = mapped_column(Text)  # a sentence for people
    facts: Mapped[dict[str, Any]] = mapped_column(Json)
