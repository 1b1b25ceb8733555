"""Backups: one moment of the database and the pictures that its rows name, while others write.

Rows come first, from one snapshot; pictures and the files of reports after, as they are only ever
added. A second backup into the same folder copies only the pictures that are new, and replaces the
first in one step.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from db.engine import connect, default_url, opened_archive, session, shown, snapshot
from db.errors import BackupError, EvidenceDamaged, EvidenceMissing
from db.evidence import EvidenceStore
from db.manifest import (
    EVIDENCE,
    MANIFEST,
    REPORTS,
    ROWS_NAME,
    Manifest,
    sha256_of_file,
    write_manifest,
)
from db.pictures import named_pictures
from db.report_archive import report_files, reports_folder
from db.transfer import Watch, copy_rows, count_rows
from db.upgrade import our_revision, upgrade

MOST_MISSING = 1000
_UNFINISHED = ".unfinished-"


def back_up(
    engine: Engine,
    store: EvidenceStore,
    folder: Path,
    *,
    made_at: datetime,
    watch: Watch,
    contents: bool = False,
) -> Manifest:
    """Writes the backup and says what is in it; a database at an older revision will do.

    Pictures and files of reports that rows name and that are missing or damaged are listed in the
    manifest; reports lie beside the pictures' folder. With
    `contents` pictures that are in the folder already are read too, and healed. Raises BackupError.
    """
    revision = our_revision(engine)
    if revision is None:
        raise BackupError(f"the database {shown(engine.url)} has no tables yet: nothing to back up")
    name = f"rows-{made_at.astimezone(UTC):%Y%m%dT%H%M%S%f}Z.db"
    unfinished = folder / f"{_UNFINISHED}{name}"
    try:
        _make_folder(folder)
        _write_rows(engine, revision, unfinished, watch)
        copied = _Pictures(store, EvidenceStore(folder / EVIDENCE), contents=contents)
        with opened_archive(unfinished) as archive, session(archive) as opened:
            rows = count_rows(opened.connection())
            copied.copy_all(opened, watch)
            reports, missing_reports = _copy_reports(opened, store, folder, watch)
        manifest = Manifest(
            made_at=made_at,
            revision=revision,
            kind=engine.dialect.name,
            rows_file=name,
            rows_sha256=sha256_of_file(unfinished),
            rows=rows,
            pictures=copied.count,
            pictures_bytes=copied.size_bytes,
            missing=tuple(copied.missing),
            reports=reports,
            missing_reports=missing_reports,
        )
        _finish(folder, unfinished, manifest)
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"cannot write the backup {folder}: {error}") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return manifest


class _Pictures:
    """Copies the pictures that rows name, once each."""

    def __init__(self, source: EvidenceStore, target: EvidenceStore, *, contents: bool) -> None:
        self._source, self._target, self._contents = source, target, contents
        self.count = self.size_bytes = 0
        self.missing: list[str] = []

    def copy_all(self, opened: Session, watch: Watch) -> None:
        for picture in named_pictures(opened):
            try:
                self._copy(picture.name)
            except (EvidenceMissing, EvidenceDamaged):
                self.missing.append(picture.name)
                self._refuse_a_wrong_folder()
                continue
            self.count += 1
            self.size_bytes += self._target.size_bytes(picture.name)
            watch("pictures", 1)

    def _copy(self, name: str) -> None:
        size_bytes = self._source.size_bytes(name)
        is_there = size_bytes > 0 and self._target.size_bytes(name) == size_bytes
        if self._contents or not is_there:
            content = self._source.get(name)
            self._target.put(content, Path(name).suffix)

    def _refuse_a_wrong_folder(self) -> None:
        if len(self.missing) > MOST_MISSING:
            raise BackupError(
                f"more than {MOST_MISSING} pictures that rows name are not in "
                f"{self._source.folder}: give the right folder with --evidence"
            )


def _copy_reports(
    opened: Session, store: EvidenceStore, folder: Path, watch: Watch
) -> tuple[dict[str, str], tuple[str, ...]]:
    """By what name each file is kept, and those that are not there."""
    source, target = reports_folder(store.folder), EvidenceStore(folder / REPORTS)
    kept, missing = {}, []
    for name in report_files(opened):
        try:
            content = (source / name).read_bytes()
        except FileNotFoundError:
            missing.append(name)
            continue
        kept[name] = target.put(content, Path(name).suffix)
        watch("reports", 1)
    return kept, tuple(missing)


def _make_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    strange = [
        path.name
        for path in folder.iterdir()
        if path.name not in (MANIFEST, EVIDENCE, REPORTS)
        and not path.name.startswith(_UNFINISHED)
        and not ROWS_NAME.fullmatch(path.name)
    ]
    if strange:
        raise BackupError(
            f"{folder} holds {sorted(strange)[0]!r}, which is not of a backup: give a folder of "
            "its own"
        )


def _write_rows(engine: Engine, revision: str, path: Path, watch: Watch) -> None:
    path.touch(mode=0o600)  # it holds the hashes of passwords
    if engine.dialect.name == "sqlite":
        _copy_file(engine, path)
    else:
        _copy_server(engine, revision, path, watch)
    with closing(sqlite3.connect(path)) as written:
        written.execute("PRAGMA journal_mode=DELETE")
        found = written.execute("PRAGMA integrity_check").fetchone()[0]
    if found != "ok":
        raise BackupError(f"the database is damaged ({found}): keep your older backups")


def _copy_file(engine: Engine, path: Path) -> None:
    """All pages in one step, which holds one moment; writers go on in the write-ahead log."""
    with engine.connect() as connection, closing(sqlite3.connect(path)) as target:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection), "the dialect is SQLite's"
        driver.backup(target)


def _copy_server(engine: Engine, revision: str, path: Path, watch: Watch) -> None:
    archive = connect(default_url(path))
    try:
        upgrade(archive, revision)
        with snapshot(engine) as opened, session(archive) as written:
            copy_rows(opened.connection(), written.connection(), watch=watch)
    finally:
        archive.dispose()


def _finish(folder: Path, unfinished: Path, manifest: Manifest) -> None:
    """The new rows take their name, then the manifest names them, then the old ones go."""
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    unfinished.chmod(0o400)
    unfinished.rename(folder / manifest.rows_file)
    write_manifest(folder, manifest)
    for path in folder.iterdir():
        is_old = ROWS_NAME.fullmatch(path.name) and path.name != manifest.rows_file
        if is_old or path.name.startswith(_UNFINISHED):
            path.unlink()
