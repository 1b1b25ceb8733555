"""What every source of frames offers, whatever stands behind it."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Protocol, Self

from inspect_pipeline.records import Captured


class FrameSource(Protocol):
    """A context manager: what it opened (a camera, a socket) is closed on leaving."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None: ...

    def frames(self) -> Iterator[Captured]:
        """Every picture that arrives, in order; one that cannot be decoded is a record too.

        Raises CaptureError where the source as a whole gives nothing.
        """
        ...
