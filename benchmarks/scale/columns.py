"""Many rows of one table, column by column: what is drawn with numpy and written in bulk."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Array = npt.NDArray[Any]
NONE = -1  # the code of a word that is not there


@dataclass(frozen=True)
class Words:
    """A column of few different values: codes into the vocabulary, NONE for NULL."""

    codes: Array
    vocabulary: Sequence[str] | Sequence[bytes]

    def __getitem__(self, chosen: Array) -> Words:
        return Words(self.codes[chosen], self.vocabulary)

    def __len__(self) -> int:
        return len(self.codes)


Column = Array | Words


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Columns of equal length, by the names of the table's columns. NaN means NULL in floats."""

    table: str
    columns: Mapping[str, Column]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))


def as_values(column: Column) -> list[Any]:
    """What the driver of SQLite takes: times as SQLAlchemy stores them there."""
    if isinstance(column, Words):
        known = np.empty(len(column.vocabulary) + 1, dtype=object)
        known[:-1], known[-1] = list(column.vocabulary), None
        return list(known[column.codes])
    if column.dtype.kind == "M":
        text = np.datetime_as_string(column.astype("datetime64[us]"), unit="us")
        return [None if one == "NaT" else one.replace("T", " ") for one in text.tolist()]
    if column.dtype.kind == "S":
        return [str(one, "ascii") for one in column.tolist()]
    if column.dtype.kind == "f":
        return [None if math.isnan(one) else one for one in column.tolist()]
    return list(column.tolist())


def as_arrow(column: Column) -> pa.Array:
    """What COPY takes once it is written as CSV: bytes as hexadecimal digits."""
    if isinstance(column, Words):
        known = [_text(word) for word in column.vocabulary]
        codes = pa.array(column.codes, mask=column.codes == NONE)
        return pa.array(known, type=pa.string()).take(codes)
    if column.dtype.kind == "M":
        return pa.array(column.astype("datetime64[us]"), type=pa.timestamp("us", tz=str(UTC)))
    if column.dtype.kind == "S":
        width = column.dtype.itemsize
        offsets = np.arange(0, (len(column) + 1) * width, width, dtype=np.int32)
        content = pa.py_buffer(np.ascontiguousarray(column).tobytes())
        return pa.StringArray.from_buffers(len(column), pa.py_buffer(offsets), content)
    return pa.array(column, from_pandas=True)


def hex_digits(random: np.random.Generator, count: int, digits: int) -> Array:
    """S(digits) (count,): as random as a sha256."""
    text = random.bytes(count * digits // 2).hex().encode("ascii")
    return np.frombuffer(text, dtype=f"S{digits}")


def evidence_names(random: np.random.Generator, count: int, suffix: str) -> Array:
    """S (count,): names as the evidence store gives them."""
    digest = hex_digits(random, count, 64).view("S1").reshape(count, 64)
    slash = np.full((count, 1), b"/")
    ending = np.tile(np.frombuffer(suffix.encode(), dtype="S1"), (count, 1))
    pieces = [digest[:, :2], slash, digest[:, 2:4], slash, digest, ending]
    whole = np.ascontiguousarray(np.concatenate(pieces, axis=1))
    return whole.view(f"S{whole.shape[1]}").reshape(count)


def _text(word: str | bytes) -> str:
    return word if isinstance(word, str) else "\\x" + word.hex()
