"""A pandas table on the screen or in a file: for people, for spreadsheets, for programs."""

from __future__ import annotations

import math
import re
from enum import StrEnum
from pathlib import Path

import pandas as pd
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from db.tables import FINE_PRINT
from inspect_pipeline.errors import UsageError
from inspect_pipeline.exports.tables import (
    csv_text,
    json_text,
    write_csv,
    write_json,
    write_parquet,
)
from inspect_pipeline.exports.whole_files import whole_file


class TableFormat(StrEnum):
    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


_HASH = re.compile("[0-9a-f]{64}")
_SHOWN_OF_HASH = 12  # enough to name a model by
_WRITERS = {
    TableFormat.CSV: write_csv,
    TableFormat.JSON: write_json,
    TableFormat.PARQUET: write_parquet,
}
FILE_FORMATS = {
    ".csv": TableFormat.CSV,
    ".json": TableFormat.JSON,
    ".parquet": TableFormat.PARQUET,
}


def give_table(table: pd.DataFrame, wanted: TableFormat | None, out: Path | None) -> None:
    """On the screen, or to the file in the format of its name unless another is wanted."""
    if out is not None:
        write_table(table, out, wanted)
        console().print(f"{len(table)} rows written to {out}")
    elif wanted is TableFormat.PARQUET:
        raise UsageError("--format parquet: is for files, name one with --out FILE")
    elif wanted in (TableFormat.CSV, TableFormat.JSON):
        typer.echo(csv_text(table) if wanted is TableFormat.CSV else json_text(table), nl=False)
    else:
        _show(table)


def file_format(out: Path) -> TableFormat:
    """What the name ends in. Raises UsageError."""
    if out.suffix not in FILE_FORMATS:
        raise UsageError(f"--out {out}: the name must end in .csv, .json or .parquet")
    return FILE_FORMATS[out.suffix]


def write_table(table: pd.DataFrame, out: Path, wanted: TableFormat | None = None) -> None:
    """All of the file or nothing: a reader never sees half of it. A file there is replaced."""
    kind = wanted or file_format(out)
    if kind is TableFormat.TABLE:
        raise UsageError("--format table: is for the screen, a file is csv, json or parquet")
    with whole_file(out) as file:
        _WRITERS[kind](file, [table])


def console() -> Console:
    """Names of parts and files are text, not markup; a pipe has no width to respect."""
    made = Console(markup=False, emoji=False, highlight=False)
    if not made.is_terminal:
        made.width = max(made.width, 160)
    return made


def _show(table: pd.DataFrame) -> None:
    """Columns that say nothing in any row are left out, and of findings the fine print."""
    if table.empty:
        console().print("Nothing was found.")
        return
    told = table.dropna(axis="columns", how="all").drop(columns=FINE_PRINT, errors="ignore")
    shown = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for name in told.columns:
        is_number = pd.api.types.is_numeric_dtype(told[name])
        shown.add_column(str(name), overflow="fold", justify="right" if is_number else "left")
    for row in told.itertuples(index=False, name=None):
        shown.add_row(*(_cell(value) for value in row))
    console().print(shown)


def _cell(value: object) -> str:
    if isinstance(value, pd.Timestamp):
        return value.tz_convert(None).isoformat(sep=" ", timespec="minutes") + "Z"
    if isinstance(value, float):
        return "-" if math.isnan(value) else f"{value:.4g}"
    if value is pd.NA or value is pd.NaT or value is None:
        return "-"
    written = str(value)
    return written[:_SHOWN_OF_HASH] if _HASH.fullmatch(written) else written
