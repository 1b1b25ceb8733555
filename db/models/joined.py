"""Findings of a web that more than one frame shows."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Float, ForeignKey, Integer, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from db.columns import Base, ShortName, word
from db.words import Severity, Verdict


class JoinedRegion(Base):
    """What one frame shows of a finding that several frames show: all of them, its own too.

    The finding's own row stands with the frame that shows most of it and says what the whole is
    like; these say what each region was. Boxes and masks are as in `findings`; `first_line` is the
    absolute line of the web at which the box begins.
    """

    __tablename__ = "joined_regions"
    __table_args__ = (
        CheckConstraint("0 <= x0 AND x0 < x1 AND 0 <= y0 AND y0 < y1", name="box"),
        CheckConstraint("p_value BETWEEN 0 AND 1", name="p_value"),
    )

    inspection_id: Mapped[int] = mapped_column(ForeignKey("inspections.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    finding_id: Mapped[int] = mapped_column(ForeignKey("findings.id"), index=True)
    first_line: Mapped[int] = mapped_column(BigInteger)
    x0: Mapped[int] = mapped_column(Integer)
    y0: Mapped[int] = mapped_column(Integer)
    x1: Mapped[int] = mapped_column(Integer)
    y1: Mapped[int] = mapped_column(Integer)
    mask: Mapped[bytes] = mapped_column(LargeBinary)  # db.masks, of the size of the box
    area_px: Mapped[int] = mapped_column(Integer)
    area_mm2: Mapped[float] = mapped_column(Float(53))
    peak: Mapped[float] = mapped_column(Float(53))
    score: Mapped[float] = mapped_column(Float(53))
    p_value: Mapped[float] = mapped_column(Float(53))
    verdict: Mapped[Verdict] = mapped_column(word(Verdict, name="verdict"))
    severity: Mapped[Severity] = mapped_column(word(Severity, name="severity"))
    kind: Mapped[str | None] = mapped_column(ShortName)
