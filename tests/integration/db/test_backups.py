"""Backups: of both kinds of database, into both kinds, whole or not at all."""

from __future__ import annotations

import signal
import stat
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from db import queries
from db.archive import back_up
from db.engine import connect, default_url, session
from db.errors import BackupError, DatabaseError, WrongRevision
from db.evidence import EvidenceStore
from db.manifest import read_manifest
from db.models import Base
from db.report_archive import reports_folder
from db.restoring import LEFT_OUT, name_of, prove
from db.reviewing import review_finding
from db.upgrade import current_revision, head_revision, upgrade
from db.words import ReviewState
from tests.conftest import fresh_postgres
from tests.integration.db.backing_up import (
    backed_up,
    change_manifest,
    files,
    fill_more,
    harm,
    kill_restore,
    put_back,
    quietly,
)
from tests.integration.db.bare_rows import NOON, finding_row, frame_row, record
from tests.integration.db.full_plant import assert_whole, everything, fill
from tests.integration.db.test_database_survives_kill import (
    FRAMES,
    command,
    environment,
)
from tests.integration.db.test_migrations_with_rows import OLD_ROWS, insertion


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Where a backup goes: an empty database of each kind."""
    if request.param == "sqlite":
        engine = connect(default_url(tmp_path / "restored.db"))
        yield engine
        engine.dispose()
        return
    with fresh_postgres(request.getfixturevalue("postgres_server")) as url:
        engine = connect(url)
        yield engine
        engine.dispose()


@pytest.fixture
def store(engine: Engine, tmp_path: Path) -> EvidenceStore:
    """The pictures of a database that has a row in every table."""
    return fill(engine, tmp_path / "evidence")


@pytest.fixture
def restored(tmp_path: Path) -> EvidenceStore:
    return EvidenceStore(tmp_path / "restored" / "evidence")


def test_a_backup_restores_every_row_and_picture_into_either_kind(
    engine: Engine, store: EvidenceStore, empty: Engine, restored: EvidenceStore, tmp_path: Path
) -> None:
    backed_up(engine, store, tmp_path / "backup")

    put_back(tmp_path / "backup", empty, restored)

    left_out = tuple(LEFT_OUT)
    before = everything(engine, without=left_out)
    assert set(before) == set(Base.metadata.tables) - LEFT_OUT
    assert all(before.values()), "every table has a row to lose"
    assert everything(empty, without=left_out) == before
    assert list(restored.names()) == list(store.names())
    assert_whole(empty, restored)
    reports = reports_folder(restored.folder)
    assert reports != reports_folder(store.folder)
    assert (reports / "day/a.html").read_text() == "what stands in day/a.html"


def test_browsers_are_not_signed_in_after_a_restore(
    engine: Engine, store: EvidenceStore, empty: Engine, restored: EvidenceStore, tmp_path: Path
) -> None:
    backed_up(engine, store, tmp_path / "backup")
    put_back(tmp_path / "backup", empty, restored)

    assert everything(engine)["browser_sessions"] != []
    assert everything(empty)["browser_sessions"] == []


def test_a_restored_database_goes_on_where_the_old_one_stopped(
    engine: Engine, store: EvidenceStore, empty: Engine, restored: EvidenceStore, tmp_path: Path
) -> None:
    backed_up(engine, store, tmp_path / "backup")
    put_back(tmp_path / "backup", empty, restored)

    assert record(empty, frame_row(9), finding_row()) == [3]
    with session(empty) as opened:
        review_finding(
            opened, 3, state_after=ReviewState.CONFIRMED, reviewer="Ada", reviewed_at=NOON
        )
    for change in ("UPDATE reviews SET note = 'other'", "DELETE FROM audits"):
        with pytest.raises(DatabaseError, match="append-only"), session(empty) as opened:
            opened.execute(sa.text(change))


def test_the_manifest_says_what_is_in_the_backup(
    engine: Engine, store: EvidenceStore, tmp_path: Path
) -> None:
    manifest = backed_up(engine, store, tmp_path / "backup")

    assert read_manifest(tmp_path / "backup") == manifest
    assert (manifest.made_at, manifest.revision) == (NOON, head_revision())
    assert manifest.kind == engine.dialect.name
    assert (manifest.rows["findings"], manifest.rows["frames"]) == (2, 3)
    assert manifest.pictures == len(list(store.names())) == 12
    assert manifest.pictures_bytes == sum(store.size_bytes(name) for name in store.names())
    assert manifest.missing == ()


def test_only_the_owner_can_read_the_rows_of_a_backup(
    engine: Engine, store: EvidenceStore, tmp_path: Path
) -> None:
    manifest = backed_up(engine, store, tmp_path / "backup")

    mode = (tmp_path / "backup" / manifest.rows_file).stat().st_mode
    assert stat.S_IMODE(mode) == 0o400


def test_a_second_backup_into_the_folder_copies_only_what_is_new(
    engine: Engine, store: EvidenceStore, empty: Engine, restored: EvidenceStore, tmp_path: Path
) -> None:
    folder = tmp_path / "backup"
    first = backed_up(engine, store, folder)
    before, reports = files(folder / "evidence"), files(folder / "reports")
    fill_more(engine, store)

    second = backed_up(engine, store, folder, minute=1)

    after = files(folder / "evidence")
    assert {name: after[name] for name in before} == before
    assert (len(before), len(after)) == (12, 16)
    assert not (folder / first.rows_file).exists()
    assert sorted(files(folder)) == sorted(
        [
            "manifest.json",
            second.rows_file,
            *(f"evidence/{name}" for name in after),
            *(f"reports/{name}" for name in reports),
        ]
    )
    assert files(folder / "reports") == reports != {}
    put_back(folder, empty, restored)
    assert_whole(empty, restored)


def test_an_interrupted_backup_leaves_the_one_before_and_can_be_repeated(
    engine: Engine, store: EvidenceStore, tmp_path: Path
) -> None:
    folder = tmp_path / "backup"
    first = backed_up(engine, store, folder)

    class PowerCut(Exception):
        pass

    def cut(what: str, _more: int) -> None:
        if what == "pictures":
            raise PowerCut

    with pytest.raises(PowerCut):
        back_up(engine, store, folder, made_at=NOON + timedelta(hours=1), watch=cut)

    assert prove(folder, watch=quietly) == first
    assert backed_up(engine, store, folder, minute=2) == prove(folder, watch=quietly)


def test_a_backup_while_a_writer_works_is_whole(
    upgraded_url: str, engine: Engine, empty: Engine, restored: EvidenceStore, tmp_path: Path
) -> None:
    store = EvidenceStore(tmp_path / "evidence")
    with subprocess.Popen(
        command(upgraded_url, tmp_path), env=environment(), stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        for _ in range(3):
            writer.stdout.readline()
        manifest = backed_up(engine, store, tmp_path / "backup")
        writer.stdout.read()

    put_back(tmp_path / "backup", empty, restored)

    assert manifest.rows["inspections"] in range(3, FRAMES + 1)
    assert manifest.missing == ()
    assert_whole(empty, restored)
    with session(engine, read_only=True) as opened:
        assert len(queries.inspections(opened)) == FRAMES


def test_lost_pictures_are_named_and_the_rest_is_backed_up(
    engine: Engine, store: EvidenceStore, empty: Engine, restored: EvidenceStore, tmp_path: Path
) -> None:
    gone, damaged, *kept = store.names()
    store.path(gone).unlink()
    store.path(damaged).write_bytes(b"damaged")

    manifest = backed_up(engine, store, tmp_path / "backup")

    assert manifest.missing == tuple(sorted([gone, damaged]))
    put_back(tmp_path / "backup", empty, restored)
    assert list(restored.names()) == kept


def test_a_picture_that_was_damaged_in_the_backup_is_healed_when_contents_are_read(
    engine: Engine, store: EvidenceStore, tmp_path: Path
) -> None:
    folder = tmp_path / "backup"
    backed_up(engine, store, folder)
    path = folder / "evidence" / next(store.names())
    path.write_bytes(bytes(path.stat().st_size))
    with pytest.raises(BackupError, match="is missing or damaged"):
        prove(folder, watch=quietly)

    back_up(engine, store, folder, made_at=NOON, watch=quietly, contents=True)

    prove(folder, watch=quietly)


def test_a_folder_with_other_things_in_it_is_not_taken_for_a_backup(
    engine: Engine, store: EvidenceStore, tmp_path: Path
) -> None:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "letter.txt").write_text("Dear Ada")

    with pytest.raises(BackupError, match=r"holds 'letter\.txt', which is not of a backup"):
        backed_up(engine, store, tmp_path / "documents")

    assert [path.name for path in (tmp_path / "documents").iterdir()] == ["letter.txt"]


def test_a_folder_without_a_finished_backup_is_named(
    engine: Engine, restored: EvidenceStore, tmp_path: Path
) -> None:
    with pytest.raises(BackupError, match="is not a finished backup"):
        put_back(tmp_path, engine, restored)


@pytest.mark.parametrize("damage", ["rows", "picture", "no picture", "manifest", "escape"])
def test_a_damaged_backup_changes_nothing(
    engine: Engine,
    store: EvidenceStore,
    empty: Engine,
    restored: EvidenceStore,
    tmp_path: Path,
    damage: str,
) -> None:
    folder = tmp_path / "backup"
    manifest = backed_up(engine, store, folder)
    harm(folder, manifest, damage)

    with pytest.raises(BackupError):
        put_back(folder, empty, restored)

    assert sa.inspect(empty).get_table_names() == []
    assert list(restored.names()) == []


def test_a_backup_of_a_newer_program_is_refused_with_the_command(
    engine: Engine, store: EvidenceStore, empty: Engine, restored: EvidenceStore, tmp_path: Path
) -> None:
    folder = tmp_path / "backup"
    backed_up(engine, store, folder)
    change_manifest(folder, revision="r9999")

    with pytest.raises(WrongRevision, match=r"r9999, which is newer .* pip install --upgrade"):
        put_back(folder, empty, restored)


def test_a_full_database_is_not_touched_unless_it_is_named(
    engine: Engine, store: EvidenceStore, restored: EvidenceStore, tmp_path: Path
) -> None:
    folder = tmp_path / "backup"
    backed_up(engine, store, folder)
    fill_more(engine, store)
    before = everything(engine)

    for replace in (None, "another.db"):
        with pytest.raises(BackupError, match=f"--replace {name_of(engine.url)}"):
            put_back(folder, engine, restored, replace=replace)
    assert everything(engine) == before


def test_a_named_database_is_replaced_and_keeps_its_trail_shut(
    engine: Engine, store: EvidenceStore, tmp_path: Path
) -> None:
    folder, before = tmp_path / "backup", everything(engine, without=tuple(LEFT_OUT))
    backed_up(engine, store, folder)
    fill_more(engine, store)

    put_back(folder, engine, store, replace=name_of(engine.url))

    assert everything(engine, without=tuple(LEFT_OUT)) == before
    for change in ("UPDATE reviews SET note = 'other'", "DELETE FROM audits"):
        with pytest.raises(DatabaseError, match="append-only"), session(engine) as opened:
            opened.execute(sa.text(change))


def test_an_older_database_is_backed_up_before_its_upgrade_and_restored_into_a_new_one(
    database_url: str, empty: Engine, restored: EvidenceStore, tmp_path: Path
) -> None:
    old, folder = connect(database_url), tmp_path / "backup"
    upgrade(old, "r0001")
    with old.begin() as connection:
        for table, rows in OLD_ROWS.items():
            for row in rows:
                connection.execute(insertion(table, row, old), row)

    manifest = backed_up(old, EvidenceStore(tmp_path / "evidence"), folder)
    put_back(folder, empty, restored)
    upgrade(old)

    assert manifest.revision == "r0001"
    assert current_revision(empty) == head_revision()
    assert everything(empty) == everything(old)
    old.dispose()


def test_a_database_without_tables_has_nothing_to_back_up(
    empty: Engine, restored: EvidenceStore, tmp_path: Path
) -> None:
    with pytest.raises(BackupError, match="no tables yet: nothing to back up"):
        backed_up(empty, restored, tmp_path / "backup")


def test_a_database_of_another_program_is_not_filled(
    engine: Engine, store: EvidenceStore, empty: Engine, restored: EvidenceStore, tmp_path: Path
) -> None:
    backed_up(engine, store, tmp_path / "backup")
    with empty.begin() as connection:
        connection.execute(sa.text("CREATE TABLE invoices (id INTEGER)"))

    with pytest.raises(WrongRevision, match="not a findings database"):
        put_back(tmp_path / "backup", empty, restored)
    assert list(restored.names()) == []


@pytest.mark.parametrize(("what", "count"), [("pictures", 18), ("rows", 9)])
def test_a_restore_that_is_killed_leaves_no_row_and_can_be_repeated(
    engine: Engine,
    store: EvidenceStore,
    empty: Engine,
    restored: EvidenceStore,
    tmp_path: Path,
    what: str,
    count: int,
) -> None:
    """12 pictures are proven, then 12 are copied, then come the rows."""
    backed_up(engine, store, tmp_path / "backup")
    url = empty.url.render_as_string(hide_password=False)

    killed = kill_restore(tmp_path / "backup", url, restored, what, count)

    assert killed.returncode == -signal.SIGKILL
    assert sa.inspect(empty).get_table_names() == []
    put_back(tmp_path / "backup", empty, restored)
    assert_whole(empty, restored)


def test_a_killed_replacement_leaves_what_was_there(
    engine: Engine, store: EvidenceStore, tmp_path: Path
) -> None:
    backed_up(engine, store, tmp_path / "backup")
    fill_more(engine, store)
    before, url = everything(engine), engine.url.render_as_string(hide_password=False)

    killed = kill_restore(tmp_path / "backup", url, store, "rows", 9)

    assert killed.returncode == -signal.SIGKILL
    assert everything(engine) == before
    assert_whole(engine, store)
