"""Everything that ever happened to one frame, or to every frame of one part's serial number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from db.errors import QuestionRefused
from db.models import Audit, Finding, Frame, GoodFrame, Inspection, Model, Review
from db.questions.parameters import MOST_ID, asked
from db.tables import rows_table

_STEPS = ("taken", "inspected", "found", "reviewed", "undone", "audited", "given", "removed")
_MOST_FRAMES = 100


@dataclass(frozen=True, kw_only=True)
class HistoryOf:
    """One of them; a serial number or a content may be that of several frames."""

    frame: int | None = asked("The frame's number.", least=1, most=MOST_ID)
    serial: str | None = asked("The serial number of the part.")
    content: str | None = asked("The sha256 of the picture's bytes.")

    def __post_init__(self) -> None:
        given = [one for one in (self.frame, self.serial, self.content) if one is not None]
        if len(given) != 1:
            raise QuestionRefused(
                "frame: give the frame's number, a serial number or a content: one of them",
                field="frame",
            )


@dataclass(frozen=True, kw_only=True)
class Event:
    """`event` is one of taken, inspected, found, reviewed, undone, audited, given, removed.

    `who` is a camera, a model's name or a person; given and removed are about the good set.
    """

    at: datetime
    event: str
    who: str
    said: str
    note: str | None
    frame_id: int
    inspection_id: int | None
    finding_id: int | None


def frame_history(opened: Session, wanted: HistoryOf) -> pd.DataFrame:
    """What happened to the frame, in the order in which it happened? Of at most 100 frames."""
    chosen = (
        select(Frame.id)
        .where(_named(wanted))
        .order_by(Frame.taken_at.desc(), Frame.id.desc())
        .limit(_MOST_FRAMES)
    )
    frame_ids = opened.scalars(chosen).all()
    events = [
        *_taken(opened, frame_ids),
        *_inspected(opened, frame_ids),
        *_found(opened, frame_ids),
        *_reviewed(opened, frame_ids),
        *_audited(opened, frame_ids),
        *_given(opened, frame_ids),
    ]
    events.sort(key=lambda one: (one.at, _STEPS.index(one.event), one.finding_id or 0))
    return rows_table(events, Event)


def _named(wanted: HistoryOf) -> ColumnElement[bool]:
    if wanted.frame is not None:
        return Frame.id == wanted.frame
    if wanted.serial is not None:
        return Frame.serial == wanted.serial
    return Frame.content_sha256 == (wanted.content or "").lower()


def _taken(opened: Session, frame_ids: Sequence[int]) -> list[Event]:
    chosen = select(
        Frame.id, Frame.taken_at, Frame.camera_id, Frame.line_id, Frame.part, Frame.source
    ).where(Frame.id.in_(frame_ids))
    return [
        Event(
            at=row.taken_at,
            event="taken",
            who=row.camera_id,
            said=f"{row.part} on {row.line_id}",
            note=row.source,
            frame_id=row.id,
            inspection_id=None,
            finding_id=None,
        )
        for row in opened.execute(chosen)
    ]


def _inspected(opened: Session, frame_ids: Sequence[int]) -> list[Event]:
    chosen = (
        select(
            Inspection.id,
            Inspection.frame_id,
            Inspection.inspected_at,
            Inspection.outcome,
            Inspection.score,
            Inspection.unfit_reason,
            Inspection.unfit_detail,
            Model.name,
        )
        .join(Model, Inspection.model_id == Model.model_id)
        .where(Inspection.frame_id.in_(frame_ids))
    )
    return [
        Event(
            at=row.inspected_at,
            event="inspected",
            who=row.name,
            said=row.outcome if row.score is None else f"{row.outcome}, score {row.score:.3f}",
            note=row.unfit_detail or row.unfit_reason,
            frame_id=row.frame_id,
            inspection_id=row.id,
            finding_id=None,
        )
        for row in opened.execute(chosen)
    ]


def _found(opened: Session, frame_ids: Sequence[int]) -> list[Event]:
    chosen = (
        select(
            Finding.id,
            Finding.inspection_id,
            Inspection.frame_id,
            Inspection.inspected_at,
            Finding.verdict,
            Finding.severity,
            Finding.area_mm2,
            Finding.score,
            Finding.kind,
            Model.name,
        )
        .join(Inspection, Finding.inspection_id == Inspection.id)
        .join(Model, Inspection.model_id == Model.model_id)
        .where(Inspection.frame_id.in_(frame_ids))
    )
    return [
        Event(
            at=row.inspected_at,
            event="found",
            who=row.name,
            said=f"{row.verdict}, {row.severity}, {row.area_mm2:.3g} mm², score {row.score:.3f}",
            note=row.kind,
            frame_id=row.frame_id,
            inspection_id=row.inspection_id,
            finding_id=row.id,
        )
        for row in opened.execute(chosen)
    ]


def _reviewed(opened: Session, frame_ids: Sequence[int]) -> list[Event]:
    chosen = (
        select(
            Review.finding_id,
            Review.reviewer,
            Review.reviewed_at,
            Review.state_before,
            Review.state_after,
            Review.note,
            Review.undoes_id,
            Finding.inspection_id,
            Inspection.frame_id,
        )
        .join(Finding, Review.finding_id == Finding.id)
        .join(Inspection, Finding.inspection_id == Inspection.id)
        .where(Inspection.frame_id.in_(frame_ids))
        .order_by(Review.id)
    )
    return [
        Event(
            at=row.reviewed_at,
            event="reviewed" if row.undoes_id is None else "undone",
            who=row.reviewer,
            said=f"{row.state_before} -> {row.state_after}",
            note=row.note,
            frame_id=row.frame_id,
            inspection_id=row.inspection_id,
            finding_id=row.finding_id,
        )
        for row in opened.execute(chosen)
    ]


def _audited(opened: Session, frame_ids: Sequence[int]) -> list[Event]:
    chosen = (
        select(Audit.frame_id, Audit.auditor, Audit.audited_at, Audit.judgement, Audit.note)
        .where(Audit.frame_id.in_(frame_ids))
        .order_by(Audit.id)
    )
    return [
        Event(
            at=row.audited_at,
            event="audited",
            who=row.auditor,
            said=row.judgement,
            note=row.note,
            frame_id=row.frame_id,
            inspection_id=None,
            finding_id=None,
        )
        for row in opened.execute(chosen)
    ]


def _given(opened: Session, frame_ids: Sequence[int]) -> list[Event]:
    """To the good set, and taken out of it again."""
    chosen = select(
        GoodFrame.frame_id,
        GoodFrame.part,
        GoodFrame.added_by,
        GoodFrame.added_at,
        GoodFrame.removed_by,
        GoodFrame.removed_at,
    ).where(GoodFrame.frame_id.in_(frame_ids))
    events = []
    for row in opened.execute(chosen):
        steps = (
            ("given", row.added_by, row.added_at, f"to the good set of {row.part}"),
            ("removed", row.removed_by, row.removed_at, f"from the good set of {row.part}"),
        )
        events += [
            Event(
                at=at,
                event=event,
                who=who,
                said=said,
                note=None,
                frame_id=row.frame_id,
                inspection_id=None,
                finding_id=None,
            )
            for event, who, at, said in steps
            if at is not None
        ]
    return events
