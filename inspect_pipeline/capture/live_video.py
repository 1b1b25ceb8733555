"""Cameras that send pictures without being asked: streams on the network, USB cameras."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from inspect_pipeline.capture.camera import Gap, Shot
from inspect_pipeline.capture.frozen import FrozenWatch
from inspect_pipeline.capture.lossless import png_of
from inspect_pipeline.capture.opencv_reading import OpenReader
from inspect_pipeline.capture.picture_pump import PicturePump, Pumped
from inspect_pipeline.errors import CaptureError


@dataclass(frozen=True, kw_only=True)
class LiveSettings:
    """`name` stands in every message and as the shots' source: without any password."""

    camera_id: str
    name: str
    every_s: float
    open_timeout_s: float
    read_timeout_s: float
    frozen_after_s: float
    what_to_do: str


class LiveVideo:
    """Every picture that was read becomes a shot, kept without loss; pictures that came faster
    than they were taken are a gap. `sequence` starts at 0 whenever the camera is opened."""

    def __init__(
        self, settings: LiveSettings, open_reader: OpenReader, *, now: Callable[[], datetime]
    ) -> None:
        self._settings = settings
        self._open_reader = open_reader
        self._now = now

    def __enter__(self) -> Self:
        settings = self._settings
        self._pump = PicturePump(self._open_reader, now=self._now, every_s=settings.every_s)
        self._frozen = FrozenWatch(settings.frozen_after_s)
        self._held: Pumped | None = None
        self._next_number = 0
        try:
            self._pump.start(2.0 * settings.open_timeout_s)  # the reader's own time-out comes first
        except CaptureError as error:
            self._pump.stop(0.0)
            raise self._lost(str(error)) from error
        return self

    def __exit__(self, *_: object) -> None:
        self._pump.stop()

    def wait(self, timeout_s: float) -> Shot | Gap | None:
        pumped = self._held or self._next(timeout_s)
        self._held = None
        if pumped is None:
            return None
        lost = pumped.number - self._next_number
        if lost > 0:
            self._held = pumped
            self._next_number = pumped.number
            reason = f"{lost} pictures of {self._settings.name} came faster than they were taken"
            return Gap(noticed_at=pumped.taken_at, reason=reason, shots=lost)
        self._next_number = pumped.number + 1
        frozen_s = self._frozen.frozen_s(pumped.pixels, pumped.read_s)
        if frozen_s is not None:
            raise self._lost(f"is frozen: the very same picture for {frozen_s:.0f} s")
        return Shot(
            content=png_of(pumped.pixels),
            taken_at=pumped.taken_at,
            source=self._settings.name,
            sequence=pumped.number,
        )

    def acknowledge(self, shot: Shot) -> None:
        """A live picture is nowhere else: there is nothing to let go of."""

    def _next(self, timeout_s: float) -> Pumped | None:
        try:
            pumped = self._pump.next(min(timeout_s, self._settings.read_timeout_s))
        except CaptureError as error:
            raise self._lost(str(error)) from error
        silent_s = time.monotonic() - self._pump.read_s
        if pumped is None and silent_s > self._settings.read_timeout_s:
            raise self._lost(f"has sent nothing for {silent_s:.1f} s")
        return pumped

    def _lost(self, what: str) -> CaptureError:
        settings = self._settings
        told = what.removeprefix(f"{settings.name} ")
        return CaptureError(
            f"camera {settings.camera_id}: {settings.name} {told}: {settings.what_to_do}"
        )
