"""How a web is cut: pure arithmetic of absolute lines.

Line 0 is the first line of a roll. Frames begin on a fixed grid of lines, every `stride_lines`, so
that the same web is cut the same way whenever it is read again. Where a piece of web begins beside
the grid, after a gap, its first frame begins there too; where a piece ends, its last frame is
shifted back and not cropped, as the last tile of a picture is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

MOST_PX = 80_000_000  # of a frame: what the reader of pictures takes (capture.reading)


class AfterRestart(StrEnum):
    """What becomes of the roll when lines were missed while the program did not run."""

    CONTINUE = "continue"  # the position goes on, as far as it can be known
    NEW_ROLL = "new_roll"


@dataclass(frozen=True, kw_only=True)
class LineScanRules:
    """`counts_per_mm`: of the encoder whose counter the blocks carry; None = lines are counted."""

    lines_per_frame: int
    overlap_lines: int
    mm_per_line: float
    counts_per_mm: float | None = None
    counter_bits: int = 32
    after_restart: AfterRestart = AfterRestart.CONTINUE

    def __post_init__(self) -> None:
        if self.lines_per_frame < 1:
            raise ValueError(f"lines_per_frame must be at least 1, got {self.lines_per_frame}")
        if not 0 <= self.overlap_lines < self.lines_per_frame:
            raise ValueError(
                f"overlap_lines must lie in [0, {self.lines_per_frame}), got {self.overlap_lines}"
            )
        for name in ("mm_per_line", "counts_per_mm"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0.0):
                raise ValueError(f"{name} must be positive, got {value}")
        if not 8 <= self.counter_bits <= 64:
            raise ValueError(f"counter_bits must lie in [8, 64], got {self.counter_bits}")

    @property
    def stride_lines(self) -> int:
        return self.lines_per_frame - self.overlap_lines

    def next_start(self, line: int) -> int:
        """The first line of the grid that lies after `line`."""
        return (line // self.stride_lines + 1) * self.stride_lines

    def last_start(self, segment_line: int, end_line: int) -> int:
        """Where the last frame of a piece of web begins: a whole frame, if the piece is as long."""
        return max(segment_line, end_line - self.lines_per_frame)

    def mm_of(self, line: int) -> float:
        return line * self.mm_per_line

    def line_at(self, position_mm: float) -> int:
        return round(position_mm / self.mm_per_line)

    def unwrapped(self, *, from_count: int, to_count: int) -> int:
        """How far the encoder's counter moved, backwards below 0; it may have begun again at 0."""
        span = 1 << self.counter_bits
        moved = (to_count - from_count) % span
        return moved - span if moved >= span // 2 else moved
