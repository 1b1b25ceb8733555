"""The good set of a part: frames that people gave back for training, and which could be given.

A frame can be given where everything says that the part is good: every finding of its newest
inspection was called a false alarm, or it passed and its newest audit says good. A confirmed
finding, by whichever model, or an audit that says defective speaks against it, also later: such a
frame stays in the set as doubted and teaches nothing until somebody takes it out or back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from db.errors import RecordRefused, UnknownRecord
from db.evidence import EvidenceStore
from db.models import Audit, Finding, Frame, GoodFrame, Inspection
from db.rows import After
from db.selects import Rows
from db.words import Judgement, Outcome, ReviewState


class GoodBecause(StrEnum):
    FALSE_ALARMS = "false_alarms"
    AUDIT = "audit"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A frame that can be given; without a picture it cannot, because none was kept."""

    frame_id: int
    part: str
    line_id: str
    camera_id: str
    serial: str | None
    taken_at: datetime
    because: GoodBecause
    findings: int
    picture_name: str | None
    picture_inspection_id: int | None


@dataclass(frozen=True, kw_only=True)
class GoodFrameRow:
    """A frame of the good set, who gave it and when; `is_doubted` ones teach nothing."""

    frame_id: int
    part: str
    line_id: str
    camera_id: str
    serial: str | None
    taken_at: datetime
    source: str
    picture_name: str
    content_sha256: str
    added_by: str
    added_at: datetime
    removed_by: str | None
    removed_at: datetime | None
    is_doubted: bool

    @property
    def picture_sha256(self) -> str:
        return self.picture_name.rpartition("/")[2].partition(".")[0]


def candidates(
    opened: Session, part: str, *, limit: int, after: After | None = None
) -> list[Candidate]:
    """Which frames could be given to the part's good set, newest first? `after` has frame ids."""
    found = [
        Candidate(because=because, **row)
        for because, chosen in (
            (GoodBecause.FALSE_ALARMS, _called_false(part)),
            (GoodBecause.AUDIT, _audited_good(part)),
        )
        for row in opened.execute(_page(chosen, limit, after)).mappings()
    ]
    found.sort(key=lambda one: (one.taken_at, one.frame_id), reverse=True)
    return found[:limit]


def good_set(opened: Session, part: str | None = None) -> list[GoodFrameRow]:
    """What is in the good set of a part, or of all of them, newest gift first?"""
    chosen = _good_frames().where(GoodFrame.removed_at.is_(None))
    if part is not None:
        chosen = chosen.where(GoodFrame.part == part)
    ordered = chosen.order_by(GoodFrame.added_at.desc(), GoodFrame.id.desc())
    return [GoodFrameRow(**row) for row in opened.execute(ordered).mappings()]


def good_set_sizes(opened: Session) -> dict[str, int]:
    """How many frames has the good set of each part that has any?"""
    chosen = (
        select(GoodFrame.part, func.count())
        .where(GoodFrame.removed_at.is_(None))
        .group_by(GoodFrame.part)
        .order_by(GoodFrame.part)
    )
    return dict(opened.execute(chosen).all())


def give(
    opened: Session, store: EvidenceStore, frame_id: int, *, added_by: str, added_at: datetime
) -> bool:
    """Adds the frame to its part's good set; False where it was in it before.

    Raises UnknownRecord, and RecordRefused where the frame is not known to be good or its whole
    picture was not kept.
    """
    frame = opened.get(Frame, frame_id)
    if frame is None:
        raise UnknownRecord(f"there is no frame {frame_id}")
    known = _known(opened, frame_id)
    if known is not None and known.removed_at is None:
        return False
    if objection := _objection(opened, frame_id):
        raise RecordRefused(f"frame {frame_id} cannot teach what is good: {objection}")
    name = opened.scalar(select(_picture(frame_id, Inspection.observed_name)))
    if name is None or not store.path(name).is_file():
        raise RecordRefused(
            f"frame {frame_id} cannot teach: its whole picture was not kept. Inspect the same "
            "frame again with pictures kept, or put its file into the training folder"
        )
    if known is not None:
        known.picture_name, known.added_by, known.added_at = name, _name(added_by), added_at
        known.removed_by = known.removed_at = None
        opened.flush()
        return True
    given = GoodFrame(
        frame_id=frame_id,
        part=frame.part,
        picture_name=name,
        content_sha256=frame.content_sha256,
        added_by=_name(added_by),
        added_at=added_at,
    )
    try:
        with opened.begin_nested():
            opened.add(given)
    except IntegrityError:  # somebody else gave it between our question and our answer
        return False
    return True


def take_back(opened: Session, frame_id: int, *, removed_by: str, removed_at: datetime) -> bool:
    """Takes the frame out of the good set; False where it is not in it (any more)."""
    known = _known(opened, frame_id)
    if known is None or known.removed_at is not None:
        if opened.get(Frame, frame_id) is None:
            raise UnknownRecord(f"there is no frame {frame_id}")
        return False
    known.removed_by, known.removed_at = _name(removed_by), removed_at
    opened.flush()
    return True


def part_of_frames(opened: Session, frame_ids: Sequence[int]) -> dict[int, str]:
    """Which part does each of these frames show? Unknown frames are left out."""
    chosen = select(Frame.id, Frame.part).where(Frame.id.in_(frame_ids))
    return dict(opened.execute(chosen).all())


def _called_false(part: str) -> Rows:
    """One row per frame: the first finding of its newest inspection stands for all of them."""
    other = aliased(Finding)
    of_same = other.inspection_id == Finding.inspection_id
    count = select(func.count()).where(of_same).correlate(Finding).scalar_subquery()
    return (
        _candidate_columns(count.label("findings"))
        .join(Finding, Finding.inspection_id == Inspection.id)
        .where(
            Finding.part == part,
            Finding.state == ReviewState.FALSE_ALARM,
            ~exists().where(of_same, other.number < Finding.number),
            ~exists().where(of_same, other.state != ReviewState.FALSE_ALARM),
            *_free_and_undoubted(),
        )
    )


def _audited_good(part: str) -> Rows:
    count = select(func.count()).where(Finding.inspection_id == Inspection.id)
    return _candidate_columns(
        count.correlate(Inspection).scalar_subquery().label("findings")
    ).where(
        Frame.id.in_(select(Audit.frame_id).where(Audit.judgement == Judgement.GOOD)),
        Frame.part == part,
        Inspection.outcome == Outcome.PASSED,
        ~_has_false_alarms_only(),  # those are candidates for that reason
        *_free_and_undoubted(),
    )


def _has_false_alarms_only() -> ColumnElement[bool]:
    of_it = Finding.inspection_id == Inspection.id
    return exists().where(of_it) & ~exists().where(of_it, Finding.state != ReviewState.FALSE_ALARM)


def _candidate_columns(count: ColumnElement[int]) -> Rows:
    newer = aliased(Inspection)
    is_newest = ~exists().where(newer.frame_id == Inspection.frame_id, newer.id > Inspection.id)
    return (
        select(
            Frame.id.label("frame_id"),
            Frame.part,
            Frame.line_id,
            Frame.camera_id,
            Frame.serial,
            Frame.taken_at,
            count,
            _picture(Frame.id, Inspection.observed_name).label("picture_name"),
            _picture(Frame.id, Inspection.id).label("picture_inspection_id"),
        )
        .join(Inspection, Inspection.frame_id == Frame.id)
        .where(is_newest)
    )


def _page(chosen: Rows, limit: int, after: After | None) -> Rows:
    if after is not None:
        chosen = chosen.where(tuple_(Frame.taken_at, Frame.id) < (after.taken_at, after.row_id))
    return chosen.order_by(Frame.taken_at.desc(), Frame.id.desc()).limit(limit)


def _free_and_undoubted() -> tuple[ColumnElement[bool], ...]:
    is_given = exists().where(GoodFrame.frame_id == Frame.id, GoodFrame.removed_at.is_(None))
    return ~is_given, ~_is_confirmed(Frame.id), ~_is_called_defective(Frame.id)


def _is_confirmed(frame_id: Any) -> ColumnElement[bool]:
    looked, seen = aliased(Inspection), aliased(Finding)
    return exists().where(
        looked.frame_id == frame_id,
        seen.inspection_id == looked.id,
        seen.state == ReviewState.CONFIRMED,
    )


def _is_called_defective(frame_id: Any) -> ColumnElement[bool]:
    """By the newest audit."""
    said, later = aliased(Audit), aliased(Audit)
    return exists().where(
        said.frame_id == frame_id,
        said.judgement == Judgement.DEFECTIVE,
        ~exists().where(later.frame_id == said.frame_id, later.id > said.id),
    )


def _picture(frame_id: Any, column: InstrumentedAttribute[Any]) -> Any:
    """Of the newest inspection that kept the whole frame: its name, or the inspection's id."""
    kept = aliased(Inspection)
    return (
        select(getattr(kept, column.key))
        .where(kept.frame_id == frame_id, kept.observed_name.is_not(None))
        .order_by(kept.id.desc())
        .limit(1)
        .scalar_subquery()
    )


def _good_frames() -> Rows:
    chosen = select(
        GoodFrame.frame_id,
        GoodFrame.part,
        Frame.line_id,
        Frame.camera_id,
        Frame.serial,
        Frame.taken_at,
        Frame.source,
        GoodFrame.picture_name,
        GoodFrame.content_sha256,
        GoodFrame.added_by,
        GoodFrame.added_at,
        GoodFrame.removed_by,
        GoodFrame.removed_at,
        (_is_confirmed(Frame.id) | _is_called_defective(Frame.id)).label("is_doubted"),
    )
    return chosen.join(Frame, GoodFrame.frame_id == Frame.id)


def _objection(opened: Session, frame_id: int) -> str | None:
    """Why the frame is not known to be good; None where it is."""
    if opened.scalar(select(_is_called_defective(frame_id))):
        return "its newest audit says defective"
    confirmed = _of_frame(frame_id).where(Finding.state == ReviewState.CONFIRMED).limit(1)
    if (row := opened.execute(confirmed).first()) is not None:
        return f"finding {row.id} of it was confirmed"
    newest = (
        select(Inspection.id, Inspection.outcome)
        .where(Inspection.frame_id == frame_id)
        .order_by(Inspection.id.desc())
    )
    inspection = opened.execute(newest.limit(1)).first()
    if inspection is None:
        return "it was never inspected"
    if inspection.outcome is Outcome.PASSED and _is_audited_good(opened, frame_id):
        return None
    of_newest = _of_frame(frame_id).where(Finding.inspection_id == inspection.id)
    return _objection_of_findings(opened.execute(of_newest).all(), inspection.outcome)


def _objection_of_findings(found: Sequence[Any], outcome: Outcome) -> str | None:
    for row in found:
        if row.state is not ReviewState.FALSE_ALARM:
            word = row.state.replace("_", " ")
            return f"finding {row.id} of it is {word!r}: call every finding a false alarm first"
    if not found:
        return f"its outcome is {outcome} and no audit calls it good: audit the frame first"
    return None


def _of_frame(frame_id: int) -> Rows:
    return (
        select(Finding.id, Finding.state)
        .join(Inspection, Finding.inspection_id == Inspection.id)
        .where(Inspection.frame_id == frame_id)
        .order_by(Finding.id)
    )


def _is_audited_good(opened: Session, frame_id: int) -> bool:
    newest = select(Audit.judgement).where(Audit.frame_id == frame_id).order_by(Audit.id.desc())
    return opened.scalar(newest.limit(1)) is Judgement.GOOD


def _known(opened: Session, frame_id: int) -> GoodFrame | None:
    chosen = select(GoodFrame).where(GoodFrame.frame_id == frame_id).with_for_update()
    return opened.scalar(chosen.execution_options(populate_existing=True))


def _name(written: str) -> str:
    if not written.strip():
        raise RecordRefused("the good set needs the name of the person who changes it")
    return written.strip()
