"""What a backup says of itself: `manifest.json`, written last, so that it never promises too much.

A backup is a folder:

    manifest.json     this
    rows-TIME.db      every row, as a SQLite file of the same revision, whatever database it was
    evidence/         the pictures; each is named by its sha256
    reports/          the files of the reports that were made, named likewise
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from db.errors import BackupError
from db.evidence import is_evidence_name
from db.report_archive import is_report_file

MANIFEST = "manifest.json"
EVIDENCE = "evidence"
REPORTS = "reports"
ROWS_NAME = re.compile(r"rows-\d{8}T\d{12}Z\.db")
_FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """`pictures` are the files that rows name and that are here; `missing` were lost before.

    `reports` says by which name in reports/ a report's file is kept; backups that were made before
    there were any have none.
    """

    made_at: datetime
    revision: str
    kind: str  # "sqlite" or "postgresql"
    rows_file: str
    rows_sha256: str
    rows: Mapping[str, int]  # by table
    pictures: int
    pictures_bytes: int
    missing: tuple[str, ...]
    reports: Mapping[str, str]
    missing_reports: tuple[str, ...]

    @property
    def lost(self) -> tuple[str, ...]:
        """Pictures and files of reports that rows name and that are not here."""
        return (*self.missing, *(f"{REPORTS}/{name}" for name in self.missing_reports))


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replaces the one before in one step."""
    facts = {"format": _FORMAT, **asdict(manifest), "made_at": manifest.made_at.isoformat()}
    unfinished = folder / f".unfinished-{MANIFEST}"
    unfinished.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    unfinished.replace(folder / MANIFEST)


def read_manifest(folder: Path) -> Manifest:
    """Raises BackupError for what is no backup, or one that was never finished."""
    path = folder / MANIFEST
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        return _manifest(facts)
    except FileNotFoundError as error:
        raise BackupError(
            f"{folder} is not a finished backup, it has no {MANIFEST}: give the folder that "
            "`db backup` wrote"
        ) from error
    except OSError as error:
        raise BackupError(f"cannot read {path}: {error}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupError(f"{path} is damaged ({error}): use another backup") from error


def sha256_of_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _manifest(facts: dict[str, Any]) -> Manifest:
    if facts["format"] != _FORMAT:
        raise BackupError(
            f"the backup has format {facts['format']}, this program reads {_FORMAT}: "
            "pip install --upgrade inspect-pipeline"
        )
    rows_file = str(facts["rows_file"])
    if not ROWS_NAME.fullmatch(rows_file):
        raise ValueError(f"{rows_file!r} is not the name of a rows file")
    return Manifest(
        made_at=datetime.fromisoformat(facts["made_at"]),
        revision=str(facts["revision"]),
        kind=str(facts["kind"]),
        rows_file=rows_file,
        rows_sha256=str(facts["rows_sha256"]),
        rows={str(name): int(count) for name, count in facts["rows"].items()},
        pictures=int(facts["pictures"]),
        pictures_bytes=int(facts["pictures_bytes"]),
        missing=tuple(str(name) for name in facts["missing"]),
        reports=_reports(facts.get("reports", {})),
        missing_reports=tuple(str(name) for name in facts.get("missing_reports", ())),
    )


def _reports(facts: dict[str, Any]) -> dict[str, str]:
    for name, kept in facts.items():
        if not is_report_file(name) or not is_evidence_name(str(kept)):
            raise ValueError(f"{name!r} is not the name of a report's file")
    return {name: str(kept) for name, kept in facts.items()}
