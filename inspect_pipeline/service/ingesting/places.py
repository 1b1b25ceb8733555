"""Where everything of the spool lies."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from inspect_pipeline.ingestion.disk import Disk
from inspect_pipeline.ingestion.entry import Post
from inspect_pipeline.ingestion.notices import Notices
from inspect_pipeline.ingestion.orders import Orders
from inspect_pipeline.ingestion.spool import CameraSpool
from plant_config.camera import CameraSettings
from plant_config.plant import Plant


def utc_now() -> datetime:
    return datetime.now(UTC)


def spool_of(plant: Plant, camera_id: str) -> CameraSpool:
    return CameraSpool(plant.spool_folder / "cameras" / camera_id, Disk())


def spools_of(plant: Plant) -> list[CameraSpool]:
    """Of every camera of the plant, and of those that were one: their frames may still wait."""
    for camera in plant.cameras:
        spool_of(plant, camera.id)
    folder = plant.spool_folder / "cameras"
    return [CameraSpool(path, Disk()) for path in sorted(folder.iterdir()) if path.is_dir()]


def notices_of(plant: Plant) -> Notices:
    return Notices(plant.spool_folder / "notices", Disk())


def orders_of(plant: Plant, camera_id: str) -> Orders:
    return Orders(plant.spool_folder / "orders" / camera_id, Disk())


def memory_of(plant: Plant, camera_id: str) -> Path:
    """A folder in which a camera may keep for itself how far it came."""
    folder = plant.spool_folder / "cameras" / camera_id
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def post_of(settings: CameraSettings) -> Post:
    return Post(line_id=settings.line, camera_id=settings.id, part=settings.part)
