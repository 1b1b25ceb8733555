"""Lines of the record of runs that the database does not have yet: a file each, in their order."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from db import jobs as record
from db.jobs import Ending
from db.models import JobRun
from db.words import JobOutcome
from inspect_pipeline.errors import EntryDamaged
from inspect_pipeline.ingestion.disk import Disk, put

_ENDING = ".run"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a run that has a line before this one ended."""

    job: str
    planned_at: datetime
    ending: Ending


Line = JobRun | Ended


def write_line(opened: Session, line: Line) -> None:
    """The same line again changes nothing."""
    if isinstance(line, JobRun):
        record.note_run(opened, line)
    else:
        record.end_run(opened, line.job, line.planned_at, line.ending)


class KeptLines:
    """The folder in which lines outlive their process. Numbers tell their order, not clocks."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self.folder = folder
        self.arriving = folder / "arriving"
        self.disk = disk
        self.arriving.mkdir(parents=True, exist_ok=True)
        self._number = max((int(path.stem) for path in self._paths()), default=0)

    def put(self, line: Line) -> Path:
        """It is safe when this returns. Raises DiskFull or OSError."""
        words = json.dumps(_said(line), default=datetime.isoformat).encode()
        path = self.folder / f"{self._number + 1:012d}{_ENDING}"
        put(self.disk, path, words, by_way_of=self.arriving)
        self._number += 1
        return path

    def read(self) -> Iterator[tuple[Path, Line]]:
        """What an earlier process left, the oldest first; a damaged file is left where it is."""
        for path in self._paths():
            try:
                yield path, _line(path)
            except EntryDamaged as error:
                _log.error("%s", error)

    def done(self, path: Path) -> None:
        self.disk.remove(path)

    def _paths(self) -> list[Path]:
        found = (path for path in self.folder.iterdir() if path.suffix == _ENDING)
        return sorted(path for path in found if path.stem.isdecimal())


def _said(line: Line) -> dict[str, Any]:
    if isinstance(line, Ended):
        return {"ended": {"job": line.job, "planned_at": line.planned_at, **asdict(line.ending)}}
    names = [column.name for column in JobRun.__table__.columns if column.name != "id"]
    return {"run": {name: getattr(line, name) for name in names}}


def _line(path: Path) -> Line:
    """Raises EntryDamaged."""
    try:
        ((kind, words),) = json.loads(path.read_bytes()).items()
        said = {name: _value(name, word) for name, word in words.items()}
        if kind == "run":
            return JobRun(**said)
        job, planned_at = said.pop("job"), said.pop("planned_at")
        return Ended(job=job, planned_at=planned_at, ending=Ending(**said))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EntryDamaged(f"the line of a run {path} cannot be read: {error}") from error


def _value(name: str, word: Any) -> Any:
    if word is None:
        return None
    if name == "outcome":
        return JobOutcome(word)
    return datetime.fromisoformat(word) if name.endswith("_at") else word
