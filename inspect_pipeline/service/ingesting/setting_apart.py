"""Frames that cannot be inspected or recorded: kept as files, told of as events."""

from __future__ import annotations

import logging
from datetime import datetime

from db.words import EventKind, Severity
from inspect_pipeline.ingestion.entry import Entry
from inspect_pipeline.ingestion.notices import Notice, Notices, of_post
from inspect_pipeline.ingestion.spool import CameraSpool, Place, intact

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

    Where the quarantine is full the frame is given up: those that came first show what is wrong.
    `entry` is None where the file is too damaged to say what it was.
    """
    is_full = spool.is_quarantine_full()
    kept_as = spool.quarantined / place.path.name
    became = "given up, the quarantine is full" if is_full else f"set apart as {kept_as}"
    notice = Notice(
        kind=EventKind.SHED if is_full else EventKind.QUARANTINED,
        severity=Severity.CRITICAL,
        at=at,
        text=f"a frame of camera {spool.camera_id} is {became}: {reason}",
        facts={
            "reason": reason,
            **({} if is_full else {"file": str(kept_as)}),
            "tries": place.tries,
            **(entry.facts() if entry else {}),
        },
        key=_given_up_key(spool, place) if is_full else quarantine_key(spool, place),
        **(of_post(entry.post) if entry else {"camera_id": spool.camera_id}),
    )
    _log.error("%s", notice.text)
    notices.put(notice)
    if is_full:
        spool.disk.remove(place.path)
    else:
        spool.quarantine(place)
    spool.disk.remove(place.result)


def discard(
    spool: CameraSpool, place: Place, notices: Notices, *, by: str, why: str, at: datetime
) -> None:
    """Gives up a frame that was set apart, with who wanted it and why; the event first."""
    entry = intact(spool, place)
    notice = Notice(
        kind=EventKind.SHED,
        severity=Severity.MAJOR,
        at=at,
        text=f"a frame of camera {spool.camera_id} that was set apart was discarded by {by}: {why}",
        facts={"by": by, "why": why, **(entry.facts() if entry else {"file": place.path.name})},
        key=_given_up_key(spool, place),
        **(of_post(entry.post) if entry else {"camera_id": spool.camera_id}),
    )
    notices.put(notice)
    spool.disk.remove(place.path)


def quarantine_key(spool: CameraSpool, place: Place) -> str:
    """Of the event that told of it."""
    return f"quarantined {spool.camera_id} {place.stem}"


def _given_up_key(spool: CameraSpool, place: Place) -> str:
    return f"given up {spool.camera_id} {place.stem}"
