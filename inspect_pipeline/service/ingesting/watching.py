"""What the rules of monitoring say of a frame, written in the transaction that writes the frame."""

from __future__ import annotations

import logging
from dataclasses import asdict, astuple
from datetime import datetime
from math import isfinite
from typing import Any

from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from db.errors import DatabaseError, UnknownRecord
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
from inspect_pipeline.monitoring.scores import ScoreWatch
from inspect_pipeline.records import InputFigures
from plant_config.monitoring import Monitoring

_log = logging.getLogger(__name__)


def watch_frame(
    opened: Session,
    frame: Frame,
    inspection: Inspection,
    figures: InputFigures | None,
    settings: Monitoring,
) -> None:
    """Once for each new frame, in the order in which they are recorded.

    What cannot be watched is logged: no frame stays unrecorded for it. Where the database refuses,
    the frame fails too, and is tried again.
    """
    try:
        with opened.begin_nested():
            _watch(opened, frame, inspection, figures, settings)
    except (SQLAlchemyError, DatabaseError):
        raise
    except Exception:  # noqa: BLE001 - the frame counts for more than its figures
        _log.exception("camera=%s frame=%s is not watched", frame.camera_id, frame.source)


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
        watch, changes = watch_accepted(_readable(found), at)
        _keep(opened, place, watch, changes, settings, at)
    return [row.part for row in known]


def _watch(
    opened: Session,
    frame: Frame,
    inspection: Inspection,
    figures: InputFigures | None,
    settings: Monitoring,
) -> None:
    place = Place(line_id=frame.line_id, camera_id=frame.camera_id, part=frame.part)
    figures = figures if figures is not None and _is_finite(*astuple(figures)) else None
    score = inspection.raw_score
    score = score if score is not None and _is_finite(score) else None
    add_figures(
        opened,
        place,
        frame.taken_at,
        is_unfit=inspection.outcome is Outcome.UNFIT,
        figures=None if figures is None else asdict(figures),
        passed_score=score if inspection.outcome is Outcome.PASSED else None,
    )
    seen = Observed(
        at=frame.taken_at,
        outcome=inspection.outcome,
        model_id=inspection.model_id,
        unfit_reason=inspection.unfit_reason,
        figures=figures,
        raw_score=score,
    )
    known = remembered(opened, place.camera_id, place.part)
    watch = begun(seen) if known is None else CameraWatch.model_validate(known)
    watch, changes = watch_after(watch, seen, settings)
    _keep(opened, place, watch, changes, settings, frame.taken_at)


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


def _readable(found: dict[str, Any] | None) -> CameraWatch:
    """What is remembered; nothing, where a newer program wrote what nobody here understands."""
    try:
        return CameraWatch.model_validate(found)
    except ValidationError:
        return CameraWatch(scores=ScoreWatch(model_id=""))


def _is_finite(*numbers: float) -> bool:
    """What is not cannot be compared, nor stored by every database."""
    return all(isfinite(number) for number in numbers)
