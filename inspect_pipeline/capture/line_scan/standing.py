"""How far a web has come: all that must be known to go on where a program was killed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from inspect_pipeline.capture.camera import Shot
from inspect_pipeline.capture.line_scan.rules import LineScanRules
from inspect_pipeline.records import Picture


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The position of the web and of the frames cut from it, between two steps.

    Frames hold every line of the piece up to `covered_line`; the next one begins at `cut_line`.
    `origin_line` and `counted` turn the encoder's counter, however often it began again at 0, into
    lines: at `origin_line`, `counted` was 0.
    """

    roll: str | None = None  # None before the first block
    next_line: int = 0  # where the next block begins if nothing is missing
    is_open: bool = False  # may the next block be stitched to what is there?
    piece_line: int = 0  # where the unbroken piece of web begins
    covered_line: int = 0
    cut_line: int = 0
    width_px: int = 0
    channels: int = 0
    usual_lines: int = 0  # of the last block that could be read
    key: str | None = None  # of the last block
    sequence: int | None = None  # of the last block that had one
    encoder: int | None = None
    counted: int = 0
    origin_line: int = 0
    handed: int = 0  # shots handed over: the number of the next one

    def needed_line(self, rules: LineScanRules) -> int:
        """No frame that is still to come holds a line before this one."""
        if not self.is_open:
            return self.next_line
        return max(self.piece_line, self.covered_line - rules.lines_per_frame)

    def begun_anew(self, roll: str | None, *, sequence: int | None) -> Standing:
        """The beginning of another roll, behind the block of that number."""
        return Standing(
            roll=roll,
            usual_lines=self.usual_lines,
            key=self.key,
            sequence=sequence,
            handed=self.handed,
        )

    def opened_at(self, line: int, *, width_px: int, channels: int) -> Standing:
        return replace(
            self,
            is_open=True,
            next_line=line,
            piece_line=line,
            covered_line=line,
            cut_line=line,
            width_px=width_px,
            channels=channels,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Block:
    """A block of lines at its place. `shot` is None until it is read again after a restart.

    `pixels` is None where there are none, or where no frame needs them any more. The first
    `skipped_lines` of the picture had been seen before: the web had run backwards.
    """

    number: int  # blocks are counted as they come, whatever became of them
    key: str
    roll: str | None
    taken_at: datetime
    first_line: int
    lines: int
    skipped_lines: int = 0
    shot: Shot | None = None
    pixels: Picture | None = None

    @property
    def end_line(self) -> int:
        return self.first_line + self.lines

    def time_of(self, line: int) -> datetime:
        """The block's time and a microsecond per line: no two lines of a camera share a time."""
        return self.taken_at + timedelta(microseconds=line - self.first_line)


def key_of(shot: Shot) -> str:
    """The same shot has the same key, also when it is read again after a restart."""
    told = f"{shot.taken_at.isoformat()} {shot.sequence} {shot.encoder} {shot.serial} ".encode()
    return hashlib.sha256(told + shot.content).hexdigest()
