"""Inspections become rows: one way, the only place where our records meet the tables.

Pictures are written as PNG and heat as float32 TIFF, both without loss, before the row that names
them: a program killed at any moment leaves whole inspections, at most with files nobody names.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from db import models, repository, words
from db.catalogue import meet_plant, use_model
from db.engine import session
from db.errors import RecordRefused
from db.evidence import EvidenceStore, evidence_folder
from db.queries import find_inspection
from db.repository import Recorded
from db.upgrade import check, open_database
from inspect_pipeline.records import Inspection, Severity
from inspect_pipeline.service.rows import RowMaker, frame_row

Clock = Callable[[], datetime]
Outbox = Callable[[Session, Sequence[models.Finding]], None]  # in the same transaction
Grade = Callable[[float, float], Severity]  # of an area in mm2 and a score


def utc_now() -> datetime:
    return datetime.now(UTC)


class Ledger:
    """Records inspections for good: one transaction each, each exactly once.

    `database` is a URL (opened here, closed with the ledger) or an engine (left open). Evidence
    goes to `evidence/` beside a SQLite file, for a server to `evidence/` in the current folder.
    `outbox` writes what is to be called out of new findings.
    """

    def __init__(
        self,
        database: str | Engine,
        evidence: Path | None = None,
        *,
        now: Clock = utc_now,
        outbox: Outbox | None = None,
    ) -> None:
        self._owns_engine = isinstance(database, str)
        self._engine = open_database(database) if isinstance(database, str) else database
        if not self._owns_engine:
            check(self._engine)
        url = self._engine.url.render_as_string(hide_password=False)
        self.store = EvidenceStore(evidence_folder(url) if evidence is None else evidence)
        self._now = now
        self._outbox = outbox

    def register_model(
        self, model_id: str, part: str, card: Mapping[str, object], *, name: str | None = None
    ) -> bool:
        """Needed before the model's first inspection; True where the model was new.

        From now on it is the one in use for its part.

        `card` is what the model says of itself; it must be expressible as JSON.
        """
        model = models.Model(
            model_id=model_id,
            part=part,
            name=name or f"{part}-{model_id[:12]}",
            created_at=self._now(),
            card=_as_json(card, model_id),
        )
        with session(self._engine) as opened:
            is_new = repository.register_model(opened, model)
            use_model(opened, part, model_id, at=self._now())
            return is_new

    def meet_plant(
        self,
        name: str,
        timezone: str,
        *,
        shifts: str | None = None,
        lines: Sequence[str],
        parts: Sequence[models.Part],
    ) -> None:
        """Writes the plant's name, time zone, shifts, lines and parts, as they are from now on."""
        plant = models.Plant(plant=name, timezone=timezone, shifts=shifts, seen_at=self._now())
        with session(self._engine) as opened:
            meet_plant(opened, plant, lines, parts)

    def record(self, inspection: Inspection, grade: Grade | None = None) -> Recorded:
        """Writes the inspection, or finds that it was written before and changes nothing.

        `grade` (stages.judge.grading) is asked of a defect that other frames of a web show too.
        """
        known_id = self._known(inspection)
        if known_id is not None:
            return Recorded(inspection_id=known_id, written=False)
        row = RowMaker(self.store, self._now).inspection_row(inspection)  # writes evidence files
        with session(self._engine) as opened:
            return self._record(opened, frame_row(inspection), row, grade)

    def record_rows(
        self,
        frame: models.Frame,
        inspection: models.Inspection,
        grade: Grade | None = None,
        *,
        beside: Callable[[Session], None] | None = None,
    ) -> Recorded:
        """The same for rows that another process has made, with their files.

        `beside` writes more in the same transaction, where the frame was not known before.
        """
        with session(self._engine) as opened:
            recorded = self._record(opened, frame, inspection, grade)
            if recorded.is_new_frame and beside is not None:
                beside(opened)
            return recorded

    def _record(
        self,
        opened: Session,
        frame: models.Frame,
        inspection: models.Inspection,
        grade: Grade | None,
    ) -> Recorded:
        """What is to be called out of it is written with it, or neither is."""
        recorded = repository.record_inspection(opened, frame, inspection, _stored(grade))
        if recorded.written and self._outbox is not None and inspection.findings:
            self._outbox(opened, inspection.findings)
        return recorded

    def close(self) -> None:
        if self._owns_engine:
            self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _known(self, inspection: Inspection) -> int | None:
        with session(self._engine, read_only=True) as opened:
            return find_inspection(
                opened,
                camera_id=inspection.frame.camera_id,
                taken_at=inspection.frame.taken_at,
                content_sha256=inspection.frame.content_sha256,
                model_id=inspection.model_id,
                config_id=inspection.config_id,
            )


def _stored(grade: Grade | None) -> Callable[[float, float], words.Severity] | None:
    if grade is None:
        return None
    return lambda area_mm2, score: words.Severity(grade(area_mm2, score))


def _as_json(card: Mapping[str, object], model_id: str) -> dict[str, object]:
    try:
        plain: dict[str, object] = json.loads(json.dumps(dict(card), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise RecordRefused(f"the card of model {model_id} cannot be JSON: {error}") from error
    return plain
