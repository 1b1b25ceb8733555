"""Is a frame lost or doubled, whatever is killed?

    python -m benchmarks.ingestion_kills [--kills 200] [--frames 400] [--seed 1]
        [--db postgresql+psycopg://... | --db own-postgresql] [--inspect] [--out FIGURES.json]

Runs `serve` over a simulated camera and kills its camera, workers, writer and supervisor with
SIGKILL at random moments. At the end each frame has to be in the database, once, with all of its
pictures; exit code 1 where one is not. Without --inspect frames are called dark and not inspected,
so that kills meet the way that frames take and not the networks.
The database has to be empty; without --db it is a SQLite file of its own, and `own-postgresql`
begins a server for the run alone.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from sqlalchemy import func, select

from benchmarks.ingestion.own_postgres import own_postgres
from benchmarks.ingestion.plant import PART, plant_file
from benchmarks.ingestion.running import (
    SUPERVISOR,
    Serving,
    assert_whole,
    frames_in,
    serving,
    wait_for,
)
from db.engine import connect, default_url, session
from db.events import count_events
from db.models import Finding
from db.upgrade import upgrade
from db.words import EventKind

OWN_POSTGRESQL = "own-postgresql"
KINDS = ("camera", "worker", "worker", "writer", SUPERVISOR)


def main() -> int:
    asked = _asked()
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="kills-")))
        url = asked.db or default_url(folder / "findings.db")
        if url == OWN_POSTGRESQL:
            url = opened.enter_context(own_postgres()).url
        _upgrade(url)
        figures = _run(asked, folder, url)
    Console().print(_sentence(figures), highlight=False)
    if asked.out:
        asked.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 0 if figures["is_whole"] else 1


def _run(asked: argparse.Namespace, folder: Path, url: str) -> dict[str, Any]:
    plant = plant_file(
        folder,
        url,
        cameras=1,
        frames=asked.frames,
        dark_below=10.0 if asked.inspect else 255.0,
        workers=2,
        tries=100,
        entries_max=12,
        restart_after_s=0.05,
        restart_at_most_s=0.5,
    )
    begun_s = time.monotonic()
    with serving(plant) as served:
        killed = _kill(asked, served, url)
        wait_for(lambda: len(frames_in(url)) >= asked.frames, "frames are missing", served.log)
        code = served.stop()
    took_s = time.monotonic() - begun_s
    found = frames_in(url)
    expected = sorted(f"simulated://{PART}/{index}" for index in range(asked.frames))
    assert_whole(url, folder / "evidence")
    left = len(list((folder / "spool").rglob("*.shot")))
    return {
        "database": url.split("+", maxsplit=1)[0].split(":", maxsplit=1)[0],
        "inspected": asked.inspect,
        "date": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "seed": asked.seed,
        "kills": dict(killed),
        "seconds": round(took_s),
        "frames": asked.frames,
        "findings": _findings(url),
        "lost": len(set(expected) - set(found)),
        "doubled": len(found) - len(set(found)),
        "left_in_the_spool": left,
        "set_apart": _told(url)[EventKind.QUARANTINED],
        "exit_code": code,
        "is_whole": found == expected and not left and code == 0,
    }


def _kill(asked: argparse.Namespace, served: Serving, url: str) -> Counter[str]:
    rng = random.Random(asked.seed)
    killed: Counter[str] = Counter()
    for number in range(asked.kills):
        enough = number * (asked.frames - 20) // asked.kills
        wait_for(lambda: len(frames_in(url)) >= enough, "no frame", served.log)  # noqa: B023
        time.sleep(rng.uniform(0.0, 1.0))
        kind = rng.choice(KINDS)
        served.kill(kind)
        killed[kind] += 1
        print(f"{number + 1}: {kind}, {len(frames_in(url))} frames", flush=True)
    return killed


def _sentence(figures: Mapping[str, Any]) -> str:
    killed: dict[str, int] = figures["kills"]
    each = ", ".join(f"{kind} {times}" for kind, times in killed.items())
    return (
        f"{figures['database']}: {sum(killed.values())} kills ({each}) in {figures['seconds']} s: "
        f"{figures['frames']} frames with {figures['findings']} findings, {figures['lost']} lost, "
        f"{figures['doubled']} doubled, {figures['left_in_the_spool']} left in the spool, "
        f"{figures['set_apart']} set apart, exit code {figures['exit_code']}"
    )


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--frames", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--db", default=None)
    parser.add_argument("--inspect", action="store_true", help="Really inspect, which is slower.")
    parser.add_argument("--out", type=Path, default=None, help="A JSON file for the figures.")
    return parser.parse_args()


def _upgrade(url: str) -> None:
    engine = connect(url)
    upgrade(engine)
    engine.dispose()


def _findings(url: str) -> int:
    engine = connect(url)
    with session(engine, read_only=True) as opened:
        counted = opened.execute(select(func.count()).select_from(Finding)).scalar_one()
    engine.dispose()
    return counted


def _told(url: str) -> Counter[EventKind]:
    engine = connect(url)
    with session(engine, read_only=True) as opened:
        counted = count_events(opened)
    engine.dispose()
    return counted


if __name__ == "__main__":
    sys.exit(main())
