"""Where a page ended, as one opaque word that the browser or program hands back.

A cursor names the last row of its page by what the order sorts by, so rows that arrive meanwhile
neither shift nor repeat anything.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from datetime import UTC, datetime

from db.questions.parameters import MOST_ID

MAX_CURSOR_CHARS = 200


class BadCursor(Exception):
    """Not what a page gave, or given by another list or order."""


def moment_cursor(order: str, moment: datetime, row_id: int) -> str:
    return _written([order, moment.astimezone(UTC).isoformat(), row_id])


def number_cursor(order: str, number: float, row_id: int) -> str:
    return _written([order, number, row_id])


def moment_of(cursor: str, order: str) -> tuple[datetime, int]:
    """What `moment_cursor` was given; raises BadCursor for anything else."""
    value, row_id = _read(cursor, order)
    if not isinstance(value, str):
        raise _unreadable()
    try:
        moment = datetime.fromisoformat(value)
        if moment.utcoffset() is None:
            raise _unreadable()
        return moment.astimezone(UTC), row_id
    except (ValueError, OverflowError) as error:
        raise _unreadable() from error


def number_of(cursor: str, order: str) -> tuple[float, int]:
    """What `number_cursor` was given; raises BadCursor for anything else."""
    value, row_id = _read(cursor, order)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise _unreadable()
    return float(value), row_id


def _written(parts: list[object]) -> str:
    text = json.dumps(parts, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read(cursor: str, order: str) -> tuple[object, int]:
    padded = cursor + "=" * (-len(cursor) % 4)
    try:
        parts = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise _unreadable() from error
    if not isinstance(parts, list) or len(parts) != 3:
        raise _unreadable()
    found, value, row_id = parts
    if isinstance(row_id, bool) or not isinstance(row_id, int) or not 0 <= row_id <= MOST_ID:
        raise _unreadable()
    if found != order:
        raise BadCursor(f"this cursor belongs to another list or order, not to {order!r}")
    return value, row_id


def _unreadable() -> BadCursor:
    return BadCursor("not a cursor of this list: hand back the one of the page before")
