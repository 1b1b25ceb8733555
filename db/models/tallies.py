"""Counts that are kept while rows are written, so that nobody counts ten million rows to ask.

Both are exact at every commit: `db.tallying` changes them in the transaction that changes the rows,
and `db check` counts again.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.columns import Base, Sha256, ShortName, UtcDateTime, word
from db.words import Outcome, ReviewState, Severity, Verdict


class InspectionTally(Base):
    """How many inspections of one quarter of an hour (of `taken_at`) ended how."""

    __tablename__ = "inspection_tallies"
    __table_args__ = (Index(None, "part", "slot_at"), Index(None, "line_id", "slot_at"))

    slot_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    line_id: Mapped[str] = mapped_column(ShortName, primary_key=True)
    camera_id: Mapped[str] = mapped_column(ShortName, primary_key=True)
    part: Mapped[str] = mapped_column(ShortName, primary_key=True)
    model_id: Mapped[str] = mapped_column(Sha256, primary_key=True)
    outcome: Mapped[Outcome] = mapped_column(word(Outcome, name="outcome"), primary_key=True)
    inspections: Mapped[int] = mapped_column(BigInteger)


class FindingTally(Base):
    """How many findings of one hour (of `taken_at`) are of which sort, and in which state now."""

    __tablename__ = "finding_tallies"
    __table_args__ = (Index(None, "part", "slot_at"), Index(None, "line_id", "slot_at"))

    slot_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    line_id: Mapped[str] = mapped_column(ShortName, primary_key=True)
    camera_id: Mapped[str] = mapped_column(ShortName, primary_key=True)
    part: Mapped[str] = mapped_column(ShortName, primary_key=True)
    kind: Mapped[str] = mapped_column(ShortName, primary_key=True)  # "" where none is known
    verdict: Mapped[Verdict] = mapped_column(word(Verdict, name="verdict"), primary_key=True)
    severity: Mapped[Severity] = mapped_column(word(Severity, name="severity"), primary_key=True)
    state: Mapped[ReviewState] = mapped_column(word(ReviewState, name="state"), primary_key=True)
    findings: Mapped[int] = mapped_column(BigInteger)
