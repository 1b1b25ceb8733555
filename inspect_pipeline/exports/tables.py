"""Tables as CSV, JSON and Parquet.

A cell of text that a spreadsheet would run as a formula gets an apostrophe in front, in CSV only:
`=cmd()` becomes `'=cmd()`. Numbers stay numbers, whatever their sign.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import IO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\n")


def csv_text(table: pd.DataFrame, *, header: bool = True) -> str:
    """Times in ISO 8601 with their zone."""
    shown = table.copy(deep=False)
    for name in table.columns:
        column = table[name]
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            shown[name] = column.map(pd.Timestamp.isoformat, na_action="ignore")
        elif column.dtype in ("string", object):
            shown[name] = column.map(harmless, na_action="ignore")
    shown.columns = pd.Index([harmless(name) for name in table.columns])
    return shown.to_csv(index=False, header=header, lineterminator="\n")


def json_text(table: pd.DataFrame) -> str:
    """A list of objects."""
    return json.dumps(_records(table), indent=2, ensure_ascii=False) + "\n"


def write_csv(file: IO[bytes], tables: Iterable[pd.DataFrame]) -> None:
    """The tables below each other, under the header of the first."""
    for number, table in enumerate(tables):
        file.write(csv_text(table, header=number == 0).encode("utf-8"))


def write_json(file: IO[bytes], tables: Iterable[pd.DataFrame]) -> None:
    file.write(b"[")
    separator = "\n"
    for table in tables:
        for record in _records(table):
            text = json.dumps(record, ensure_ascii=False)
            file.write(f"{separator}  {text}".encode())
            separator = ",\n"
    file.write(b"\n]\n")


def write_parquet(file: IO[bytes], tables: Iterable[pd.DataFrame]) -> None:
    """A row group per table; they have the same columns."""
    remaining = iter(tables)
    first = pa.Table.from_pandas(next(remaining), preserve_index=False)
    with pq.ParquetWriter(file, first.schema) as writer:
        writer.write_table(first)
        for table in remaining:
            part = pa.Table.from_pandas(table, schema=first.schema, preserve_index=False)
            writer.write_table(part)


def harmless(cell: object) -> object:
    """A cell for CSV. Bare carriage returns become line feeds, which every writer quotes."""
    if not isinstance(cell, str):
        return cell
    text = cell.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if text.startswith(_FORMULA_SIGNS) else text


def _records(table: pd.DataFrame) -> list[dict[str, object]]:
    written = table.to_json(
        orient="records", date_format="iso", date_unit="us", double_precision=15
    )
    records: list[dict[str, object]] = json.loads(written)
    return records
