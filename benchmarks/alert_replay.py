"""How long does it take to try every kind of rule over a week of a ten-camera plant?

    python -m benchmarks.alert_replay [--frames-per-minute 12]

Writes a week of inspections, findings and tallies into a SQLite file beside the temporary files,
then asks each rule once for the whole week, as `alerts try` does, and beats once, as the service.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter
from sqlalchemy import Engine, insert

from db.engine import connect, default_url, session, snapshot
from db.models import Camera, Finding, Frame, Inspection, InspectionTally, Line, Model
from db.upgrade import open_database, upgrade
from db.words import Outcome, ReviewState, Severity, Verdict
from inspect_pipeline.alerts.reading import read_history
from inspect_pipeline.alerts.replay import replay
from inspect_pipeline.alerts.rules import Calendar, calls_of
from inspect_pipeline.alerts.watching import watch
from plant_config.alerts import Alert, AlertRule
from plant_config.schedule import Schedule

BEGIN = datetime(2026, 3, 9, tzinfo=UTC)
DAYS, CAMERAS, AT_ONCE = 7, 10, 5000
KINDS = ("finding", "row", "burst", "repeat", "rate", "unfit", "silent", "behind", "backlog")
_RULES: TypeAdapter[AlertRule] = TypeAdapter(Alert)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--frames-per-minute", type=int, default=12)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = default_url(Path(folder) / "week.db")
        made = connect(url)
        upgrade(made)
        made.dispose()
        engine = open_database(url)
        begun_s = time.perf_counter()
        frames, findings = fill(engine, asked.frames_per_minute)
        print(f"{frames:,} frames and {findings:,} findings of {CAMERAS} cameras and {DAYS} days,")
        print(f"written in {time.perf_counter() - begun_s:.0f} s\n")
        measure(engine)
        engine.dispose()


def measure(engine: Engine) -> None:
    end = BEGIN + timedelta(days=DAYS)
    calendar = Calendar(zone=ZoneInfo("Europe/Berlin"), schedule=Schedule())
    rules = [rule(kind) for kind in KINDS]
    print("| rule | seconds | calls | alerts | messages |\n|---|---|---|---|---|")
    total_s = 0.0
    for one in rules:
        begun_s = time.perf_counter()
        with snapshot(engine) as opened:
            history = read_history(opened, one, after=BEGIN, until=end)
        told = replay(
            one, calls_of(one, history, after=BEGIN, until=end, calendar=calendar), calendar
        )
        took_s = time.perf_counter() - begun_s
        total_s += took_s
        print(
            f"| {one.name} | {took_s:.2f} | {told.calls} | {told.alerts} | {len(told.messages)} |"
        )
    print(f"| all | {total_s:.2f} | | | |\n")
    watch(engine, rules, at=end, calendar=calendar)
    begun_s = time.perf_counter()
    watch(engine, rules, at=end + timedelta(seconds=10), calendar=calendar)
    print(f"one beat of all rules with nothing new: {time.perf_counter() - begun_s:.3f} s")


def rule(kind: str) -> AlertRule:
    keys: dict[str, Any] = {"reference_days": 3} if kind == "rate" else {}
    return _RULES.validate_python({"name": kind, "kind": kind, "channels": ["mail"], **keys})


def fill(engine: Engine, per_minute: int) -> tuple[int, int]:
    """Rows as the service writes them; the tallies are counted here as it counts them."""
    chance = random.Random(1)
    with session(engine) as opened:
        opened.add(Model(model_id="m" * 64, part="web", name="web", created_at=BEGIN, card={}))
        opened.add(Line(line_id="L1"))
        opened.flush()
        opened.add_all(Camera(camera_id=f"cam-{number}", line_id="L1") for number in range(CAMERAS))
    tallies: Counter[tuple[datetime, str, Outcome]] = Counter()
    frames: list[dict[str, Any]] = []
    inspections: list[dict[str, Any]] = []
    found: list[dict[str, Any]] = []
    total, findings = 0, 0
    for number, (taken_at, camera) in enumerate(_shots(per_minute), start=1):
        outcome = Outcome.FAILED if chance.random() < 0.01 else Outcome.PASSED
        slot = BEGIN + (taken_at - BEGIN) // timedelta(minutes=15) * timedelta(minutes=15)
        tallies[slot, camera, outcome] += 1
        frames.append(_frame(number, taken_at, camera))
        inspections.append(_inspection(number, taken_at, outcome))
        if outcome is Outcome.FAILED:
            findings += 1
            found.append(_finding(findings, number, taken_at, camera, chance))
        total = number
        if len(frames) >= AT_ONCE:
            _write(engine, frames, inspections, found)
    _write(engine, frames, inspections, found)
    with session(engine) as opened:
        opened.execute(
            insert(InspectionTally),
            [
                {
                    "slot_at": slot,
                    "line_id": "L1",
                    "camera_id": camera,
                    "part": "web",
                    "model_id": "m" * 64,
                    "outcome": outcome,
                    "inspections": count,
                }
                for (slot, camera, outcome), count in tallies.items()
            ],
        )
    return total, findings


def _shots(per_minute: int) -> Iterator[tuple[datetime, str]]:
    apart = timedelta(minutes=1) / per_minute
    for step in range(DAYS * 24 * 60 * per_minute):
        for camera in range(CAMERAS):
            yield BEGIN + step * apart + timedelta(milliseconds=camera), f"cam-{camera}"


def _write(engine: Engine, *rows: list[dict[str, Any]]) -> None:
    with session(engine) as opened:
        for table, some in zip((Frame, Inspection, Finding), rows, strict=True):
            if some:
                opened.execute(insert(table), some)
            some.clear()


def _frame(number: int, taken_at: datetime, camera: str) -> dict[str, Any]:
    return {
        "id": number,
        "line_id": "L1",
        "camera_id": camera,
        "part": "web",
        "taken_at": taken_at,
        "content_sha256": f"{number:064x}",
        "source": "camera",
        "web_position_mm": number * 0.5,
        "width_px": 1024,
        "height_px": 512,
        "is_compared": False,
    }


def _inspection(number: int, taken_at: datetime, outcome: Outcome) -> dict[str, Any]:
    return {
        "id": number,
        "frame_id": number,
        "model_id": "m" * 64,
        "config_id": "c" * 64,
        "outcome": outcome,
        "raw_score": 0.0,
        "inspected_at": taken_at + timedelta(seconds=1),
        "timings_s": {},
    }


def _finding(
    number: int, frame: int, taken_at: datetime, camera: str, chance: random.Random
) -> dict[str, Any]:
    x, y = chance.randrange(1000), chance.randrange(500)
    return {
        "id": number,
        "inspection_id": frame,
        "number": 1,
        "part": "web",
        "line_id": "L1",
        "camera_id": camera,
        "taken_at": taken_at,
        **{"x0": x, "y0": y, "x1": x + 8, "y1": y + 8, "mask": b"", "area_px": 64},
        **{"area_mm2": 1.0, "centre_x_mm": x * 0.5, "centre_y_mm": y * 0.5},
        **{"place_x": x / 1024, "place_y": y / 512, "web_mm": frame * 0.5 + y * 0.5},
        **{"peak": 1.0, "mean": 1.0, "score": 0.8, "p_value": 0.01, "explained": 0.1},
        "verdict": Verdict.CONFIRMED,
        "severity": chance.choice(list(Severity)),
        "urgency": 1.0,
        **{"evidence_x0": x, "evidence_y0": y, "evidence_x1": x + 8, "evidence_y1": y + 8},
        "state": ReviewState.NEW,
        "version": 1,
        "created_at": taken_at,
    }


if __name__ == "__main__":
    main()
