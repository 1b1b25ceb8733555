"""What a camera on a schedule is told to take, and what it has taken: two small files."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from inspect_pipeline.ingestion.disk import Disk, hand_over, put

_ORDER, _PROGRESS = "order.json", "progress.json"


@dataclass(frozen=True, kw_only=True)
class Order:
    """Take pictures until then; with `frames` no more than so many. `key` says which run it is."""

    key: str
    until_at: datetime
    frames: int | None = None


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a camera is with the order of this key; `ended` once it does no more for it."""

    key: str
    taken: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    ended: bool = False


class Orders:
    """The order of one camera, which its scheduler writes, and the answer, which the camera does.

    The order is on the disk itself when it is given: it outlives both. The same order again changes
    nothing. The answer may lose its last frame to a power cut.
    """

    def __init__(self, folder: Path, disk: Disk) -> None:
        self.folder = folder
        self.disk = disk
        folder.mkdir(parents=True, exist_ok=True)

    def give(self, order: Order) -> None:
        """Raises DiskFull or OSError."""
        words = {**asdict(order), "until_at": order.until_at.isoformat()}
        content = json.dumps(words).encode()
        put(self.disk, self.folder / _ORDER, content, by_way_of=self.folder)

    def withdraw(self) -> None:
        self.disk.remove(self.folder / _ORDER)

    def current(self) -> Order | None:
        """None where none was given, or half of one by another hand."""
        said = self._read(_ORDER)
        try:
            until_at = datetime.fromisoformat(said["until_at"])
            return Order(key=said["key"], until_at=until_at, frames=said["frames"])
        except (KeyError, TypeError, ValueError):
            return None

    def report(self, progress: Progress) -> None:
        """Raises DiskFull or OSError."""
        words = json.dumps(asdict(progress), default=datetime.isoformat).encode()
        hand_over(self.disk, self.folder / _PROGRESS, words)

    def progress(self, key: str) -> Progress:
        """Of the order of this key; nothing taken where the camera has not begun with it."""
        said = self._read(_PROGRESS)
        try:
            found = Progress(
                key=said["key"],
                taken=said["taken"],
                first_at=_moment(said["first_at"]),
                last_at=_moment(said["last_at"]),
                ended=said["ended"],
            )
        except (KeyError, TypeError, ValueError):
            return Progress(key=key)
        return found if found.key == key else Progress(key=key)

    def _read(self, name: str) -> dict[str, Any]:
        try:
            said = json.loads((self.folder / name).read_bytes())
        except (OSError, ValueError):
            return {}
        return said if isinstance(said, dict) else {}


def _moment(written: str | None) -> datetime | None:
    return None if written is None else datetime.fromisoformat(written)
