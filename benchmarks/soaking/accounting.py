"""Frames and events together are exactly what the cameras gave."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from benchmarks.soaking.plant import INSPECTED, LINES_PER_FRAME, MM_PER_LINE
from db.engine import connect, session
from db.models import Event, Frame, Inspection
from db.words import EventKind
from inspect_pipeline.capture.simulated import FaultKind, FaultPlan
from inspect_pipeline.service.webs import simulated_camera
from plant_config.camera import SimulatedCameraSettings
from plant_config.plant import Plant

_AWAY = (EventKind.SHED, EventKind.QUARANTINED)
_ANY = datetime(2026, 1, 1, tzinfo=UTC)  # faults are decided by the number of a shot alone


@dataclass(frozen=True, kw_only=True)
class Account:
    """Of one camera: shots, or lines of a web. `lost` and `doubled` have to be 0."""

    camera: str
    unit: str
    given: int
    frames: int
    told_as_events: int
    lost: int
    doubled: int

    @property
    def is_exact(self) -> bool:
        return self.lost == 0 and self.doubled == 0


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """What the database has of one camera."""

    frames: list[tuple[str, float | None, int | None]]  # source, position, height
    events: list[tuple[EventKind, dict[str, object]]]

    @property
    def doubled(self) -> int:
        return sum(count - 1 for count in Counter(one[0] for one in self.frames).values())

    @property
    def sources(self) -> set[str]:
        return {one[0] for one in self.frames}

    @property
    def given_up(self) -> set[str]:
        """Sources that are told of as events and are no frames."""
        told = {str(facts.get("source")) for kind, facts in self.events if kind in _AWAY}
        return told - self.sources


def accounts(plant: Plant, database_url: str, *, written: Sequence[str]) -> list[Account]:
    """After the plant was stopped. `written`: names that were put into the drop box."""
    return [
        _of_shots(plant, "parts", database_url),
        _of_shots(plant, "quick", database_url),
        _of_web(plant, database_url),
        _of_box(plant, database_url, written),
    ]


def _of_shots(plant: Plant, camera: str, database_url: str) -> Account:
    seen = _seen(database_url, camera)
    given = {f"simulated://{INSPECTED}/{index}" for index in _given(plant, camera)}
    return _account(camera, seen, given)


def _of_box(plant: Plant, database_url: str, written: Sequence[str]) -> Account:
    seen = _seen(database_url, "box")
    folder = Path(getattr(plant.camera("box"), "path"))  # noqa: B009 - of this kind of camera
    left = {path.name for path in folder.iterdir()}
    given = {str(folder / name) for name in written if name not in left}
    return _account("box", seen, given)


def _account(camera: str, seen: _Seen, given: set[str]) -> Account:
    return Account(
        camera=camera,
        unit="shots",
        given=len(given),
        frames=len(seen.frames),
        told_as_events=len(seen.given_up),
        lost=len(given - seen.sources - seen.given_up),
        doubled=seen.doubled,
    )


def _of_web(plant: Plant, database_url: str) -> Account:
    """Every line up to the last frame is in a frame, or in one that was given up, or in a gap."""
    seen = _seen(database_url, "web")
    covered, told = [], []
    for _, position_mm, height_px in seen.frames:
        if position_mm is not None:
            covered.append(_lines(position_mm, height_px))
    for kind, facts in seen.events:
        begin_mm = facts.get("web_from_mm" if kind is EventKind.GAP else "web_position_mm")
        if not isinstance(begin_mm, int | float):
            continue
        until_mm = facts.get("web_until_mm")
        if isinstance(until_mm, int | float):
            told.append((round(begin_mm / MM_PER_LINE), round(until_mm / MM_PER_LINE)))
        elif kind in _AWAY:
            told.append(_lines(begin_mm, LINES_PER_FRAME))
    last = max((until for _, until in covered), default=0)
    blocks = sorted(_given(plant, "web"))
    return Account(
        camera="web",
        unit="lines",
        given=(blocks[-1] + 1) * _block_lines(plant) if blocks else 0,
        frames=len(seen.frames),
        told_as_events=_uncovered(covered, last),
        lost=_uncovered([*covered, *told], last),
        doubled=seen.doubled,
    )


def _lines(begin_mm: float, height_px: int | None) -> tuple[int, int]:
    begin = round(begin_mm / MM_PER_LINE)
    return begin, begin + (height_px or 0)


def _uncovered(ranges: Sequence[tuple[int, int]], until: int) -> int:
    missing, at = 0, 0
    for begin, end in sorted(ranges):
        missing += max(0, min(begin, until) - at)
        at = max(at, end)
    return missing


def _given(plant: Plant, camera: str) -> list[int]:
    """The numbers of the shots that the simulated camera handed over and need not give again."""
    settings = plant.camera(camera)
    assert isinstance(settings, SimulatedCameraSettings)
    said = json.loads((plant.spool_folder / "cameras" / camera / "camera.json").read_text())
    plan: FaultPlan = simulated_camera(settings, start_at=_ANY, in_real_time=False).plan
    return [index for index in range(said["safe"]) if FaultKind.DROP not in plan.at(index)]


def _block_lines(plant: Plant) -> int:
    settings = plant.camera("web")
    assert isinstance(settings, SimulatedCameraSettings)
    return settings.frame_wh[1]


def _seen(database_url: str, camera: str) -> _Seen:
    engine = connect(database_url)
    frames = (
        select(Frame.source, Frame.web_position_mm, Frame.height_px)
        .join(Inspection, Inspection.frame_id == Frame.id)
        .where(Frame.camera_id == camera)
    )
    events = select(Event.kind, Event.facts).where(Event.camera_id == camera)
    with session(engine, read_only=True) as opened:
        seen = _Seen(
            frames=[
                (row.source, row.web_position_mm, row.height_px) for row in opened.execute(frames)
            ],
            events=[(row.kind, dict(row.facts)) for row in opened.execute(events)],
        )
    engine.dispose()
    return seen
