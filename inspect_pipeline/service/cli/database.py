"""`run_pipeline.py db upgrade` and `db check`, and the options that name a database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from sqlalchemy import Engine

from db.engine import connect, session, shown, snapshot
from db.errors import DatabaseError
from db.evidence import EvidenceStore, evidence_folder
from db.integrity import broken_places
from db.pictures import Fault, NamedPicture, disagreements, named_pictures
from db.tallies import recounting
from db.tallies.recounting import wrong_tallies
from db.upgrade import current_revision, head_revision, open_database, upgrade

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
_SHOWN = 10  # of each fault


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


def say(line: str) -> None:
    """A line of text as it is, also into a pipe."""
    Console(soft_wrap=True, highlight=False, markup=False).print(line)


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
        say(f"{name} is up to date: revision {after}")
    else:
        say(f"{name} upgraded: revision {before or 'none'} -> {after}")


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
    recount: Annotated[
        bool, typer.Option("--recount", help="Count again where the kept counts are wrong.")
    ] = False,
) -> None:
    """Does the database fit this program, is it whole, and do its rows and its pictures agree?

    Exit code 1 when the file is damaged, when a kept count is wrong,
    when a picture that a row names is missing or damaged,
    or when a file in the evidence folder belongs to no row
    (a program was killed while it wrote, or is writing now).
    """
    store = store_of(db, evidence)
    with opened_database(db) as engine:
        complaints = [*_damage(engine), *_counts(engine, repair=recount)]
        pictures = _compare_pictures(engine, store, contents=contents, remove=remove_orphans)
    if pictures.complaint:
        complaints.append(pictures.complaint)
    if complaints:
        raise DatabaseError("; ".join(complaints))
    say(f"ok: revision {head_revision()}, {pictures.named} pictures in {store.folder}, all named")


def _damage(engine: Engine) -> list[str]:
    with session(engine, read_only=True) as opened:
        broken = broken_places(opened)
    for place in broken[:_SHOWN]:
        say(f"damage: {place}")
    name = shown(engine.url)
    return [f"{name} is damaged in {len(broken)} places: restore a backup"] if broken else []


def _counts(engine: Engine, *, repair: bool) -> list[str]:
    with snapshot(engine) as opened:
        wrong = wrong_tallies(opened)
    if not wrong:
        return []
    if not repair:
        return [f"{wrong} kept counts are wrong: count again with --recount"]
    with session(engine) as opened:
        recounting.recount(opened)
    say(f"{wrong} kept counts were wrong and are right now")
    return []


@dataclass
class _Pictures:
    """What a walk along rows and files has seen."""

    folder: Path
    named: int = 0
    faults: Counter[Fault] = field(default_factory=Counter)

    def counted(self, pictures: Iterable[NamedPicture]) -> Iterator[NamedPicture]:
        for picture in pictures:
            self.named += 1
            yield picture

    @property
    def complaint(self) -> str:
        """Empty where rows and files agree."""
        if not self.faults:
            return ""
        advice = []
        if self.faults[Fault.MISSING] or self.faults[Fault.DAMAGED]:
            advice.append("restore the folder from a backup, or give the right one with --evidence")
        if self.faults[Fault.ORPHAN]:
            advice.append(
                "remove what no row names with --remove-orphans while nothing is inspecting"
            )
        return (
            f"{self.folder} does not agree with the database: {self.faults[Fault.MISSING]} "
            f"missing, {self.faults[Fault.DAMAGED]} damaged, {self.faults[Fault.ORPHAN]} orphans: "
            f"{'; '.join(advice)}"
        )


def _compare_pictures(
    engine: Engine, store: EvidenceStore, *, contents: bool, remove: bool
) -> _Pictures:
    seen, removed = _Pictures(folder=store.folder), 0
    with snapshot(engine) as opened:
        named = seen.counted(named_pictures(opened))
        for one in disagreements(named, store, contents=contents):
            if remove and one.fault is Fault.ORPHAN:
                removed += store.remove(one.name)
                continue
            seen.faults[one.fault] += 1
            if seen.faults[one.fault] <= _SHOWN:
                say(f"{one.fault}: {one.name} (named by {one.named_by or 'no row'})")
    for fault, count in seen.faults.items():
        if count > _SHOWN:
            say(f"{fault}: and {count - _SHOWN} more")
    if remove:
        say(f"{removed} files that no row named were removed from {store.folder}")
    return seen
