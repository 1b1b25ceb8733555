"""May one more frame of this camera come in, and if not, which one is given up?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import Enum, auto

from db.words import EventKind, Severity
from inspect_pipeline.ingestion.entry import Entry, Post
from inspect_pipeline.ingestion.notices import Notice, Notices, of_post
from inspect_pipeline.ingestion.spool import SHEDDER, CameraSpool, Occupancy, Place, intact
from plant_config.ingestion import Ingestion

_MEGABYTE = 1_000_000


class Decision(Enum):
    """TAKEN: safe on the disk. SHED: given up, with a record. WAIT: the camera has to keep it."""

    TAKEN = auto()
    SHED = auto()
    WAIT = auto()


class Admission:
    """Keeps one camera within its share of the spool, as the plant file says."""

    def __init__(
        self,
        spool: CameraSpool,
        notices: Notices,
        limits: Ingestion,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self.spool = spool
        self.notices = notices
        self.limits = limits
        self._now = now
        self._at_most = Occupancy(entries=limits.entries_max, content_bytes=_UNKNOWN)

    def admit(self, entry: Entry) -> Decision:
        """Puts the entry into the spool if there is room, or sheds one by the plant's rule.

        Raises DiskFull or OSError where the disk itself refuses; nothing is changed then.
        """
        if self._has_room(entry):
            self._put(entry)
            return Decision.TAKEN
        if self.limits.when_full == "block":
            return Decision.WAIT
        if self.limits.when_full == "shed_oldest" and self._shed_until_room(entry):
            self._put(entry)
            return Decision.TAKEN
        self.notices.put(self._shed(entry, "the newest: the spool is full"))
        return Decision.SHED

    def _put(self, entry: Entry) -> None:
        self.spool.put(entry)
        self._at_most = Occupancy(
            entries=self._at_most.entries + 1,
            content_bytes=self._at_most.content_bytes + len(entry.content),
        )

    def _has_room(self, entry: Entry) -> bool:
        """Counts only what has been added since the last look, until that might be too much."""
        if self._fits(self._at_most, entry):
            return True
        self._at_most = self.spool.occupancy()
        return self._fits(self._at_most, entry)

    def _fits(self, occupied: Occupancy, entry: Entry) -> bool:
        size = len(entry.content)
        left = self.spool.disk.free_bytes(self.spool.folder) - size
        return (
            occupied.entries < self.limits.entries_max
            and occupied.content_bytes + size <= self.limits.megabytes_max * _MEGABYTE
            and left >= self.limits.keep_free_megabytes * _MEGABYTE
        )

    def _shed_until_room(self, entry: Entry) -> bool:
        """False where nothing waits that could be given up: workers have all of it."""
        for place in self.spool.queue():
            if taken := self.spool.claim(place, SHEDDER):
                shed(self.spool, self.notices, taken, now=self._now)
            if self._has_room(entry):
                return True
        return False

    def _shed(self, entry: Entry, which: str) -> Notice:
        return _notice_of(entry, which, now=self._now)


def shed(
    spool: CameraSpool, notices: Notices, place: Place, *, now: Callable[[], datetime]
) -> None:
    """Gives up a claimed frame: its record first. Safe to repeat, also after a kill in between."""
    entry = intact(spool, place)
    if entry is not None:
        notices.put(_notice_of(entry, "the oldest: the spool is full", now=now))
        spool.disk.remove(place.path)
    else:
        spool.quarantine(place)


def _notice_of(entry: Entry, which: str, *, now: Callable[[], datetime]) -> Notice:
    post: Post = entry.post
    return Notice(
        kind=EventKind.SHED,
        severity=Severity.MAJOR,
        at=now(),
        text=f"frame {entry.source} of camera {post.camera_id} was given up, {which}",
        facts=entry.facts(),
        key=f"shed {post.camera_id} {entry.stem}",
        **of_post(post),
    )


_UNKNOWN = 2**62  # more than fits: the first frame looks at the disk
