"""Writes: each one happens inside the caller's transaction and commits nothing itself."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import exists, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.catalogue import meet_camera
from db.errors import RecordRefused, UnknownRecord
from db.models import Finding, Frame, Inspection, Model
from db.queries import find_inspection
from db.tallies.findings import tally_inspection
from db.tallies.judged_frames import keep_frame, tally_another
from db.tallies.locks import counting
from db.urgency import urgency
from db.web_joining import Grade, join, meetings
from db.web_neighbours import keep_web_around
from db.words import ReviewState


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """`written` is False where the same inspection had been recorded before: nothing changed.

    `is_new_frame`: no other inspection of the frame had been recorded.
    """

    inspection_id: int
    written: bool
    is_new_frame: bool = False


def register_model(opened: Session, model: Model) -> bool:
    """Makes a model known before its first inspection; True where it was new.

    A model is its content (model_id is a hash), so a second registration changes nothing. The same
    model for another part is refused.
    """
    known_part = _part_of_model(opened, model.model_id)
    if known_part is None:
        try:
            with opened.begin_nested():
                opened.add(model)
        except IntegrityError:
            known_part = _part_of_model(opened, model.model_id)
            if known_part is None:
                raise
        else:
            return True
    if known_part != model.part:
        raise RecordRefused(
            f"model {model.model_id} is registered for part {known_part!r}, now it comes for "
            f"{model.part!r}: a model belongs to one part"
        )
    return False


def record_inspection(
    opened: Session, frame: Frame, inspection: Inspection, grade: Grade | None = None
) -> Recorded:
    """Writes an inspection with its findings and, where it is new, its frame.

    What a neighbouring frame of a web has shown before is joined with it (db.web_joining); `grade`
    says how severe the whole is, else it is as severe as the worst of its regions.

    Both come unsaved, the inspection without `frame_id`. The same frame, model and configuration
    once more changes nothing; another model or configuration is a second inspection of the frame.
    """
    if _part_of_model(opened, inspection.model_id) is None:
        raise UnknownRecord(
            f"model {inspection.model_id} is not registered in this database: "
            "register it before its first inspection"
        )
    known_id = _known_inspection(opened, frame, inspection)
    if known_id is not None:
        return Recorded(inspection_id=known_id, written=False)
    zone = counting(opened)
    around = keep_web_around(opened, frame, inspection)
    inspection.frame_id, was_known = _frame_id(opened, frame)
    seen_before = keep_frame(opened, inspection.frame_id) if was_known else None
    for finding in inspection.findings:
        _place(finding, frame)
    met = [] if around is None else meetings(around, frame, inspection.findings)
    joined = [finding for meeting in met for finding in meeting.new]
    inspection.findings = [one for one in inspection.findings if one not in joined]
    try:
        with opened.begin_nested():
            opened.add(inspection)
    except IntegrityError:  # another program recorded it between our question and our answer
        known_id = _known_inspection(opened, frame, inspection)
        if known_id is None:
            raise
        return Recorded(inspection_id=known_id, written=False)
    _mark_compared(opened, inspection)
    tally_inspection(opened, frame, inspection, zone=zone)
    if seen_before is not None:
        tally_another(opened, seen_before, inspection, zone=zone)
    if around is not None and met:
        for finding in joined:
            finding.inspection_id = inspection.id
        join(opened, met, frame, around, zone=zone, grade=grade)
    return Recorded(inspection_id=inspection.id, written=True, is_new_frame=not was_known)


def _mark_compared(opened: Session, inspection: Inspection) -> None:
    """Call it while the frame is kept from others, who might inspect it too."""
    other = exists().where(
        Inspection.frame_id == inspection.frame_id, Inspection.model_id != inspection.model_id
    )
    marked = update(Frame).where(Frame.id == inspection.frame_id, ~Frame.is_compared, other)
    opened.execute(marked.values(is_compared=True))


def _place(finding: Finding, frame: Frame) -> None:
    """Gives a finding what it repeats of its frame and what follows from it (db.models.Finding)."""
    finding.part, finding.line_id, finding.camera_id = frame.part, frame.line_id, frame.camera_id
    finding.taken_at = frame.taken_at
    finding.place_x = (finding.x0 + finding.x1) / 2 / (frame.width_px or finding.x1)
    finding.place_y = (finding.y0 + finding.y1) / 2 / (frame.height_px or finding.y1)
    start_mm = frame.web_position_mm
    finding.web_mm = None if start_mm is None else start_mm + finding.centre_y_mm
    finding.urgency = urgency(
        verdict=finding.verdict, severity=finding.severity, score=finding.score
    )
    finding.state, finding.version = ReviewState.NEW, 1


def _frame_id(opened: Session, frame: Frame) -> tuple[int, bool]:
    """The id of the frame as it is known, or of the new row; and was it known?"""
    known = _known_frame(opened, frame)
    if known is None:
        try:
            meet_camera(opened, camera_id=frame.camera_id, line_id=frame.line_id, part=frame.part)
            with opened.begin_nested():
                opened.add(frame)
        except IntegrityError:
            known = _known_frame(opened, frame)
            if known is None:
                raise
        else:
            return frame.id, False
    frame_id, part, line_id = known
    if (part, line_id) != (frame.part, frame.line_id):
        raise RecordRefused(
            f"the frame {frame.source} of camera {frame.camera_id} is recorded as part {part!r} "
            f"on line {line_id!r}, now it comes as part {frame.part!r} on line "
            f"{frame.line_id!r}: correct the part or line, or use another database"
        )
    return frame_id, True


def _known_frame(opened: Session, frame: Frame) -> tuple[int, str, str] | None:
    row = opened.execute(
        select(Frame.id, Frame.part, Frame.line_id).where(
            Frame.camera_id == frame.camera_id,
            Frame.taken_at == frame.taken_at,
            Frame.content_sha256 == frame.content_sha256,
        )
    ).one_or_none()
    return None if row is None else (row[0], row[1], row[2])


def _known_inspection(opened: Session, frame: Frame, inspection: Inspection) -> int | None:
    return find_inspection(
        opened,
        camera_id=frame.camera_id,
        taken_at=frame.taken_at,
        content_sha256=frame.content_sha256,
        model_id=inspection.model_id,
        config_id=inspection.config_id,
    )


def _part_of_model(opened: Session, model_id: str) -> str | None:
    return opened.scalar(select(Model.part).where(Model.model_id == model_id))
