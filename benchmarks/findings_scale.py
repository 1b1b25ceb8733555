"""Does the database hold millions of findings, and how fast does it answer?

    python -m benchmarks.findings_scale --db sqlite:///FILE --findings 1000000
    python -m benchmarks.findings_scale --db postgresql+psycopg://... --findings 10000000
        [--questions "queue,ask rate"] [--asks 100] [--plans] [--bound-ms 100] [--worked]
        [--out FILE.json]

Fills an empty database with a year of a plant, or takes the one it filled before; then asks every
standing question with many parameters. Exit code 1 where the 95th percentile of one is over the
bound: by the clock, or with --worked by what processors did for it, which other programs on the
machine do not lengthen.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from sqlalchemy import Engine

from benchmarks.scale.loading import DatabaseInUse, filled
from benchmarks.scale.measuring import Measured, measured, plans
from benchmarks.scale.standing import standing
from benchmarks.scale.year import Asked
from db.engine import connect
from db.errors import DatabaseError
from db.upgrade import check, upgrade

OVER_THE_BOUND = 1
BACKLOG = 5000


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the command line asked for."""

    url: str
    year: Asked
    questions: tuple[str, ...]
    asks: int
    shows_plans: bool
    bound_ms: float
    is_worked: bool
    patience_s: float
    out: Path | None


def main(arguments: list[str] | None = None) -> int:
    wanted = _read(arguments)
    console = Console(soft_wrap=True)
    try:
        engine = connect(wanted.url)
        try:
            return _run(engine, wanted, console)
        finally:
            engine.dispose()
    except (DatabaseError, DatabaseInUse) as error:
        console.print(f"[red]{error}")
        return 2


def _run(engine: Engine, wanted: Wanted, console: Console) -> int:
    upgrade(engine)
    check(engine)
    began = time.perf_counter()
    with Progress(console=console) as progress:
        if filled(engine, wanted.year, progress):
            console.print(f"filled in {time.perf_counter() - began:.0f} s")
    answers = []
    for question in standing(wanted.year.findings, wanted.asks):
        if wanted.questions and not question.name.startswith(wanted.questions):
            continue
        answers.append(measured(engine, question, patience_s=wanted.patience_s))
        _say(console, answers[-1], wanted)
        if wanted.shows_plans:
            for plan in plans(engine, answers[-1].slowest):
                console.print(plan, markup=False, highlight=False)
    console.print(_table(answers, wanted))
    if wanted.out is not None:
        wanted.out.parent.mkdir(parents=True, exist_ok=True)
        wanted.out.write_text(json.dumps(_results(engine, wanted, answers), indent=1) + "\n")
    slow = [one.name for one in answers if _p95_ms(one, wanted) > wanted.bound_ms]
    return OVER_THE_BOUND if slow else 0


def _say(console: Console, one: Measured, wanted: Wanted) -> None:
    mark = "[red]over" if _p95_ms(one, wanted) > wanted.bound_ms else "[green]ok"
    console.print(
        f"{mark}[/] {one.name}: median {one.waited.median_ms:.1f} ms, p95 {one.waited.p95_ms:.1f} "
        f"ms, worked {one.worked.median_ms:.1f} and {one.worked.p95_ms:.1f} ms; most "
        f"{one.worked.max_ms:.1f} ms: {one.slowest.words}"
    )


def _p95_ms(one: Measured, wanted: Wanted) -> float:
    return (one.worked if wanted.is_worked else one.waited).p95_ms


def _table(answers: list[Measured], wanted: Wanted) -> Table:
    table = Table("question", "asked", title="milliseconds by the clock, and worked")
    for column in ("median", "p95", "max", "median worked", "p95 worked", "max worked", "ok"):
        table.add_column(column, justify="right")
    for one in answers:
        times = [(t.median_ms, t.p95_ms, t.max_ms) for t in (one.waited, one.worked)]
        table.add_row(
            one.name,
            str(len(one.waited.ms)),
            *(f"{ms:.1f}" for three in times for ms in three),
            "yes" if _p95_ms(one, wanted) <= wanted.bound_ms else "NO",
        )
    return table


def _results(engine: Engine, wanted: Wanted, answers: list[Measured]) -> dict[str, Any]:
    version = engine.dialect.server_version_info or ()
    return {
        "format": 1,
        "database": f"{engine.dialect.name} {'.'.join(map(str, version))}",
        "findings": wanted.year.findings,
        "backlog": wanted.year.backlog,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "date": datetime.now(UTC).date().isoformat(),
        "questions": [
            {
                "name": one.name,
                "asked": len(one.waited.ms),
                **{
                    f"{word}_{name}": round(getattr(times, name), 2)
                    for word, times in (("waited", one.waited), ("worked", one.worked))
                    for name in ("median_ms", "p95_ms", "max_ms")
                },
                "slowest": one.slowest.words,
            }
            for one in answers
        ],
    }


def _read(arguments: list[str] | None) -> Wanted:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.findings_scale")
    parser.add_argument("--db", required=True, help="URL of an empty database, or of one it filled")
    parser.add_argument("--findings", type=int, required=True)
    parser.add_argument("--backlog", type=int, default=BACKLOG, help="newest findings that wait")
    parser.add_argument("--questions", default="", help="only those whose names begin like one")
    parser.add_argument("--asks", type=int, default=100, help="parameter sets per question")
    parser.add_argument("--plans", action="store_true", help="show how the slowest was answered")
    parser.add_argument("--bound-ms", type=float, default=100.0)
    parser.add_argument("--worked", action="store_true", help="bind the processors' time instead")
    parser.add_argument("--patience-s", type=float, default=120.0, help="for one question")
    parser.add_argument("--out", type=Path, help="a JSON file for the figures")
    given = parser.parse_args(arguments)
    return Wanted(
        url=given.db,
        year=Asked(findings=given.findings, backlog=given.backlog),
        questions=tuple(name.strip() for name in given.questions.split(",") if name.strip()),
        asks=given.asks,
        shows_plans=given.plans,
        bound_ms=given.bound_ms,
        is_worked=given.worked,
        patience_s=given.patience_s,
        out=given.out,
    )


if __name__ == "__main__":
    sys.exit(main())
