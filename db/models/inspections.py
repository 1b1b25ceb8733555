"""What came from the cameras and what the models said of it.

    models 1--n inspections n--1 frames
                inspections 1--n findings

A finding repeats what people filter and sort by (part, line, camera, time) from its frame: ten
million rows are asked without a join.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ColumnElement,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.columns import Base, EvidenceName, Json, Key, Sha256, ShortName, UtcDateTime, word
from db.words import Outcome, ReviewState, Severity, UnfitReason, Verdict

WAITING: ColumnElement[bool] = literal_column("state IN ('new', 'second_look')")
_PLACED = ["state", "place_x", "place_y", "line_id", "camera_id"]  # heat maps read no row
WAITING_STATES = frozenset({ReviewState.NEW, ReviewState.SECOND_LOOK})


class Model(Base):
    """A trained and calibrated bundle that inspected here, with its card as it was then."""

    __tablename__ = "models"

    model_id: Mapped[str] = mapped_column(Sha256, primary_key=True)
    part: Mapped[str] = mapped_column(ShortName)
    name: Mapped[str] = mapped_column(ShortName)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    card: Mapped[dict[str, Any]] = mapped_column(Json)


class Activation(Base):
    """From when to when a model was in use for its part; the open one is in use now."""

    __tablename__ = "activations"
    __table_args__ = (
        CheckConstraint("active_to IS NULL OR active_from <= active_to", name="period"),
        Index(None, "part", "active_from"),
        Index(
            "uq_activations_part_in_use",
            "part",
            unique=True,
            sqlite_where=text("active_to IS NULL"),
            postgresql_where=text("active_to IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    part: Mapped[str] = mapped_column(ShortName)
    model_id: Mapped[str] = mapped_column(ForeignKey("models.model_id"))
    active_from: Mapped[datetime] = mapped_column(UtcDateTime)
    active_to: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Frame(Base):
    """One picture that arrived, readable or not.

    `is_compared`: more than one model has inspected it. Such frames are few, and models are
    compared by them.
    """

    __tablename__ = "frames"
    __table_args__ = (
        UniqueConstraint("camera_id", "taken_at", "content_sha256"),
        Index(None, "line_id", "taken_at"),
        Index(None, "part", "taken_at"),
        Index(None, "serial"),
        Index(None, "content_sha256"),
        Index(
            "ix_frames_on_web",
            "camera_id",
            "serial",
            "web_position_mm",
            sqlite_where=text("web_position_mm IS NOT NULL"),
            postgresql_where=text("web_position_mm IS NOT NULL"),
        ),
        Index(
            "ix_frames_compared",
            "part",
            "taken_at",
            "id",
            sqlite_where=text("is_compared"),
            postgresql_where=text("is_compared"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    line_id: Mapped[str] = mapped_column(ShortName)
    camera_id: Mapped[str] = mapped_column(ShortName)
    part: Mapped[str] = mapped_column(ShortName)
    taken_at: Mapped[datetime] = mapped_column(UtcDateTime)
    content_sha256: Mapped[str] = mapped_column(Sha256)
    source: Mapped[str] = mapped_column(Text)
    serial: Mapped[str | None] = mapped_column(ShortName)
    web_position_mm: Mapped[float | None] = mapped_column(Float(53))
    width_px: Mapped[int | None] = mapped_column(Integer)
    height_px: Mapped[int | None] = mapped_column(Integer)
    is_compared: Mapped[bool] = mapped_column(Boolean, default=False)


class Inspection(Base):
    """What one model with one configuration said of one frame."""

    __tablename__ = "inspections"
    __table_args__ = (
        UniqueConstraint("frame_id", "model_id", "config_id"),
        CheckConstraint(
            "(outcome = 'unfit') = (unfit_reason IS NOT NULL)", name="unfit_has_reason"
        ),
        CheckConstraint("outcome = 'unfit' OR raw_score IS NOT NULL", name="fit_has_score"),
        Index(None, "model_id", "frame_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    frame_id: Mapped[int] = mapped_column(ForeignKey("frames.id"))
    model_id: Mapped[str] = mapped_column(ForeignKey("models.model_id"))
    config_id: Mapped[str] = mapped_column(Sha256)
    outcome: Mapped[Outcome] = mapped_column(word(Outcome, name="outcome"))
    unfit_reason: Mapped[UnfitReason | None] = mapped_column(word(UnfitReason, name="unfit_reason"))
    unfit_detail: Mapped[str | None] = mapped_column(Text)
    raw_score: Mapped[float | None] = mapped_column(Float(53))
    score: Mapped[float | None] = mapped_column(Float(53))
    p_value: Mapped[float | None] = mapped_column(Float(53))
    inspected_at: Mapped[datetime] = mapped_column(UtcDateTime)
    timings_s: Mapped[dict[str, float]] = mapped_column(Json)
    observed_name: Mapped[str | None] = mapped_column(EvidenceName)
    golden_name: Mapped[str | None] = mapped_column(EvidenceName)
    restored_name: Mapped[str | None] = mapped_column(EvidenceName)
    heat_name: Mapped[str | None] = mapped_column(EvidenceName)

    findings: Mapped[list[Finding]] = relationship(lazy="raise", order_by="Finding.number")


class Finding(Base):
    """One region of one inspection. Boxes are half-open pixels of the frame.

    `place_x`, `place_y` in [0, 1] are the centre as a share of the frame's sides, `web_mm` its
    absolute position along a web, `urgency` the order of the queue (db.urgency). `version` counts
    changes of state: who reviews says which version was seen. The descriptor says how the region
    looks (db.descriptors): comparable only where `descriptor_space` is the same. The name of
    a picture is None once its time is over (db.retention).
    """

    __tablename__ = "findings"
    __table_args__ = (
        UniqueConstraint("inspection_id", "number"),
        CheckConstraint("0 <= x0 AND x0 < x1 AND 0 <= y0 AND y0 < y1", name="box"),
        CheckConstraint("p_value BETWEEN 0 AND 1", name="p_value"),
        CheckConstraint("explained BETWEEN 0 AND 1", name="explained"),
        Index(None, "taken_at", "id"),
        Index(None, "line_id", "taken_at", "id"),
        Index(None, "part", "taken_at", "id", postgresql_include=_PLACED),
        Index(None, "camera_id", "taken_at", "id"),
        Index(  # with what likeness is computed from: none of the rows need be read
            "ix_findings_likeness", "descriptor_space", "descriptor_code", "id", "descriptor"
        ),
        Index(None, "urgency", "id"),
        Index(None, "line_id", "urgency", "id"),
        Index(None, "part", "urgency", "id"),
        *(
            Index(
                name,
                *columns,
                sqlite_where=WAITING,
                postgresql_where=WAITING,
            )
            for name, columns in (
                ("ix_findings_waiting", ("urgency", "id")),
                ("ix_findings_waiting_of_line", ("line_id", "urgency", "id")),
                ("ix_findings_waiting_of_part", ("part", "urgency", "id")),
                ("ix_findings_waiting_newest", ("taken_at", "id")),
            )
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    inspection_id: Mapped[int] = mapped_column(ForeignKey("inspections.id"))
    number: Mapped[int] = mapped_column(Integer)  # 1 is the first of its inspection
    part: Mapped[str] = mapped_column(ShortName)
    line_id: Mapped[str] = mapped_column(ShortName)
    camera_id: Mapped[str] = mapped_column(ShortName)
    taken_at: Mapped[datetime] = mapped_column(UtcDateTime)
    x0: Mapped[int] = mapped_column(Integer)
    y0: Mapped[int] = mapped_column(Integer)
    x1: Mapped[int] = mapped_column(Integer)
    y1: Mapped[int] = mapped_column(Integer)
    mask: Mapped[bytes] = mapped_column(LargeBinary)  # db.masks, of the size of the box
    area_px: Mapped[int] = mapped_column(Integer)
    area_mm2: Mapped[float] = mapped_column(Float(53))
    centre_x_mm: Mapped[float] = mapped_column(Float(53))
    centre_y_mm: Mapped[float] = mapped_column(Float(53))
    place_x: Mapped[float] = mapped_column(Float(53))
    place_y: Mapped[float] = mapped_column(Float(53))
    web_mm: Mapped[float | None] = mapped_column(Float(53))
    peak: Mapped[float] = mapped_column(Float(53))
    mean: Mapped[float] = mapped_column(Float(53))
    score: Mapped[float] = mapped_column(Float(53))
    p_value: Mapped[float] = mapped_column(Float(53))
    explained: Mapped[float] = mapped_column(Float(53))
    verdict: Mapped[Verdict] = mapped_column(word(Verdict, name="verdict"))
    severity: Mapped[Severity] = mapped_column(word(Severity, name="severity"))
    urgency: Mapped[float] = mapped_column(Float(53))
    kind: Mapped[str | None] = mapped_column(ShortName)
    descriptor: Mapped[bytes | None] = mapped_column(LargeBinary)
    descriptor_space: Mapped[str | None] = mapped_column(Sha256)
    descriptor_code: Mapped[int | None] = mapped_column(SmallInteger)
    observed_name: Mapped[str | None] = mapped_column(EvidenceName)
    golden_name: Mapped[str | None] = mapped_column(EvidenceName)
    restored_name: Mapped[str | None] = mapped_column(EvidenceName)
    heat_name: Mapped[str | None] = mapped_column(EvidenceName)
    evidence_x0: Mapped[int] = mapped_column(Integer)
    evidence_y0: Mapped[int] = mapped_column(Integer)
    evidence_x1: Mapped[int] = mapped_column(Integer)
    evidence_y1: Mapped[int] = mapped_column(Integer)
    state: Mapped[ReviewState] = mapped_column(word(ReviewState, name="state"))
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
