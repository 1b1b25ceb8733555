"""What stands in the plant, as the database has met it: frames name these by their short names."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Float, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from db.columns import Base, ShortName, UtcDateTime


class Plant(Base):
    __tablename__ = "plants"

    plant: Mapped[str] = mapped_column(ShortName, primary_key=True)
    timezone: Mapped[str] = mapped_column(ShortName)  # IANA, such as Europe/Berlin
    shifts: Mapped[str | None] = mapped_column(Text)  # early=06:00,late=14:00; None: the usual
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Line(Base):
    __tablename__ = "lines"

    line_id: Mapped[str] = mapped_column(ShortName, primary_key=True)
    plant: Mapped[str | None] = mapped_column(ForeignKey("plants.plant"))


class Camera(Base):
    __tablename__ = "cameras"

    camera_id: Mapped[str] = mapped_column(ShortName, primary_key=True)
    line_id: Mapped[str] = mapped_column(ForeignKey("lines.line_id"))


class Part(Base):
    __tablename__ = "parts"

    part: Mapped[str] = mapped_column(ShortName, primary_key=True)
    mm_per_px: Mapped[float | None] = mapped_column(Float(53))
    false_alarms: Mapped[float | None] = mapped_column(Float(53))  # the plant's budget, a share
