"""A backup of its own each time; pictures that the one before has too are there only once.

folder/20260301T023000Z/   as `db backup` writes it, complete in itself
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from db.archive import back_up
from db.engine import session
from db.errors import BackupError
from db.evidence import EvidenceStore
from db.manifest import EVIDENCE, MANIFEST
from db.pictures import named_pictures
from inspect_pipeline.service.housekeeping.chore import ChoreContext, ChoreResult
from plant_config.jobs import BackupJob

_NAME = re.compile(r"\d{8}T\d{6}Z")


def make_backup(settings: BackupJob, context: ChoreContext) -> ChoreResult:
    """Raises BackupError, also where pictures that rows name are lost; the rest is in it then."""
    made_at = context.now()
    settings.folder.mkdir(parents=True, exist_ok=True)
    before = _backups(settings.folder)
    target = settings.folder / f"{made_at:%Y%m%dT%H%M%SZ}"
    if before:
        _link_pictures(context, before[-1], target)
    store = EvidenceStore(context.plant.storage.evidence_folder)
    manifest = back_up(context.engine, store, target, made_at=made_at, watch=context.watch)
    for old in _backups(settings.folder)[: -settings.keep]:
        shutil.rmtree(old)
    _remove_unfinished(settings.folder)
    if manifest.missing:
        raise BackupError(
            f"{target} is written, but {len(manifest.missing)} pictures that rows name are "
            f"missing or damaged, such as {manifest.missing[0]}"
        )
    return ChoreResult(
        text=(
            f"{target}: {sum(manifest.rows.values())} rows, {manifest.pictures} pictures, "
            f"{manifest.pictures_bytes / 1e6:.1f} MB"
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


def _link_pictures(context: ChoreContext, before: Path, target: Path) -> None:
    """Pictures never change once they are stored: where links are not to be had, they are copied.

    Only those that a row still names: what was removed for its age leaves the backups with them.
    """
    source, made = EvidenceStore(before / EVIDENCE), EvidenceStore(target / EVIDENCE)
    with session(context.engine, read_only=True) as opened:
        for picture in named_pictures(opened):
            context.watch("pictures", 1)
            if source.size_bytes(picture.name) == 0:
                continue
            path = made.path(picture.name)
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(source.path(picture.name), path)
            except FileExistsError:
                continue
            except OSError:
                return
