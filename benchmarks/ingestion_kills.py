"""Is a frame lost or doubled, whatever is killed?

    python -m benchmarks.ingestion_kills [--kills 200] [--frames 400] [--seed 1]
        [--db postgresql+psycopg://...] [--inspect]

Runs `serve` over a simulated camera and kills its camera, workers, writer and supervisor with
SIGKILL at random moments. At the end each frame has to be in the database, once, with all of its
pictures; exit code 1 where one is not. Without --inspect frames are called dark and not inspected,
so that kills meet the way that frames take and not the networks.
The database has to be empty; without --db it is a SQLite file of its own.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from rich.console import Console

from benchmarks.ingestion.plant import PART, plant_file
from benchmarks.ingestion.running import SUPERVISOR, assert_whole, frames_in, serving, wait_for
from db.engine import connect, default_url, session
from db.events import count_events
from db.upgrade import upgrade
from db.words import EventKind

KINDS = ("camera", "worker", "worker", "writer", SUPERVISOR)


def main() -> int:
    asked = _asked()
    rng = random.Random(asked.seed)
    console = Console()
    with tempfile.TemporaryDirectory(prefix="kills-") as name:
        folder = Path(name)
        url = asked.db or default_url(folder / "findings.db")
        _upgrade(url)
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
        killed: Counter[str] = Counter()
        begun_s = time.monotonic()
        with serving(plant) as served:
            for number in range(asked.kills):
                enough = number * (asked.frames - 20) // asked.kills
                wait_for(lambda: len(frames_in(url)) >= enough, "no frame", served.log)  # noqa: B023
                time.sleep(rng.uniform(0.0, 1.0))
                kind = rng.choice(KINDS)
                served.kill(kind)
                killed[kind] += 1
                console.print(f"{number + 1}: {kind}, {len(frames_in(url))} frames")
            wait_for(lambda: len(frames_in(url)) >= asked.frames, "frames are missing", served.log)
            code = served.stop()
        took_s = time.monotonic() - begun_s
        found = frames_in(url)
        expected = sorted(f"simulated://{PART}/{index}" for index in range(asked.frames))
        assert_whole(url, folder / "evidence")
        left = list((folder / "spool").rglob("*.shot"))
        told = _told(url)
    lost = len(set(expected) - set(found))
    doubled = len(found) - len(set(found))
    console.print(
        f"{asked.kills} kills ({', '.join(f'{kind} {n}' for kind, n in killed.items())}) in "
        f"{took_s:.0f} s: {len(found)} of {asked.frames} frames, {lost} lost, {doubled} doubled, "
        f"{len(left)} left in the spool, {told[EventKind.QUARANTINED]} set apart, exit code {code}"
    )
    return 0 if found == expected and not left and code == 0 else 1


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--frames", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--db", default=None)
    parser.add_argument("--inspect", action="store_true", help="Really inspect, which is slower.")
    return parser.parse_args()


def _upgrade(url: str) -> None:
    engine = connect(url)
    upgrade(engine)
    engine.dispose()


def _told(url: str) -> Counter[EventKind]:
    engine = connect(url)
    with session(engine, read_only=True) as opened:
        counted = count_events(opened)
    engine.dispose()
    return counted


if __name__ == "__main__":
    sys.exit(main())
