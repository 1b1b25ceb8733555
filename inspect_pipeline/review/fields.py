"""Types of what comes in addresses and forms."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import Form
from pydantic import BeforeValidator, Field

from db.questions.parameters import MOST_ID

_DIGITS = re.compile(r"[+-]?\d{1,19}")


def written_whole(value: Any) -> Any:
    """Only digits: pydantic alone would take 1_000, 7.0 and blanks around them."""
    if isinstance(value, str) and not (value.isascii() and _DIGITS.fullmatch(value)):
        raise ValueError("expected a whole number in digits")
    return value


RowId = Annotated[int, Field(ge=1, le=MOST_ID), BeforeValidator(written_whole)]
"""The id of a row, in an address or a form: no database counts further."""

Written = Annotated[str, Form()]
"""A field of a form as it was typed; empty where the handler's default says so."""
