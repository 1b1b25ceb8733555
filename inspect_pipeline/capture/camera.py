"""What every camera offers to ingestion, whatever stands behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Protocol, Self


@dataclass(frozen=True, kw_only=True)
class Shot:
    """A picture as it left the camera, before anybody looks at it.

    `content` is a file that `capture.reading` decodes: the very bytes of a file that somebody else
    wrote, or a PNG of what a sensor gave, without loss. `sequence` is the camera's own count, which
    shows what is missing between two shots; None where it has none.
    """

    content: bytes
    taken_at: datetime
    source: str  # file path or camera address, for people
    sequence: int | None = None
    serial: str | None = None
    web_position_mm: float | None = None  # line-scan: absolute position of the first line
    encoder: int | None = None  # line-scan: the encoder's counter at the first line, as it was read

    def __post_init__(self) -> None:
        if self.taken_at.utcoffset() != timedelta(0):
            raise ValueError(f"taken_at must be UTC-aware, got {self.taken_at!r}")


@dataclass(frozen=True, kw_only=True)
class Gap:
    """What the camera saw and did not hand over: so many shots, or so much of the web."""

    noticed_at: datetime
    reason: str
    shots: int = 0
    web_from_mm: float | None = None
    web_until_mm: float | None = None


class Camera(Protocol):
    """A context manager: entering opens the camera, leaving closes it, whatever happened between.

    Entering and waiting raise CaptureError where the camera is gone or refuses: whoever holds it
    leaves, and opens it again later.
    """

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None: ...

    def wait(self, timeout_s: float) -> Shot | Gap | None:
        """The next shot or gap; None where neither came in time.

        Raises CameraEnded where there will never be another one: a video is over, a simulated line
        has made its last part.
        """
        ...

    def acknowledge(self, shot: Shot) -> None:
        """The shot is safe on disk: the camera may forget it, move its file or remove it."""
        ...
