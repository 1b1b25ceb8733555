"""The tables' revisions, on SQLite and PostgreSQL."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine

from db import queries
from db.engine import connect, default_url, session, shown
from db.errors import DatabaseNotFound, WrongRevision
from db.models import Base
from db.upgrade import (
    check,
    current_revision,
    downgrade,
    head_revision,
    known_revisions,
    open_database,
    upgrade,
)
from inspect_pipeline.service.ledger import Ledger
from tests.integration.db.database_records import CARD, MODEL_ID, failed

TABLES = set(Base.metadata.tables)


@pytest.fixture
def empty(database_url: str) -> Iterator[Engine]:
    engine = connect(database_url)
    yield engine
    engine.dispose()


def test_models_and_migrations_agree(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_constraints_of_models_and_migrations_have_the_same_names(engine: Engine) -> None:
    found = sa.inspect(engine)

    for table in Base.metadata.sorted_tables:
        wanted = {constraint.name for constraint in table.constraints}
        names = {check["name"] for check in found.get_check_constraints(table.name)}
        names |= {key["name"] for key in found.get_foreign_keys(table.name)}
        names |= {unique["name"] for unique in found.get_unique_constraints(table.name)}
        names.add(found.get_pk_constraint(table.name)["name"])
        assert names == wanted


def test_data_then_downgrade_then_upgrade_gives_empty_tables_that_work(
    empty: Engine, tmp_path: Path
) -> None:
    upgrade(empty)
    record_one(empty, tmp_path)
    downgrade(empty, "base")
    assert TABLES.isdisjoint(sa.inspect(empty).get_table_names())

    upgrade(empty)
    record_one(empty, tmp_path)

    with session(empty, read_only=True) as opened:
        assert len(queries.findings(opened)) == 1


def test_an_upgrade_of_the_newest_keeps_what_is_there(empty: Engine, tmp_path: Path) -> None:
    upgrade(empty)
    record_one(empty, tmp_path)

    upgrade(empty)

    with session(empty, read_only=True) as opened:
        assert len(queries.findings(opened)) == 1


def test_foreign_keys_are_on_again_after_an_upgrade(tmp_path: Path) -> None:
    engine = connect(default_url(tmp_path / "findings.db"))
    upgrade(engine)

    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    engine.dispose()


def test_a_new_sqlite_file_gets_its_tables_when_opened(tmp_path: Path) -> None:
    engine = open_database(default_url(tmp_path / "new.db"))

    assert set(sa.inspect(engine).get_table_names()) == TABLES | {"alembic_version"}
    engine.dispose()


def test_reading_does_not_make_a_sqlite_file(tmp_path: Path) -> None:
    with pytest.raises(DatabaseNotFound, match=r"gone\.db does not exist: inspect some frames"):
        open_database(default_url(tmp_path / "gone.db"), create=False)

    assert not (tmp_path / "gone.db").exists()


def test_an_empty_server_database_is_refused_with_the_command(postgres_url: str) -> None:
    with pytest.raises(WrongRevision) as caught:
        open_database(postgres_url)

    assert "has no tables yet" in str(caught.value)
    assert f"run_pipeline.py db upgrade --db {shown(sa.make_url(postgres_url))}" in str(
        caught.value
    )


def test_an_older_database_is_refused_with_the_command(engine: Engine) -> None:
    downgrade(engine, "base")

    with pytest.raises(WrongRevision) as caught:
        check(engine)

    assert f"run_pipeline.py db upgrade --db {shown(engine.url)}" in str(caught.value)


def test_a_newer_database_is_refused_and_left_alone(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = 'r9999'"))

    for refused in (check, upgrade):
        with pytest.raises(WrongRevision, match=r"r9999, which is newer .* pip install --upgrade"):
            refused(engine)
    assert current_revision(engine) == "r9999"


def test_a_database_of_another_program_is_refused_and_left_alone(empty: Engine) -> None:
    with empty.begin() as connection:
        connection.execute(sa.text("CREATE TABLE invoices (id INTEGER)"))

    for refused in (check, upgrade):
        with pytest.raises(WrongRevision, match="not a findings database"):
            refused(empty)
    assert sa.inspect(empty).get_table_names() == ["invoices"]


def test_the_ledger_refuses_a_database_without_tables(empty: Engine) -> None:
    with pytest.raises(WrongRevision, match="db upgrade"):
        Ledger(empty)


def test_two_programs_may_open_the_same_new_file_at_once(tmp_path: Path) -> None:
    url = default_url(tmp_path / "new.db")
    spawn = multiprocessing.get_context("spawn")
    programs = [spawn.Process(target=open_and_close, args=(url,)) for _ in range(3)]
    for program in programs:
        program.start()
    for program in programs:
        program.join()

    assert [program.exitcode for program in programs] == [0, 0, 0]


def test_there_is_one_newest_revision() -> None:
    assert head_revision() == max(known_revisions())


def record_one(engine: Engine, folder: Path) -> None:
    ledger = Ledger(engine, folder / "evidence")
    ledger.register_model(MODEL_ID, "bracket", CARD)
    assert ledger.record(failed()).written


def open_and_close(url: str) -> None:
    open_database(url).dispose()
