"""Reports that were made, each with the files that hold it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.columns import Base, Json, Key, ShortName, UtcDateTime, word
from db.words import ReportKind


class Report(Base):
    """One report in one language. Made again it is the same row with the next revision.

    `period` names a piece of the plant's time, a lot or an alert; `scope` is a line, or "" for the
    whole plant: no part of the name is null, so that the name is unique. `files` lie beside the
    evidence.
    """

    __tablename__ = "reports"
    __table_args__ = (
        UniqueConstraint("kind", "scope", "period", "language"),
        CheckConstraint("revision >= 1", name="revision"),
        CheckConstraint("from_at <= to_at", name="period"),
        Index(None, "created_at", "id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kind: Mapped[ReportKind] = mapped_column(word(ReportKind, name="kind"))
    scope: Mapped[str] = mapped_column(ShortName)
    period: Mapped[str] = mapped_column(ShortName)
    language: Mapped[str] = mapped_column(ShortName)
    revision: Mapped[int] = mapped_column(Integer)
    from_at: Mapped[datetime] = mapped_column(UtcDateTime)
    to_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(ShortName)
    files: Mapped[list[str]] = mapped_column(Json)
