"""What a line-scan camera remembers when the program stops: one small file, replaced as a whole."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from inspect_pipeline.capture.camera import Gap
from inspect_pipeline.capture.line_scan.standing import Block, Standing
from inspect_pipeline.errors import CaptureError

FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Note:
    """What was said between two blocks and stands in none of them: it is said again with them.

    `after` is the block before (None: the first one), a gap that the camera told, or a new roll.
    """

    after: str | None
    gap: Gap | None = None
    roll: str | None = None


@dataclass(frozen=True, kw_only=True)
class Remembered:
    """Everything before `standing` is safe elsewhere; `blocks` must be given again, in order.

    The `done` ones need not, but the camera may not have heard it yet.
    """

    mm_per_line: float
    standing: Standing = field(default_factory=Standing)
    blocks: tuple[Block, ...] = ()
    done: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()


def remember(path: Path, told: Remembered) -> None:
    """On the disk before this returns; killed at any moment, the old or the new file is there."""
    text = json.dumps(
        {
            "format": FORMAT,
            "mm_per_line": told.mm_per_line,
            "standing": asdict(told.standing),
            "blocks": [_block_words(block) for block in told.blocks],
            "done": list(told.done),
            "notes": [_note_words(note) for note in told.notes],
        }
    )
    half = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with half.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise CaptureError(
            f"the position of the web cannot be kept in {path} ({error.strerror}): check the disk "
            "and the folder's permissions"
        ) from error


def remembered(path: Path, *, mm_per_line: float) -> Remembered:
    """What was kept, or the beginning where there is nothing.

    With another scale than before, lines are other lines: a new roll begins.
    """
    try:
        words = json.loads(path.read_text(encoding="utf-8"))
        if words["format"] != FORMAT:
            raise ValueError(f"its format is {words['format']}, known is {FORMAT}")
        told = _from_words(words)
    except FileNotFoundError:
        return Remembered(mm_per_line=mm_per_line)
    except OSError as error:
        raise CaptureError(
            f"the position of the web cannot be read from {path} ({error.strerror}): check the "
            "file's permissions"
        ) from error
    except (ValueError, LookupError, TypeError) as error:
        raise CaptureError(
            f"{path} does not hold the position of a web ({error}): restore it, or move it away "
            "and the web begins as a new roll"
        ) from error
    if told.mm_per_line != mm_per_line:
        anew = replace(told.standing.begun_anew(None, sequence=None), key=None)
        return Remembered(mm_per_line=mm_per_line, standing=anew, done=told.done)
    return told


def _block_words(block: Block) -> dict[str, Any]:
    return {
        "key": block.key,
        "roll": block.roll,
        "taken_at": block.taken_at.isoformat(),
        "first_line": block.first_line,
        "lines": block.lines,
        "skipped_lines": block.skipped_lines,
    }


def _note_words(note: Note) -> dict[str, Any]:
    gap = None
    if note.gap is not None:
        gap = {**asdict(note.gap), "noticed_at": note.gap.noticed_at.isoformat()}
    return {"after": note.after, "gap": gap, "roll": note.roll}


def _from_words(words: dict[str, Any]) -> Remembered:
    return Remembered(
        mm_per_line=words["mm_per_line"],
        standing=Standing(**words["standing"]),
        blocks=_blocks(words["blocks"]),
        done=tuple(words["done"]),
        notes=tuple(
            Note(after=note["after"], gap=_gap(note["gap"]), roll=note["roll"])
            for note in words["notes"]
        ),
    )


def _blocks(words: Sequence[dict[str, Any]]) -> tuple[Block, ...]:
    return tuple(
        Block(**{**block, "number": number, "taken_at": datetime.fromisoformat(block["taken_at"])})
        for number, block in enumerate(words)
    )


def _gap(words: dict[str, Any] | None) -> Gap | None:
    if words is None:
        return None
    return Gap(**{**words, "noticed_at": datetime.fromisoformat(words["noticed_at"])})
