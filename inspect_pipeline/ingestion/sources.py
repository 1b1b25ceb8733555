"""Pictures that can be asked for again, as cameras: a folder as it is now, and a simulated line."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from PIL import Image

from inspect_pipeline.capture.camera import Gap, Shot
from inspect_pipeline.capture.folder import FolderCamera
from inspect_pipeline.capture.reading import read_content
from inspect_pipeline.errors import CameraEnded, UnreadablePicture
from inspect_pipeline.records import Picture

if TYPE_CHECKING:
    from inspect_pipeline.capture.simulated import SimulatedLine


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

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing stays open between two pictures."""

    def wait(self, timeout_s: float) -> Shot | Gap | None:  # noqa: ARG002 - they are all there
        if not self._left:
            raise CameraEnded(f"camera {self.folder.camera_id} has given every picture it had")
        path = self._left.pop()
        try:
            content = read_content(path)
        except UnreadablePicture as error:
            content = str(error).encode("utf-8", "backslashreplace")
        return Shot(content=content, taken_at=_modified_at(path), source=str(path))

    def acknowledge(self, shot: Shot) -> None:
        """The file stays where it is."""


class LineCamera:
    """A simulated line as a camera that goes on where it stopped: a Camera.

    `memory` is its file: when the line began, and how many of its parts are safe. What the line
    draws depends on the part's number alone, so a part that comes twice is the same to the byte.
    """

    def __init__(
        self,
        line_from: Callable[[datetime], SimulatedLine],
        *,
        memory: Path,
        start_at: datetime,
        begin_anew: bool = False,
    ) -> None:
        self.line_from = line_from
        self.memory = memory
        self.start_at = start_at
        self.begin_anew = begin_anew
        self._line = line_from(start_at)
        self._next = 0

    def __enter__(self) -> Self:
        drawn_as = repr(self.line_from(datetime.min.replace(tzinfo=UTC)))
        known = self._remembered(drawn_as)
        has_ended = known is not None and known[1] >= (self._line.parts_max or known[1] + 1)
        if known is None or (self.begin_anew and has_ended):
            known = self.start_at, 0
        start_at, self._next = known
        self._line = self.line_from(start_at)
        self._remember()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing to let go of."""

    def wait(self, timeout_s: float) -> Shot | Gap | None:  # noqa: ARG002 - it draws at once
        if self._line.parts_max is not None and self._next >= self._line.parts_max:
            raise CameraEnded(f"simulated camera {self._line.camera_id} has made its last part")
        frame = self._line.frame_at(self._next).frame
        return Shot(
            content=_png(frame.pixels),
            taken_at=frame.key.taken_at,
            source=frame.key.source,
            sequence=self._next,
        )

    def acknowledge(self, shot: Shot) -> None:  # noqa: ARG002 - parts are safe in their order
        self._next += 1
        self._remember()

    def _remember(self) -> None:
        said = {
            "line": repr(self.line_from(datetime.min.replace(tzinfo=UTC))),
            "start_at": self._line.start_at.isoformat(),
            "safe": self._next,
        }
        fresh = self.memory.with_name(f"{self.memory.name}.new")
        fresh.write_text(json.dumps(said), encoding="utf-8")
        fresh.replace(self.memory)

    def _remembered(self, drawn_as: str) -> tuple[datetime, int] | None:
        """When the same line began and how far it came; None for another line or none."""
        try:
            said = json.loads(self.memory.read_text(encoding="utf-8"))
            if said["line"] != drawn_as:
                return None
            return datetime.fromisoformat(said["start_at"]), int(said["safe"])
        except (OSError, ValueError, KeyError, TypeError):
            return None


def _png(picture: Picture) -> bytes:
    """The quickest PNG: it is read once and then gone."""
    pixels = picture[:, :, 0] if picture.shape[2] == 1 else picture
    written = BytesIO()
    Image.fromarray(pixels).save(written, format="PNG", compress_level=1)
    return written.getvalue()


def _modified_at(path: Path) -> datetime:
    """Now, where the file has vanished or carries a time outside the calendar."""
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except (OSError, OverflowError, ValueError):
        return datetime.now(UTC)
