"""The pictures beside the database: files named by their content, never changed, only added.

`aa/bb/<sha256><suffix>` inside one folder, aa and bb the first digits of the sha256. A file is
complete and on the disk before `put` returns, so a row that names it never points at nothing; a
program killed in between leaves at most a file that no row names (an orphan).
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path

from db.engine import parsed, sqlite_path
from db.errors import EvidenceDamaged, EvidenceError, EvidenceMissing

_NAME = re.compile(r"([0-9a-f]{2})/([0-9a-f]{2})/(\1\2[0-9a-f]{60})\.[a-z0-9]{1,8}")
_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")


def evidence_folder(url: str) -> Path:
    """Where a database's pictures lie unless told otherwise.

    `evidence/` beside a SQLite file; in the current folder for a server.
    """
    path = sqlite_path(parsed(url))
    return Path("evidence") if path is None else path.parent / "evidence"


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
            if not _holds(target, digest, len(content)):
                self._write(target, content)
        except OSError as error:
            raise EvidenceError(f"cannot write the evidence file {target}: {error}") from error
        return name

    def get(self, name: str) -> bytes:
        """The bytes as they were stored; raises EvidenceMissing or EvidenceDamaged."""
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

    def path(self, name: str) -> Path:
        """Where a name lies; refuses what is not a name of this store (such as ../secret)."""
        if not _NAME.fullmatch(name):
            raise EvidenceError(f"{name!r} is not the name of an evidence file")
        return self.folder / name

    def missing(self, named: Iterable[str]) -> list[str]:
        """Which of the named files are not there?"""
        return sorted(name for name in set(named) if not self.path(name).is_file())

    def damaged(self, named: Iterable[str]) -> list[str]:
        """Which of the named files are there with other bytes? Reads every one of them."""
        return sorted(
            name
            for name in set(named)
            if self.path(name).is_file() and _digest_of(self.path(name)) != self.path(name).stem
        )

    def orphans(self, named: Iterable[str]) -> list[str]:
        """Which files does nobody name? Meaningful only while nobody writes."""
        known = set(named)
        files = (path for path in self.folder.rglob("*") if path.is_file())
        names = (path.relative_to(self.folder).as_posix() for path in files)
        return sorted(name for name in names if name not in known)

    def remove(self, orphans: Iterable[str]) -> None:
        """Deletes files that `orphans` found; a file that is gone already is no error."""
        for name in orphans:
            path = self.folder / name
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise EvidenceError(f"cannot remove the evidence file {path}: {error}") from error

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
