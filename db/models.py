"""The tables. Constraints are named, times are UTC-aware, choices are words with a CHECK.

    models 1--n inspections n--1 frames
                inspections 1--n findings 1--n reviews

Nothing lazy-loads: reading is done by `db.queries`, writing by `db.repository`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    DateTime,
    Dialect,
    Enum,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator

from db.errors import RecordRefused
from db.words import Outcome, ReviewState, Severity, UnfitReason, Verdict

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC. Naive times are refused: nobody can say later which zone they meant."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.utcoffset() is None:
            raise RecordRefused(f"a time needs a zone, got the naive {value!r}: store UTC")
        in_utc = value.astimezone(UTC)
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002 - part of the signature that SQLAlchemy calls
    ) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _word(words: type[StrEnum], *, name: str) -> Enum:
    return Enum(
        words,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=16,
        values_callable=lambda choices: [choice.value for choice in choices],
    )


_Key = BigInteger().with_variant(Integer(), "sqlite")  # SQLite counts up only INTEGER keys
_Json = JSON().with_variant(JSONB(), "postgresql")
_Sha256 = String(64)
_ShortName = String(200)
_EvidenceName = String(100)


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING_CONVENTION)


class Model(Base):
    """A trained and calibrated bundle that inspected here, with its card as it was then."""

    __tablename__ = "models"

    model_id: Mapped[str] = mapped_column(_Sha256, primary_key=True)
    part: Mapped[str] = mapped_column(_ShortName)
    name: Mapped[str] = mapped_column(_ShortName)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    card: Mapped[dict[str, Any]] = mapped_column(_Json)


class Frame(Base):
    """One picture that arrived, readable or not."""

    __tablename__ = "frames"
    __table_args__ = (
        UniqueConstraint("camera_id", "taken_at", "content_sha256"),
        Index(None, "line_id", "taken_at"),
        Index(None, "part", "taken_at"),
    )

    id: Mapped[int] = mapped_column(_Key, primary_key=True)
    line_id: Mapped[str] = mapped_column(_ShortName)
    camera_id: Mapped[str] = mapped_column(_ShortName)
    part: Mapped[str] = mapped_column(_ShortName)
    taken_at: Mapped[datetime] = mapped_column(UtcDateTime)
    content_sha256: Mapped[str] = mapped_column(_Sha256)
    source: Mapped[str] = mapped_column(Text)
    serial: Mapped[str | None] = mapped_column(_ShortName)
    web_position_mm: Mapped[float | None] = mapped_column(Float(53))
    width_px: Mapped[int | None] = mapped_column(Integer)
    height_px: Mapped[int | None] = mapped_column(Integer)


class Inspection(Base):
    """What one model with one configuration said of one frame."""

    __tablename__ = "inspections"
    __table_args__ = (
        UniqueConstraint("frame_id", "model_id", "config_id"),
        CheckConstraint(
            "(outcome = 'unfit') = (unfit_reason IS NOT NULL)", name="unfit_has_reason"
        ),
        CheckConstraint("outcome = 'unfit' OR raw_score IS NOT NULL", name="fit_has_score"),
        Index(None, "model_id"),
    )

    id: Mapped[int] = mapped_column(_Key, primary_key=True)
    frame_id: Mapped[int] = mapped_column(ForeignKey("frames.id"))
    model_id: Mapped[str] = mapped_column(ForeignKey("models.model_id"))
    config_id: Mapped[str] = mapped_column(_Sha256)
    outcome: Mapped[Outcome] = mapped_column(_word(Outcome, name="outcome"))
    unfit_reason: Mapped[UnfitReason | None] = mapped_column(
        _word(UnfitReason, name="unfit_reason")
    )
    unfit_detail: Mapped[str | None] = mapped_column(Text)
    raw_score: Mapped[float | None] = mapped_column(Float(53))
    score: Mapped[float | None] = mapped_column(Float(53))
    p_value: Mapped[float | None] = mapped_column(Float(53))
    inspected_at: Mapped[datetime] = mapped_column(UtcDateTime)
    timings_s: Mapped[dict[str, float]] = mapped_column(_Json)
    observed_name: Mapped[str | None] = mapped_column(_EvidenceName)
    golden_name: Mapped[str | None] = mapped_column(_EvidenceName)
    restored_name: Mapped[str | None] = mapped_column(_EvidenceName)
    heat_name: Mapped[str | None] = mapped_column(_EvidenceName)

    findings: Mapped[list[Finding]] = relationship(lazy="raise", order_by="Finding.number")


class Finding(Base):
    """One region of one inspection. Boxes are half-open pixels of the frame."""

    __tablename__ = "findings"
    __table_args__ = (
        UniqueConstraint("inspection_id", "number"),
        CheckConstraint("0 <= x0 AND x0 < x1 AND 0 <= y0 AND y0 < y1", name="box"),
        CheckConstraint("p_value BETWEEN 0 AND 1", name="p_value"),
        CheckConstraint("explained BETWEEN 0 AND 1", name="explained"),
        Index(None, "verdict", "id"),
        Index(None, "state", "id"),
    )

    id: Mapped[int] = mapped_column(_Key, primary_key=True)
    inspection_id: Mapped[int] = mapped_column(ForeignKey("inspections.id"))
    number: Mapped[int] = mapped_column(Integer)  # 1 is the first of its inspection
    x0: Mapped[int] = mapped_column(Integer)
    y0: Mapped[int] = mapped_column(Integer)
    x1: Mapped[int] = mapped_column(Integer)
    y1: Mapped[int] = mapped_column(Integer)
    mask: Mapped[bytes] = mapped_column(LargeBinary)  # db.masks, of the size of the box
    area_px: Mapped[int] = mapped_column(Integer)
    area_mm2: Mapped[float] = mapped_column(Float(53))
    centre_x_mm: Mapped[float] = mapped_column(Float(53))
    centre_y_mm: Mapped[float] = mapped_column(Float(53))
    peak: Mapped[float] = mapped_column(Float(53))
    mean: Mapped[float] = mapped_column(Float(53))
    score: Mapped[float] = mapped_column(Float(53))
    p_value: Mapped[float] = mapped_column(Float(53))
    explained: Mapped[float] = mapped_column(Float(53))
    verdict: Mapped[Verdict] = mapped_column(_word(Verdict, name="verdict"))
    severity: Mapped[Severity] = mapped_column(_word(Severity, name="severity"))
    kind: Mapped[str | None] = mapped_column(_ShortName)
    observed_name: Mapped[str] = mapped_column(_EvidenceName)
    golden_name: Mapped[str] = mapped_column(_EvidenceName)
    restored_name: Mapped[str] = mapped_column(_EvidenceName)
    heat_name: Mapped[str] = mapped_column(_EvidenceName)
    evidence_x0: Mapped[int] = mapped_column(Integer)
    evidence_y0: Mapped[int] = mapped_column(Integer)
    evidence_x1: Mapped[int] = mapped_column(Integer)
    evidence_y1: Mapped[int] = mapped_column(Integer)
    state: Mapped[ReviewState] = mapped_column(_word(ReviewState, name="state"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Review(Base):
    """Who said what of a finding, and when. Append-only: triggers refuse UPDATE and DELETE."""

    __tablename__ = "reviews"
    __table_args__ = (Index(None, "finding_id"),)

    id: Mapped[int] = mapped_column(_Key, primary_key=True)
    finding_id: Mapped[int] = mapped_column(ForeignKey("findings.id"))
    reviewer: Mapped[str] = mapped_column(_ShortName)
    reviewed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state_before: Mapped[ReviewState] = mapped_column(_word(ReviewState, name="state_before"))
    state_after: Mapped[ReviewState] = mapped_column(_word(ReviewState, name="state_after"))
    note: Mapped[str | None] = mapped_column(Text)
