"""A folder into which others put pictures, as a camera: each complete file is one shot."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from inspect_pipeline.capture.camera import Gap, Shot
from inspect_pipeline.capture.folder import modified_at, storable
from inspect_pipeline.capture.folder_events import FolderEvents
from inspect_pipeline.capture.folder_scan import FolderScanner, Scanned, Wanted
from inspect_pipeline.capture.reading import read_content
from inspect_pipeline.capture.settling import Settling
from inspect_pipeline.capture.taken_files import FileState, TakenFiles, state_of
from inspect_pipeline.capture.used_files import put_away
from inspect_pipeline.errors import CaptureError, UnreadablePicture
from plant_config.camera import FolderCameraSettings

SILENCE_MAX_S = 60.0  # a share that answers nothing for so long hangs
REFUSED_MAX_S = 30.0  # writers on other systems lock their file: so long it is tried again
_INBOX_MAX = 50_000
_STEP_S, _STEP_MIN_S = 0.5, 0.01

_log = logging.getLogger(__name__)


class DropFolder:
    """Files that are still written are left until they are complete; bytes are handed over as is.

    A file is complete when its writer closed or renamed it, as far as the system tells, or when it
    stood still for `settle_s`. `state` keeps which files were acknowledged, so that a restart does
    not hand over the same ones; without it, that is known until the camera is closed.
    """

    def __init__(
        self,
        settings: FolderCameraSettings,
        *,
        state: Path | None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        refused_max_s: float = REFUSED_MAX_S,
    ) -> None:
        self._settings = settings
        self._state = state
        self._now = now
        self._refused_max_s = refused_max_s
        self._who = f"camera {settings.id}"

    def __enter__(self) -> Self:
        settings = self._settings
        self._inbox: queue.SimpleQueue[tuple[Path, bool] | None] = queue.SimpleQueue()
        self._scanned: Scanned | OSError | None = None
        self._scan_lock = threading.Lock()
        self._ready: dict[Path, bool] = {}  # True: looked at twice, or closed by its writer
        self._settling = Settling(settings.settle_s)
        self._given: dict[str, tuple[Path, FileState]] = {}
        self._given_states: dict[Path, FileState] = {}
        self._put_away_at_s: dict[Path, float] = {}  # those that a scan under way may still tell of
        self._refused_since: dict[Path, float] = {}
        self._locked: set[Path] = set()
        self._gaps: list[Gap] = []
        self._stuck: set[Path] = set()
        self._is_all_found = True
        self._wanted = Wanted(
            folder=settings.path, pattern=settings.pattern, recursive=settings.recursive
        )
        file = self._state / f"{settings.id}-taken.sqlite" if self._state is not None else None
        self._taken = TakenFiles(file)
        polling = settings.watch == "polling"
        self._scanner = FolderScanner(
            self._wanted,
            self._taken,
            every_s=settings.poll_s if polling else settings.rescan_s,
            finds_taken=settings.after != "leave",
            tell=self._tell_scan,
        )
        self._events: FolderEvents | None = None
        try:
            if not polling:
                self._start_events()
            self._scanner.start()
        except OSError as error:
            self._close()
            raise self._gone(error) from error
        return self

    def __exit__(self, *_: object) -> None:
        self._scanner.stop()
        self._close()

    def wait(self, timeout_s: float) -> Shot | Gap | None:
        deadline_s = time.monotonic() + timeout_s
        while True:
            self._take_messages()
            if self._gaps:
                return self._gaps.pop(0)
            if shot := self._next_shot():
                return shot
            now_s = time.monotonic()
            if self._gaps:
                continue
            if now_s >= deadline_s:
                return None
            due_s = self._settling.next_s(now_s)
            self._listen(min(deadline_s - now_s, _STEP_S, due_s if due_s is not None else _STEP_S))

    def acknowledge(self, shot: Shot) -> None:
        """A shot from before the camera was opened again changes nothing: its file comes again."""
        path, state = self._given.pop(shot.source, (None, None))
        if path is None or state is None:
            return
        del self._given_states[path]
        self._taken.remember(path, state)
        self._put_away(path, state)

    def _put_away(self, path: Path, state: FileState) -> None:
        if self._settings.after == "leave":
            return
        try:
            put_away(path, state, self._settings.path, self._settings.move_to)
        except OSError as error:
            if path not in self._stuck:
                what = f"moved to {self._settings.move_to}" if self._settings.move_to else "removed"
                reason = f"{storable(str(path))} cannot be {what}, tried again: {error.strerror}"
                _log.warning("%s: %s", self._who, reason)
            self._stuck.add(path)
            return
        self._stuck.discard(path)
        self._taken.forget(path)
        self._settling.forget(path)
        self._put_away_at_s[path] = time.monotonic()

    def _next_shot(self) -> Shot | None:
        now_s = time.monotonic()
        for path, state in self._settling.due(now_s):
            now = _state_or_none(path)
            if now is not None and now != state:
                self._settling.seen(path, now, now_s)
            else:
                self._ready.setdefault(path, True)
        while self._ready:
            path = next(iter(self._ready))
            del self._ready[path]
            if shot := self._shot_of(path, now_s):
                return shot
        if not self._is_all_found and not len(self._settling):
            self._is_all_found = True
            self._scanner.look_now()
        return None

    def _shot_of(self, path: Path, now_s: float) -> Shot | None:
        """None where the file is known, gone, still written or still locked by its writer."""
        state = _state_or_none(path)
        if state is None and not path.is_symlink():
            reason = f"{storable(str(path))} vanished before it could be read"
            _log.warning("%s: %s", self._who, reason)
            self._gaps.append(Gap(noticed_at=self._now(), reason=reason, shots=1))
            return None
        state = state or FileState(0, 0)
        if self._given_states.get(path) == state:
            return None
        if self._taken.knows(path, state):
            self._put_away(path, state)
            return None
        try:
            content = read_content(path)
        except UnreadablePicture as error:
            since_s = self._refused_since.setdefault(path, now_s)
            if now_s - since_s < self._refused_max_s:
                self._settling.forget(path)
                self._settling.seen(path, state, now_s)
                return None
            _log.warning("%s: %s", self._who, storable(str(error)))
            content = b""
        self._refused_since.pop(path, None)
        if content and _state_or_none(path) != state:
            self._settling.seen(path, state, now_s)
            return None
        return self._given_out(path, state, content)

    def _given_out(self, path: Path, state: FileState, content: bytes) -> Shot:
        source = storable(str(path))
        self._given[source] = (path, state)
        self._given_states[path] = state
        return Shot(content=content, taken_at=modified_at(path), source=source)

    def _take_messages(self) -> None:
        for _ in range(_INBOX_MAX):
            try:
                self._take(self._inbox.get_nowait())
            except queue.Empty:
                break
        silent_s = time.monotonic() - self._scanner.alive_at
        if silent_s > SILENCE_MAX_S:
            raise CaptureError(
                f"{self._who}: folder {self._settings.path} has not answered for {silent_s:.0f} s: "
                "check the share and the network"
            )

    def _listen(self, timeout_s: float) -> None:
        with contextlib.suppress(queue.Empty):
            self._take(self._inbox.get(timeout=max(timeout_s, _STEP_MIN_S)))

    def _take(self, told: tuple[Path, bool] | None) -> None:
        """What an event told of a file; None: there is a scan to be read."""
        if told is None:
            with self._scan_lock:
                scanned, self._scanned = self._scanned, None
            if scanned is not None:
                self._take_scan(scanned)
            return
        path, is_complete = told
        now_s = time.monotonic()
        if not self._wanted.holds(path):
            return
        state = _state_or_none(path)
        if state is None:
            self._settling.forget(path)
        elif is_complete and state.size_bytes:
            self._settling.forget(path)
            self._ready[path] = True
        else:
            self._settling.seen(path, state, now_s)

    def _take_scan(self, scanned: Scanned | OSError) -> None:
        if isinstance(scanned, OSError):
            raise self._gone(scanned) from scanned
        now_s = time.monotonic()
        self._is_all_found = scanned.is_complete
        self._put_away_at_s = {
            path: at_s for path, at_s in self._put_away_at_s.items() if at_s >= scanned.began_s
        }
        for path, state in scanned.files:
            if path in self._put_away_at_s:
                continue  # seen before it was put away; what has its name now is found again
            if path not in self._ready and self._given_states.get(path) != state:
                self._settling.seen(path, state, now_s)
        for folder in scanned.locked.keys() - self._locked:
            reason = f"folder {storable(str(folder))} cannot be listed: {scanned.locked[folder]}"
            _log.warning("%s: %s", self._who, reason)
            self._gaps.append(Gap(noticed_at=self._now(), reason=reason))
        self._locked = set(scanned.locked)

    def _start_events(self) -> None:
        self._events = FolderEvents(
            self._settings.path, recursive=self._settings.recursive, tell=self._tell_event
        )
        self._events.start()

    def _tell_scan(self, found: Scanned | OSError) -> None:
        """The newest alone is kept: however long nobody waits, memory does not grow."""
        with self._scan_lock:
            is_told = self._scanned is not None
            self._scanned = found
        if not is_told:
            self._inbox.put(None)

    def _tell_event(self, path: Path, is_complete: bool) -> None:
        if self._inbox.qsize() < _INBOX_MAX:
            self._inbox.put((path, is_complete))
        else:
            self._scanner.look_now()  # what is not told now is found by looking

    def _close(self) -> None:
        if self._events is not None:
            self._events.stop()
        self._taken.close()

    def _gone(self, error: OSError) -> CaptureError:
        return CaptureError(
            f"{self._who}: folder {self._settings.path} is not there "
            f"({error.strerror or error}): check the path, or mount its share"
        )


def _state_or_none(path: Path) -> FileState | None:
    try:
        return state_of(path)
    except OSError:
        return None
