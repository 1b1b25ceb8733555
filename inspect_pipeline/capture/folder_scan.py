"""Looking at a folder again and again, in a thread of its own: what is there that is new?

A share that hangs holds up this thread only; whoever waits for pictures is told after a while.
"""

from __future__ import annotations

import heapq
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from inspect_pipeline.capture.folder import natural_order
from inspect_pipeline.capture.reading import PICTURE_ENDINGS
from inspect_pipeline.capture.taken_files import FileState, TakenFiles

FOUND_MAX = 10_000  # of more new files the oldest; the others are found when these are taken
ROOT_CHECK_S = 1.0
_VANISHED_MIN = 1000
_REST = 4.0  # a scan rests at least so many times as long as it took


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which files of a folder are pictures of this camera."""

    folder: Path
    pattern: str | None
    recursive: bool

    def takes(self, name: str) -> bool:
        """Asked for every file at every look: no Path is made of it."""
        if name.startswith(".") or os.path.splitext(name)[1].lower() not in PICTURE_ENDINGS:  # noqa: PTH122
            return False
        return self.pattern is None or fnmatch(name, self.pattern)

    def holds(self, path: Path) -> bool:
        """Is the path one that a scan would have found?"""
        if not self.takes(path.name) or not path.is_relative_to(self.folder):
            return False
        inner = path.relative_to(self.folder).parts[:-1]
        if inner and not self.recursive:
            return False
        return not any(name.startswith(".") for name in inner)


@dataclass(frozen=True, kw_only=True)
class Scanned:
    """What one look at the folder found: new files, oldest first, and folders it could not list."""

    files: list[tuple[Path, FileState]]
    is_complete: bool
    known: int  # how many others are there that were taken before
    locked: dict[Path, str]
    began_s: float  # by a clock that never goes back


class FolderScanner:
    """Scans at once and then every `every_s` seconds; `tell` is called from its thread.

    `finds_taken`: files that were taken before are found too, since they should be gone.
    """

    def __init__(
        self,
        wanted: Wanted,
        taken: TakenFiles,
        *,
        every_s: float,
        finds_taken: bool,
        tell: Callable[[Scanned | OSError], None],
    ) -> None:
        self._wanted = wanted
        self._taken = taken
        self._finds_taken = finds_taken
        self._every_s = every_s
        self._tell = tell
        self._stopping = threading.Event()
        self._asked = threading.Event()
        self._thread = threading.Thread(target=self._run, name="folder scan", daemon=True)
        self._known = 0
        self._is_tidied = False
        self.alive_at = time.monotonic()  # when the folder last answered

    def start(self) -> None:
        """Raises OSError where the folder is not there."""
        self._root = _identity(self._wanted.folder)
        self._thread.start()

    def look_now(self) -> None:
        self._asked.set()

    def stop(self, patience_s: float = 2.0) -> None:
        """A thread that hangs in the file system is left behind; it ends when that answers."""
        self._stopping.set()
        self._asked.set()
        self._thread.join(patience_s)

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                started = time.monotonic()
                found = self._scan()
                if not self._stopping.is_set():
                    self._tell(found)
                took_s = time.monotonic() - started
                self._drop_vanished(found)
                self._rest(max(self._every_s, _REST * took_s))
        except OSError as error:
            self._tell(error)

    def _drop_vanished(self, found: Scanned) -> None:
        """The list of taken files is gone through once, where it holds far more than there is."""
        if self._is_tidied or not found.is_complete:
            return
        self._is_tidied = True
        if self._taken.count() > found.known + _VANISHED_MIN:
            self._taken.forget_vanished()

    def _rest(self, pause_s: float) -> None:
        """Meanwhile a folder that vanishes is noticed within a second."""
        until = time.monotonic() + pause_s
        while (left_s := until - time.monotonic()) > 0:
            if self._asked.wait(min(left_s, ROOT_CHECK_S)):
                self._asked.clear()
                return
            self._check_root()

    def _check_root(self) -> None:
        if _identity(self._wanted.folder) != self._root:
            raise OSError("another folder is there now: its share was unmounted or replaced")
        self.alive_at = time.monotonic()

    def _scan(self) -> Scanned:
        self._check_root()
        began_s = time.monotonic()
        locked: dict[Path, str] = {}
        self._known = 0
        new = heapq.nsmallest(FOUND_MAX, self._new_files(locked), key=_oldest_first)
        is_complete = len(new) < FOUND_MAX
        return Scanned(
            files=new,
            is_complete=is_complete,
            known=self._known,
            locked=locked,
            began_s=began_s,
        )

    def _new_files(self, locked: dict[Path, str]) -> Iterator[tuple[Path, FileState]]:
        for entry in self._walk(self._wanted.folder, frozenset(), locked):
            self.alive_at = time.monotonic()
            if self._stopping.is_set():
                return
            path = Path(entry.path)
            try:
                status = entry.stat()
            except OSError:  # vanished, or a link that leads nowhere: reading it will say so
                if not entry.is_symlink():
                    continue
                status = entry.stat(follow_symlinks=False)
            state = FileState(status.st_size, status.st_mtime_ns)
            if self._taken.knows(path, state):
                self._known += 1
                if not self._finds_taken:
                    continue
            yield path, state

    def _walk(
        self, folder: Path, around: frozenset[str], locked: dict[Path, str]
    ) -> Iterator[os.DirEntry[str]]:
        """Follows links to folders, but never into a folder that it is already inside of."""
        real = os.path.realpath(folder)
        if real in around:
            return
        try:
            entries = os.scandir(folder)
        except OSError as error:
            if folder == self._wanted.folder:
                raise
            if not isinstance(error, FileNotFoundError):
                locked[folder] = error.strerror or str(error)
            return
        with entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if _is_folder(entry):
                    if self._wanted.recursive:
                        yield from self._walk(Path(entry.path), around | {real}, locked)
                elif self._wanted.takes(entry.name):
                    yield entry


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is not a folder")
    return status.st_dev, status.st_ino


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _oldest_first(found: tuple[Path, FileState]) -> tuple[int, list[tuple[int, int, str]]]:
    path, state = found
    return state.modified_ns, natural_order(path)
