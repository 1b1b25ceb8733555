"""What the rules of monitoring say of a frame, written in the transaction that writes the frame."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy.orm import Session

from db.errors import UnknownRecord
from db.events import note_event
from db.input_health import Place, add_figures, remember, remembered, watches
from db.models import Frame, Inspection
from db.questions.selection import Selection
from db.words import Outcome
from inspect_pipeline.monitoring.camera_watch import (
    CameraWatch,
    begun,
    summary_of,
    watch_accepted,
    watch_after,
)
from inspect_pipeline.monitoring.changes import Change, Observed
from inspect_pipeline.records import InputFigures
from plant_config.monitoring import Monitoring


def watch_frame(
    opened: Session,
    frame: Frame,
    inspection: Inspection,
    figures: InputFigures | None,
    settings: Monitoring,
) -> None:
    """Once for each new frame, in the order in which they are recorded."""
    place = Place(line_id=frame.line_id, camera_id=frame.camera_id, part=frame.part)
    has_passed = inspection.outcome is Outcome.PASSED
    add_figures(
        opened,
        place,
        frame.taken_at,
        is_unfit=inspection.outcome is Outcome.UNFIT,
        figures=None if figures is None else asdict(figures),
        passed_score=inspection.raw_score if has_passed else None,
    )
    seen = Observed(
        at=frame.taken_at,
        outcome=inspection.outcome,
        model_id=inspection.model_id,
        unfit_reason=inspection.unfit_reason,
        figures=figures,
        raw_score=inspection.raw_score,
    )
    known = remembered(opened, place.camera_id, place.part)
    watch = begun(seen) if known is None else CameraWatch.model_validate(known)
    watch, changes = watch_after(watch, seen, settings)
    _keep(opened, place, watch, changes, settings, frame.taken_at)


def accept_input(
    opened: Session, camera_id: str, settings: Monitoring, *, at: datetime
) -> list[str]:
    """The camera is fine as it is: what is usual is learned anew. Names the parts it looks at.

    Raises UnknownRecord where no frame of the camera has come yet.
    """
    known = watches(opened, Selection(camera=camera_id))
    if not known:
        raise UnknownRecord(
            f"nothing is known of camera {camera_id} yet: it learns from its first frames anyway"
        )
    for row in known:
        place = Place(line_id=row.line_id, camera_id=row.camera_id, part=row.part)
        found = remembered(opened, place.camera_id, place.part)
        watch, changes = watch_accepted(CameraWatch.model_validate(found), at)
        _keep(opened, place, watch, changes, settings, at)
    return [row.part for row in known]


def _keep(
    opened: Session,
    place: Place,
    watch: CameraWatch,
    changes: list[Change],
    settings: Monitoring,
    at: datetime,
) -> None:
    remember(
        opened,
        place,
        remembered=watch.model_dump(mode="json"),
        summary=summary_of(watch, settings),
        at=at,
    )
    for change in changes:
        note_event(opened, change.as_event(**asdict(place)))
