"""A backup of its own each time; files that the one before has too are there only once.

folder/20260301T023000Z/   as `db backup` writes it, complete in itself
"""

from __future__ import annotations

import os
import re
import shutil
from itertools import chain
from pathlib import Path

from db.archive import back_up
from db.engine import session
from db.errors import BackupError
from db.evidence import EvidenceStore
from db.manifest import EVIDENCE, MANIFEST, REPORTS, read_manifest
from db.pictures import named_pictures
from db.report_archive import report_files
from inspect_pipeline.service.housekeeping.chore import ChoreContext, ChoreResult
from plant_config.jobs import BackupJob

_NAME = re.compile(r"\d{8}T\d{6}Z")


def make_backup(settings: BackupJob, context: ChoreContext) -> ChoreResult:
    """Raises BackupError, also where files that rows name are lost; the rest is in it then."""
    made_at = context.now()
    settings.folder.mkdir(parents=True, exist_ok=True)
    before = _backups(settings.folder)
    target = settings.folder / f"{made_at:%Y%m%dT%H%M%SZ}"
    if before:
        _link_files(context, before[-1], target)
    store = EvidenceStore(context.plant.storage.evidence_folder)
    manifest = back_up(context.engine, store, target, made_at=made_at, watch=context.watch)
    for old in _backups(settings.folder)[: -settings.keep]:
        shutil.rmtree(old)
    _remove_unfinished(settings.folder)
    if manifest.lost:
        raise BackupError(
            f"{target} is written, but {len(manifest.lost)} files that rows name are "
            f"missing or damaged, such as {manifest.lost[0]}"
        )
    return ChoreResult(
        text=(
            f"{target}: {sum(manifest.rows.values())} rows, {manifest.pictures} pictures, "
            f"{manifest.pictures_bytes / 1e6:.1f} MB, {len(manifest.reports)} files of reports"
        )
    )


def _backups(folder: Path) -> list[Path]:
    """Those that are complete, oldest first."""
    return sorted(
        path
        for path in folder.iterdir()
        if _NAME.fullmatch(path.name) and (path / MANIFEST).is_file()
    )


def _remove_unfinished(folder: Path) -> None:
    """What was begun and broken off, before one that is complete."""
    for path in folder.iterdir():
        if _NAME.fullmatch(path.name) and path.is_dir() and not (path / MANIFEST).is_file():
            shutil.rmtree(path)


def _link_files(context: ChoreContext, before: Path, target: Path) -> None:
    """Files never change once they are stored: where links are not to be had, they are copied.

    Only those that a row still names: what was removed for its age leaves the backups with them.
    """
    reports = read_manifest(before).reports
    with session(context.engine, read_only=True) as opened:
        named = report_files(opened)
        wanted = chain(
            ((REPORTS, reports[name]) for name in named if name in reports),
            ((EVIDENCE, one.name) for one in named_pictures(opened)),
        )
        for folder, name in wanted:
            context.watch("files", 1)
            if not _link(EvidenceStore(before / folder), EvidenceStore(target / folder), name):
                return


def _link(source: EvidenceStore, made: EvidenceStore, name: str) -> bool:
    """False where links are not to be had."""
    if source.size_bytes(name) == 0:
        return True
    path = made.path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source.path(name), path)
    except FileExistsError:
        return True
    except OSError:
        return False
    return True
