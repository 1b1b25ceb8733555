"""Questions on pages: a form from what the catalogue says of them, an answer as cells to show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

import pandas as pd
from starlette.datastructures import ImmutableMultiDict

from db.questions.catalogue import Question
from db.questions.parameters import Described, Takes
from db.tables import FINE_PRINT

LONGEST_VALUE = 500
MOST_SHOWN = 1000
OFTEN = ("line", "part", "camera", "since", "until", "severity", "states", "verdict", "by", "of")
_PLACEHOLDERS = {
    Takes.TIME: "7d or 2026-01-31",
    Takes.NUMBERS: "0.5,0,1,0.5",
}
_SHARES = frozenset({"rate", "low", "high", "centre", "share", "cumulative"})
_IDS = {"finding_id": "finding", "other_finding_id": "finding", "frame_id": "frame"}


class Shows(StrEnum):
    """How a cell is written."""

    FINDING = "finding"
    FRAME = "frame"
    TIME = "time"
    SHARE = "share"
    NUMBER = "number"
    WHOLE = "whole"
    YES_NO = "yes_no"
    TEXT = "text"


@dataclass(frozen=True, kw_only=True)
class Column:
    name: str
    heading: str
    shows: Shows

    @property
    def is_number(self) -> bool:
        return self.shows in (Shows.SHARE, Shows.NUMBER, Shows.WHOLE)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """`next_query` leads to the next page, where there is one."""

    columns: tuple[Column, ...]
    rows: list[dict[str, Any]]
    total: int
    next_query: str | None


@dataclass(frozen=True, kw_only=True)
class FormField:
    one: Described
    label: str
    written: str
    placeholder: str
    offered: tuple[str, ...] = ()

    @property
    def chosen(self) -> frozenset[str]:
        return frozenset(word.strip() for word in (self.written or self.one.default).split(","))


def written_of(question: Question, given: ImmutableMultiDict[str, str]) -> dict[str, str]:
    """What the address says of the question's parameters; several boxes are one text."""
    known = (one.name for one in question.described)
    said = {name: ",".join(text for text in given.getlist(name) if text) for name in known}
    return {name: text[:LONGEST_VALUE].strip() for name, text in said.items() if text.strip()}


def form_of(
    question: Question, written: Mapping[str, str], offered: Mapping[str, tuple[str, ...]]
) -> tuple[list[FormField], list[FormField]]:
    """The fields that are asked often, and the others; paging has no field."""
    made = [
        FormField(
            one=one,
            label=one.name.replace("_", " ").capitalize(),
            written=written.get(one.name, ""),
            placeholder=one.default or _PLACEHOLDERS.get(one.takes, ""),
            offered=offered.get(one.name, ()),
        )
        for one in question.described
        if one.name != "after"
    ]
    often = [field for field in made if field.one.required or field.one.name in OFTEN]
    return often, [field for field in made if field not in often]


def can_be_asked(question: Question, written: Mapping[str, str]) -> bool:
    return all(one.name in written for one in question.described if one.required)


def answer_of(question: Question, table: pd.DataFrame, written: Mapping[str, str]) -> Answer:
    columns = tuple(
        Column(name=str(name), heading=_heading(str(name)), shows=_shows(str(name), table[name]))
        for name in table.columns
        if name not in FINE_PRINT and (table.empty or table[name].notna().any())
    )
    shown = table.head(MOST_SHOWN)
    rows = [
        {str(name): None if _is_missing(value) else value for name, value in row.items()}
        for row in shown.to_dict("records")
    ]
    return Answer(
        columns=columns,
        rows=rows,
        total=len(table),
        next_query=_next_query(question, table, written),
    )


def _next_query(question: Question, table: pd.DataFrame, written: Mapping[str, str]) -> str | None:
    """Where the question pages by the last finding and the page is full."""
    parameters = {one.name: one for one in question.described}
    if not {"after", "limit"} <= set(parameters) or "finding_id" not in table.columns:
        return None
    limit = int(written.get("limit") or parameters["limit"].default)
    if len(table) < limit:
        return None
    last = int(table["finding_id"].iloc[-1])
    return urlencode({**written, "after": str(last)})


def _shows(name: str, column: pd.Series[Any]) -> Shows:
    if name in _IDS:
        return Shows(_IDS[name])
    if pd.api.types.is_float_dtype(column.dtype):
        return Shows.SHARE if name in _SHARES else Shows.NUMBER
    kinds = (
        (isinstance(column.dtype, pd.DatetimeTZDtype), Shows.TIME),
        (pd.api.types.is_bool_dtype(column.dtype), Shows.YES_NO),
        (pd.api.types.is_integer_dtype(column.dtype), Shows.WHOLE),
    )
    return next((shows for fits, shows in kinds if fits), Shows.TEXT)


def _heading(name: str) -> str:
    words = name.removesuffix("_id").removesuffix("_at").split("_")
    units = {"mm2": "mm²", "mm": "mm", "px": "px", "s": "s"}
    if words[-1] in units and len(words) > 1:
        return f"{' '.join(words[:-1])}, {units[words[-1]]}".capitalize()
    return " ".join(words).capitalize()


def _is_missing(value: object) -> bool:
    return not isinstance(value, (list, tuple, dict, datetime)) and bool(pd.isna(value))  # type: ignore[call-overload]
