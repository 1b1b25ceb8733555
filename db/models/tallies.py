"""Counts that are kept while rows are written, so that nobody counts ten million rows to ask.

Those of inspections and findings; what people say is counted beside (`db.models.verdict_tallies`).
All are exact at every commit: `db.tallies.findings` changes them in the transaction that changes
the rows, and `db check` counts again. The same things are counted in long and in short slots: a
question takes the long ones inside its time and short ones at its ends (`db.tallies.slots`). A slot
is named by when it begins.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, SmallInteger
from sqlalchemy.orm import Mapped, declared_attr, mapped_column
from sqlalchemy.schema import SchemaItem

from db.columns import Base, Sha256, ShortName, UtcDateTime, word
from db.words import Outcome, ReviewState, Severity, Verdict


class Tally(Base):
    """A count of something in a slot of time, of a line, camera and part."""

    __abstract__ = True

    slot_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True, sort_order=-1)
    line_id: Mapped[str] = mapped_column(ShortName, primary_key=True, sort_order=-1)
    camera_id: Mapped[str] = mapped_column(ShortName, primary_key=True, sort_order=-1)
    part: Mapped[str] = mapped_column(ShortName, primary_key=True, sort_order=-1)


class _FoundByPlace(Tally):
    __abstract__ = True

    @declared_attr.directive
    def __table_args__(cls) -> tuple[SchemaItem, ...]:  # noqa: N805 - of the class that has it
        return (Index(None, "part", "slot_at"), Index(None, "line_id", "slot_at"))


class InspectionCounts(_FoundByPlace):
    """How many inspections (by `taken_at` of their frames) ended how."""

    __abstract__ = True

    model_id: Mapped[str] = mapped_column(Sha256, primary_key=True)
    outcome: Mapped[Outcome] = mapped_column(word(Outcome, name="outcome"), primary_key=True)
    inspections: Mapped[int] = mapped_column(BigInteger)


class FindingCounts(_FoundByPlace):
    """How many findings (by `taken_at`) are of which sort, and in which state now."""

    __abstract__ = True

    kind: Mapped[str] = mapped_column(ShortName, primary_key=True)  # "" where none is known
    verdict: Mapped[Verdict] = mapped_column(word(Verdict, name="verdict"), primary_key=True)
    severity: Mapped[Severity] = mapped_column(word(Severity, name="severity"), primary_key=True)
    state: Mapped[ReviewState] = mapped_column(word(ReviewState, name="state"), primary_key=True)
    findings: Mapped[int] = mapped_column(BigInteger)


class InspectionTally(InspectionCounts):
    """Per quarter of an hour."""

    __tablename__ = "inspection_tallies"


class InspectionDay(InspectionCounts):
    """Per day of the plant's calendar, from midnight to midnight on its clock."""

    __tablename__ = "inspection_days"


class FindingTally(FindingCounts):
    """Per hour."""

    __tablename__ = "finding_tallies"


class FindingDay(FindingCounts):
    """Per day of UTC."""

    __tablename__ = "finding_days"


class FindingMonth(FindingCounts):
    """Per month of UTC."""

    __tablename__ = "finding_months"


class PlaceMonth(_FoundByPlace):
    """How many findings of a month of UTC lie in which cell of the frame, and in which state.

    PLACE_CELLS by PLACE_CELLS cells (`db.tallies.slots`), from the left and from above, from 0.
    """

    __tablename__ = "place_months"

    state: Mapped[ReviewState] = mapped_column(word(ReviewState, name="state"), primary_key=True)
    cell_x: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    cell_y: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    findings: Mapped[int] = mapped_column(BigInteger)
