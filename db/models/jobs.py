"""What the plant does by the clock: the record of its runs, and what people ask of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, Integer, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from db.columns import Base, Key, ShortName, UtcDateTime, word
from db.words import JobOutcome


class Job(Base):
    """A job of the plant file as its scheduler met it, and what people asked of it since.

    Times before `met_at` are no times of this job: then it was not in the plant file, or said
    something else. Who pauses and who wants a run write here; the scheduler reads it.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint("(paused_at IS NULL) = (paused_by IS NULL)", name="pause"),
        CheckConstraint("(wanted_at IS NULL) = (wanted_by IS NULL)", name="want"),
    )

    job: Mapped[str] = mapped_column(ShortName, primary_key=True)
    kind: Mapped[str] = mapped_column(ShortName)
    camera_id: Mapped[str | None] = mapped_column(ShortName)
    says: Mapped[str] = mapped_column(Text)  # when it is due, in words
    met_at: Mapped[datetime] = mapped_column(UtcDateTime)
    next_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    paused_by: Mapped[str | None] = mapped_column(ShortName)
    paused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    resumed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    wanted_by: Mapped[str | None] = mapped_column(ShortName)
    wanted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class JobRun(Base):
    """One run that was planned; it goes on while `outcome` is empty.

    `frames` is what the camera gave on this run's order, taken from `first_frame_at` to
    `last_frame_at`.
    """

    __tablename__ = "job_runs"
    __table_args__ = (
        UniqueConstraint("job", "planned_at"),
        CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name="end"),
        Index(None, "planned_at", "id"),
        Index(
            "ix_job_runs_going",
            "job",
            "planned_at",
            sqlite_where=sql("outcome IS NULL"),
            postgresql_where=sql("outcome IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    job: Mapped[str] = mapped_column(ShortName)
    kind: Mapped[str] = mapped_column(ShortName)
    camera_id: Mapped[str | None] = mapped_column(ShortName)
    planned_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    outcome: Mapped[JobOutcome | None] = mapped_column(word(JobOutcome, name="outcome"))
    wanted_by: Mapped[str | None] = mapped_column(ShortName)  # who asked for it; None: its time
    frames: Mapped[int | None] = mapped_column(Integer)
    first_frame_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_frame_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    text: Mapped[str] = mapped_column(Text, default="")
