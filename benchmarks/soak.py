"""Does a plant that runs for hours, and suffers, stay as it was?

    python -m benchmarks.soak [--minutes 20] [--hard-share 0.3] [--seed 1]
        [--db own-postgresql] [--out FIGURES.json]

Runs `serve` over four cameras: parts, a web, a quick camera and a drop box, all of which suffer
faults. In the first part of the time processes are killed, too. In the rest, the endurance run,
every process lives through the share that is cut off and back, the database that is away, and the
faults of its camera, while memory, handles, threads, spool and write-ahead log are sampled.

Flat means: over the endurance run, without its first tenth, the slope of a figure (Theil and Sen)
times its length, and the step from its first to its last fifth, is at most 5 % or 8 MB of memory,
and 2 handles or threads. In the end the spool has to be empty, and frames and events together
exactly what the cameras gave. Exit code 1 where one of this does not hold.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.ingestion.own_postgres import OwnPostgres, own_postgres
from benchmarks.ingestion.running import Serving, assert_whole, serving, wait_for
from benchmarks.soaking.accounting import accounts
from benchmarks.soaking.faults import AWAY_FOR_S, DropBox, Faults, sqlite_taken
from benchmarks.soaking.plant import plant_file
from benchmarks.soaking.sampling import WAL_AT_MOST_MB, Sample, is_complete, sample, trends
from db.engine import connect, default_url
from db.upgrade import upgrade
from inspect_pipeline.records import Picture
from plant_config.loader import load_plant

SAMPLE_EVERY_S = 5.0
OWN_POSTGRESQL = "own-postgresql"
PART_EVERY_S = 2.0  # of a plant: what makes hours of the frames that came
Away = Callable[[Event], None]


def main() -> int:
    asked = _asked()
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="soak-")))
        database = folder / "findings.db"
        if asked.db == OWN_POSTGRESQL:
            server = opened.enter_context(own_postgres())
            url, away = server.url, _stopped(server)
        else:
            url, away = default_url(database), _taken(database)
        engine = connect(url)
        upgrade(engine)
        engine.dispose()
        figures = _soak(asked, folder, url, away)
    _show(figures)
    if asked.out:
        asked.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 0 if figures["holds"] else 1


def _soak(asked: argparse.Namespace, folder: Path, url: str, away: Away) -> dict[str, Any]:
    box = DropBox(folder / "box", _numbered)
    path = plant_file(folder, url, box=box.folder)
    plant = load_plant(path)
    database = folder / "findings.db" if url.startswith("sqlite") else None
    begun_s = time.monotonic()
    with serving(path) as served:
        wait_for(lambda: "worker 1" in served.alive(), "nothing begins", served.log)
        faults = Faults(served, box, away, seed=asked.seed)
        faults.begin()
        samples = _sampled(asked, served, faults, plant.spool_folder, database)
        faults.end()
        code = served.stop()
        log_mb = served.log.stat().st_size / 1e6
    took_s = time.monotonic() - begun_s
    left = len(list(plant.spool_folder.rglob("*.shot")))
    assert_whole(url, folder / "evidence")
    told = accounts(plant, url, written=box.written)
    found = trends(samples)
    wal_mb = max(one.wal_mb for one in samples)
    is_flat = all(trend.is_flat for each in found.values() for trend in each.values())
    return {
        "database": "sqlite" if database else "postgresql",
        "date": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "seed": asked.seed,
        "minutes": round(took_s / 60, 1),
        "endurance_minutes": round((samples[-1].at_s - samples[0].at_s) / 60, 1),
        "plant_hours": round(_plant_hours(told), 1),
        "suffered": dict(faults.suffered),
        "processes": {
            name: {figure: asdict(trend) for figure, trend in each.items()}
            for name, each in found.items()
        },
        "spool_entries_at_most": max(one.spool_entries for one in samples),
        "wal_mb_at_most": round(wal_mb, 1),
        "log_mb": round(log_mb, 2),
        "accounts": [{**asdict(one), "is_exact": one.is_exact} for one in told],
        "left_in_the_spool": left,
        "exit_code": code,
        "is_flat": is_flat and wal_mb <= WAL_AT_MOST_MB,
        "holds": is_flat
        and wal_mb <= WAL_AT_MOST_MB
        and not left
        and code == 0
        and all(one.is_exact for one in told),
    }


def _sampled(
    asked: argparse.Namespace,
    served: Serving,
    faults: Faults,
    spool: Path,
    database: Path | None,
) -> list[Sample]:
    """The samples of the endurance run, without its first tenth.

    It begins when nobody kills any more and every process is there, however long that takes.
    """
    begun_s = time.monotonic()
    hard_s = 60 * asked.minutes * asked.hard_share
    endurance_s = 60 * asked.minutes - hard_s
    kept: list[Sample] = []
    told_s, calm_at_s = 0.0, math.inf
    while (at_s := time.monotonic() - begun_s) < calm_at_s + endurance_s:
        if at_s > hard_s:
            faults.is_hard.clear()
        one = sample(served, spool, database, at_s=at_s)
        if calm_at_s == math.inf and not faults.is_killing and is_complete(one):
            calm_at_s = at_s
        if at_s > calm_at_s + 0.1 * endurance_s:
            kept.append(one)
        if at_s - told_s >= 30.0:
            told_s = at_s
            memory = " ".join(f"{name}:{p.rss_mb:.0f}" for (name, _), p in one.processes.items())
            print(f"{at_s:.0f} s, {one.spool_entries} wait, MB {memory}", flush=True)
        time.sleep(SAMPLE_EVERY_S)
    return kept


def _plant_hours(told: list[Any]) -> float:
    """Of a plant in which each camera sees a part every two seconds."""
    return sum(one.frames for one in told) / len(told) * PART_EVERY_S / 3600


def _numbered(number: int) -> Picture:
    picture: Picture = np.random.default_rng(number).integers(0, 255, (64, 96, 3), dtype=np.uint8)
    return picture


def _stopped(server: OwnPostgres) -> Away:
    def away(over: Event) -> None:
        server.stop()
        over.wait(AWAY_FOR_S)
        server.start()

    return away


def _taken(path: Path) -> Away:
    return lambda over: sqlite_taken(path, over)


def _show(figures: Mapping[str, Any]) -> None:
    console = Console()
    suffered = ", ".join(f"{times} {what}" for what, times in figures["suffered"].items())
    title = f"{figures['database']}: {figures['minutes']} minutes, as {figures['plant_hours']} h"
    table = Table("process", "memory MB", "rise", "handles", "threads", "flat", title=title)
    for name, each in figures["processes"].items():
        table.add_row(
            name,
            f"{each['rss_mb']['first']:.0f} to {each['rss_mb']['last']:.0f}",
            f"{each['rss_mb']['rise']:+.1f} MB",
            f"{each['handles']['first']:.0f} to {each['handles']['last']:.0f}",
            f"{each['threads']['first']:.0f} to {each['threads']['last']:.0f}",
            "yes" if all(trend["is_flat"] for trend in each.values()) else "NO",
        )
    console.print(table)
    table = Table("camera", "given", "frames", "told as events", "lost", "doubled")
    for one in figures["accounts"]:
        given = f"{one['given']} {one['unit']}"
        counts = (one[key] for key in ("frames", "told_as_events", "lost", "doubled"))
        table.add_row(one["camera"], given, *(str(count) for count in counts))
    console.print(table)
    console.print(
        f"suffered: {suffered}; write-ahead log at most {figures['wal_mb_at_most']} MB; "
        f"{figures['left_in_the_spool']} left in the spool; exit code {figures['exit_code']}; "
        f"{'holds' if figures['holds'] else 'DOES NOT HOLD'}",
        highlight=False,
    )


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--hard-share", type=float, default=0.3, help="Of it with kills, 0 to 1.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--db", choices=[OWN_POSTGRESQL], default=None)
    parser.add_argument("--out", type=Path, default=None, help="A JSON file for the figures.")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
