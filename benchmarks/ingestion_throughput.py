"""How many frames a second come from cameras into the database, and how long does one take?

    python -m benchmarks.ingestion_throughput [--cameras 2] [--workers 2] [--frames 200]
        [--db postgresql+psycopg://...] [--inspect] [--entries-max 4]

Frames are drawn, spooled, decoded, judged dark and recorded: what it costs to bring a frame through
all processes. With --inspect they are inspected by the demo's model. The camera waits when
--entries-max frames of it are in the spool, so the latency is that of a line at its limit. Frames
that came before every worker was ready wait for the start, which is told apart.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.ingestion.plant import plant_file
from db.engine import connect, default_url
from db.upgrade import upgrade
from inspect_pipeline.service.ingesting.roles import WORKER, Role, Service
from inspect_pipeline.service.ingesting.supervisor import Supervisor
from plant_config.loader import load_plant


def main() -> int:
    asked = _asked()
    heard: list[tuple[float, str, float]] = []
    ready_at: list[float] = []

    def hear(role: Role, said: Mapping[str, Any]) -> None:
        if said["what"] == "ready" and role.kind == WORKER:
            ready_at.append(time.monotonic())
        if said["what"] == "recorded":
            heard.append((time.monotonic(), said["camera"], said["waited_s"]))

    with tempfile.TemporaryDirectory(prefix="throughput-") as name:
        folder = Path(name)
        url = asked.db or default_url(folder / "findings.db")
        engine = connect(url)
        upgrade(engine)
        engine.dispose()
        path = plant_file(
            folder,
            url,
            cameras=asked.cameras,
            frames=asked.frames,
            dark_below=10.0 if asked.inspect else 255.0,
            workers=asked.workers,
            entries_max=asked.entries_max,
        )
        begun_s = time.monotonic()
        Supervisor(Service(plant=load_plant(path), once=True), heard=hear).run()
    counted = [(at, camera, waited) for at, camera, waited in heard if at - waited > ready_at[-1]]
    print(
        f"ready after {ready_at[-1] - begun_s:.1f} s; {len(heard) - len(counted)} frames that came "
        "before are not counted"
    )
    _show(asked, counted, database=url.split(":", maxsplit=1)[0])
    return 0


def _show(asked: argparse.Namespace, heard: list[tuple[float, str, float]], database: str) -> None:
    took_s = heard[-1][0] - heard[0][0]
    waited_s = sorted(waited for _, _, waited in heard)
    per_camera = Counter(camera for _, camera, _ in heard)
    table = Table("", "", title=f"{database}, {asked.workers} workers")
    table.add_row("frames a second, machine", f"{len(heard) / took_s:.1f}")
    for camera, frames in sorted(per_camera.items()):
        table.add_row(f"frames a second, {camera}", f"{frames / took_s:.1f}")
    table.add_row("camera to row, median", f"{1000 * median(waited_s):.0f} ms")
    table.add_row("camera to row, 99 %", f"{1000 * waited_s[int(0.99 * len(waited_s))]:.0f} ms")
    table.add_row("camera to row, longest", f"{1000 * waited_s[-1]:.0f} ms")
    Console().print(table)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--cameras", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--frames", type=int, default=200, help="Of each camera.")
    parser.add_argument("--entries-max", type=int, default=4)
    parser.add_argument("--db", default=None)
    parser.add_argument("--inspect", action="store_true", help="Really inspect.")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
