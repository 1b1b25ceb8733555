"""A web whose lines say which they are, and a camera that hands it over as a test wants it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import numpy as np

from inspect_pipeline.capture.camera import Gap, Shot
from inspect_pipeline.capture.line_scan import LineScan, LineScanRules
from inspect_pipeline.capture.lossless import png_of
from inspect_pipeline.capture.reading import decode_picture
from inspect_pipeline.errors import CameraEnded
from inspect_pipeline.records import Picture

BEGIN_AT = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
COUNTS_PER_MM = 40.0
MM_PER_LINE = 0.25
WIDTH_PX = 5


class Killed(Exception):
    """The program is gone at this moment."""


def lines_picture(first_line: int, lines: int, *, width_px: int = WIDTH_PX) -> Picture:
    """Each line begins with its own number, in three digits to the base 256."""
    numbers = np.arange(first_line, first_line + lines)
    pixels = np.zeros((lines, width_px, 1), dtype=np.uint8)
    for digit in range(3):
        pixels[:, digit, 0] = numbers // 256**digit % 256
    return pixels


def lines_shown(shot: Shot) -> list[int]:
    """Which lines of the web a frame shows."""
    pixels = decode_picture(shot.content, source=Path(shot.source)).astype(int)
    return [int(line) for line in pixels[:, 0, 0] + 256 * pixels[:, 1, 0] + 65536 * pixels[:, 2, 0]]


def block(number: int, first_line: int, lines: int, *, has_encoder: bool = False) -> Shot:
    return Shot(
        content=png_of(lines_picture(first_line, lines)),
        taken_at=BEGIN_AT + timedelta(milliseconds=250 * number),
        source=f"test://web/{number}",
        sequence=number,
        encoder=round(first_line * MM_PER_LINE * COUNTS_PER_MM) if has_encoder else None,
    )


def blocks(count: int, lines: int, *, has_encoder: bool = False) -> list[Shot]:
    return [
        block(number, number * lines, lines, has_encoder=has_encoder) for number in range(count)
    ]


def damaged(shot: Shot) -> Shot:
    return replace(shot, content=shot.content[: len(shot.content) // 2])


class BlockCamera:
    """Gives its items in turn, and after opening anew those that nobody acknowledged.

    `kill` is asked with the number of each call that changes something, and may end the program.
    """

    def __init__(self, items: Sequence[Shot | Gap], *, forgets: bool = False) -> None:
        self.items = list(items)
        self.acknowledged: list[Shot] = []
        self.forgets = forgets
        self.kill: Callable[[], None] = lambda: None
        self._next = 0
        self._heard: set[int] = set()

    def __enter__(self) -> Self:
        if not self.forgets:
            self._next = 0
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def wait(self, timeout_s: float) -> Shot | Gap | None:
        self.kill()
        while self._next < len(self.items):
            number, item = self._next, self.items[self._next]
            self._next += 1
            if number in self._heard:
                continue
            if isinstance(item, Gap):
                self._heard.add(number)  # a gap is told once
            return item
        raise CameraEnded("the web is over")

    def acknowledge(self, shot: Shot) -> None:
        self.kill()
        self.acknowledged.append(shot)
        open_numbers = [
            number
            for number, item in enumerate(self.items)
            if item == shot and number not in self._heard
        ]
        self._heard.update(open_numbers[:1])
        self.kill()

    @property
    def unheard(self) -> list[Shot | Gap]:
        return [item for number, item in enumerate(self.items) if number not in self._heard]


@dataclass
class Run:
    """What came out of a web, each shot acknowledged as soon as it came."""

    shots: list[Shot]
    gaps: list[Gap]


def rules(**changed: object) -> LineScanRules:
    chosen: dict[str, object] = {
        "lines_per_frame": 32,
        "overlap_lines": 8,
        "mm_per_line": MM_PER_LINE,
    }
    return LineScanRules(**{**chosen, **changed})  # type: ignore[arg-type]


def run_through(
    camera: BlockCamera, how: LineScanRules, memory: Path, *, run: Run | None = None
) -> Run:
    """From where the memory stands to the end of the web; adds to `run` as it goes."""
    found = run if run is not None else Run(shots=[], gaps=[])
    with LineScan(camera, how, memory) as scan:
        while True:
            try:
                came = scan.wait(1.0)
            except CameraEnded:
                return found
            if isinstance(came, Gap):
                found.gaps.append(came)
            elif came is not None:
                camera.kill()
                found.shots.append(came)
                camera.kill()
                scan.acknowledge(came)
                camera.kill()


def first_line_of(shot: Shot) -> int:
    assert shot.web_position_mm is not None
    return round(shot.web_position_mm / MM_PER_LINE)
