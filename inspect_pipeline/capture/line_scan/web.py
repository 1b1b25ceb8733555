"""Blocks in, frames and gaps out: the web as it grows. No camera, file or clock in here.

The same blocks from the same standing give the same pieces, byte for byte: that is what makes it
safe to read blocks again after a kill.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from inspect_pipeline.capture.camera import Gap, Shot
from inspect_pipeline.capture.line_scan.placing import Place, placed
from inspect_pipeline.capture.line_scan.rules import MOST_PX, AfterRestart, LineScanRules
from inspect_pipeline.capture.line_scan.standing import Block, Standing, key_of
from inspect_pipeline.capture.lossless import png_of
from inspect_pipeline.errors import CaptureError
from inspect_pipeline.records import Picture

NOT_SAFE = "lines that had come were not safe yet when the program stopped, and did not come again"


@dataclass(frozen=True, kw_only=True, eq=False)
class Piece:
    """What is handed on, and where one could go on once it is safe: so many blocks were taken."""

    handed: Shot | Gap
    standing: Standing
    taken: int


class Web:
    """`blocks` are those that a web of this standing must be given again, in that order.

    `is_live`: the web went on meanwhile, so that what is missing behind them was missed by the
    restart.
    """

    def __init__(
        self,
        rules: LineScanRules,
        standing: Standing,
        blocks: Sequence[Block] = (),
        *,
        is_live: bool = False,
    ) -> None:
        self.rules = rules
        self._is_live = is_live
        self.standing = standing
        self.held: deque[Block] = deque()
        self.pieces: deque[Piece] = deque()
        self.taken = len(blocks)
        self._awaited = deque(blocks)
        self._is_resumed = standing.key is not None
        self._told: Gap | None = None
        self._next_roll: str | None = None
        first = min((block.first_line for block in blocks), default=standing.next_line)
        self._read_line = first if standing.is_open else standing.next_line
        if standing.is_open:
            self.standing = replace(standing, piece_line=max(standing.piece_line, first))

    def take(self, shot: Shot, pixels: Picture | None, fault: str = "") -> None:
        """The next block; without pixels it cannot be read, and `fault` says why."""
        key = key_of(shot)
        if any(block.key == key for block in self._awaited):
            self._take_again(shot, key, pixels)
        elif any(block.key == key for block in self.held) or key == self.standing.key:
            self._hold(shot, key, self.standing.next_line)  # a duplicate: safe with its original
        else:
            self._forget_awaited(shot.taken_at)
            self._take_new(shot, key, pixels, fault)

    def miss(self, gap: Gap) -> None:
        """The camera says that something is missing before the next block."""
        self._told = gap

    def begin_roll(self, roll: str) -> None:
        """The next block is the first one of another roll."""
        self._next_roll = roll

    def end(self) -> None:
        """No block will come any more: what is left becomes a last frame."""
        self._forget_awaited()
        self._close()
        if self._told is not None:
            self._tell(self._told.reason, self._told.noticed_at, shots=self._told.shots)
            self._told = None

    def needed(self, taken: int) -> list[Block]:
        """Of the blocks taken by then, those that nobody let go yet; oldest first."""
        return [*(block for block in self.held if block.number < taken), *self._awaited]

    def let_go(self, standing: Standing, taken: int) -> list[Block]:
        """The blocks that nobody needs any more who goes on at the standing, oldest first."""
        needed_line = standing.needed_line(self.rules)
        gone = []
        while self.held and self.held[0].number < taken:
            block = self.held[0]
            if block.roll == standing.roll and block.end_line > needed_line:
                break
            gone.append(self.held.popleft())
        return gone

    def _take_again(self, shot: Shot, key: str, pixels: Picture | None) -> None:
        is_missing = False
        while self._awaited[0].key != key:
            is_missing |= self._awaited.popleft().lines > 0
        block = self._awaited.popleft()
        if pixels is not None:
            pixels = pixels[block.skipped_lines : block.skipped_lines + block.lines]
        self._is_resumed = self._is_live
        if is_missing:
            self._go_on_at(block)
        self.held.append(replace(block, shot=shot, pixels=pixels if block.lines else None))
        self._read_line = max(self._read_line, block.end_line)
        self._cut()

    def _go_on_at(self, block: Block) -> None:
        """Of the blocks that should come again, those right before this one did not."""
        line, standing = block.first_line, self.standing
        from_line = max(standing.covered_line, self._read_line)
        if line > from_line:
            self._close()
            self._tell(NOT_SAFE, block.taken_at, from_line=from_line, until_line=line)
            opened = self.standing.opened_at(
                line, width_px=standing.width_px, channels=standing.channels
            )
            self.standing = replace(opened, next_line=standing.next_line)
        else:
            self.standing = replace(
                standing,
                piece_line=max(standing.piece_line, line),
                cut_line=max(standing.cut_line, line),
            )
        self._read_line = line

    def _forget_awaited(self, noticed_at: datetime | None = None) -> None:
        missing = [block for block in self._awaited if block.lines > 0]
        self._awaited.clear()
        if not missing:
            return
        self._close()
        from_line = max(self._read_line, self.standing.covered_line)
        if from_line < self.standing.next_line:
            self._tell(
                NOT_SAFE,
                noticed_at or missing[-1].taken_at,
                from_line=from_line,
                until_line=self.standing.next_line,
            )

    def _take_new(self, shot: Shot, key: str, pixels: Picture | None, fault: str) -> None:
        self._turn_to_roll_of(shot)
        lines = self.standing.usual_lines if pixels is None else pixels.shape[0]
        place = placed(self.standing, shot, lines=lines, told=self._told, rules=self.rules)
        if self._is_resumed and place.lost and self.rules.after_restart is AfterRestart.NEW_ROLL:
            self._turn_to(_roll_beginning_with(shot), sequence=None)
            place = placed(self.standing, shot, lines=lines, told=None, rules=self.rules)
        self._is_resumed, self._told = False, None
        if place.lost is not None:
            self._close()
            until_line = place.first_line if place.is_length_known else None
            self._tell(place.lost, shot.taken_at, until_line=until_line)
        if pixels is None:
            self._pass_over(shot, key, place, lines, fault)
        else:
            self._stitch(shot, key, place, pixels)

    def _turn_to_roll_of(self, shot: Shot) -> None:
        roll = shot.serial or self._next_roll
        self._next_roll = None
        if roll is None and self.standing.roll is None:
            roll = _roll_beginning_with(shot)
        if roll is not None and roll != self.standing.roll:
            self._turn_to(roll, sequence=self.standing.sequence)

    def _turn_to(self, roll: str, *, sequence: int | None) -> None:
        self._close()
        self.standing = self.standing.begun_anew(roll, sequence=sequence)

    def _pass_over(self, shot: Shot, key: str, place: Place, lines: int, fault: str) -> None:
        """A block that cannot be read is handed on as it is, and its lines are a gap."""
        self._close()
        from_line, until_line = place.first_line, place.first_line + lines
        self._tell(
            fault, shot.taken_at, from_line=from_line, until_line=until_line if lines else None
        )
        self._note(shot, key, place, end_line=until_line)
        self._hold(shot, key, until_line)
        self._hand(shot, from_line)

    def _stitch(self, shot: Shot, key: str, place: Place, pixels: Picture) -> None:
        height_px, width_px, channels = pixels.shape
        if self.rules.lines_per_frame * width_px > MOST_PX:
            raise CaptureError(
                f"{self.rules.lines_per_frame} lines of {width_px} px are more than the "
                f"{MOST_PX // 10**6} megapixels of the largest frame: set lines_per_frame lower"
            )
        before = (self.standing.width_px, self.standing.channels)
        if self.standing.is_open and (width_px, channels) != before:
            self._close()
            changed = f"blocks are {width_px} px x {channels} now, they were {before[0]} x "
            line = place.first_line
            self._tell(f"{changed}{before[1]}", shot.taken_at, from_line=line, until_line=line)
        kept = pixels[place.skipped_lines :]
        if kept.shape[0] and not self.standing.is_open:
            self.standing = self.standing.opened_at(
                place.first_line, width_px=width_px, channels=channels
            )
            self._read_line = place.first_line
        end_line = place.first_line + kept.shape[0]
        self._note(shot, key, place, end_line=end_line)
        self.standing = replace(self.standing, usual_lines=height_px)
        self._hold(shot, key, place.first_line, kept, skipped_lines=place.skipped_lines)
        self._read_line = end_line
        self._cut()

    def _note(self, shot: Shot, key: str, place: Place, *, end_line: int) -> None:
        self.standing = replace(
            self.standing,
            key=key,
            next_line=end_line,
            sequence=self.standing.sequence if shot.sequence is None else shot.sequence,
            encoder=self.standing.encoder if shot.encoder is None else shot.encoder,
            counted=place.counted,
            origin_line=place.origin_line,
        )

    def _hold(
        self,
        shot: Shot,
        key: str,
        first_line: int,
        pixels: Picture | None = None,
        *,
        skipped_lines: int = 0,
    ) -> None:
        block = Block(
            number=self.taken,
            key=key,
            roll=self.standing.roll,
            taken_at=shot.taken_at,
            first_line=first_line,
            lines=0 if pixels is None else pixels.shape[0],
            skipped_lines=skipped_lines,
            shot=shot,
            pixels=pixels,
        )
        self.held.append(block)
        self.taken += 1

    def _cut(self) -> None:
        while self.standing.is_open and self._end_of_cut() <= self._read_line:
            first_line, end_line = self.standing.cut_line, self._end_of_cut()
            self.standing = replace(
                self.standing,
                covered_line=end_line,
                cut_line=self.rules.next_start(first_line),
            )
            self._hand_frame(first_line, end_line)
        self._drop_pixels()

    def _end_of_cut(self) -> int:
        return self.standing.cut_line + self.rules.lines_per_frame

    def _close(self) -> None:
        """Nothing is stitched to what is there any more."""
        if not self.standing.is_open:
            return
        piece_line, end_line = self.standing.piece_line, self._read_line
        is_covered = end_line <= self.standing.covered_line
        self.standing = replace(self.standing, is_open=False)
        if not is_covered:
            self.standing = replace(self.standing, covered_line=end_line)
            self._hand_frame(self.rules.last_start(piece_line, end_line), end_line)

    def _hand_frame(self, first_line: int, end_line: int) -> None:
        cut = [block for block in self.held if self._shows(block, first_line, end_line)]
        rows = [
            block.pixels[max(0, first_line - block.first_line) : end_line - block.first_line]
            for block in cut
            if block.pixels is not None
        ]
        frame = np.concatenate(rows)
        assert frame.shape[0] == end_line - first_line, "a frame is cut from one unbroken piece"
        begin = cut[0]
        assert begin.shot is not None, "blocks with pixels were read"
        shot = Shot(
            content=png_of(frame),
            taken_at=begin.time_of(first_line),
            source=f"{begin.shot.source}#line={first_line}",
        )
        self._hand(shot, first_line)

    def _shows(self, block: Block, first_line: int, end_line: int) -> bool:
        return (
            block.pixels is not None
            and block.roll == self.standing.roll
            and block.first_line < end_line
            and block.end_line > first_line
        )

    def _hand(self, shot: Shot, first_line: int) -> None:
        number = self.standing.handed
        self.standing = replace(self.standing, handed=number + 1)
        handed = replace(
            shot,
            sequence=number,
            serial=self.standing.roll,
            web_position_mm=self.rules.mm_of(first_line),
            encoder=None,
        )
        self.pieces.append(Piece(handed=handed, standing=self.standing, taken=self.taken))

    def _tell(
        self,
        reason: str,
        noticed_at: datetime,
        *,
        from_line: int | None = None,
        until_line: int | None = None,
        shots: int = 0,
    ) -> None:
        """A gap, by default from the end of the web; told again, it is the same gap."""
        first_line = self.standing.next_line if from_line is None else from_line
        gap = Gap(
            noticed_at=noticed_at,
            reason=reason if self.standing.roll is None else f"roll {self.standing.roll}: {reason}",
            shots=shots,
            web_from_mm=self.rules.mm_of(first_line),
            web_until_mm=None if until_line is None else self.rules.mm_of(until_line),
        )
        self.pieces.append(Piece(handed=gap, standing=self.standing, taken=self.taken))

    def _drop_pixels(self) -> None:
        """Frames to come reach back so far and no further."""
        needed_line = self.standing.needed_line(self.rules)
        for place, block in enumerate(self.held):
            if block.pixels is not None and (
                block.roll != self.standing.roll or block.end_line <= needed_line
            ):
                self.held[place] = replace(block, pixels=None)


def _roll_beginning_with(shot: Shot) -> str:
    """The same name again when the block is read again."""
    return f"roll-{shot.taken_at:%Y%m%dT%H%M%S}.{shot.taken_at.microsecond // 1000:03d}Z"
