"""Which picture files do rows name, and do rows and files agree? Streams: nothing holds all names.

Both sides come in the order of their names, so one walk along both finds what one of them lacks.
The database sorts, on its disk where they are many; nobody else needs an index of names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from operator import attrgetter

from sqlalchemy import collate, inspect, literal, select, true, union_all
from sqlalchemy.orm import Session

from db.evidence import EvidenceStore
from db.models import Finding, GoodFrame, Inspection
from db.selects import Rows

ROWS_AT_ONCE = 5000


class PictureKind(StrEnum):
    OBSERVED = "observed"
    GOLDEN = "golden"
    RESTORED = "restored"
    HEAT = "heat"


@dataclass(frozen=True, kw_only=True)
class NamedPicture:
    """`named_by` is one of the rows that name it, such as "finding 7"."""

    name: str
    named_by: str


class Fault(StrEnum):
    MISSING = "missing"
    DAMAGED = "damaged"
    ORPHAN = "orphan"


@dataclass(frozen=True, kw_only=True)
class Disagreement:
    """`named_by` is None for an orphan: a file that no row names."""

    fault: Fault
    name: str
    named_by: str | None


def named_pictures(opened: Session) -> Iterator[NamedPicture]:
    """Every file that rows name, once each, in the order of the names.

    Tables that the database does not have yet, at an older revision, name nothing.
    """
    tables = set(inspect(opened.connection()).get_table_names())
    named = union_all(*_claims(tables)).subquery()
    name = collate(
        named.c.name, "C" if opened.get_bind().dialect.name == "postgresql" else "BINARY"
    )
    chosen = select(named.c.name, named.c.word, named.c.id).order_by(name, named.c.word, named.c.id)
    rows = opened.execute(chosen, execution_options={"yield_per": ROWS_AT_ONCE})
    for picture, claims in groupby(rows, key=attrgetter("name")):
        first = next(claims)
        yield NamedPicture(name=picture, named_by=f"{first.word} {first.id}")


def disagreements(
    named: Iterable[NamedPicture], store: EvidenceStore, *, contents: bool = False
) -> Iterator[Disagreement]:
    """What rows name and the folder lacks or holds damaged, and what only the folder holds.

    With `contents` every file is read. A file that was stored while this runs looks like an orphan.
    """
    files = iter(store.names())
    file = next(files, None)
    for picture in named:
        while file is not None and file < picture.name:
            yield Disagreement(fault=Fault.ORPHAN, name=file, named_by=None)
            file = next(files, None)
        if file != picture.name:
            yield _fault(Fault.MISSING, picture)
            continue
        if contents and not store.is_intact(picture.name):
            yield _fault(Fault.DAMAGED, picture)
        file = next(files, None)
    while file is not None:
        yield Disagreement(fault=Fault.ORPHAN, name=file, named_by=None)
        file = next(files, None)


def _claims(tables: set[str]) -> list[Rows]:
    is_in_set = GoodFrame.removed_at.is_(None)  # what was taken out again needs no picture
    columns = [
        *(
            (Finding.id, "finding", getattr(Finding, f"{kind}_name"), true())
            for kind in PictureKind
        ),
        *(
            (Inspection.id, "inspection", getattr(Inspection, f"{kind}_name"), true())
            for kind in PictureKind
        ),
        (GoodFrame.id, "good frame", GoodFrame.picture_name, is_in_set),
    ]
    return [
        select(name.label("name"), literal(word).label("word"), row_id).where(
            name.is_not(None), counts
        )
        for row_id, word, name, counts in columns
        if row_id.class_.__tablename__ in tables
    ]


def _fault(fault: Fault, picture: NamedPicture) -> Disagreement:
    return Disagreement(fault=fault, name=picture.name, named_by=picture.named_by)
