"""What happened, on its way to the table of events: one small file each, until it is a row."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from db.words import EventKind, Severity
from inspect_pipeline.errors import DiskFull, EntryDamaged
from inspect_pipeline.ingestion.disk import Disk, put
from inspect_pipeline.ingestion.entry import Post
from inspect_pipeline.records import sha256_of

_ENDING = ".notice"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Notice:
    """An event before it has a row. The same key twice is one row."""

    kind: EventKind
    severity: Severity
    at: datetime
    text: str
    line_id: str | None = None
    camera_id: str | None = None
    part: str | None = None
    facts: Mapping[str, object] = field(default_factory=dict)
    key: str = field(default_factory=lambda: uuid4().hex)


def of_post(post: Post) -> dict[str, str]:
    """The columns that say where it happened."""
    return {"line_id": post.line_id, "camera_id": post.camera_id, "part": post.part}


class Notices:
    """The folder in which events wait for the writer."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self.folder = folder
        self.arriving = folder / "arriving"
        self.disk = disk
        self.unsaid: list[Notice] = []
        self.arriving.mkdir(parents=True, exist_ok=True)

    def put(self, notice: Notice) -> None:
        """It is safe when this returns. Raises DiskFull or OSError."""
        said = {**asdict(notice), "at": notice.at.isoformat()}
        words = json.dumps(said, sort_keys=True, default=str).encode()
        name = f"{notice.at.strftime('%Y%m%dT%H%M%S.%f')}-{sha256_of(notice.key.encode())[:16]}"
        put(self.disk, self.folder / f"{name}{_ENDING}", words, by_way_of=self.arriving)

    def say(self, notice: Notice | None = None) -> None:
        """For who cannot wait: while the disk takes nothing it is kept in memory.

        Without a notice, what could not be said before is tried again.
        """
        if notice is not None:
            is_small = notice.severity is Severity.MINOR
            _log.log(logging.INFO if is_small else logging.WARNING, "%s", notice.text)
            self.unsaid.append(notice)
        try:
            while self.unsaid:
                self.put(self.unsaid[0])
                del self.unsaid[0]
        except (OSError, DiskFull) as error:
            _log.warning("%d notices wait for room on the disk: %s", len(self.unsaid), error)

    def waiting(self) -> list[Path]:
        return sorted(path for path in self.folder.iterdir() if path.suffix == _ENDING)

    def read(self, path: Path) -> Notice:
        """Raises EntryDamaged."""
        try:
            said = json.loads(path.read_bytes())
            return Notice(
                **{
                    **said,
                    "kind": EventKind(said["kind"]),
                    "severity": Severity(said["severity"]),
                    "at": datetime.fromisoformat(said["at"]).astimezone(UTC),
                }
            )
        except (ValueError, KeyError, TypeError) as error:
            raise EntryDamaged(f"the notice {path} cannot be read: {error}") from error

    def done(self, path: Path) -> None:
        self.disk.remove(path)
