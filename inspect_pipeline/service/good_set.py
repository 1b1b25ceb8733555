"""Good parts out of the database: what people gave back, ready to train and to calibrate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from db.engine import session, shown
from db.evidence import EvidenceStore
from db.teaching import GoodFrameRow, good_set
from inspect_pipeline.capture.reading import decode_picture
from inspect_pipeline.errors import TrainingDataError
from inspect_pipeline.exports.good_set import lineage_of
from inspect_pipeline.training.good_parts import GoodPart


@dataclass(frozen=True, kw_only=True, eq=False)
class Taught:
    """The pictures, and where they are from in words that go on the model's card."""

    parts: tuple[GoodPart, ...]
    lineage: dict[str, Any]


def read_taught(engine: Engine, store: EvidenceStore, part: str, *, read_at: datetime) -> Taught:
    """The part's good set; raises TrainingDataError where nothing in it can teach."""
    with session(engine, read_only=True) as opened:
        frames = good_set(opened, part)
    lineage = lineage_of(part, frames, database=shown(engine.url), read_at=read_at)
    certain = [frame for frame in frames if not frame.is_doubted]
    if not certain:
        raise TrainingDataError(
            f"the good set of {part} in {shown(engine.url)} has no frame to learn from: give it "
            "frames on the page Teach or with `run_pipeline.py teach add`, or leave --taught out"
        )
    return Taught(parts=tuple(_good_parts(store, certain)), lineage=lineage)


def _good_parts(store: EvidenceStore, frames: Sequence[GoodFrameRow]) -> list[GoodPart]:
    read = []
    for frame in frames:
        path = store.path(frame.picture_name)
        read.append(
            GoodPart(
                path=path,
                sha256=frame.picture_sha256,
                pixels=decode_picture(store.get(frame.picture_name), source=path),
                frame_sha256=frame.content_sha256,
            )
        )
    return read
