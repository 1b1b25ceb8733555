"""What a value from outside must be, so that no database is ever asked to hold what it cannot.

Path and query arrive as text, bodies as JSON: an id in a path is digits, in a body a number.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

from db.questions.parameters import MOST_ID
from inspect_pipeline.review.fields import written_whole

MAX_VERSION = 2**31 - 1
MAX_NOTE_CHARS = 4000
MAX_PAGE = 500
NO_NUL = r"^[^\u0000]*$"  # PostgreSQL cannot hold the character

_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)


def _whole_in_json(value: Any) -> Any:
    """JSON Schema calls 7.0 an integer; text and true are none, whatever pydantic could read."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("expected a whole number")
    return value


def _written_decimal(value: Any) -> Any:
    if isinstance(value, str) and not (value.isascii() and _DECIMAL.fullmatch(value)):
        raise ValueError("expected a decimal number, such as 0.75")
    return value


def _written_truth(value: Any) -> Any:
    if value not in ("true", "false", True, False):
        raise ValueError("expected true or false")
    return value


def _written_moment(value: Any) -> Any:
    """Only ISO 8601 text with a zone: pydantic alone would take 1700000000 and guess its unit."""
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise ValueError(
            "expected an ISO 8601 time with its zone, such as 2026-03-29T12:00:00Z "
            "or 2026-03-29T14:00:00%2B02:00 (a plain + in a URL is a blank)"
        )
    return value


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("this time lies outside the years 1 to 9999 in UTC") from error


def whole(least: float | None, most: float | None) -> Any:
    """Digits between bounds, which are kept within what a database counts with.

    The bounds stand inside: around a validator they would be missing in the description.
    """
    low = -MOST_ID - 1 if least is None else int(least)
    high = MOST_ID if most is None else int(most)
    return Annotated[int, Field(ge=low, le=high), BeforeValidator(written_whole)]


def decimal(least: float | None, most: float | None) -> Any:
    """A finite number between bounds."""
    bounded = Field(ge=least, le=most, allow_inf_nan=False)
    return Annotated[float, bounded, BeforeValidator(_written_decimal)]


PageSize = Annotated[int, Field(ge=1, le=MAX_PAGE), BeforeValidator(written_whole)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), BeforeValidator(_written_decimal)]
Truth = Annotated[bool, BeforeValidator(_written_truth)]
Moment = Annotated[AwareDatetime, BeforeValidator(_written_moment), AfterValidator(_in_utc)]

RowIdInJson = Annotated[int, Field(ge=1, le=MOST_ID), BeforeValidator(_whole_in_json)]
Version = Annotated[int, Field(ge=1, le=MAX_VERSION), BeforeValidator(_whole_in_json)]
Days = Annotated[int, Field(ge=1, le=3650), BeforeValidator(_whole_in_json)]
ShortText = Annotated[str, Field(min_length=1, max_length=200, pattern=NO_NUL)]
Note = Annotated[str, Field(max_length=MAX_NOTE_CHARS, pattern=NO_NUL)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
BatchId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
