"""Files and folders that are there completely or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from inspect_pipeline.errors import UsageError


@contextmanager
def whole_file(out: Path) -> Iterator[IO[bytes]]:
    """A file to write beside `out`; it replaces `out` where no error came."""
    try:
        handle, written = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}-")
    except OSError as error:
        raise UsageError(f"cannot write {out}: {error.strerror}: choose another folder") from error
    unfinished = Path(written)
    try:
        with os.fdopen(handle, "w+b") as file:
            yield file
        unfinished.chmod(0o644)
        unfinished.replace(out)
    except OSError as error:
        raise UsageError(f"cannot write {out}: {error.strerror}") from error
    finally:
        unfinished.unlink(missing_ok=True)


def keep_whole(out: Path, content: bytes) -> None:
    """Writes the file, and its folder where there is none. Raises UsageError."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write {out}: {error.strerror}: choose another folder") from error
    with whole_file(out) as file:
        file.write(content)


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """A folder to fill beside `out`, which must not exist or be empty; it becomes `out`."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out} is there already: name a new folder")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}-"))
    except OSError as error:
        raise UsageError(f"cannot write {out}: {error.strerror}: choose another folder") from error
    try:
        yield unfinished
        unfinished.chmod(0o755)
        if out.exists():
            out.rmdir()
        unfinished.replace(out)
    except OSError as error:
        raise UsageError(f"cannot write {out}: {error.strerror}") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
