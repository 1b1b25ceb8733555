"""The jobs of a plant file, with the times at which each is due."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from inspect_pipeline.ingestion.orders import Order
from inspect_pipeline.service.scheduling.due import Policy
from inspect_pipeline.service.scheduling.times import (
    ByCron,
    DuringShifts,
    EverySeconds,
    ShiftBegins,
    ShiftEnds,
    Times,
)
from inspect_pipeline.working_shifts import is_named, working_shift_at
from plant_config.camera import CameraSettings
from plant_config.camera_schedule import CameraSchedule
from plant_config.cron import read_cron
from plant_config.jobs import JobSettings
from plant_config.plant import Plant

CAMERA = "camera"  # the kind of a job that orders pictures


@dataclass(frozen=True, kw_only=True)
class PlannedJob:
    """`settings` is None for a camera, `camera` for all others."""

    name: str
    kind: str
    says: str
    times: Times
    policy: Policy
    camera: CameraSettings | None = None
    settings: JobSettings | None = None


def planned_jobs(plant: Plant) -> list[PlannedJob]:
    """Cameras on a schedule first, each job of one named as its camera."""
    cameras = [one for one in plant.cameras if not one.schedule.is_always]
    return [
        *(_of_camera(plant, one) for one in cameras),
        *(_of_settings(plant, one) for one in plant.jobs),
    ]


def order_of(
    plant: Plant, camera: CameraSettings, key: str, planned_at: datetime, now: datetime
) -> Order:
    """What the camera is to take for a time; one that comes late takes as much as one in time.

    Asked for outside its shifts, a camera that works in shifts takes one frame.
    """
    said = camera.schedule
    shift = working_shift_at(plant.schedule, ZoneInfo(plant.timezone), planned_at)
    if not said.is_timed and shift is not None and is_named(shift.name, said.shifts):
        return Order(key=key, until_at=shift.to_at)
    if said.for_s is not None:
        return Order(key=key, until_at=now + timedelta(seconds=said.for_s))
    until_at = now + timedelta(seconds=said.within_s)
    return Order(key=key, until_at=until_at, frames=said.frames or 1)


def _of_camera(plant: Plant, camera: CameraSettings) -> PlannedJob:
    said, zone = camera.schedule, ZoneInfo(plant.timezone)
    policy = Policy(late_after=_later(said.grace_s), catch_up=said.catch_up)
    times: Times
    if said.is_timed:
        times = _times(said.cron, said.every_s, zone)
        if said.shifts:
            times = DuringShifts(times=times, schedule=plant.schedule, zone=zone, names=said.shifts)
    else:
        times = ShiftBegins(schedule=plant.schedule, zone=zone, names=said.shifts)

        def shift_end(planned_at: datetime) -> datetime:
            shift = working_shift_at(plant.schedule, zone, planned_at)
            return planned_at if shift is None else shift.to_at

        policy = Policy(late_after=shift_end)
    return PlannedJob(
        name=camera.id,
        kind=CAMERA,
        says=_camera_words(plant, said),
        times=times,
        policy=policy,
        camera=camera,
    )


def _of_settings(plant: Plant, said: JobSettings) -> PlannedJob:
    zone = ZoneInfo(plant.timezone)
    times: Times
    if said.after_shifts:
        times = ShiftEnds(schedule=plant.schedule, zone=zone, names=said.after_shifts)
        words = f"when shifts end: {', '.join(said.after_shifts)}"
    else:
        times = _times(said.cron, said.every_s, zone)
        words = _words(said.cron, said.every_s, plant.timezone)
    return PlannedJob(
        name=said.name,
        kind=said.kind,
        says=words,
        times=times,
        policy=Policy(late_after=_later(said.grace_s), catch_up=said.catch_up),
        settings=said,
    )


def _times(cron: str | None, every_s: float | None, zone: ZoneInfo) -> Times:
    if cron is not None:
        return ByCron(cron=read_cron(cron), zone=zone)
    assert every_s is not None, "the plant file was checked"
    return EverySeconds(every_s=every_s)


def _camera_words(plant: Plant, said: CameraSchedule) -> str:
    during = f"during shifts: {', '.join(said.shifts)}" if said.shifts else ""
    when = _words(said.cron, said.every_s, plant.timezone) if said.is_timed else "all the time"
    amount = ""
    if said.is_timed:
        amount = f"{said.for_s:g} s" if said.for_s else f"frames: {said.frames or 1}"
    return "; ".join(filter(None, (when, during, amount)))


def _words(cron: str | None, every_s: float | None, timezone: str) -> str:
    return f"every {every_s:g} s" if cron is None else f"cron {cron} ({timezone})"


def _later(grace_s: float) -> Callable[[datetime], datetime]:
    return lambda planned_at: planned_at + timedelta(seconds=grace_s)
