"""Counts of many million words by quarter of an hour, held in little memory."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np

from db.tallies.changes import Key
from db.tallies.slots import QUARTER

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SORTS = 2**31  # more than there ever are; a code is the number of the quarter and of the sort


class QuarterCounts:
    """Sixteen bytes for each that is added, whatever its sort."""

    def __init__(self) -> None:
        self._sorts: dict[Key, int] = {}
        self._codes = array("q")
        self._counts = array("q")

    def add(self, key: Key, count: int) -> None:
        """The key's first is any moment of the quarter."""
        sort = self._sorts.setdefault(key[1:], len(self._sorts))
        self._codes.append((key[0] - _EPOCH) // QUARTER * _SORTS + sort)
        self._counts.append(count)

    def summed(self) -> Iterator[tuple[Key, int]]:
        """Every key, with the beginning of its quarter, whose count is not 0; by quarter."""
        if not self._codes:
            return
        codes, places = np.unique(np.frombuffer(self._codes, np.int64), return_inverse=True)
        sums = np.zeros(len(codes), np.int64)
        np.add.at(sums, places, np.frombuffer(self._counts, np.int64))
        sorts = list(self._sorts)
        for code in np.flatnonzero(sums):
            quarter, sort = divmod(int(codes[code]), _SORTS)
            yield (_EPOCH + quarter * QUARTER, *sorts[sort]), int(sums[code])
