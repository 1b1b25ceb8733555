"""Pictures that lie on a disk, as a camera: files and folders in, frames out, in natural order."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path

from inspect_pipeline.capture.reading import PICTURE_ENDINGS, decode_picture, read_content
from inspect_pipeline.errors import CaptureError, UnreadablePicture
from inspect_pipeline.records import (
    Captured,
    Frame,
    FrameKey,
    Unfit,
    UnfitReason,
    UnreadableFrame,
    sha256_of,
)

_log = logging.getLogger(__name__)


class FolderCamera:
    """Yields every picture of the sources once.

    A file that is named as a source is read whatever its ending. Inside folders, pictures are told
    by their ending; `pattern` (`cam1_*.png`) narrows that further. Names that begin with a dot are
    left out: programs keep their own things there.
    """

    def __init__(
        self,
        sources: Path | Sequence[Path],
        *,
        line_id: str,
        camera_id: str,
        part: str,
        pattern: str | None = None,
        recursive: bool = True,
    ) -> None:
        self.sources = (sources,) if isinstance(sources, Path) else tuple(sources)
        self.line_id = line_id
        self.camera_id = camera_id
        self.part = part
        self.pattern = pattern
        self.recursive = recursive

    def frames(self) -> Iterator[Captured]:
        """The pictures that are there now; the folders are listed before this returns.

        Raises CaptureError for a source that does not exist or holds no picture. A single file or
        folder inside that cannot be read becomes an UnreadableFrame. `taken_at` is the file's
        modification time; a file without a readable byte is told apart by the hash of its path.
        """
        return (self._captured(path) for path in self.paths())

    def paths(self) -> list[Path]:
        """What `frames` reads, in that order: sources as given, natural order inside each."""
        found = [path for source in self.sources for path in self._pictures_of(source)]
        if not found:
            raise CaptureError(f"camera {self.camera_id}: no source was named, name files, folders")
        return list(dict.fromkeys(found))

    def _pictures_of(self, source: Path) -> list[Path]:
        if not os.path.lexists(source):
            raise CaptureError(
                f"camera {self.camera_id}: {source} does not exist, check the path or mount it"
            )
        if not _is_folder(source):
            return [source]
        try:
            pictures = list(self._walk(source, visited=frozenset()))
        except OSError as error:
            raise CaptureError(
                f"camera {self.camera_id}: folder {source} cannot be listed ({error.strerror}), "
                "check its permissions"
            ) from error
        if not pictures:
            raise CaptureError(f"camera {self.camera_id}: {self._nothing_in(source)}")
        return pictures

    def _walk(self, folder: Path, visited: frozenset[str]) -> Iterator[Path]:
        """Follows links to folders, but never into a folder that it is already inside of."""
        visited = visited | {os.path.realpath(folder)}
        for path in sorted(folder.iterdir(), key=natural_order):
            if path.name.startswith("."):
                continue
            if _is_folder(path):
                yield from self._walk_inner(path, visited)
            elif self._is_wanted(path):
                yield path

    def _walk_inner(self, folder: Path, visited: frozenset[str]) -> Iterator[Path]:
        if not self.recursive:
            return
        if os.path.realpath(folder) in visited:
            _log.warning("folder %s is a link to a folder around it: not followed", folder)
            return
        try:
            pictures = list(self._walk(folder, visited))
        except OSError as error:
            _log.warning("folder %s cannot be listed: %s", folder, error.strerror)
            pictures = [folder]  # becomes an unreadable record: nothing is skipped in silence
        yield from pictures

    def _is_wanted(self, path: Path) -> bool:
        if path.suffix.lower() not in PICTURE_ENDINGS:
            return False
        return self.pattern is None or fnmatch(path.name, self.pattern)

    def _nothing_in(self, folder: Path) -> str:
        endings = ", ".join(sorted(PICTURE_ENDINGS))
        matching = f" that matches {self.pattern!r}" if self.pattern else ""
        inside = "" if self.recursive else " (folders inside it are not searched)"
        return (
            f"folder {folder} holds no picture{matching}{inside}, put pictures there or name "
            f"another folder; endings read: {endings}"
        )

    def _captured(self, path: Path) -> Captured:
        try:
            content = read_content(path)
        except UnreadablePicture as error:
            return self._unreadable(self._key(path, b""), error)
        key = self._key(path, content)
        try:
            return Frame(key=key, pixels=decode_picture(content, source=path))
        except UnreadablePicture as error:
            return self._unreadable(key, error)

    def _key(self, path: Path, content: bytes) -> FrameKey:
        return FrameKey(
            line_id=self.line_id,
            camera_id=self.camera_id,
            part=self.part,
            taken_at=modified_at(path),
            content_sha256=sha256_of(content or os.fsencode(path)),
            source=storable(str(path)),
        )

    def _unreadable(self, key: FrameKey, error: UnreadablePicture) -> UnreadableFrame:
        unfit = Unfit(reason=UnfitReason.UNREADABLE, detail=storable(str(error)))
        return UnreadableFrame(key=key, unfit=unfit)


def storable(text: str) -> str:
    """File names need not be text; a database column does. The odd bytes are written out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _is_folder(path: Path) -> bool:
    """False for a link that leads nowhere or in a circle: reading it will say so."""
    try:
        return path.is_dir()
    except OSError:
        return False


def natural_order(path: Path) -> list[tuple[int, int, str]]:
    """Sort key: img2 before img10. Names equal but for leading zeros or case keep a fixed order."""
    pieces = re.split(r"([0-9]+)", path.name)
    numbers = [(0, int(piece), "") if piece.isdecimal() else (1, 0, piece) for piece in pieces]
    return [*numbers, (2, 0, path.name)]


def modified_at(path: Path) -> datetime:
    """When it was written; now, where it has vanished or carries a time outside the calendar."""
    try:
        seconds = (path.stat() if path.exists() else path.lstat()).st_mtime
        return datetime.fromtimestamp(seconds, UTC)
    except (OSError, OverflowError, ValueError):
        return datetime.now(UTC)
