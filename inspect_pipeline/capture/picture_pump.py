"""Reads a camera in a thread of its own, so that nobody who waits hangs with it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from inspect_pipeline.capture.opencv_reading import OpenReader, PictureReader
from inspect_pipeline.errors import CaptureError
from inspect_pipeline.records import Picture

KEPT_MAX = 8


@dataclass(frozen=True, kw_only=True, eq=False)
class Pumped:
    """A picture and its number since the camera was opened, which counts lost ones too."""

    pixels: Picture
    number: int
    taken_at: datetime
    read_s: float


class PicturePump:
    """Keeps the newest `kept_max` pictures for whoever takes them; their numbers show the others.

    A camera that hangs in the middle of a picture keeps its thread, not its caller: the thread is
    left behind and ends when the camera's own time-out comes.
    """

    def __init__(
        self,
        open_reader: OpenReader,
        *,
        now: Callable[[], datetime],
        every_s: float = 0.0,
        kept_max: int = KEPT_MAX,
    ) -> None:
        self._open_reader = open_reader
        self._now = now
        self._every_s = every_s
        self._kept_max = kept_max
        self._kept: deque[Pumped] = deque()
        self._changed = threading.Condition()
        self._is_open = False
        self._is_stopping = False
        self._error: CaptureError | None = None
        self.read_s = time.monotonic()  # when the camera last gave a picture
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)

    def start(self, timeout_s: float) -> None:
        """Raises CaptureError where the camera refuses, or has not answered in time. A camera that
        answered and has ended since is open: its pictures wait, and `next` tells the end."""
        self._thread.start()
        with self._changed:
            self._changed.wait_for(lambda: self._is_open or self._error is not None, timeout_s)
            if self._is_open:
                return
            if self._error is not None:
                raise self._error
            self._is_stopping = True
            raise CaptureError(f"has not answered for {timeout_s:g} s")

    def next(self, timeout_s: float) -> Pumped | None:
        """The oldest that is kept. Raises CaptureError once all are taken and none can follow."""
        with self._changed:
            self._changed.wait_for(lambda: self._kept or self._error is not None, timeout_s)
            if self._kept:
                return self._kept.popleft()
            if self._error is not None:
                raise self._error
            return None

    def stop(self, patience_s: float = 2.0) -> None:
        with self._changed:
            self._is_stopping = True
        self._thread.join(patience_s)

    def _run(self) -> None:
        try:
            reader = self._open_reader()
        except CaptureError as error:
            self._end(error)
            return
        try:
            with self._changed:
                self._is_open = True
                self.read_s = time.monotonic()
                self._changed.notify_all()
            self._pump(reader)
        finally:
            reader.close()

    def _pump(self, reader: PictureReader) -> None:
        number, due_s = 0, 0.0
        while not self._is_stopping:
            if not reader.grab():
                self._end(CaptureError("gives no more pictures"))
                return
            read_s = time.monotonic()
            if read_s < due_s:
                self.read_s = read_s
                continue
            pixels = reader.picture()
            if pixels is not None:
                self._keep(pixels, number, read_s)
            number += 1
            due_s = read_s + self._every_s

    def _keep(self, pixels: Picture, number: int, read_s: float) -> None:
        with self._changed:
            self.read_s = read_s
            if len(self._kept) >= self._kept_max:
                self._kept.popleft()
            taken_at = self._now()
            self._kept.append(
                Pumped(pixels=pixels, number=number, taken_at=taken_at, read_s=read_s)
            )
            self._changed.notify_all()

    def _end(self, error: CaptureError) -> None:
        with self._changed:
            self._error = error
            self._changed.notify_all()
