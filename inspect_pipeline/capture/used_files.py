"""What becomes of a file whose picture is safe: moved beside others or removed, never replaced."""

from __future__ import annotations

import errno
import os
import shutil
from itertools import count
from pathlib import Path

from inspect_pipeline.capture.taken_files import FileState, state_of


def put_away(path: Path, state: FileState, folder: Path, move_to: Path | None) -> None:
    """Moves the file to `move_to`, keeping its folders below `folder`; removes it without one.

    Raises OSError where that fails. A file that was written anew meanwhile is another picture: it
    stays. One that somebody else took away is no error.
    """
    try:
        if state_of(path) != state:
            return
        if move_to is None:
            path.unlink()
        else:
            _move(path, move_to / path.relative_to(folder))
    except FileNotFoundError:
        if move_to is not None and path.exists():
            raise


def _move(path: Path, wanted: Path) -> None:
    wanted.parent.mkdir(parents=True, exist_ok=True)
    target = _reserved(wanted)
    try:
        path.replace(target)
        return
    except OSError as error:
        if error.errno != errno.EXDEV:
            target.unlink()
            raise
    fresh = target.with_name(f".{target.name}.copying")
    try:
        shutil.copy2(path, fresh)
        with fresh.open("rb") as copied:
            os.fsync(copied.fileno())
        fresh.replace(target)
    except OSError:
        fresh.unlink(missing_ok=True)
        target.unlink(missing_ok=True)
        raise
    path.unlink()


def _reserved(wanted: Path) -> Path:
    """An empty file of that name, or of the first free one beside it: a~2.png."""
    for number in count(2):
        target = wanted if number == 2 else wanted.with_stem(f"{wanted.stem}~{number - 1}")
        try:
            target.touch(exist_ok=False)
        except FileExistsError:
            continue
        return target
    raise AssertionError("count never ends")
