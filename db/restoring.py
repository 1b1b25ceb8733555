"""A backup becomes a database again: proven first, files before rows, all or nothing."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import URL

from db.engine import connect, default_url, opened_archive, session, shown
from db.errors import BackupError, WrongRevision
from db.evidence import EvidenceStore
from db.manifest import EVIDENCE, REPORTS, Manifest, read_manifest, sha256_of_file
from db.pictures import named_pictures
from db.report_archive import reports_folder
from db.transfer import Watch, copy_rows, full_tables, remove_all_rows
from db.upgrade import filling, head_revision, known_revisions, our_revision, upgrade

LEFT_OUT = frozenset({"browser_sessions"})  # or browsers that signed out would be signed in again


def prove(folder: Path, *, watch: Watch) -> Manifest:
    """Reads all of a backup and raises BackupError unless every byte is what was backed up."""
    manifest = read_manifest(folder)
    if manifest.revision not in known_revisions():
        raise WrongRevision(
            f"the backup {folder} is at revision {manifest.revision}, which is newer than this "
            f"program ({head_revision()}): pip install --upgrade inspect-pipeline"
        )
    rows = folder / manifest.rows_file
    if not rows.is_file() or sha256_of_file(rows) != manifest.rows_sha256:
        raise BackupError(f"{rows} is not as it was written: use another backup")
    store, lost, count = EvidenceStore(folder / EVIDENCE), set(manifest.missing), 0
    for name in _picture_names(rows):
        if name in lost:
            continue
        if not store.is_intact(name):
            raise BackupError(f"{store.path(name)} is missing or damaged: use another backup")
        count += 1
        watch("pictures", 1)
    _prove_reports(folder, manifest, watch)
    if count != manifest.pictures:
        raise BackupError(f"{folder} names {count} pictures, its manifest {manifest.pictures}")
    return manifest


def restore(
    folder: Path, engine: Engine, store: EvidenceStore, *, replace: str | None, watch: Watch
) -> Manifest:
    """Fills an empty database, or one whose name is given as `replace`, and its evidence folder
    with the reports beside it.

    Raises BackupError, and then the database is as it was. A backup of an older revision is brought
    to ours on its way. Sessions of browsers are left out: everybody signs in again.
    """
    our_revision(engine)
    _refuse_full(engine, replace)
    manifest = prove(folder, watch=watch)
    source, lost = EvidenceStore(folder / EVIDENCE), set(manifest.missing)
    for name in _picture_names(folder / manifest.rows_file):
        if name not in lost:
            store.put(source.get(name), Path(name).suffix)
            watch("pictures", 1)
    _put_reports(folder, manifest, reports_folder(store.folder), watch)
    with _at_our_revision(folder / manifest.rows_file, manifest) as rows, filling(engine) as target:
        if full_tables(target):
            _refuse(engine.url, target, replace)
            remove_all_rows(target)
        with opened_archive(rows) as archive, archive.connect() as source_rows:
            copied = copy_rows(source_rows, target, watch=watch, leave_out=LEFT_OUT)
        if manifest.revision == head_revision():
            _prove_counts(copied, manifest)
    return manifest


def _prove_reports(folder: Path, manifest: Manifest, watch: Watch) -> None:
    kept = EvidenceStore(folder / REPORTS)
    for name in manifest.reports.values():
        if not kept.is_intact(name):
            raise BackupError(f"{kept.path(name)} is missing or damaged: use another backup")
        watch("reports", 1)


def _put_reports(folder: Path, manifest: Manifest, into: Path, watch: Watch) -> None:
    """Each whole or as it was; what is there under another name stays."""
    kept = EvidenceStore(folder / REPORTS)
    for name, kept_as in manifest.reports.items():
        content, path = kept.get(kept_as), into / name
        if not path.is_file() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_name(f".unfinished-{path.name}")
            unfinished.write_bytes(content)
            unfinished.replace(path)
        watch("reports", 1)


def name_of(url: URL) -> str:
    """The database's own name, such as findings.db: what a person must say to replace it."""
    return Path(url.database or "").name


def _refuse_full(engine: Engine, replace: str | None) -> None:
    with session(engine, read_only=True) as opened:
        _refuse(engine.url, opened.connection(), replace)


def _refuse(url: URL, connection: Connection, replace: str | None) -> None:
    full = full_tables(connection)
    if full and replace != name_of(url):
        misnamed = f", and {replace!r} is not its name" if replace else ""
        raise BackupError(
            f"{shown(url)} holds rows in {', '.join(full[:3])}{misnamed}: restore into an empty "
            f"database, or lose what is in this one with --replace {name_of(url)}"
        )


@contextmanager
def _at_our_revision(rows: Path, manifest: Manifest) -> Iterator[Path]:
    """The file itself, or a copy of it that was brought to our revision."""
    if manifest.revision == head_revision():
        yield rows
        return
    with tempfile.TemporaryDirectory(prefix="restore-") as place:
        copy = Path(place) / "rows.db"
        shutil.copyfile(rows, copy)
        engine = connect(default_url(copy))
        try:
            upgrade(engine)
        finally:
            engine.dispose()
        yield copy


def _picture_names(rows: Path) -> Iterator[str]:
    with opened_archive(rows) as archive, session(archive) as opened:
        for picture in named_pictures(opened):
            yield picture.name


def _prove_counts(copied: dict[str, int], manifest: Manifest) -> None:
    wanted = {name: count for name, count in manifest.rows.items() if name not in LEFT_OUT}
    if copied != wanted:
        raise BackupError("the backup's rows are not those that its manifest counts")
