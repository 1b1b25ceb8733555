"""Asks questions again and again with different parameters, and looks at how they were answered."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import Session

from db.engine import session


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One question with one set of parameters; `words` tells people which."""

    words: str
    answer: Callable[[Session], object]


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A question that is asked every day, with the parameters that people give it."""

    name: str
    asks: tuple[Ask, ...]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """How long it took to answer, in the order of the asks."""

    name: str
    seconds: tuple[float, ...]
    slowest: Ask

    @property
    def median_ms(self) -> float:
        return float(np.median(self.seconds)) * 1e3

    @property
    def p95_ms(self) -> float:
        return float(np.quantile(self.seconds, 0.95)) * 1e3

    @property
    def max_ms(self) -> float:
        return max(self.seconds) * 1e3


def measured(engine: Engine, question: Standing) -> Measured:
    """Each ask in a transaction of its own; the first is asked once before, to compile."""
    _answer(engine, question.asks[0])
    seconds = []
    for ask in question.asks:
        began = time.perf_counter()
        _answer(engine, ask)
        seconds.append(time.perf_counter() - began)
    slowest = question.asks[int(np.argmax(seconds))]
    return Measured(name=question.name, seconds=tuple(seconds), slowest=slowest)


def plans(engine: Engine, ask: Ask) -> Iterator[str]:
    """How the database answers each statement of an ask; PostgreSQL does it once more to tell."""
    with _statements(engine) as said:
        _answer(engine, ask)
    is_server = engine.dialect.name == "postgresql"
    explain = "EXPLAIN (ANALYZE, BUFFERS) " if is_server else "EXPLAIN QUERY PLAN "
    with engine.execution_options(read_only=True).connect() as connection:
        for statement, parameters in said:
            rows = connection.exec_driver_sql(explain + statement, parameters)
            yield "\n".join([statement, *(f"    {row[-1]}" for row in rows)])


def _answer(engine: Engine, ask: Ask) -> None:
    with session(engine, read_only=True) as opened:
        ask.answer(opened)


@contextmanager
def _statements(engine: Engine) -> Iterator[Sequence[tuple[str, Any]]]:
    said: list[tuple[str, Any]] = []

    def note(_: Connection, __: object, statement: str, parameters: Any, *___: object) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            said.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(engine, "before_cursor_execute", note)
