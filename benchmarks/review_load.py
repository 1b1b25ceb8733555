"""Twenty reviewers at the review application while a line goes on recording: is anything lost?

    python -m benchmarks.review_load --db postgresql+psycopg://... [--reviewers 20] [--minutes 3]
        [--pause-s 1,4] [--frames-per-s 2] [--out FILE.json]

Adds accounts and a line of its own to the database, serves the application in a process of its own,
and lets the reviewers sign in one after the other; then each turns pages, opens findings, answers
one or several, undoes, and gets into the others' way. In the end every answer that was promised
must be in the trail exactly once, no review may rest on a state its reviewer had not seen, and the
kept counts must equal a recount: exit code 1 where one does not. Prints how long each page took.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import httpx
import numpy as np
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine

from benchmarks.load import line
from benchmarks.load.proof import complaints
from benchmarks.load.reviewer import Diary, Reviewer
from db import people
from db.engine import session
from db.upgrade import open_database
from db.words import Role
from inspect_pipeline.review.passwords import Passwords

ROOT = Path(__file__).parents[1]
WAITING_FRAMES = 200  # written before, so that there is something to review
SOMETHING_IS_WRONG = 1


@dataclass(frozen=True, kw_only=True)
class Load:
    """What the command line asked for."""

    url: str
    reviewers: int
    seconds: float
    pause_s: tuple[float, float]
    frames_per_s: float
    out: Path | None


def main(arguments: list[str] | None = None) -> int:
    load = _read(arguments)
    console = Console(soft_wrap=True)
    engine = open_database(load.url)
    try:
        line.prepare(engine, at=_now())
        first = int(time.time())
        for number in range(WAITING_FRAMES):
            line.write_frame(engine, first - number, at=_now())
        password = secrets.token_urlsafe(16)
        names = _add_accounts(engine, load.reviewers, password)
        with serving(load.url) as base_url:
            diaries, frames = _worked(engine, load, base_url, names, password)
        console.print(_table(diaries))
        wrong = complaints(engine, diaries)
        figures = _figures(diaries, frames, load)
        console.print(figures)
        for complaint in wrong[:20]:
            console.print(f"[red]{complaint}")
        if load.out is not None:
            load.out.parent.mkdir(parents=True, exist_ok=True)
            load.out.write_text(json.dumps({**figures, "wrong": wrong}, indent=1) + "\n")
        return SOMETHING_IS_WRONG if wrong else 0
    finally:
        engine.dispose()


@contextmanager
def serving(url: str) -> Iterator[str]:
    """The verb `serve` in another process; its address."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    words = [sys.executable, str(ROOT / "run_pipeline.py"), "review", "--db", url]
    base_url = f"http://127.0.0.1:{port}"
    with subprocess.Popen([*words, "--port", str(port)], stdout=subprocess.DEVNULL) as process:
        try:
            _wait_for(base_url, process)
            yield base_url
        finally:
            process.terminate()


def _wait_for(base_url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(240):
        if process.poll() is not None:
            raise SystemExit(f"serve ended with {process.returncode}: see what it said above")
        try:
            httpx.get(f"{base_url}/healthz", timeout=5.0).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.5)
        else:
            return
    raise SystemExit("serve did not answer within two minutes")


def _worked(
    engine: Engine, load: Load, base_url: str, names: Sequence[str], password: str
) -> tuple[list[Diary], int]:
    over = Event()
    reviewers = [
        Reviewer(base_url, name, password, pause_s=load.pause_s, seed=place)
        for place, name in enumerate(names)
    ]
    for reviewer in reviewers:
        reviewer.sign_in()
    with ThreadPoolExecutor(max_workers=len(reviewers) + 1) as pool:
        first = int(time.time()) + 1
        writer = pool.submit(
            line.write_until, engine, over, every_s=1 / load.frames_per_s, first=first
        )
        works = [pool.submit(reviewer.work, over) for reviewer in reviewers]
        over.wait(load.seconds)
        over.set()
        for work in works:
            work.result()
        return [reviewer.diary for reviewer in reviewers], writer.result()


def _add_accounts(engine: Engine, count: int, password: str) -> list[str]:
    """New ones each time: nobody knows the passwords of those before."""
    passwords, mark = Passwords(), secrets.token_hex(3)
    hashed = passwords.hashed(password)
    names = [f"load-{mark}-{number:02}" for number in range(count)]
    with session(engine) as opened:
        for name in [f"load-{mark}-admin", *names]:  # nothing is served without an administrator
            people.create_user(
                opened,
                name=name,
                full_name=name,
                role=Role.REVIEWER if name in names else Role.ADMIN,
                password_hash=hashed,
                created_at=_now(),
            )
    return names


def _times_ms(diaries: Sequence[Diary]) -> dict[str, list[float]]:
    pages = {page for diary in diaries for page in diary.seconds}
    return {
        page: [s * 1e3 for diary in diaries for s in diary.seconds.get(page, [])]
        for page in sorted(pages)
    }


def _table(diaries: Sequence[Diary]) -> Table:
    table = Table("page", "asked", "p50 ms", "p95 ms", "max ms")
    for page, ms in _times_ms(diaries).items():
        p50, p95 = np.quantile(ms, [0.5, 0.95])
        table.add_row(page, str(len(ms)), f"{p50:.0f}", f"{p95:.0f}", f"{max(ms):.0f}")
    return table


def _figures(diaries: Sequence[Diary], frames: int, load: Load) -> dict[str, object]:
    return {
        "reviewers": load.reviewers,
        "seconds": load.seconds,
        "pause_s": load.pause_s,
        "date": _now().date().isoformat(),
        "cores": os.cpu_count(),
        "frames_recorded": frames,
        "answers": sum(len(diary.promises) for diary in diaries),
        "conflicts": sum(diary.conflicts for diary in diaries),
        "undone": sum(len(diary.undone) for diary in diaries),
        "pages": {
            page: {
                "asked": len(ms),
                "p50_ms": round(float(np.quantile(ms, 0.5)), 1),
                "p95_ms": round(float(np.quantile(ms, 0.95)), 1),
            }
            for page, ms in _times_ms(diaries).items()
        },
    }


def _now() -> datetime:
    return datetime.now(UTC)


def _read(arguments: list[str] | None) -> Load:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.review_load")
    parser.add_argument("--db", required=True, help="URL of a database whose tables are there")
    parser.add_argument("--reviewers", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--pause-s", default="1,4", help="between clicks: least,most")
    parser.add_argument("--frames-per-s", type=float, default=2.0)
    parser.add_argument("--out", type=Path, help="a JSON file for the figures")
    given = parser.parse_args(arguments)
    least, most = (float(one) for one in given.pause_s.split(","))
    return Load(
        url=given.db,
        reviewers=given.reviewers,
        seconds=given.minutes * 60,
        pause_s=(least, most),
        frames_per_s=given.frames_per_s,
        out=given.out,
    )


if __name__ == "__main__":
    sys.exit(main())
