"""Which pictures have had their time? Rules as conditions on rows; `db.pruning` acts on them.

Rows stay whatever happens to their pictures (docs/decisions/0011): what was found, what people said
and every count remain as they were.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from db.errors import RecordRefused
from db.models import Audit, Finding, Frame, GoodFrame, Inspection
from db.models.inspections import WAITING_STATES
from db.pictures import PictureKind
from db.words import Outcome, ReviewState, Verdict


class Shield(StrEnum):
    """What keeps pictures however old they are, unless a person takes it away by name."""

    UNREVIEWED = "unreviewed"  # the finding, or one of the frame's, waits for somebody
    UNREVIEWED_REJECTED = "unreviewed-rejected"  # the same where verification rejected it
    CONFIRMED = "confirmed"  # by a person
    AUDITED = "audited"
    GOOD_SET = "good-set"


@dataclass(frozen=True, kw_only=True)
class Retention:
    """Days from when a frame was taken; what is not named is kept for ever.

    A finding's picture goes when the days of its verdict or of its kind are over, whichever comes
    first; a whole frame's when those of its kind are, or `passed_days` where it passed.
    """

    verdict_days: Mapping[Verdict, int]
    kind_days: Mapping[PictureKind, int]
    passed_days: int | None = None
    even_if: frozenset[Shield] = frozenset()

    def __post_init__(self) -> None:
        days = [*self.verdict_days.values(), *self.kind_days.values()]
        if any(one < 0 for one in (*days, self.passed_days or 0)):
            raise RecordRefused("pictures are kept for a number of days from 0 on, not fewer")


def finding_picture_goes(rules: Retention, kind: PictureKind, now: datetime) -> ColumnElement[bool]:
    """Of findings: is there such a picture, has it had its time, and does no shield keep it?"""
    aged = [
        and_(Finding.verdict == verdict, Finding.taken_at < now - timedelta(days=days))
        for verdict in Verdict
        if (days := _fewest(rules.verdict_days.get(verdict), rules.kind_days.get(kind))) is not None
    ]
    return and_(
        finding_name(kind).is_not(None),
        or_(false(), *aged),
        ~or_(false(), *_shielding_states(rules)),
        *_unless_kept_for_the_frame(rules, Finding.inspection_id),
    )


def frame_picture_goes(rules: Retention, kind: PictureKind, now: datetime) -> ColumnElement[bool]:
    """Of inspections joined with their frames: the same for the picture of the whole frame."""
    aged = []
    for outcome in Outcome:
        of_outcome = rules.passed_days if outcome is Outcome.PASSED else None
        days = _fewest(of_outcome, rules.kind_days.get(kind))
        if days is not None:
            aged.append(
                and_(Inspection.outcome == outcome, Frame.taken_at < now - timedelta(days=days))
            )
    shielded = select(Finding.id).where(
        Finding.inspection_id == Inspection.id, or_(false(), *_shielding_states(rules))
    )
    return and_(
        inspection_name(kind).is_not(None),
        or_(false(), *aged),
        ~shielded.exists(),
        *_unless_kept_for_the_frame(rules, Inspection.id),
    )


def finding_name(kind: PictureKind) -> InstrumentedAttribute[str | None]:
    name: InstrumentedAttribute[str | None] = getattr(Finding, f"{kind}_name")
    return name


def inspection_name(kind: PictureKind) -> InstrumentedAttribute[str | None]:
    name: InstrumentedAttribute[str | None] = getattr(Inspection, f"{kind}_name")
    return name


def _fewest(*days: int | None) -> int | None:
    return min((one for one in days if one is not None), default=None)


def _shielding_states(rules: Retention) -> list[ColumnElement[bool]]:
    shields: list[ColumnElement[bool]] = []
    if Shield.CONFIRMED not in rules.even_if:
        shields.append(Finding.state == ReviewState.CONFIRMED)
    if Shield.UNREVIEWED not in rules.even_if:
        waiting: ColumnElement[bool] = Finding.state.in_(WAITING_STATES)
        if Shield.UNREVIEWED_REJECTED in rules.even_if:
            never_seen = and_(Finding.verdict == Verdict.REJECTED, Finding.state == ReviewState.NEW)
            waiting = and_(waiting, ~never_seen)
        shields.append(waiting)
    return shields


def _unless_kept_for_the_frame(
    rules: Retention, inspection_id: InstrumentedAttribute[int]
) -> list[ColumnElement[bool]]:
    """Audits and the good set are about frames; both are few, so the database asks them once."""
    kept = []
    if Shield.AUDITED not in rules.even_if:
        kept.append(select(Inspection.id).join(Audit, Audit.frame_id == Inspection.frame_id))
    if Shield.GOOD_SET not in rules.even_if:
        kept.append(
            select(Inspection.id)
            .join(GoodFrame, GoodFrame.frame_id == Inspection.frame_id)
            .where(GoodFrame.removed_at.is_(None))
        )
    return [inspection_id.not_in(chosen) for chosen in kept]
