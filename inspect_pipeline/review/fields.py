"""Types of what comes in addresses and forms."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, Path

RowId = Annotated[int, Path(ge=1, le=2**63 - 1)]
"""The id of a row, in the address: no database counts further."""

Written = Annotated[str, Form()]
"""A field of a form as it was typed; empty where the handler's default says so."""
