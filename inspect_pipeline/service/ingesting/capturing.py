"""The process of one camera: what it gives is put into the spool, then the camera may forget it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime

from db.words import EventKind, Severity
from inspect_pipeline.capture.camera import Camera, Gap
from inspect_pipeline.errors import CameraEnded, CaptureError, DiskFull
from inspect_pipeline.ingestion.admission import Admission, Decision
from inspect_pipeline.ingestion.entry import Entry, Post, entry_of
from inspect_pipeline.ingestion.notices import Notice, of_post
from inspect_pipeline.service.ingesting.gates import AlwaysOpen, Gate
from inspect_pipeline.service.ingesting.link import Link

LOOK_EVERY_S = 0.25
FIRST_LOOK_S = 0.02  # for room, when there was none
FREE_AFTER_S = 30.0  # without a frame that had to wait: a line at its limit tells of it once


class Capture:
    """Takes from a camera what it gives, for as long as nobody says stop."""

    def __init__(
        self,
        open_camera: Callable[[], Camera],
        post: Post,
        admission: Admission,
        link: Link,
        *,
        once: bool = False,
        gate: Gate | None = None,
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.open_camera = open_camera
        self.post = post
        self.admission = admission
        self.notices = admission.notices
        self.limits = admission.limits
        self.link = link
        self.once = once
        self.gate = gate or AlwaysOpen()
        self._now = now
        self._clock = clock
        self._is_lost = False
        self._was_ready = False
        self._is_full = False
        self._waited_at_s = 0.0
        self._pause_s = self.limits.restart_after_s

    def run(self) -> None:
        """Until it is told to stop, or the camera says that nothing will ever come again.

        A camera that is gone is opened again, after a pause that grows; with `once` it raises
        CaptureError.
        """
        self.admission.spool.sweep()
        while not self.link.stopping:
            if not self.gate.is_open():
                self.notices.say()
                self.link.pause(LOOK_EVERY_S)
                continue
            try:
                with self.open_camera() as camera:
                    self._is_ready()
                    self._take_from(camera)
            except CameraEnded as end:
                self._note(EventKind.CAMERA_ENDED, Severity.MINOR, str(end))
                self.link.say("ended")
                return
            except CaptureError as error:
                self._is_gone(error)
                if self.once:
                    raise
                self.link.pause(self._pause_s)
                self._pause_s = min(2 * self._pause_s, self.limits.restart_at_most_s)
            self.notices.say()

    def _is_ready(self) -> None:
        """Told once: a camera on a schedule is opened for each order."""
        if not self._was_ready:
            self._was_ready = True
            self.link.say("ready")

    def _take_from(self, camera: Camera) -> None:
        while not self.link.stopping and self.gate.is_open():
            self.link.beat()
            given = camera.wait(LOOK_EVERY_S)
            self._is_back()
            if isinstance(given, Gap):
                self._note_gap(given)
            elif given is not None:
                entry = entry_of(given, self.post, received_at=self._now())
                if self._is_safe(entry):
                    camera.acknowledge(given)
                    self.gate.took(entry)
            self.notices.say()

    def _is_safe(self, entry: Entry) -> bool:
        """Waits for room as long as it takes; False only where it shall stop meanwhile."""
        pause_s = FIRST_LOOK_S
        while True:
            try:
                decision = self.admission.admit(entry)
            except OSError as error:
                self._is_short_of_room(EventKind.DISK_FULL, f"the spool cannot be written: {error}")
            except DiskFull as error:
                self._is_short_of_room(EventKind.DISK_FULL, str(error))
            else:
                if decision is not Decision.WAIT:
                    self._has_room_again()
                    return True
                self._is_short_of_room(EventKind.SPOOL_FULL, "the spool is full: the camera waits")
            if self.link.pause(pause_s):
                return False
            pause_s = min(2 * pause_s, LOOK_EVERY_S)

    def _is_short_of_room(self, kind: EventKind, text: str) -> None:
        self._waited_at_s = self._clock()
        if not self._is_full:
            self._is_full = True
            self._note(kind, Severity.CRITICAL, f"camera {self.post.camera_id}: {text}")

    def _has_room_again(self) -> None:
        if self._is_full and self._clock() - self._waited_at_s > FREE_AFTER_S:
            self._is_full = False
            text = f"camera {self.post.camera_id}: the spool takes frames again"
            self._note(EventKind.SPOOL_FREE, Severity.MINOR, text)

    def _is_gone(self, error: CaptureError) -> None:
        if not self._is_lost:
            self._is_lost = True
            self._note(EventKind.CAMERA_LOST, Severity.CRITICAL, str(error))

    def _is_back(self) -> None:
        """Not when it can be opened: when it can be waited for."""
        self._pause_s = self.limits.restart_after_s
        if self._is_lost:
            self._is_lost = False
            text = f"camera {self.post.camera_id} is back"
            self._note(EventKind.CAMERA_BACK, Severity.MINOR, text)

    def _note_gap(self, gap: Gap) -> None:
        facts = {
            "shots": gap.shots,
            "web_from_mm": gap.web_from_mm,
            "web_until_mm": gap.web_until_mm,
        }
        text = f"camera {self.post.camera_id} did not hand over what it saw: {gap.reason}"
        self._note(EventKind.GAP, Severity.MAJOR, text, at=gap.noticed_at, facts=facts)

    def _note(
        self,
        kind: EventKind,
        severity: Severity,
        text: str,
        *,
        at: datetime | None = None,
        facts: Mapping[str, object] | None = None,
    ) -> None:
        self.notices.say(
            Notice(
                kind=kind,
                severity=severity,
                at=at or self._now(),
                text=text,
                facts=facts or {},
                **of_post(self.post),
            )
        )
