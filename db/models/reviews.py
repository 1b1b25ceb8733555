"""What people said: of findings, of frames, and what they gave back for training."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.columns import Base, EvidenceName, Key, Sha256, ShortName, UtcDateTime, word
from db.words import Judgement, ReviewState


class Review(Base):
    """Who said what of a finding, and when. Append-only: triggers refuse UPDATE and DELETE.

    Reviews made with one action share a `batch_id`; one that takes another back names it.
    """

    __tablename__ = "reviews"
    __table_args__ = (
        Index(None, "finding_id", "id"),
        Index(None, "reviewed_at", "id"),
        Index(None, "batch_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    finding_id: Mapped[int] = mapped_column(ForeignKey("findings.id"))
    reviewer: Mapped[str] = mapped_column(ShortName)
    reviewed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state_before: Mapped[ReviewState] = mapped_column(word(ReviewState, name="state_before"))
    state_after: Mapped[ReviewState] = mapped_column(word(ReviewState, name="state_after"))
    note: Mapped[str | None] = mapped_column(Text)
    batch_id: Mapped[str | None] = mapped_column(String(32))
    undoes_id: Mapped[int | None] = mapped_column(Key)  # a review: none is ever deleted


class FoldedNote(Base):
    """The note of a review as it is searched (db.note_search)."""

    __tablename__ = "folded_notes"
    __table_args__ = (Index(None, "finding_id"),)

    review_id: Mapped[int] = mapped_column(
        Key, ForeignKey("reviews.id"), primary_key=True, autoincrement=False
    )
    finding_id: Mapped[int] = mapped_column(ForeignKey("findings.id"))
    folded: Mapped[str] = mapped_column(Text)


class Audit(Base):
    """Who looked at a whole frame and says whether the part is good. Append-only like reviews.

    A frame that passed and is called defective here is an escape; one that failed and is called
    good is a false call. The newest audit of a frame counts.
    """

    __tablename__ = "audits"
    __table_args__ = (Index(None, "frame_id", "id"), Index(None, "audited_at", "id"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    frame_id: Mapped[int] = mapped_column(ForeignKey("frames.id"))
    auditor: Mapped[str] = mapped_column(ShortName)
    audited_at: Mapped[datetime] = mapped_column(UtcDateTime)
    judgement: Mapped[Judgement] = mapped_column(word(Judgement, name="judgement"))
    note: Mapped[str | None] = mapped_column(Text)


class GoodFrame(Base):
    """A frame that a person gave to its part's good set, with the picture that training reads."""

    __tablename__ = "good_frames"
    __table_args__ = (
        UniqueConstraint("frame_id"),
        CheckConstraint(
            "(removed_at IS NULL) = (removed_by IS NULL)", name="removal_has_a_name_and_a_time"
        ),
        Index(None, "part", "added_at"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    frame_id: Mapped[int] = mapped_column(ForeignKey("frames.id"))
    part: Mapped[str] = mapped_column(ShortName)
    picture_name: Mapped[str] = mapped_column(EvidenceName)
    content_sha256: Mapped[str] = mapped_column(Sha256)
    added_by: Mapped[str] = mapped_column(ShortName)
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    removed_by: Mapped[str | None] = mapped_column(ShortName)
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
