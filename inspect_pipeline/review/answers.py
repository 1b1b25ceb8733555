"""What a reviewer's form says: which findings in which version, what of them, in which words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fastapi import HTTPException

from db.words import ReviewState

MOST_AT_ONCE = 500
LONGEST_NOTE = 2_000
ANSWERS = (ReviewState.CONFIRMED, ReviewState.FALSE_ALARM, ReviewState.SECOND_LOOK)
_SEEN = re.compile(r"([1-9][0-9]{0,17}):([0-9]{1,9})")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def seen_versions(findings: Sequence[str]) -> dict[int, int | None]:
    """`12:3` is finding 12 as it was in version 3. Answers 422 to anything else."""
    if not findings:
        raise HTTPException(422, "finding: choose at least one")
    if len(findings) > MOST_AT_ONCE:
        raise HTTPException(422, f"finding: at most {MOST_AT_ONCE} at once, got {len(findings)}")
    seen: dict[int, int | None] = {}
    for said in findings:
        match = _SEEN.fullmatch(said)
        if match is None:
            raise HTTPException(422, "finding: expected ID:VERSION such as 12:0")
        seen[int(match[1])] = int(match[2])
    return seen


def answer_of(verdict: str) -> ReviewState:
    """Answers 422 to what is no answer."""
    if verdict not in ANSWERS:
        raise HTTPException(422, f"verdict: expected one of {', '.join(ANSWERS)}")
    return ReviewState(verdict)


def note_of(written: str) -> str | None:
    """Without control characters; None where nothing is left. Answers 422 to a very long one."""
    note = _CONTROLS.sub("", written.replace("\r\n", "\n")).strip()
    if len(note) > LONGEST_NOTE:
        raise HTTPException(422, f"note: at most {LONGEST_NOTE} characters, got {len(note)}")
    return note or None
