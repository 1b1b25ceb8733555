"""The good set of a part as a folder to train on: the pictures as they are stored, and lineage."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from db.evidence import EvidenceStore
from db.teaching import GoodFrameRow
from inspect_pipeline.exports.whole_files import whole_folder

LINEAGE = "lineage.json"


def write_good_set(
    to: Path, store: EvidenceStore, frames: Sequence[GoodFrameRow], told: dict[str, Any]
) -> None:
    """Byte for byte what the evidence store holds; the folder is there whole or not at all."""
    with whole_folder(to) as folder:
        for frame in frames:
            (folder / f"frame-{frame.frame_id}.png").write_bytes(store.get(frame.picture_name))
        text = json.dumps(told, indent=2, ensure_ascii=False)
        (folder / LINEAGE).write_text(text + "\n", encoding="utf-8")


def lineage_of(
    part: str, frames: Sequence[GoodFrameRow], *, database: str, read_at: datetime
) -> dict[str, Any]:
    """Where a good set is from; `database` without a password. Doubted frames are named apart."""
    return {
        "part": part,
        "database": database,
        "read_at": read_at.isoformat(timespec="seconds"),
        "frames": [_lineage_of_frame(frame) for frame in frames if not frame.is_doubted],
        "doubted_and_left_out": [frame.frame_id for frame in frames if frame.is_doubted],
    }


def _lineage_of_frame(frame: GoodFrameRow) -> dict[str, Any]:
    return {
        "frame_id": frame.frame_id,
        "file": f"frame-{frame.frame_id}.png",
        "picture_sha256": frame.picture_sha256,
        "content_sha256": frame.content_sha256,
        "camera_id": frame.camera_id,
        "line_id": frame.line_id,
        "serial": frame.serial,
        "taken_at": frame.taken_at.isoformat(),
        "added_by": frame.added_by,
        "added_at": frame.added_at.isoformat(),
    }
