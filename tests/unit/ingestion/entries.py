"""Shots and entries, small and told apart by their number."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from inspect_pipeline.capture.camera import Shot
from inspect_pipeline.ingestion.disk import Disk
from inspect_pipeline.ingestion.entry import Entry, Post, entry_of
from inspect_pipeline.ingestion.notices import Notice, Notices
from inspect_pipeline.ingestion.spool import CameraSpool

NOON = datetime(2026, 3, 30, 12, tzinfo=UTC)
POST = Post(line_id="L1", camera_id="cam-1", part="bracket")


def shot(number: int = 0, *, size: int = 10) -> Shot:
    return Shot(
        content=f"{number:>{size}}".encode(),
        taken_at=NOON + timedelta(seconds=number),
        source=f"camera://{number}",
        sequence=number,
        serial=f"SN{number}",
        web_position_mm=number / 2,
    )


def entry(number: int = 0, *, size: int = 10) -> Entry:
    return entry_of(shot(number, size=size), POST, received_at=NOON)


def spool(folder: Path, disk: Disk | None = None) -> CameraSpool:
    return CameraSpool(folder / "cam-1", disk or Disk())


def notices(folder: Path) -> Notices:
    return Notices(folder / "notices", Disk())


def said(found: Notices) -> list[Notice]:
    return [found.read(path) for path in found.waiting()]
