"""The pictures beside the database: files named by their content, never changed, only added.

`aa/bb/<sha256><suffix>` inside one folder, aa and bb the first digits of the sha256. A file is
complete and on the disk before `put` returns, so a row that names it never points at nothing; a
program killed in between leaves at most a file that no row names (an orphan).

A file's time of change is when it was last stored, also where the same bytes were there before: who
removes orphans spares the young ones, whose rows may be on their way.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from db.engine import parsed, sqlite_path
from db.errors import EvidenceDamaged, EvidenceError, EvidenceMissing, EvidenceNotKept

_NAME = re.compile(r"([0-9a-f]{2})/([0-9a-f]{2})/(\1\2[0-9a-f]{60})\.[a-z0-9]{1,8}")
_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")
_ASIDE = ".removing-"


def evidence_folder(url: str) -> Path:
    """Where a database's pictures lie unless told otherwise.

    `evidence/` beside a SQLite file; in the current folder for a server.
    """
    path = sqlite_path(parsed(url))
    return Path("evidence") if path is None else path.parent / "evidence"


def is_evidence_name(name: str) -> bool:
    """False for files that somebody else put into the folder, and for unfinished ones."""
    return _NAME.fullmatch(name) is not None


class EvidenceStore:
    """Bytes in, name out; the same bytes have the same name and are stored once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, content: bytes, suffix: str) -> str:
        """Stores the bytes for good and returns their name; a damaged file is healed."""
        if not _SUFFIX.fullmatch(suffix):
            raise ValueError(f"a suffix is like '.png', got {suffix!r}")
        digest = hashlib.sha256(content).hexdigest()
        name = f"{digest[:2]}/{digest[2:4]}/{digest}{suffix}"
        target = self.folder / name
        try:
            if not (_holds(target, digest, len(content)) and _made_young(target)):
                self._write(target, content)
        except OSError as error:
            raise EvidenceError(f"cannot write the evidence file {target}: {error}") from error
        return name

    def get(self, name: str | None) -> bytes:
        """The bytes as they were stored; raises EvidenceMissing or EvidenceDamaged.

        A row whose picture was removed when its time was over has no name: EvidenceNotKept.
        """
        if name is None:
            raise EvidenceNotKept("this picture is no longer kept: the time for it is over")
        path = self.path(name)
        try:
            content = path.read_bytes()
        except FileNotFoundError as error:
            raise EvidenceMissing(
                f"the evidence file {path} is missing: restore it from a backup"
            ) from error
        except OSError as error:
            raise EvidenceError(f"cannot read the evidence file {path}: {error}") from error
        if hashlib.sha256(content).hexdigest() != path.stem:
            raise EvidenceDamaged(
                f"the evidence file {path} is damaged: restore it from a backup, "
                "or inspect the same frame again"
            )
        return content

    def has(self, name: str | None) -> bool:
        """Is it there? No for a picture that was never kept, or not any more."""
        return name is not None and self.path(name).is_file()

    def path(self, name: str) -> Path:
        """Where a name lies; refuses what is not a name of this store (such as ../secret)."""
        if not is_evidence_name(name):
            raise EvidenceError(f"{name!r} is not the name of an evidence file")
        return self.folder / name

    def names(self) -> Iterator[str]:
        """Every file below the folder, in the order of their names; also what is no evidence."""
        return _names_below(self.folder, "")

    def is_intact(self, name: str) -> bool:
        """Is the file there, with the bytes that its name promises? Reads all of it."""
        path = self.path(name)
        try:
            return _digest_of(path) == path.stem
        except FileNotFoundError:
            return False

    def size_bytes(self, name: str) -> int:
        """0 where there is no such file."""
        try:
            return (self.folder / name).stat().st_size
        except FileNotFoundError:
            return 0

    def is_older(self, name: str, moment: datetime) -> bool:
        """Was the file stored last before that moment? False where it is gone."""
        try:
            return _is_older(self.folder / name, moment)
        except FileNotFoundError:
            return False

    def remove(self, name: str, *, stored_before: datetime | None = None) -> bool:
        """Deletes a file unless it was stored later; False where it stays or is gone already.

        It is moved aside first: whoever stores the same bytes meanwhile finds nothing and writes
        them again, or has made the file young, and then it comes back.
        """
        path = self.folder / name
        aside = path.with_name(f"{_ASIDE}{path.name}")
        try:
            if stored_before is not None and not _is_older(path, stored_before):
                return False
            path.rename(aside)
            if stored_before is not None and not _is_older(aside, stored_before):
                aside.rename(path)
                return False
            aside.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise EvidenceError(f"cannot remove the evidence file {path}: {error}") from error
        return True

    def _write(self, target: Path, content: bytes) -> None:
        if not target.parent.is_dir():
            target.parent.mkdir(parents=True, exist_ok=True)
            for made_in in (target.parent.parent, self.folder, self.folder.parent):
                _sync_folder(made_in)
        handle, unfinished = tempfile.mkstemp(dir=target.parent, prefix=".unfinished-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(unfinished).chmod(0o644)
            Path(unfinished).replace(target)
        except BaseException:
            Path(unfinished).unlink(missing_ok=True)
            raise
        _sync_folder(target.parent)


def _names_below(folder: Path, prefix: str) -> Iterator[str]:
    """A folder sorts with its slash, so that whole names come in order."""
    if not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        found = sorted((f"{entry.name}/" if entry.is_dir() else entry.name) for entry in entries)
    for name in found:
        if name.endswith("/"):
            yield from _names_below(folder / name, f"{prefix}{name}")
        else:
            yield f"{prefix}{name}"


def _made_young(target: Path) -> bool:
    """False where somebody removed the file a moment ago."""
    try:
        os.utime(target)
    except FileNotFoundError:
        return False
    except PermissionError:  # another user's file: young or not, it is there
        return target.is_file()
    return True


def _is_older(path: Path, moment: datetime) -> bool:
    return path.stat().st_mtime < moment.timestamp()


def _holds(target: Path, digest: str, size_bytes: int) -> bool:
    if not target.is_file() or target.stat().st_size != size_bytes:
        return False
    return _digest_of(target) == digest


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync_folder(folder: Path) -> None:
    """Makes a new name in the folder survive a power cut; only POSIX knows how."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
