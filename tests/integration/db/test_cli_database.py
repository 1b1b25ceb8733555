"""`db`: upgrade and check, on SQLite and PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from db.errors import DatabaseError, DatabaseNotFound, WrongRevision
from db.upgrade import head_revision
from inspect_pipeline.service.cli.db_verbs import app
from inspect_pipeline.service.ledger import Ledger
from tests.integration.db.database_records import CARD, MODEL_ID, failed


@pytest.fixture
def recorded_url(upgraded_url: str, tmp_path: Path) -> str:
    """One finding with its four pictures in tmp_path/evidence."""
    with Ledger(upgraded_url, tmp_path / "evidence") as ledger:
        ledger.register_model(MODEL_ID, "bracket", CARD)
        ledger.record(failed())
    return upgraded_url


def db(verb: str, url: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, [verb, "--db", url, *arguments], catch_exceptions=False)


def check(url: str, folder: Path, *arguments: str) -> Result:
    return db("check", url, "--evidence", str(folder / "evidence"), *arguments)


def test_upgrade_makes_the_tables_and_can_be_repeated(database_url: str) -> None:
    assert f"upgraded: revision none -> {head_revision()}" in db("upgrade", database_url).stdout
    assert f"is up to date: revision {head_revision()}" in db("upgrade", database_url).stdout


def test_check_of_a_whole_database_is_ok(recorded_url: str, tmp_path: Path) -> None:
    checked = check(recorded_url, tmp_path, "--contents")

    assert checked.exit_code == 0
    assert checked.stdout.startswith(f"ok: revision {head_revision()}, 4 pictures")


def test_check_names_a_missing_picture_and_its_finding(recorded_url: str, tmp_path: Path) -> None:
    heat = next((tmp_path / "evidence").rglob("*.tiff"))
    heat.unlink()

    complaint, listed = failing_check(recorded_url, tmp_path)

    assert "1 missing, 0 damaged, 0 orphans: restore the folder" in complaint
    assert f"missing: {heat.relative_to(tmp_path / 'evidence')} (named by finding 1)" in listed


def test_check_names_a_file_that_no_row_names(recorded_url: str, tmp_path: Path) -> None:
    (tmp_path / "evidence" / "stray.png").write_bytes(b"stray")

    complaint, listed = failing_check(recorded_url, tmp_path)

    assert "0 missing, 0 damaged, 1 orphans: remove" in complaint
    assert "orphan: stray.png (named by no row)" in listed


def test_check_reads_contents_only_when_asked(recorded_url: str, tmp_path: Path) -> None:
    next((tmp_path / "evidence").rglob("*.tiff")).write_bytes(b"damaged")

    assert check(recorded_url, tmp_path).exit_code == 0
    complaint, listed = failing_check(recorded_url, tmp_path, "--contents")
    assert "0 missing, 1 damaged" in complaint
    assert "(named by finding 1)" in listed


def test_check_can_remove_what_no_row_names(recorded_url: str, tmp_path: Path) -> None:
    stray = tmp_path / "evidence" / "stray.png"
    stray.write_bytes(b"stray")

    assert check(recorded_url, tmp_path, "--remove-orphans").exit_code == 0
    assert not stray.exists()
    assert check(recorded_url, tmp_path).exit_code == 0


def test_check_of_a_database_without_tables_names_the_command(database_url: str) -> None:
    wrong = DatabaseNotFound if database_url.startswith("sqlite") else WrongRevision

    with pytest.raises(wrong):
        db("check", database_url)


@pytest.mark.parametrize("verb", ["upgrade", "check"])
def test_every_verb_has_help(verb: str) -> None:
    assert "INSPECT_DB" in CliRunner().invoke(app, [verb, "--help"]).stdout


def failing_check(url: str, folder: Path, *arguments: str) -> tuple[str, str]:
    """The error's line and what was listed before."""
    result = CliRunner().invoke(
        app, ["check", "--db", url, "--evidence", str(folder / "evidence"), *arguments]
    )
    assert isinstance(result.exception, DatabaseError)
    assert result.exit_code == 1
    return str(result.exception), result.stdout
