"""Kept counts of what people say, exact at every commit like those of `db.models.tallies`.

`db.tallies.verdicts` and `db.tallies.judging` say what counts, `db.tallies.opinions` and
`db.tallies.judged_frames` keep the counts. Questions read whole days of them, so that no further
index is needed.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean
from sqlalchemy.orm import Mapped, mapped_column

from db.columns import Sha256, ShortName, word
from db.models.tallies import Tally
from db.words import JudgedBy, ReviewState


class VerdictCounts(Tally):
    """How many verdicts stand, each where it was said; of the finding its line, camera and part.

    Of every finding everybody's last standing verdict counts; `is_last` marks the one that nobody
    followed with another.
    """

    __abstract__ = True

    reviewer: Mapped[str] = mapped_column(ShortName, primary_key=True)
    state: Mapped[ReviewState] = mapped_column(word(ReviewState, name="state"), primary_key=True)
    is_last: Mapped[bool] = mapped_column(Boolean, primary_key=True)
    verdicts: Mapped[int] = mapped_column(BigInteger)


class AgreementCounts(Tally):
    """On how many findings the verdicts of two people stand, where the later one was said.

    `reviewer` comes before `other` by name; each has said the state that bears the name.
    """

    __abstract__ = True

    reviewer: Mapped[str] = mapped_column(ShortName, primary_key=True)
    other: Mapped[str] = mapped_column(ShortName, primary_key=True)
    state: Mapped[ReviewState] = mapped_column(word(ReviewState, name="state"), primary_key=True)
    other_state: Mapped[ReviewState] = mapped_column(
        word(ReviewState, name="other_state"), primary_key=True
    )
    findings: Mapped[int] = mapped_column(BigInteger)


class JudgedCounts(Tally):
    """How many frames (by `taken_at`) people judged, against what a model had said of them.

    Of each model its newest inspection of the frame counts, unless it was unfit; `is_newest` marks
    the one that is the newest of any model. `passed` is what it said, `defective` what people say.
    """

    __abstract__ = True

    model_id: Mapped[str] = mapped_column(Sha256, primary_key=True)
    is_newest: Mapped[bool] = mapped_column(Boolean, primary_key=True)
    source: Mapped[JudgedBy] = mapped_column(word(JudgedBy, name="source"), primary_key=True)
    passed: Mapped[bool] = mapped_column(Boolean, primary_key=True)
    defective: Mapped[bool] = mapped_column(Boolean, primary_key=True)
    frames: Mapped[int] = mapped_column(BigInteger)


class VerdictTally(VerdictCounts):
    """Per quarter of an hour."""

    __tablename__ = "verdict_tallies"


class VerdictDay(VerdictCounts):
    """Per day of the plant's calendar."""

    __tablename__ = "verdict_days"


class AgreementTally(AgreementCounts):
    """Per quarter of an hour."""

    __tablename__ = "agreement_tallies"


class AgreementDay(AgreementCounts):
    """Per day of UTC."""

    __tablename__ = "agreement_days"


class AgreementMonth(AgreementCounts):
    """Per month of UTC."""

    __tablename__ = "agreement_months"


class JudgedTally(JudgedCounts):
    """Per quarter of an hour."""

    __tablename__ = "judged_tallies"


class JudgedDay(JudgedCounts):
    """Per day of the plant's calendar."""

    __tablename__ = "judged_days"
