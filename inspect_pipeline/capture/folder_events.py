"""What the operating system tells of a folder: files closed after writing, or moved into it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

COMPLETE = frozenset({"closed", "moved"})
GROWING = frozenset({"created", "modified"})


class FolderEvents:
    """`tell(path, is_complete)` is called from another thread, for files of the folder.

    Shares on the network tell nothing of what other computers write: those are scanned.
    """

    def __init__(
        self, folder: Path, *, recursive: bool, tell: Callable[[Path, bool], None]
    ) -> None:
        self._observer = Observer()
        self._observer.schedule(_Listener(tell), str(folder), recursive=recursive)

    def start(self) -> None:
        """Raises OSError where the folder is gone or the system allows no more watches."""
        self._observer.start()

    def stop(self, patience_s: float = 2.0) -> None:
        """Also where it could not be started: a thread and handles were there before that."""
        self._observer.stop()
        if self._observer.is_alive():
            self._observer.join(patience_s)


class _Listener(FileSystemEventHandler):
    def __init__(self, tell: Callable[[Path, bool], None]) -> None:
        self._tell = tell

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.is_directory or event.event_type not in COMPLETE | GROWING:
            return
        is_moved = event.event_type == "moved"
        path = os.fsdecode(event.dest_path if is_moved else event.src_path)
        if path:
            self._tell(Path(path), event.event_type in COMPLETE)
