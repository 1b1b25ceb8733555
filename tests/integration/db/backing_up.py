"""Backups made, damaged and put back, in few words."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from db.archive import back_up
from db.evidence import EvidenceStore
from db.manifest import Manifest
from db.restoring import restore
from inspect_pipeline.service.ledger import Ledger
from tests.integration.db.bare_rows import NOON
from tests.integration.db.database_records import a_finding, failed
from tests.integration.db.test_database_survives_kill import (
    environment,
)

RESTORER = ["-m", "tests.integration.db.slow_restorer"]


def quietly(_what: str, _more: int) -> None:
    """Watches and says nothing."""


def backed_up(engine: Engine, store: EvidenceStore, folder: Path, *, minute: int = 0) -> Manifest:
    return back_up(engine, store, folder, made_at=NOON + timedelta(minutes=minute), watch=quietly)


def put_back(
    folder: Path, engine: Engine, store: EvidenceStore, *, replace: str | None = None
) -> Manifest:
    return restore(folder, engine, store, replace=replace, watch=quietly)


def files(folder: Path) -> dict[str, int]:
    return {
        path.relative_to(folder).as_posix(): path.stat().st_ino
        for path in folder.rglob("*")
        if path.is_file()
    }


def fill_more(engine: Engine, store: EvidenceStore) -> None:
    """One more frame with one finding and its four pictures."""
    Ledger(engine, store.folder).record(failed(7, a_finding(70)))


def kill_restore(
    backup: Path, url: str, store: EvidenceStore, what: str, count: int
) -> subprocess.CompletedProcess[bytes]:
    places = [str(backup), url, str(store.folder)]
    return subprocess.run(
        [sys.executable, *RESTORER, *places, what, str(count)], env=environment(), check=False
    )


def harm(folder: Path, manifest: Manifest, damage: str) -> None:
    picture = next(path for path in (folder / "evidence").rglob("*.png"))
    rows = folder / manifest.rows_file
    if damage == "rows":
        rows.chmod(0o600)
        content = bytearray(rows.read_bytes())
        content[-100] ^= 1
        rows.write_bytes(content)
    elif damage == "picture":
        picture.write_bytes(bytes(picture.stat().st_size))
    elif damage == "no picture":
        picture.unlink()
    elif damage == "manifest":
        change_manifest(folder, pictures="many")
    else:
        shutil.copy(rows, folder.parent / "rows.db")
        change_manifest(folder, rows_file="../rows.db")


def change_manifest(folder: Path, **changes: Any) -> None:
    facts = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**facts, **changes}))
