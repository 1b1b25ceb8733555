"""How the pictures of cameras were: what rules remember of each, and figures for charts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Float, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.columns import Base, Json, ShortName, UtcDateTime


class CameraFigures(Base):
    """Sums over the frames of a quarter of an hour (by `taken_at`), of a camera and part.

    Ten million frames a year of a dozen cameras become less than half a million rows. `frames` are
    all, `measured` those whose figures are summed (and summed as squares), `passed` those whose raw
    scores are. A frame counts once, with the first inspection of it that comes from the line.
    """

    __tablename__ = "camera_figures"
    __table_args__ = (Index(None, "slot_at"),)

    camera_id: Mapped[str] = mapped_column(ShortName, primary_key=True)
    part: Mapped[str] = mapped_column(ShortName, primary_key=True)
    slot_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    line_id: Mapped[str] = mapped_column(ShortName)
    frames: Mapped[int] = mapped_column(BigInteger)
    unfit: Mapped[int] = mapped_column(BigInteger)
    measured: Mapped[int] = mapped_column(BigInteger)
    passed: Mapped[int] = mapped_column(BigInteger)
    brightness: Mapped[float] = mapped_column(Float(53))
    brightness_squares: Mapped[float] = mapped_column(Float(53))
    contrast: Mapped[float] = mapped_column(Float(53))
    contrast_squares: Mapped[float] = mapped_column(Float(53))
    focus: Mapped[float] = mapped_column(Float(53))
    focus_squares: Mapped[float] = mapped_column(Float(53))
    shading: Mapped[float] = mapped_column(Float(53))
    shading_squares: Mapped[float] = mapped_column(Float(53))
    darkest_spot: Mapped[float] = mapped_column(Float(53))
    darkest_spot_squares: Mapped[float] = mapped_column(Float(53))
    clipped: Mapped[float] = mapped_column(Float(53))
    clipped_squares: Mapped[float] = mapped_column(Float(53))
    score: Mapped[float] = mapped_column(Float(53))
    score_squares: Mapped[float] = mapped_column(Float(53))


class CameraWatch(Base):
    """What the rules remember of a camera and part between two frames, and what people see of it.

    `remembered` belongs to the rules; `summary` is read by `db.input_health`.
    """

    __tablename__ = "camera_watches"

    camera_id: Mapped[str] = mapped_column(ShortName, primary_key=True)
    part: Mapped[str] = mapped_column(ShortName, primary_key=True)
    line_id: Mapped[str] = mapped_column(ShortName)
    kept_at: Mapped[datetime] = mapped_column(UtcDateTime)
    remembered: Mapped[dict[str, Any]] = mapped_column(Json)
    summary: Mapped[dict[str, Any]] = mapped_column(Json)
