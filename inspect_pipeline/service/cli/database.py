"""`run_pipeline.py db`: bring the tables up to date, and prove that rows and pictures agree."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from sqlalchemy import Engine

from db import queries
from db.engine import connect, session, shown
from db.errors import DatabaseError
from db.evidence import EvidenceStore, evidence_folder
from db.upgrade import current_revision, head_revision, open_database, upgrade

app = typer.Typer(
    help="The findings database: its tables and the pictures beside it.", no_args_is_help=True
)

DEFAULT_URL = "sqlite:///findings.db"
DatabaseUrl = Annotated[
    str,
    typer.Option(
        "--db",
        envvar="INSPECT_DB",
        metavar="URL",
        help="Database: sqlite:///FILE or postgresql://USER@HOST/NAME.",
    ),
]
EvidenceFolder = Annotated[
    Path | None,
    typer.Option(
        "--evidence",
        metavar="FOLDER",
        help="Folder of the pictures. Default: evidence/ beside the SQLite file, "
        "for a server evidence/ in the current folder.",
        show_default=False,
    ),
]
_SHOWN_FILES = 10


@contextmanager
def opened_database(url: str) -> Iterator[Engine]:
    """The database of a verb that needs an existing one; closed at the end."""
    engine = open_database(url, create=False)
    try:
        yield engine
    finally:
        engine.dispose()


def store_of(url: str, evidence: Path | None) -> EvidenceStore:
    return EvidenceStore(evidence_folder(url) if evidence is None else evidence)


@app.command("upgrade")
def upgrade_database(db: DatabaseUrl = DEFAULT_URL) -> None:
    """Create the tables, or bring them to the revision this program needs.

    All or nothing, and safe to repeat. Make a backup of a database with findings in it first.
    """
    engine = connect(db)
    try:
        before = current_revision(engine)
        upgrade(engine)
        after = current_revision(engine)
    finally:
        engine.dispose()
    name = shown(engine.url)
    if before == after:
        _say(f"{name} is up to date: revision {after}")
    else:
        _say(f"{name} upgraded: revision {before or 'none'} -> {after}")


@app.command("check")
def check_database(
    db: DatabaseUrl = DEFAULT_URL,
    evidence: EvidenceFolder = None,
    contents: Annotated[
        bool, typer.Option("--contents", help="Read every picture too, and compare its content.")
    ] = False,
    remove_orphans: Annotated[
        bool,
        typer.Option(
            "--remove-orphans",
            help="Delete the files that no row names. Only while nothing is inspecting.",
        ),
    ] = False,
) -> None:
    """Does the database fit this program, and do its rows and its pictures agree?

    Exit code 1 when a picture that a row names is missing or damaged,
    or when a file in the evidence folder belongs to no row
    (a program was killed while it wrote, or is writing now).
    """
    store = store_of(db, evidence)
    with opened_database(db) as engine, session(engine, read_only=True) as opened:
        named = queries.evidence_names(opened)
    missing, orphans = store.missing(named), store.orphans(named)
    damaged = store.damaged(named) if contents else []
    if remove_orphans:
        store.remove(orphans)
        _say(f"{len(orphans)} files that no row named were removed from {store.folder}")
        orphans = []
    if missing or damaged or orphans:
        _list_files("missing", {name: f"named by {named[name]}" for name in missing})
        _list_files("damaged", {name: f"named by {named[name]}" for name in damaged})
        _list_files("orphan", dict.fromkeys(orphans, "named by no row"))
        raise DatabaseError(_complaint(store, missing=missing, damaged=damaged, orphans=orphans))
    _say(f"ok: revision {head_revision()}, {len(named)} pictures in {store.folder}, all named")


def _complaint(
    store: EvidenceStore, *, missing: list[str], damaged: list[str], orphans: list[str]
) -> str:
    advice = []
    if missing or damaged:
        advice.append("restore the folder from a backup, or give the right one with --evidence")
    if orphans:
        advice.append("remove what no row names with --remove-orphans while nothing is inspecting")
    return (
        f"{store.folder} does not agree with the database: {len(missing)} missing, "
        f"{len(damaged)} damaged, {len(orphans)} orphans: {'; '.join(advice)}"
    )


def _list_files(what: str, files: dict[str, str]) -> None:
    for name, reason in list(files.items())[:_SHOWN_FILES]:
        _say(f"{what}: {name} ({reason})")
    if len(files) > _SHOWN_FILES:
        _say(f"{what}: and {len(files) - _SHOWN_FILES} more")


def _say(line: str) -> None:
    Console(soft_wrap=True, highlight=False, markup=False).print(line)
