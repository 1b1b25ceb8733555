"""Which files of a folder were handed over before: a small SQLite file that survives restarts."""

from __future__ import annotations

import os
import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path

from inspect_pipeline.errors import CaptureError

_BATCH = 1000


@dataclass(frozen=True)
class FileState:
    """What tells a file from one of the same name that is written later."""

    size_bytes: int
    modified_ns: int


def state_of(path: Path) -> FileState:
    """Raises OSError where the file is gone."""
    status = path.stat()
    return FileState(status.st_size, status.st_mtime_ns)


class TakenFiles:
    """By path, size and time of change. May be asked by several threads. `file` None: in memory."""

    def __init__(self, file: Path | None) -> None:
        self._lock = threading.Lock()
        self._is_open = True
        try:
            if file is not None:
                file.parent.mkdir(parents=True, exist_ok=True)
            self._rows = sqlite3.connect(file or ":memory:", check_same_thread=False)
            self._rows.execute("PRAGMA journal_mode = WAL")
            self._rows.execute("PRAGMA synchronous = NORMAL")
            self._rows.execute(
                "CREATE TABLE IF NOT EXISTS taken (path BLOB PRIMARY KEY, "
                "size_bytes INTEGER NOT NULL, modified_ns INTEGER NOT NULL) WITHOUT ROWID"
            )
            self._rows.commit()
        except (OSError, sqlite3.Error) as error:
            raise CaptureError(
                f"the list of taken files {file} cannot be opened ({error}): check disk and "
                "permissions; where it is damaged remove it, files then come once more"
            ) from error

    def knows(self, path: Path, state: FileState) -> bool:
        """Was this very state of the file taken? Yes to all once it is closed: nothing is new."""
        with self._lock:
            if not self._is_open:
                return True
            found = self._rows.execute(
                "SELECT size_bytes, modified_ns FROM taken WHERE path = ?", (os.fsencode(path),)
            ).fetchone()
        return bool(found == (state.size_bytes, state.modified_ns))

    def remember(self, path: Path, state: FileState) -> None:
        row = (os.fsencode(path), state.size_bytes, state.modified_ns)
        with self._lock, self._rows:
            self._rows.execute("INSERT OR REPLACE INTO taken VALUES (?, ?, ?)", row)

    def forget(self, path: Path) -> None:
        with self._lock, self._rows:
            self._rows.execute("DELETE FROM taken WHERE path = ?", (os.fsencode(path),))

    def count(self) -> int:
        with self._lock:
            return int(self._rows.execute("SELECT count(*) FROM taken").fetchone()[0])

    def forget_vanished(self) -> int:
        """Drops what is no longer there, so that the list does not grow for ever; how many."""
        dropped, last = 0, b""
        while paths := self._paths_after(last):
            last = paths[-1]
            gone = [(path,) for path in paths if not os.path.lexists(path)]
            with self._lock, self._rows:
                self._rows.executemany("DELETE FROM taken WHERE path = ?", gone)
            dropped += len(gone)
        return dropped

    def close(self) -> None:
        with self._lock:
            if self._is_open:
                self._is_open = False
                self._rows.close()

    def _paths_after(self, last: bytes) -> list[bytes]:
        with self._lock:
            if not self._is_open:
                return []
            rows = self._rows.execute(
                "SELECT path FROM taken WHERE path > ? ORDER BY path LIMIT ?", (last, _BATCH)
            ).fetchall()
        return [row[0] for row in rows]
