"""Pictures that can be asked for again, as cameras: a folder as it is now, and a simulated line."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from inspect_pipeline.capture.camera import Gap, Shot
from inspect_pipeline.capture.folder import FolderCamera, modified_at
from inspect_pipeline.capture.reading import read_content
from inspect_pipeline.errors import CameraEnded, UnreadablePicture

if TYPE_CHECKING:
    from inspect_pipeline.capture.simulated import SimulatedCamera


class PicturesOfNow:
    """What lies in a folder when the camera is opened, once each: a Camera.

    A file that cannot be read is a shot of the words that say so, which becomes an UNFIT row.
    """

    def __init__(self, folder: FolderCamera) -> None:
        self.folder = folder
        self._left: list[Path] = []

    def __enter__(self) -> Self:
        self._left = self.folder.paths()[::-1]
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing stays open between two pictures."""

    def wait(self, timeout_s: float) -> Shot | Gap | None:  # noqa: ARG002 - they are all there
        if not self._left:
            raise CameraEnded(f"camera {self.folder.camera_id} has given every picture it had")
        path = self._left.pop()
        try:
            content = read_content(path)
        except UnreadablePicture as error:
            content = str(error).encode("utf-8", "backslashreplace")
        return Shot(content=content, taken_at=modified_at(path), source=str(path))

    def acknowledge(self, shot: Shot) -> None:
        """The file stays where it is."""


class RememberedCamera:
    """A simulated camera that goes on where it stopped: a Camera.

    `memory` is its file: when the line began, and how many of its shots are safe. What a shot shows
    depends on its number alone, so one that comes twice is the same to the byte. `named` says which
    line it is: another one begins at its first shot.
    """

    def __init__(
        self,
        camera_from: Callable[[datetime, int], SimulatedCamera],
        *,
        named: str,
        shots: int,
        memory: Path,
        start_at: datetime,
        begin_anew: bool = False,
    ) -> None:
        self.camera_from = camera_from
        self.named = named
        self.shots = shots
        self.memory = memory
        self.begin_anew = begin_anew
        self._start_at = start_at
        self._safe = 0
        self._camera = camera_from(start_at, -1)

    def __enter__(self) -> Self:
        known = self._remembered()
        has_ended = known is not None and known[1] >= self.shots
        if known is not None and not (self.begin_anew and has_ended):
            self._start_at, self._safe = known
        self._camera = self.camera_from(self._start_at, self._safe - 1)
        self._remember()
        self._camera.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._camera.__exit__(kind, error, trace)

    def wait(self, timeout_s: float) -> Shot | Gap | None:
        return self._camera.wait(timeout_s)

    def acknowledge(self, shot: Shot) -> None:
        assert shot.sequence is not None, "every simulated shot has a number"
        self._camera.acknowledge(shot)
        self._safe = max(self._safe, shot.sequence + 1)
        self._remember()

    def _remember(self) -> None:
        said = {"line": self.named, "start_at": self._start_at.isoformat(), "safe": self._safe}
        fresh = self.memory.with_name(f"{self.memory.name}.new")
        fresh.write_text(json.dumps(said), encoding="utf-8")
        fresh.replace(self.memory)

    def _remembered(self) -> tuple[datetime, int] | None:
        """When the same line began and how far it came; None for another line or none."""
        try:
            said = json.loads(self.memory.read_text(encoding="utf-8"))
            if said["line"] != self.named:
                return None
            return datetime.fromisoformat(said["start_at"]), int(said["safe"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
