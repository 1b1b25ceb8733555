"""Any camera that hands over consecutive blocks of lines, as a camera of frames of a web."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from inspect_pipeline.capture.camera import Camera, Gap, Shot
from inspect_pipeline.capture.line_scan.memory import Note, Remembered, remember, remembered
from inspect_pipeline.capture.line_scan.rules import LineScanRules
from inspect_pipeline.capture.line_scan.standing import Standing, key_of
from inspect_pipeline.capture.line_scan.web import Piece, Web
from inspect_pipeline.capture.reading import decode_picture
from inspect_pipeline.errors import CameraEnded, UnreadablePicture

_log = logging.getLogger(__name__)


class LineScan:
    """A Camera around a camera. Its shots are frames of a web with their position and their roll.

    `memory` is a file of this camera alone. A block is acknowledged once no frame that holds its
    lines is unacknowledged or still to come: a camera that gives unacknowledged blocks again after
    a restart loses nothing, and the frames cut again are the same, byte for byte, with the same
    time and number. Lines of a camera that cannot are reported as a gap. `is_live`: it gives kept
    blocks again (`kept_blocks.KeptBlocks`), and its web goes on while the program stands.
    """

    def __init__(
        self,
        camera: Camera,
        rules: LineScanRules,
        memory: Path,
        *,
        is_live: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._camera = camera
        self._rules = rules
        self._memory = memory
        self._clock = clock
        self._kept = remembered(memory, mm_per_line=rules.mm_per_line)
        self._web = Web(rules, self._kept.standing, self._kept.blocks, is_live=is_live)
        self._notes = list(self._kept.notes)
        self._handed: deque[Piece] = deque()
        self._safe: set[int] = set()  # numbers of shots that wait for those before them
        self._ended: CameraEnded | None = None

    @property
    def roll(self) -> str | None:
        return self._web.standing.roll

    @property
    def length_mm(self) -> float:
        """How much of the roll has passed, gaps included."""
        return self._rules.mm_of(self._web.standing.next_line)

    def __enter__(self) -> Self:
        """What was handed over and not acknowledged before comes again."""
        self._camera.__enter__()
        self._web.pieces.extendleft(reversed(self._handed))
        self._handed.clear()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """What was read and is not safe stays: the camera may be opened again."""
        self._camera.__exit__(kind, error, trace)

    def wait(self, timeout_s: float) -> Shot | Gap | None:
        """The next frame of the web, or gap in it; None where the blocks do not make one yet."""
        until_s = self._clock() + timeout_s
        while not self._web.pieces:
            if self._ended is not None:
                self._settle()
                raise self._ended
            left_s = max(0.0, until_s - self._clock())
            if not self._read(left_s):
                return None
        piece = self._web.pieces.popleft()
        self._handed.append(piece)
        if isinstance(piece.handed, Gap):
            _log.warning("%s", _gap_line(piece.handed))
        return piece.handed

    def acknowledge(self, shot: Shot) -> None:
        assert shot.sequence is not None, "only a shot of this camera can be acknowledged here"
        if any(piece.handed == shot for piece in self._handed):
            self._safe.add(shot.sequence)
        last = None
        while self._handed and self._is_safe(self._handed[0]):
            last = self._handed.popleft()
        if last is not None:
            self._let_go(last.standing, last.taken)
        if self._ended is not None:
            self._settle()

    def begin_roll(self, roll: str) -> None:
        """The next block is the first one of this roll, at position 0."""
        self._add(Note(after=self._web.standing.key, roll=roll))

    def _settle(self) -> None:
        """The web is over and every frame is safe: blocks that the last one did not need go too."""
        if self._web.held and not self._web.pieces and not self._handed:
            self._let_go(self._web.standing, self._web.taken)

    def _let_go(self, standing: Standing, taken: int) -> None:
        gone = self._web.let_go(standing, taken)
        self._keep(standing, taken, done=tuple(block.key for block in gone))
        for block in gone:
            assert block.shot is not None, "blocks that are held were read"
            self._camera.acknowledge(block.shot)

    def _read(self, timeout_s: float) -> bool:
        """Takes the next block into the web; False where none came in time."""
        try:
            came = self._camera.wait(timeout_s)
        except CameraEnded as end:
            self._say_again()
            self._web.end()
            self._ended = end
            return True
        if came is None:
            return False
        if isinstance(came, Gap):
            self._add(Note(after=self._web.standing.key, gap=came))
            return True
        key = key_of(came)
        if key in self._kept.done:
            self._camera.acknowledge(came)
            return True
        self._say_again()
        try:
            self._web.take(came, decode_picture(came.content, source=Path(came.source)))
        except UnreadablePicture as error:
            self._web.take(came, None, str(error))
        return True

    def _say_again(self) -> None:
        for note in self._notes:
            if note.after == self._web.standing.key:
                if note.gap is not None:
                    self._web.miss(note.gap)
                if note.roll is not None:
                    self._web.begin_roll(note.roll)

    def _is_safe(self, piece: Piece) -> bool:
        if isinstance(piece.handed, Gap):
            return True
        if piece.handed.sequence in self._safe:
            self._safe.remove(piece.handed.sequence)
            return True
        return False

    def _add(self, note: Note) -> None:
        """On the disk at once: no block tells it."""
        if note not in self._notes:
            self._notes.append(note)
        self._write(self._kept)

    def _keep(self, standing: Standing, taken: int, *, done: tuple[str, ...]) -> None:
        later: set[str | None] = {standing.key, self._web.standing.key}
        later.update(block.key for block in self._web.held if block.number >= taken)
        self._notes = [note for note in self._notes if note.after in later]
        self._write(
            Remembered(
                mm_per_line=self._rules.mm_per_line,
                standing=standing,
                blocks=tuple(self._web.needed(taken)),
                done=done,
            )
        )

    def _write(self, kept: Remembered) -> None:
        self._kept = Remembered(
            mm_per_line=kept.mm_per_line,
            standing=kept.standing,
            blocks=kept.blocks,
            done=kept.done,
            notes=tuple(self._notes),
        )
        remember(self._memory, self._kept)


def _gap_line(gap: Gap) -> str:
    until = "?" if gap.web_until_mm is None else f"{gap.web_until_mm:.1f}"
    return f"gap in the web from {gap.web_from_mm:.1f} to {until} mm: {gap.reason}"
