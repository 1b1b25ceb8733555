"""Disks that end the program between two steps, or have little room: the spool's own stand-ins."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

from inspect_pipeline.ingestion.disk import Disk


class PulledPlug(BaseException):
    """The program ends here: nothing after it runs, not even what tidies up after errors."""


class DyingDisk(Disk):
    """Does so many steps and no more; the step at which it ends is not done, or done by half."""

    def __init__(self, steps: int, *, by_half: bool = False) -> None:
        self.steps_left = steps
        self.by_half = by_half

    def write(self, path: Path, content: bytes) -> None:
        if self._is_over():
            if self.by_half:
                path.write_bytes(content[: len(content) // 2])
            raise PulledPlug
        super().write(path, content)

    def rename(self, path: Path, target: Path) -> None:
        self._step()
        super().rename(path, target)

    def remove(self, path: Path) -> None:
        self._step()
        super().remove(path)

    def sync_folder(self, folder: Path) -> None:
        self._step()
        super().sync_folder(folder)

    def _is_over(self) -> bool:
        self.steps_left -= 1
        return self.steps_left < 0

    def _step(self) -> None:
        if self._is_over():
            raise PulledPlug


class SmallDisk(Disk):
    """Has room for so many bytes below a folder, and says so as the kernel does."""

    def __init__(self, folder: Path, room_bytes: int, *, freed_bytes: int = 0) -> None:
        self.folder = folder
        self.room_bytes = room_bytes
        self.freed_bytes = freed_bytes  # what somebody frees when it has refused
        self.refused: Callable[[], None] = lambda: None

    def write(self, path: Path, content: bytes) -> None:
        room = self.free_bytes(path.parent)
        if len(content) > room:
            path.write_bytes(content[:room])
            self.room_bytes += self.freed_bytes
            self.refused()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        super().write(path, content)

    def free_bytes(self, folder: Path) -> int:
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        return self.room_bytes - sum(path.stat().st_size for path in files)
