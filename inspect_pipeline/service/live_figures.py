"""What people at a camera want to know: size, rate, brightness, focus of what it sends."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from inspect_pipeline.capture.camera import Camera, Gap, Shot
from inspect_pipeline.capture.reading import decode_picture
from inspect_pipeline.errors import CaptureError
from inspect_pipeline.records import Picture
from inspect_pipeline.stages.sharpness import sharpness

_RATE_SHOTS = 20


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Of one picture. Grey levels are 0 to 255."""

    frame_wh: tuple[int, int]
    is_colour: bool
    mean_grey: float
    contrast: float
    saturated_share: float
    sharpness: float


@dataclass(frozen=True, kw_only=True)
class Looked:
    """The newest shot, its figures, and what came until now; the rate is None after one shot."""

    shot: Shot
    figures: Figures
    rate_hz: float | None
    shots: int
    lost: int


def figures_of(pixels: Picture) -> Figures:
    return Figures(
        frame_wh=(pixels.shape[1], pixels.shape[0]),
        is_colour=pixels.shape[2] == 3,
        mean_grey=float(pixels.mean()),
        contrast=float(pixels.std(axis=(0, 1)).max()),
        saturated_share=float((pixels == 255).any(axis=2).mean()),
        sharpness=sharpness(pixels),
    )


def look(
    camera: Camera,
    *,
    camera_id: str,
    within_s: float,
    correct: Callable[[Picture], Picture] = lambda pixels: pixels,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Looked]:
    """Each shot of an opened camera with its figures; nothing is acknowledged, so nothing is used.

    Raises CaptureError where none comes in time, UnreadablePicture where it cannot be decoded.
    """
    arrived: deque[float] = deque(maxlen=_RATE_SHOTS)
    shots = lost = 0
    waiting_since_s = clock()
    while True:
        given = camera.wait(min(1.0, within_s))
        if isinstance(given, Gap):
            lost += given.shots
        elif given is not None:
            shots += 1
            arrived.append(clock())
            waiting_since_s = arrived[-1]
            pixels = correct(decode_picture(given.content, source=Path(given.source)))
            span_s = arrived[-1] - arrived[0]
            rate_hz = (len(arrived) - 1) / span_s if span_s > 0 else None
            yield Looked(
                shot=given, figures=figures_of(pixels), rate_hz=rate_hz, shots=shots, lost=lost
            )
        elif clock() - waiting_since_s > within_s:
            raise CaptureError(
                f"camera {camera_id}: no picture came in {within_s:g} s: is the line running, "
                "does its trigger arrive, are there files?"
            )
