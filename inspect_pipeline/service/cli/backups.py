"""`run_pipeline.py db backup` and `db restore`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, TaskID, TextColumn, TimeElapsedColumn

from db.archive import back_up
from db.engine import connect, parsed, shown, sqlite_path
from db.errors import BackupError, DatabaseNotFound
from db.manifest import Manifest
from db.restoring import prove, restore
from db.transfer import Watch
from inspect_pipeline.service.cli.database import (
    DEFAULT_URL,
    DatabaseUrl,
    EvidenceFolder,
    say,
    store_of,
)

BackupFolder = Annotated[
    Path, typer.Argument(metavar="FOLDER", help="Folder of the backup.", show_default=False)
]


def backup_database(
    folder: BackupFolder,
    db: DatabaseUrl = DEFAULT_URL,
    evidence: EvidenceFolder = None,
    contents: Annotated[
        bool,
        typer.Option("--contents", help="Read the pictures that are in FOLDER already, and heal."),
    ] = False,
) -> None:
    """Write every row, picture and report to a folder, while inspection goes on.

    Into the same folder again, only new pictures are copied.
    Exit code 1 when pictures or reports that rows name are lost; all else is in the backup.
    """
    path = sqlite_path(parsed(db))
    if path is not None and not path.exists():
        raise DatabaseNotFound(f"the database {path} does not exist: name the right one with --db")
    engine = connect(db)
    try:
        with watching() as watch:
            manifest = back_up(
                engine,
                store_of(db, evidence),
                folder,
                made_at=datetime.now(UTC),
                watch=watch,
                contents=contents,
            )
    finally:
        engine.dispose()
    say(f"{shown(engine.url)} backed up to {folder}: {_contents_of(manifest)}")
    if manifest.lost:
        raise BackupError(
            f"{len(manifest.lost)} files that rows name are missing or damaged, such as "
            f"{manifest.lost[0]}; all else is in the backup. `db check --contents` lists them"
        )


def restore_database(
    folder: BackupFolder,
    db: DatabaseUrl = DEFAULT_URL,
    evidence: EvidenceFolder = None,
    replace: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The name of the database, to lose all rows that are in it now.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and prove the whole backup, and stop.")
    ] = False,
) -> None:
    """Fill an empty database from a backup; SQLite and PostgreSQL in any direction.

    The backup is read and proven first. All or nothing:
    a restore that fails or is killed leaves the database as it was.
    Sessions of browsers are not restored: everybody signs in again.
    """
    with watching() as watch:
        if dry_run:
            manifest = prove(folder, watch=watch)
        else:
            engine = connect(db)
            try:
                store = store_of(db, evidence)
                manifest = restore(folder, engine, store, replace=replace, watch=watch)
            finally:
                engine.dispose()
    done = "is whole" if dry_run else f"restored into {shown(parsed(db))}"
    say(f"{folder} {done}: {_contents_of(manifest)}")


@contextmanager
def watching() -> Iterator[Watch]:
    """Lines that count what is done, on a terminal."""
    columns = (TextColumn("{task.completed:,.0f} {task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        tasks: dict[str, TaskID] = {}

        def watch(what: str, more: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=None)
            progress.advance(tasks[what], more)

        yield watch


def _contents_of(manifest: Manifest) -> str:
    return (
        f"{sum(manifest.rows.values())} rows at revision {manifest.revision} of "
        f"{manifest.made_at:%Y-%m-%d %H:%M:%S} UTC, {manifest.pictures} pictures, "
        f"{manifest.pictures_bytes / 1e6:.1f} MB, {len(manifest.reports)} files of reports"
    )
