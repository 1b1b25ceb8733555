"""A pandas table as an answer: rows and typed columns as JSON, or a file to open elsewhere."""

from __future__ import annotations

import io
import json
from enum import StrEnum
from typing import Any

import pandas as pd
from pydantic import BaseModel, Field
from starlette.responses import Response

from inspect_pipeline.exports.tables import csv_text
from inspect_pipeline.review.api.finding_models import file_name
from inspect_pipeline.review.api.question_parameters import TableFormat

TAKEN = "taken"
Cell = str | int | float | bool | None


class ColumnType(StrEnum):
    TEXT = "text"
    WHOLE = "whole"
    NUMBER = "number"
    TRUTH = "truth"
    TIME = "time"


class Column(BaseModel):
    name: str
    type: ColumnType = Field(description="time is ISO 8601 text in UTC.")


class AnswerTable(BaseModel):
    """An answer: every row has one cell per column, null where nothing is known."""

    question: str
    columns: list[Column]
    rows: list[list[Cell]]


def table_response(question: str, table: pd.DataFrame, wanted: TableFormat) -> Response:
    """The answer to a question; of paths on the plant's machines only the names of files."""
    table = _without_folders(table)
    if wanted is TableFormat.CSV:
        return _file(csv_text(table).encode(), "text/csv", f"{question}.csv")
    if wanted is TableFormat.PARQUET:
        written = io.BytesIO()
        table.to_parquet(written, index=False)
        return _file(written.getvalue(), "application/vnd.apache.parquet", f"{question}.parquet")
    return Response(_json(question, table), media_type="application/json")


def described_table() -> dict[str, Any]:
    """What an operation that answers with a table declares of its answer."""
    binary = {"schema": {"type": "string", "format": "binary"}}
    return {
        "model": AnswerTable,
        "description": "The table, in the format that was asked for.",
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            "application/vnd.apache.parquet": binary,
        },
    }


def _without_folders(table: pd.DataFrame) -> pd.DataFrame:
    """A frame's path is its `source`, and in a history the note of the step where it was taken."""
    shown = table.copy(deep=False)
    if "source" in shown:
        shown["source"] = _named(shown["source"])
    if {"event", "note"} <= set(shown.columns):
        taken = shown["event"] == TAKEN
        shown["note"] = shown["note"].mask(taken, _named(shown["note"]))
    return shown


def _named(paths: pd.Series) -> pd.Series:
    return paths.map(file_name, na_action="ignore").astype("string")


def _file(content: bytes, media_type: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media_type, headers=headers)


def _json(question: str, table: pd.DataFrame) -> bytes:
    """pandas writes the rows: numbers in full, NaN and missing cells as null."""
    written = json.loads(
        table.to_json(
            orient="split", index=False, date_format="iso", date_unit="us", double_precision=15
        )
    )
    columns = [{"name": str(name), "type": _type_of(table[name].dtype)} for name in table.columns]
    return json.dumps(
        {"question": question, "columns": columns, "rows": written["data"]}, ensure_ascii=False
    ).encode()


def _type_of(dtype: Any) -> ColumnType:
    if pd.api.types.is_bool_dtype(dtype):
        return ColumnType.TRUTH
    if pd.api.types.is_integer_dtype(dtype):
        return ColumnType.WHOLE
    if pd.api.types.is_float_dtype(dtype):
        return ColumnType.NUMBER
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return ColumnType.TIME
    return ColumnType.TEXT
