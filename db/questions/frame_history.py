"""Everything that ever happened to one frame, or to every frame of one part's serial number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import pandas as pd
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from db.errors import QuestionRefused
from db.histories import FrameHistory, InspectionHistory, frame_histories
from db.models import Frame, Model
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
    histories = frame_histories(opened, opened.scalars(chosen).all())
    names = _model_names(opened, histories)
    events = [event for history in histories for event in _events(history, names)]
    events.sort(key=lambda one: (one.at, _STEPS.index(one.event), one.finding_id or 0))
    return rows_table(events, Event)


def _named(wanted: HistoryOf) -> ColumnElement[bool]:
    if wanted.frame is not None:
        return Frame.id == wanted.frame
    if wanted.serial is not None:
        return Frame.serial == wanted.serial
    return Frame.content_sha256 == (wanted.content or "").lower()


def _model_names(opened: Session, histories: Sequence[FrameHistory]) -> dict[str, str]:
    """By model."""
    model_ids = {one.inspection.model_id for history in histories for one in history.inspections}
    chosen = select(Model.model_id, Model.name).where(Model.model_id.in_(model_ids))
    return {row.model_id: row.name for row in opened.execute(chosen)}


def _events(history: FrameHistory, names: Mapping[str, str]) -> Iterator[Event]:
    """One frame's, unsorted; `names` are those of the models."""
    frame = history.frame
    event = partial(Event, frame_id=frame.frame_id, inspection_id=None, finding_id=None)
    yield event(
        at=frame.taken_at,
        event="taken",
        who=frame.camera_id,
        said=f"{frame.part} on {frame.line_id}",
        note=frame.source,
    )
    for made in history.inspections:
        yield from _of_inspection(made, names[made.inspection.model_id])
    for audit in history.audits:
        yield event(
            at=audit.audited_at,
            event="audited",
            who=audit.auditor,
            said=audit.judgement,
            note=audit.note,
        )
    given = history.good_frame
    if given is not None:
        said = f"to the good set of {frame.part}"
        yield event(at=given.added_at, event="given", who=given.added_by, said=said, note=None)
    if given is not None and given.removed_at is not None:
        who, said = given.removed_by or "", f"from the good set of {frame.part}"
        yield event(at=given.removed_at, event="removed", who=who, said=said, note=None)


def _of_inspection(made: InspectionHistory, model_name: str) -> Iterator[Event]:
    inspection = made.inspection
    event = partial(
        Event, frame_id=inspection.frame_id, inspection_id=inspection.inspection_id, finding_id=None
    )
    score = "" if inspection.score is None else f", score {inspection.score:.3f}"
    yield event(
        at=inspection.inspected_at,
        event="inspected",
        who=model_name,
        said=f"{inspection.outcome}{score}",
        note=inspection.unfit_detail or inspection.unfit_reason,
    )
    for one in made.findings:
        row = one.finding
        yield event(
            at=inspection.inspected_at,
            event="found",
            who=model_name,
            said=f"{row.verdict}, {row.severity}, {row.area_mm2:.3g} mm², score {row.score:.3f}",
            note=row.kind,
            finding_id=row.finding_id,
        )
        for review in one.reviews:
            yield event(
                at=review.reviewed_at,
                event="reviewed" if review.undoes_id is None else "undone",
                who=review.reviewer,
                said=f"{review.state_before} -> {review.state_after}",
                note=review.note,
                finding_id=row.finding_id,
            )
