"""Asks questions again and again with different parameters, and looks at how they were answered."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
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
class Times:
    """Milliseconds of several answers."""

    ms: tuple[float, ...]

    @property
    def median_ms(self) -> float:
        return float(np.median(self.ms))

    @property
    def p95_ms(self) -> float:
        return float(np.quantile(self.ms, 0.95))

    @property
    def max_ms(self) -> float:
        return max(self.ms)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """`waited` is by the clock; `worked` is what processors did for it, here and in the server.

    On a machine that has nothing else to do both are the same, but for reading from the disk.
    """

    name: str
    waited: Times
    worked: Times
    slowest: Ask


def measured(engine: Engine, question: Standing, *, patience_s: float) -> Measured:
    """Each ask in a transaction of its own; the first is asked once before, to compile.

    What is not asked after `patience_s` is left out.
    """
    until = time.perf_counter() + patience_s
    _answer(engine, question.asks[0])
    waited, worked = [], []
    for ask in question.asks:
        began = time.perf_counter()
        worked.append(_answer(engine, ask) * 1e3)
        waited.append((time.perf_counter() - began) * 1e3)
        if time.perf_counter() > until:
            break
    return Measured(
        name=question.name,
        waited=Times(ms=tuple(waited)),
        worked=Times(ms=tuple(worked)),
        slowest=question.asks[int(np.argmax(worked))],
    )


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


def _answer(engine: Engine, ask: Ask) -> float:
    """Seconds of processor time that the answer took."""
    began = time.process_time()
    with session(engine, read_only=True) as opened:
        server_pid = _server_pid(opened)
        server_began = _processor_s(server_pid)
        ask.answer(opened)
        server_took = _processor_s(server_pid) - server_began
    return time.process_time() - began + server_took


def _server_pid(opened: Session) -> int | None:
    """The process that answers this connection; None where this process does so itself."""
    if opened.get_bind().dialect.name != "postgresql":
        return None
    driver = opened.connection().connection.driver_connection
    assert driver is not None, "a connection in a transaction has a driver"
    return int(driver.info.backend_pid)


def _processor_s(pid: int | None) -> float:
    """What Linux has counted; 0 for no process, and for a server on another machine."""
    counted = Path(f"/proc/{pid}/schedstat")
    return int(counted.read_text().split()[0]) / 1e9 if pid and counted.exists() else 0.0


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
