"""`db backup`, `db restore`, `db prune`, and what `db check` finds, as they are typed."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

from db.engine import connect, default_url, session
from db.errors import BackupError, DatabaseError, DatabaseNotFound, WrongRevision
from db.evidence import EvidenceStore
from db.kept_answers import Claim, claim_key
from db.models import FindingTally, KeptAnswer
from db.people import create_user
from db.restoring import name_of
from db.upgrade import downgrade
from db.words import Role
from inspect_pipeline.errors import UsageError
from inspect_pipeline.service.cli.db_verbs import app
from inspect_pipeline.service.ledger import Ledger
from tests.integration.db.database_records import CARD, MODEL_ID, a_finding, failed, frame_key


@pytest.fixture
def store(engine: Engine, tmp_path: Path) -> EvidenceStore:
    """Two findings of a frame that was taken 100 days ago."""
    ledger = Ledger(engine, tmp_path / "evidence")
    ledger.register_model(MODEL_ID, "bracket", CARD)
    days = (datetime.now(UTC) - timedelta(days=100) - frame_key().taken_at).days
    key = frame_key(days * 24 * 60)
    ledger.record(failed(0, a_finding(1), a_finding(2), key=key))
    for name in ledger.store.names():
        os.utime(ledger.store.path(name), (key.taken_at.timestamp(),) * 2)
    return ledger.store


def db(verb: str, *arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [verb, *map(str, arguments)], catch_exceptions=False)


def test_a_backup_is_restored_and_checked(
    upgraded_url: str, store: EvidenceStore, tmp_path: Path
) -> None:
    backup, evidence = tmp_path / "backup", tmp_path / "restored-evidence"
    restored = default_url(tmp_path / "restored.db")

    written = db("backup", backup, "--db", upgraded_url, "--evidence", store.folder)
    proven = db("restore", backup, "--dry-run")
    filled = db("restore", backup, "--db", restored, "--evidence", evidence)
    checked = db("check", "--db", restored, "--evidence", evidence, "--contents")

    assert "8 pictures" in written.stdout
    assert f"{backup} is whole: " in proven.stdout
    assert f"restored into {restored}: " in filled.stdout
    assert checked.stdout.startswith("ok: ")


def test_a_backup_with_lost_pictures_says_so_and_is_one(
    upgraded_url: str, store: EvidenceStore, tmp_path: Path
) -> None:
    lost = next(store.names())
    store.remove(lost)

    with pytest.raises(BackupError, match=f"1 files .* such as {lost}"):
        db("backup", tmp_path / "backup", "--db", upgraded_url, "--evidence", store.folder)

    assert "is whole" in db("restore", tmp_path / "backup", "--dry-run").stdout


def test_a_restore_over_rows_needs_the_name(
    upgraded_url: str, engine: Engine, store: EvidenceStore, tmp_path: Path
) -> None:
    places = ("--db", upgraded_url, "--evidence", store.folder)
    db("backup", tmp_path / "backup", *places)

    with pytest.raises(BackupError, match="holds rows in"):
        db("restore", tmp_path / "backup", *places)
    named = db("restore", tmp_path / "backup", *places, "--replace", name_of(engine.url))

    assert named.exit_code == 0


def test_a_sqlite_file_that_is_not_there_is_not_made_by_a_backup(tmp_path: Path) -> None:
    with pytest.raises(DatabaseNotFound, match="does not exist"):
        db("backup", tmp_path / "backup", "--db", default_url(tmp_path / "gone.db"))

    assert list(tmp_path.iterdir()) == []


def test_prune_shows_first_and_removes_when_told(upgraded_url: str, store: EvidenceStore) -> None:
    wanted = ("--db", upgraded_url, "--evidence", store.folder, "--pictures", "golden=99,heat=101")
    shielded = db("prune", *wanted)
    options = (*wanted, "--even-if", "unreviewed")

    shown = db("prune", *options)
    kept = len(list(store.names()))
    removed = db("prune", *options, "--apply")

    assert "would remove 0 files" in shielded.stdout
    assert "confirmed findings" in shown.stdout
    assert "would remove 2 files" in shown.stdout
    assert "named 2 times: give --apply" in shown.stdout
    assert (kept, len(list(store.names()))) == (8, 6)
    assert "removed 2 files" in removed.stdout
    checked = db("check", "--db", upgraded_url, "--evidence", store.folder)
    assert checked.exit_code == 0


def test_prune_forgets_answers_that_no_program_asks_for_any_more(
    upgraded_url: str, engine: Engine, store: EvidenceStore
) -> None:
    now = datetime.now(UTC)
    with session(engine) as opened:
        create_user(
            opened,
            name="ada",
            full_name="Ada",
            role=Role.ADMIN,
            password_hash="h",
            created_at=now,
        )
        for days in (5, 20, 40):
            claim = Claim(user_id=1, key=f"{days} days", request_sha256="0" * 64)
            claim_key(opened, claim, at=now - timedelta(days=days))
    places = ("--db", upgraded_url, "--evidence", store.folder)

    shown = db("prune", *places, "--keep-days", "confirmed=9999")
    db("prune", *places, "--keep-days", "confirmed=9999", "--apply")
    after_a_month = kept_keys(engine)
    db("prune", *places, "--answers-days", "10", "--apply")

    assert "would forget 1 answers to programs that are older than 30 days" in shown.stdout
    assert after_a_month == ["20 days", "5 days"]
    assert kept_keys(engine) == ["5 days"]


def kept_keys(engine: Engine) -> list[str]:
    with session(engine, read_only=True) as opened:
        return list(opened.scalars(sa.select(KeptAnswer.key).order_by(KeptAnswer.key)))


def test_prune_says_what_waits_for_a_later_run(upgraded_url: str, store: EvidenceStore) -> None:
    for name in store.names():
        os.utime(store.path(name))

    removed = db(
        "prune",
        *("--db", upgraded_url, "--evidence", store.folder, "--keep-days", "confirmed=1"),
        *("--even-if", "unreviewed", "--apply"),
    )

    assert "removed 0 files" in removed.stdout
    assert "8 files of the last hour that no row names wait for a later run" in removed.stdout


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ((), "nothing says how long to keep"),
        (("--keep-days", "rejected"), "--keep-days 'rejected': write NAME=DAYS"),
        (("--keep-days", "good=5"), "with a name of confirmed, rejected, unsure"),
        (("--pictures", "heat=-1"), "--pictures 'heat=-1'"),
        (("--pictures", "heat=99999999"), "--pictures 'heat=99999999'"),
    ],
)
def test_prune_names_an_option_that_it_cannot_read(
    options: tuple[str, ...], complaint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        db("prune", *options)

    assert complaint in str(caught.value)


def test_check_finds_wrong_counts_and_counts_again_when_told(
    upgraded_url: str, engine: Engine, store: EvidenceStore
) -> None:
    with session(engine) as opened:
        opened.execute(sa.update(FindingTally).values(findings=FindingTally.findings + 1))
    places = ("--db", upgraded_url, "--evidence", store.folder)

    with pytest.raises(DatabaseError, match="kept counts are wrong: count again with --recount"):
        db("check", *places)
    repaired = db("check", *places, "--recount")

    assert "kept counts were wrong and are right now" in repaired.stdout
    assert db("check", *places).exit_code == 0


def test_check_of_an_older_database_names_the_command(
    upgraded_url: str, engine: Engine, store: EvidenceStore
) -> None:
    downgrade(engine, "r0003")

    with pytest.raises(WrongRevision, match=r"is at revision r0003, .* db upgrade --db"):
        db("check", "--db", upgraded_url, "--evidence", store.folder)


def test_check_finds_a_damaged_sqlite_file(tmp_path: Path) -> None:
    url = default_url(tmp_path / "findings.db")
    with Ledger(url) as ledger:
        ledger.register_model(MODEL_ID, "bracket", CARD)
        ledger.record(failed())
    engine = connect(url)
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute("PRAGMA foreign_keys=OFF")
        driver.execute("UPDATE findings SET inspection_id = 99")
    engine.dispose()

    result = CliRunner().invoke(app, ["check", "--db", url])

    assert isinstance(result.exception, DatabaseError)
    assert "is damaged in 1 places: restore a backup" in str(result.exception)
    assert "damage: row 1 of findings points to no row of inspections" in result.stdout


@pytest.mark.parametrize("verb", ["backup", "restore", "prune"])
def test_every_verb_has_help(verb: str) -> None:
    assert "INSPECT_DB" in db(verb, "--help").stdout
