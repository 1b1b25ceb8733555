"""Frames that cannot be inspected or recorded: kept as files, told of as events."""

from __future__ import annotations

import logging
from datetime import datetime

from db.words import EventKind, Severity
from inspect_pipeline.ingestion.entry import Entry
from inspect_pipeline.ingestion.notices import Notice, Notices, of_post
from inspect_pipeline.ingestion.spool import CameraSpool, Place

_log = logging.getLogger(__name__)


def set_apart(
    spool: CameraSpool,
    place: Place,
    notices: Notices,
    *,
    entry: Entry | None,
    reason: str,
    at: datetime,
) -> None:
    """The event first, so that no kill leaves a frame in quarantine of which nobody was told.

    `entry` is None where the file is too damaged to say what it was.
    """
    kept_as = spool.quarantined / place.path.name
    notice = Notice(
        kind=EventKind.QUARANTINED,
        severity=Severity.CRITICAL,
        at=at,
        text=f"a frame of camera {spool.camera_id} is set apart as {kept_as}: {reason}",
        facts={
            "reason": reason,
            "file": str(kept_as),
            "tries": place.tries,
            **(entry.facts() if entry else {}),
        },
        key=f"quarantined {spool.camera_id} {place.stem}",
        **(of_post(entry.post) if entry else {"camera_id": spool.camera_id}),
    )
    _log.error("%s", notice.text)
    notices.put(notice)
    spool.quarantine(place)
    spool.disk.remove(place.result)
