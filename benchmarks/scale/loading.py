"""Writes the year into an empty database as fast as each kind of database takes it.

Indexes and the constraints that need one are taken off before and made again after: they are built
in one pass over rows that are there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO

import pyarrow as pa
from pyarrow import csv
from rich.progress import Progress
from sqlalchemy import (
    Connection,
    Engine,
    ForeignKeyConstraint,
    Table,
    UniqueConstraint,
    func,
    select,
    text,
)
from sqlalchemy.schema import AddConstraint, DropConstraint

from benchmarks.scale import world
from benchmarks.scale.columns import Rows, as_arrow, as_values
from benchmarks.scale.year import DAY_ROWS, Asked, days_of
from db import models
from db.columns import Base, metadata_table
from db.engine import session
from db.tallies.recounting import recount

FILLED = (*DAY_ROWS, "folded_notes", "inspection_tallies", "finding_tallies", "camera_figures")


class DatabaseInUse(Exception):
    """The database holds something else than the year that was asked for."""


def filled(engine: Engine, asked: Asked, progress: Progress) -> bool:
    """Writes the year unless it is there; True where it wrote. Raises DatabaseInUse."""
    with session(engine, read_only=True) as opened:
        found = opened.scalar(select(func.max(models.Finding.id)))
        complete = opened.get(models.Plant, world.PLANT) is not None
    if found is not None or complete:
        if complete and found is not None and found >= asked.findings:
            return False
        state = "complete" if complete else "incomplete"
        raise DatabaseInUse(
            f"expected an empty database or {asked.findings} findings, found {found or 0} "
            f"({state}): give another database, or remove this one"
        )
    with engine.begin() as connection:
        _write_catalogue(connection)
    with _without_indexes(engine, progress):
        task = progress.add_task(f"{asked.findings:,} findings", total=asked.findings)
        for rows in days_of(asked):
            with engine.begin() as connection:
                for table in rows:
                    write(connection, table)
            progress.advance(task, next(len(one) for one in rows if one.table == "findings"))
    with session(engine) as opened:
        _finish(opened.connection())
        recount(opened, trusted=(models.InspectionTally, models.FindingTally))
    return True


def write(connection: Connection, rows: Rows) -> None:
    """All rows in one statement; nothing for none."""
    if not len(rows):
        return
    names = ", ".join(rows.columns)
    if connection.dialect.name == "postgresql":
        driver = connection.connection.driver_connection
        assert driver is not None, "a connection in a transaction has a driver"
        with (
            driver.cursor() as cursor,
            cursor.copy(f"COPY {rows.table} ({names}) FROM STDIN (FORMAT csv)") as copy,
        ):
            copy.write(_as_csv(rows))
        return
    places = ", ".join("?" * len(rows.columns))
    values = list(zip(*(as_values(one) for one in rows.columns.values()), strict=True))
    connection.exec_driver_sql(f"INSERT INTO {rows.table} ({names}) VALUES ({places})", values)


def _as_csv(rows: Rows) -> memoryview:
    table = pa.table({name: as_arrow(one) for name, one in rows.columns.items()})
    written = BytesIO()
    csv.write_csv(table, written, csv.WriteOptions(include_header=False))
    return written.getbuffer()


def _write_catalogue(connection: Connection) -> None:
    """What the rows point to; the plant itself is written last, as the mark of a whole year."""
    connection.execute(
        metadata_table(models.Line).insert(), [{"line_id": one} for one in world.LINES]
    )
    connection.execute(
        metadata_table(models.Camera).insert(),
        [
            {"camera_id": name, "line_id": world.LINES[world.line_of(place)]}
            for place, name in enumerate(world.CAMERAS)
        ],
    )
    connection.execute(
        metadata_table(models.Part).insert(),
        [
            {"part": one.name, "mm_per_px": one.mm_per_px, "false_alarms": 0.01}
            for one in world.PARTS
        ],
    )
    for place, part in enumerate(world.PARTS):
        for number in (0, 1):
            trained_at = world.BEGIN + timedelta(days=number * (part.takes_over - 20) - 1)
            connection.execute(
                metadata_table(models.Model).insert(),
                {
                    "model_id": world.model_of(place, number),
                    "part": part.name,
                    "name": f"{part.name}-{number + 1}",
                    "created_at": trained_at,
                    "card": {"auroc": 0.95 + 0.02 * number},
                },
            )
        connection.execute(metadata_table(models.Activation).insert(), _activations(place))


def _activations(place: int) -> list[dict[str, object]]:
    part = world.PARTS[place]
    turns = [
        day
        for day in range(world.DAYS)
        if day == 0 or world.model_in_use(place, day) != world.model_in_use(place, day - 1)
    ]
    return [
        {
            "part": part.name,
            "model_id": world.model_of(place, world.model_in_use(place, day)),
            "active_from": world.BEGIN + timedelta(days=day),
            "active_to": None if until is None else world.BEGIN + timedelta(days=until),
        }
        for day, until in zip(turns, [*turns[1:], None], strict=True)
    ]


def _finish(connection: Connection) -> None:
    connection.execute(
        metadata_table(models.Plant).insert(),
        {"plant": world.PLANT, "timezone": world.ZONE, "seen_at": world.END},
    )
    connection.execute(metadata_table(models.Line).update().values(plant=world.PLANT))
    if connection.dialect.name == "postgresql":
        for table in DAY_ROWS:
            connection.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), "
                    f"(SELECT MAX(id) FROM {table}))"
                )
            )


@contextmanager
def _without_indexes(engine: Engine, progress: Progress) -> Iterator[None]:
    """PostgreSQL: foreign and unique keys go too, SQLite cannot drop those."""
    tables = [Base.metadata.tables[name] for name in FILLED]
    indexes = [index for table in tables for index in sorted(table.indexes, key=str)]
    constraints = _keys(tables) if engine.dialect.name == "postgresql" else []
    with engine.begin() as connection:
        for constraint in constraints:
            connection.execute(DropConstraint(constraint))
        for index in indexes:
            index.drop(connection)
    yield
    task = progress.add_task("indexes", total=len(indexes) + len(constraints) + 1)
    for index in indexes:
        with engine.begin() as connection:
            index.create(connection)
        progress.advance(task)
    for constraint in constraints:
        with engine.begin() as connection:
            connection.execute(AddConstraint(constraint))
        progress.advance(task)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        vacuum = "VACUUM ANALYZE" if engine.dialect.name == "postgresql" else "ANALYZE"
        connection.exec_driver_sql(vacuum)
    progress.advance(task)


def _keys(tables: Sequence[Table]) -> list[ForeignKeyConstraint | UniqueConstraint]:
    """Unique keys first: foreign ones may rest on them."""
    found: list[ForeignKeyConstraint | UniqueConstraint] = []
    for kind in (UniqueConstraint, ForeignKeyConstraint):
        for table in tables:
            keys = [one for one in table.constraints if isinstance(one, kind)]
            found += sorted(keys, key=lambda one: str(one.name))
    return found
