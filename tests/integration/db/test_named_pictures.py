"""Whichever column names a picture: `db check` walks it and pruning spares its file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Engine

from db.columns import Base, EvidenceName
from db.engine import snapshot
from db.evidence import EvidenceStore
from db.pictures import Fault, disagreements, named_pictures
from db.pruning import prune
from tests.integration.db.full_plant import fill
from tests.integration.db.growing_old import NOW, quietly, rules


def picture_columns() -> Iterator[sa.Column[str]]:
    for table in Base.metadata.sorted_tables:
        yield from (column for column in table.columns if column.type is EvidenceName)


def name_apart(engine: Engine, store: EvidenceStore) -> dict[str, str]:
    """Each column names a picture of its own; which column, by name."""
    named = {}
    with engine.begin() as connection:
        for column in picture_columns():
            name = store.put(str(column).encode(), ".png")
            connection.execute(sa.update(column.table).values({column.name: name}))
            named[name] = str(column)
    return named


def test_every_column_that_names_a_picture_is_walked(engine: Engine, tmp_path: Path) -> None:
    store = fill(engine, tmp_path / "evidence")
    named = name_apart(engine, store)

    with snapshot(engine) as opened:
        walked = {picture.name for picture in named_pictures(opened)}
        for name in named:
            store.remove(name)
        missing = {
            one.name
            for one in disagreements(named_pictures(opened), store)
            if one.fault is Fault.MISSING
        }

    assert len(named) == 4 + 4 + 1
    assert walked == missing == set(named)


def test_pruning_spares_the_file_of_every_column_that_names_one(
    engine: Engine, tmp_path: Path
) -> None:
    store = fill(engine, tmp_path / "evidence")
    named = name_apart(engine, store)

    prune(engine, store, rules(), now=NOW.replace(year=9999), watch=quietly)

    assert set(store.names()) == set(named)
