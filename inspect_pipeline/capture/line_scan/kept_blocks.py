"""Blocks of a camera that gives none twice, kept as files until nobody needs them any more.

A line-scan camera that is live cannot be asked again for the lines of a frame that was not complete
when the program was killed. Around it, this camera can: it is asked first for what lies here.
The files outlive the program and not a power cut: a sync for each block would hold up the line.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from inspect_pipeline.capture.camera import Camera, Gap, Shot

NOT_WATCHED = "lines passed while the program stood still"
_ENDING, _FORMAT = ".block", "block-1"

_log = logging.getLogger(__name__)


class KeptBlocks:
    """A Camera around a live one. Before its first new block stands a gap, if any were kept."""

    def __init__(
        self,
        camera: Camera,
        folder: Path,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._camera = camera
        self._folder = folder
        self._now = now
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.glob("*.part"):
            path.unlink()
        self._again = deque(_kept(folder))
        self._files: dict[Shot, Path] = {}
        self._next = 1 + max((int(path.stem) for path in _files(folder)), default=-1)
        self._is_resumed = bool(self._again)

    def __enter__(self) -> Self:
        self._camera.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        self._camera.__exit__(kind, error, trace)

    def wait(self, timeout_s: float) -> Shot | Gap | None:
        if self._again:
            path, shot = self._again.popleft()
            self._files[shot] = path
            return shot
        if self._is_resumed:
            self._is_resumed = False
            return Gap(noticed_at=self._now(), reason=NOT_WATCHED)
        came = self._camera.wait(timeout_s)
        if isinstance(came, Shot) and came not in self._files:
            self._keep(came)
        return came

    def acknowledge(self, shot: Shot) -> None:
        path = self._files.pop(shot, None)
        if path is not None:
            path.unlink(missing_ok=True)
        self._camera.acknowledge(shot)

    def _keep(self, shot: Shot) -> None:
        """Without room it goes on: a block that is not kept is lost by a kill alone."""
        path = self._folder / f"{self._next:012d}{_ENDING}"
        half = path.with_suffix(".part")
        try:
            half.write_bytes(_as_file(shot))
            half.replace(path)
        except OSError as error:
            half.unlink(missing_ok=True)
            _log.warning("a block of %s cannot be kept: %s", shot.source, error)
            return
        self._next += 1
        self._files[shot] = path


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"*{_ENDING}"))


def _kept(folder: Path) -> Iterator[tuple[Path, Shot]]:
    """In the order in which they came; what a power cut has damaged is left out."""
    for path in _files(folder):
        shot = _from_file(path.read_bytes())
        if shot is None:
            _log.warning("%s is damaged: its lines will be a gap", path)
            path.unlink()
        else:
            yield path, shot


def _as_file(shot: Shot) -> bytes:
    said = {one.name: getattr(shot, one.name) for one in fields(shot) if one.name != "content"}
    said["taken_at"] = shot.taken_at.isoformat()
    words = json.dumps(said).encode()
    digest = hashlib.sha256(words + b"\n" + shot.content).hexdigest()
    return f"{_FORMAT} {digest}\n".encode() + words + b"\n" + shot.content


def _from_file(content: bytes) -> Shot | None:
    first, _, rest = content.partition(b"\n")
    if first != f"{_FORMAT} {hashlib.sha256(rest).hexdigest()}".encode():
        return None
    words, _, picture = rest.partition(b"\n")
    said = json.loads(words)
    taken_at = datetime.fromisoformat(said.pop("taken_at"))
    return Shot(content=picture, taken_at=taken_at, **said)
