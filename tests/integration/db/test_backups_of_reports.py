"""Reports in backups: a lost one is named; damage and names that lead away are refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from db.engine import connect, default_url
from db.errors import BackupError
from db.evidence import EvidenceStore
from db.report_archive import reports_folder
from db.restoring import name_of, prove
from db.upgrade import upgrade
from tests.integration.db.backing_up import backed_up, change_manifest, put_back, quietly
from tests.integration.db.full_plant import assert_whole, fill


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[tuple[Engine, EvidenceStore]]:
    """For what is the same in every kind of database."""
    engine = connect(default_url(tmp_path / "findings.db"))
    upgrade(engine)
    yield engine, fill(engine, tmp_path / "evidence")
    engine.dispose()


def test_a_report_that_is_lost_is_named_and_one_that_was_damaged_is_refused(
    filled: tuple[Engine, EvidenceStore], tmp_path: Path
) -> None:
    engine, store = filled
    (reports_folder(store.folder) / "day/a.csv").unlink()

    manifest = backed_up(engine, store, tmp_path / "backup")

    assert manifest.lost == ("reports/day/a.csv",)
    prove(tmp_path / "backup", watch=quietly)
    kept = tmp_path / "backup" / "reports" / manifest.reports["day/a.html"]
    kept.write_bytes(b"another")
    with pytest.raises(BackupError, match=r"\.html is missing or damaged: use another backup"):
        prove(tmp_path / "backup", watch=quietly)


def test_backups_of_before_there_were_reports_restore_and_names_lead_nowhere_else(
    filled: tuple[Engine, EvidenceStore], tmp_path: Path
) -> None:
    engine, store = filled
    manifest = backed_up(engine, store, tmp_path / "backup")
    for name in ("../a.html", "day/../../a.html", "/etc/passwd", "day/.hidden"):
        change_manifest(tmp_path / "backup", reports={name: manifest.reports["day/a.html"]})
        with pytest.raises(BackupError, match="is not the name of a report's file"):
            prove(tmp_path / "backup", watch=quietly)
    path = tmp_path / "backup" / "manifest.json"
    facts = json.loads(path.read_text())
    del facts["reports"], facts["missing_reports"]
    path.write_text(json.dumps(facts))
    shutil.rmtree(tmp_path / "backup" / "reports")

    restored = EvidenceStore(tmp_path / "restored" / "evidence")
    put_back(tmp_path / "backup", engine, restored, replace=name_of(engine.url))

    assert_whole(engine, restored)
