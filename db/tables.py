"""The same reads as pandas tables: one column per field of the row, the same types when empty."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from enum import StrEnum

import pandas as pd
from sqlalchemy.orm import Session

from db.selects import Rows

FINE_PRINT = frozenset(  # of findings: what one looks up of a single finding, not in a list
    (
        *("inspection_id", "config_id", "number", "version", "urgency", "created_at", "source"),
        *("observed_name", "golden_name", "restored_name", "heat_name"),
        *("peak", "mean", "explained", "area_px", "centre_x_mm", "centre_y_mm"),
        *("place_x", "place_y", "web_position_mm", "x0", "y0", "x1", "y1"),
        *("evidence_x0", "evidence_y0", "evidence_x1", "evidence_y1"),
    )
)


def rows_table(rows: Sequence[object], row: type) -> pd.DataFrame:
    """One line per row, each a `row` (a dataclass), with a column per field of it."""
    names = [field.name for field in fields(row)]
    return _typed({name: tuple(getattr(one, name) for one in rows) for name in names}, row)


def selected_table(opened: Session, chosen: Rows, row: type) -> pd.DataFrame:
    """One line per row that the select finds, with a column per field of `row`."""
    result = opened.execute(chosen)
    names = list(result.keys())
    return _typed(dict(zip(names, zip(*result, strict=True), strict=False)), row)


def _typed(columns: Mapping[str, tuple[object, ...]], row: type) -> pd.DataFrame:
    """Columns that are missing, because there was no row to take them from, are empty."""
    hints = typing.get_type_hints(row)
    return pd.DataFrame(
        {
            field.name: _column(columns.get(field.name, ()), hints[field.name])
            for field in fields(row)
        }
    )


def _column(values: tuple[object, ...], hint: object) -> pd.Series:
    kind, optional = _plain(hint)
    stored = [None if value is None else _stored(value) for value in values]
    return pd.Series(stored, dtype=_dtype(kind, optional=optional))


def _stored(value: object) -> object:
    """Plain values: a word as str, a mapping as JSON text."""
    if isinstance(value, StrEnum):
        return value.value
    return json.dumps(value) if isinstance(value, Mapping) else value


def _plain(hint: object) -> tuple[object, bool]:
    """(int, True) for `int | None`, (int, False) for `int`."""
    if isinstance(hint, types.UnionType):
        (kind,) = (choice for choice in typing.get_args(hint) if choice is not types.NoneType)
        return kind, True
    return hint, False


def _dtype(kind: object, *, optional: bool) -> str:
    if kind is datetime:
        return "datetime64[us, UTC]"
    if kind is float:
        return "float64"
    if kind is bool:
        return "boolean" if optional else "bool"
    if kind is int:
        return "Int64" if optional else "int64"
    return "string"
