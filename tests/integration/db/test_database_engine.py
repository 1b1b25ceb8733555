"""From a URL to a transaction, on SQLite and PostgreSQL."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from db.engine import connect, default_url, session, shown
from db.errors import DatabaseError, DatabaseUnreachable, RecordRefused


def test_a_transaction_is_rolled_back_by_any_error(engine: Engine) -> None:
    with suppress(KeyError), session(engine) as opened:
        opened.execute(sa.text("DELETE FROM alembic_version"))
        raise KeyError

    with session(engine, read_only=True) as opened:
        assert opened.scalar(sa.text("SELECT count(*) FROM alembic_version")) == 1


def test_foreign_keys_are_enforced(engine: Engine) -> None:
    with pytest.raises(RecordRefused), session(engine) as opened:
        opened.execute(
            sa.text(
                "INSERT INTO reviews (finding_id, reviewer, reviewed_at, state_before, state_after)"
                " VALUES (99, 'Ada', '2026-01-01', 'new', 'confirmed')"
            )
        )


def test_a_foreign_error_does_not_leave_the_session(engine: Engine) -> None:
    with pytest.raises(DatabaseError, match="no_such_table"), session(engine) as opened:
        opened.execute(sa.text("SELECT * FROM no_such_table"))


def test_sqlite_takes_the_write_lock_when_the_transaction_begins(tmp_path: Path) -> None:
    url = default_url(tmp_path / "findings.db")
    writer, second = connect(url), connect(url)
    with writer.begin(), second.connect() as waiting:
        driver = waiting.connection.driver_connection
        assert driver is not None
        driver.execute("PRAGMA busy_timeout=0")
        with pytest.raises(sa.exc.OperationalError, match="locked"):
            waiting.exec_driver_sql("SELECT 1")
    writer.dispose()
    second.dispose()


def test_sqlite_readers_do_not_wait_for_the_writer(tmp_path: Path) -> None:
    engine = connect(default_url(tmp_path / "findings.db"))
    with session(engine), session(engine, read_only=True) as reader:
        assert reader.scalar(sa.text("SELECT count(*) FROM sqlite_master")) == 0
    engine.dispose()


@pytest.mark.parametrize(
    ("pragma", "value"), [("journal_mode", "wal"), ("foreign_keys", 1), ("busy_timeout", 10000)]
)
def test_every_sqlite_connection_is_prepared(tmp_path: Path, pragma: str, value: object) -> None:
    engine = connect(default_url(tmp_path / "findings.db"))
    with engine.connect() as connection:
        assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value
    engine.dispose()


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnreachable, match=r"no_such_folder does not exist: create it"):
        connect(default_url(tmp_path / "no_such_folder" / "findings.db"))


def test_a_folder_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnreachable, match="is a folder, expected a file"):
        connect(default_url(tmp_path))


def test_a_folder_without_write_permission_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "read_only"
    folder.mkdir(mode=0o500)
    if _can_write(folder):
        pytest.skip("this user may write everywhere")

    with pytest.raises(DatabaseUnreachable, match="is not writable for this user"):
        connect(default_url(folder / "findings.db"))


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"not a database, but long enough to look like a page" * 100)

    with pytest.raises(DatabaseUnreachable, match=r"picture\.png: file is not a database"):
        connect(default_url(picture))


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("findings.db", "'findings.db' is not a database URL: use sqlite:///findings.db"),
        ("redis://localhost/0", "names an unknown kind of database, 'redis'"),
        (
            "mysql+asyncmy://localhost/qc",
            "asyncmy, which is not installed: run pip install asyncmy",
        ),
        ("postgresql://nobody@127.0.0.1:1/qc", "127.0.0.1"),
    ],
)
def test_an_unusable_url_says_why(url: str, reason: str) -> None:
    with pytest.raises(DatabaseUnreachable) as caught:
        connect(url)

    assert reason in str(caught.value)


def test_no_message_holds_a_password() -> None:
    with pytest.raises(DatabaseUnreachable) as caught:
        connect("postgresql://ada:lovelace@127.0.0.1:1/qc")

    assert "lovelace" not in str(caught.value)
    assert "ada:***@127.0.0.1" in str(caught.value)


def test_a_url_is_shown_without_its_password() -> None:
    assert shown(sa.make_url("postgresql://ada:lovelace@plant/qc")) == (
        "postgresql://ada:***@plant/qc"
    )


def _can_write(folder: Path) -> bool:
    try:
        (folder / "probe").touch()
    except PermissionError:
        return False
    return True
