"""The steps by which a file becomes one that survives a power cut."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from inspect_pipeline.errors import DiskFull

_FULL = (errno.ENOSPC, errno.EDQUOT)
UNFINISHED = ".part"


class Disk:
    """Every touch of the spool's disk is one of these: a test puts its own in their place."""

    def write(self, path: Path, content: bytes) -> None:
        """The bytes are on the disk itself when this returns."""
        with path.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def rename(self, path: Path, target: Path) -> None:
        path.replace(target)

    def remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)

    def sync_folder(self, folder: Path) -> None:
        """The names in the folder are on the disk itself when this returns."""
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def free_bytes(self, folder: Path) -> int:
        return shutil.disk_usage(folder).free


def put(disk: Disk, target: Path, content: bytes, *, by_way_of: Path) -> None:
    """Writes a whole file for good, or none: half of one only ever lies in `by_way_of`.

    Raises DiskFull where there is no room, OSError for everything else that a disk can refuse; a
    second try then writes the same file again.
    """
    unfinished = by_way_of / f"{target.name}{UNFINISHED}"
    try:
        disk.write(unfinished, content)
        disk.rename(unfinished, target)
        disk.sync_folder(target.parent)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        if error.errno in _FULL:
            raise DiskFull(
                f"no room on the disk for {target} ({len(content) / 1e6:.1f} MB): free some space"
            ) from error
        raise


def hand_over(disk: Disk, target: Path, content: bytes) -> None:
    """Writes a file whole or not at all, which a power cut may take back: it can be made again."""
    unfinished = target.with_name(f"{target.name}{UNFINISHED}")
    try:
        unfinished.write_bytes(content)
        disk.rename(unfinished, target)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        if error.errno in _FULL:
            raise DiskFull(f"no room on the disk for {target}: free some space") from error
        raise
