"""Inspections become rows: one way, the only place where our records meet the tables.

Pictures are written as PNG and heat as float32 TIFF, both without loss, before the row that names
them: a program killed at any moment leaves whole inspections, at most with files nobody names.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Self

from PIL import Image
from sqlalchemy import Engine

from db import models, repository, words
from db.catalogue import meet_plant, use_model
from db.descriptors import code_of, encode_descriptor
from db.engine import session
from db.errors import RecordRefused
from db.evidence import EvidenceStore, evidence_folder
from db.masks import encode_mask
from db.queries import find_inspection
from db.repository import Recorded
from db.upgrade import check, open_database
from inspect_pipeline.records import (
    Evidence,
    Finding,
    FramePictures,
    Heat,
    Inspection,
    Picture,
    Severity,
)

Clock = Callable[[], datetime]
Grade = Callable[[float, float], Severity]  # of an area in mm2 and a score


def utc_now() -> datetime:
    return datetime.now(UTC)


class Ledger:
    """Records inspections for good: one transaction each, each exactly once.

    `database` is a URL (opened here, closed with the ledger) or an engine (left open). Evidence
    goes to `evidence/` beside a SQLite file, for a server to `evidence/` in the current folder.
    """

    def __init__(
        self, database: str | Engine, evidence: Path | None = None, *, now: Clock = utc_now
    ) -> None:
        self._owns_engine = isinstance(database, str)
        self._engine = open_database(database) if isinstance(database, str) else database
        if not self._owns_engine:
            check(self._engine)
        url = self._engine.url.render_as_string(hide_password=False)
        self.store = EvidenceStore(evidence_folder(url) if evidence is None else evidence)
        self._now = now

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
        self, name: str, timezone: str, *, lines: Sequence[str], parts: Sequence[models.Part]
    ) -> None:
        """Writes the plant's name, time zone, lines and parts, as they are from now on."""
        plant = models.Plant(plant=name, timezone=timezone, seen_at=self._now())
        with session(self._engine) as opened:
            meet_plant(opened, plant, lines, parts)

    def record(self, inspection: Inspection, grade: Grade | None = None) -> Recorded:
        """Writes the inspection, or finds that it was written before and changes nothing.

        `grade` (Inspector.grade) is asked of a defect that other frames of a web show too.
        """
        known_id = self._known(inspection)
        if known_id is not None:
            return Recorded(inspection_id=known_id, written=False)
        row = self._inspection_row(inspection)  # writes the evidence files
        with session(self._engine) as opened:
            return repository.record_inspection(
                opened, _frame_row(inspection), row, None if grade is None else _stored(grade)
            )

    def close(self) -> None:
        if self._owns_engine:
            self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
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

    def _inspection_row(self, inspection: Inspection) -> models.Inspection:
        now = self._now()
        unfit = inspection.unfit
        row = models.Inspection(
            model_id=inspection.model_id,
            config_id=inspection.config_id,
            outcome=words.Outcome(inspection.outcome),
            unfit_reason=None if unfit is None else words.UnfitReason(unfit.reason),
            unfit_detail=None if unfit is None else _text(unfit.detail),
            raw_score=_float(inspection.raw_score),
            score=_float(inspection.score),
            p_value=_float(inspection.p_value),
            inspected_at=now,
            timings_s={step: float(took) for step, took in inspection.timings_s.items()},
            findings=[
                self._finding_row(finding, number=number, now=now)
                for number, finding in enumerate(inspection.findings, start=1)
            ],
        )
        if inspection.pictures is not None:
            self._store_pictures(row, inspection.pictures)
        return row

    def _finding_row(self, finding: Finding, *, number: int, now: datetime) -> models.Finding:
        region = finding.verification.region
        box, shown = region.box, finding.evidence.box
        row = models.Finding(
            number=number,
            x0=int(box.x0),
            y0=int(box.y0),
            x1=int(box.x1),
            y1=int(box.y1),
            mask=encode_mask(region.mask.tobytes(), width_px=box.width_px, height_px=box.height_px),
            area_px=region.area_px,
            area_mm2=float(finding.area_mm2),
            centre_x_mm=float(finding.centre_mm[0]),
            centre_y_mm=float(finding.centre_mm[1]),
            peak=float(region.peak),
            mean=float(region.mean),
            score=float(finding.score),
            p_value=float(finding.p_value),
            explained=float(finding.verification.explained),
            verdict=words.Verdict(finding.verification.verdict),
            severity=words.Severity(finding.severity),
            kind=finding.kind,
            evidence_x0=int(shown.x0),
            evidence_y0=int(shown.y0),
            evidence_x1=int(shown.x1),
            evidence_y1=int(shown.y1),
            created_at=now,
        )
        self._store_pictures(row, finding.evidence)
        described = finding.evidence.descriptor
        if described is not None:
            row.descriptor = encode_descriptor(described.vector)
            row.descriptor_space = described.space
            row.descriptor_code = code_of(described.vector)
        return row

    def _store_pictures(
        self, row: models.Inspection | models.Finding, pictures: Evidence | FramePictures
    ) -> None:
        row.observed_name = self.store.put(png_bytes(pictures.observed), ".png")
        row.golden_name = self.store.put(png_bytes(pictures.golden), ".png")
        row.restored_name = self.store.put(png_bytes(pictures.restored), ".png")
        row.heat_name = self.store.put(tiff_bytes(pictures.heat), ".tiff")


def _stored(grade: Grade) -> Callable[[float, float], words.Severity]:
    return lambda area_mm2, score: words.Severity(grade(area_mm2, score))


def png_bytes(picture: Picture) -> bytes:
    """uint8 (H, W, 1 or 3) as PNG, grey or RGB, without loss."""
    pixels = picture[:, :, 0] if picture.shape[2] == 1 else picture
    written = BytesIO()
    Image.fromarray(pixels).save(written, format="PNG")
    return written.getvalue()


def tiff_bytes(heat: Heat) -> bytes:
    """float32 (H, W) as TIFF with the very same numbers."""
    written = BytesIO()
    Image.fromarray(heat).save(written, format="TIFF", compression="tiff_adobe_deflate")
    return written.getvalue()


def _frame_row(inspection: Inspection) -> models.Frame:
    key = inspection.frame
    width_px, height_px = inspection.frame_wh or (None, None)
    return models.Frame(
        line_id=key.line_id,
        camera_id=key.camera_id,
        part=key.part,
        taken_at=key.taken_at,
        content_sha256=key.content_sha256,
        source=_text(key.source),
        serial=key.serial,
        web_position_mm=_float(key.web_position_mm),
        width_px=width_px,
        height_px=height_px,
    )


def _float(value: float | None) -> float | None:
    """A plain float also where a numpy number came, which not every driver can bind."""
    return None if value is None else float(value)


def _text(written: str) -> str:
    """Text that every database takes: a file name may hold bytes that are not UTF-8."""
    return written.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _as_json(card: Mapping[str, object], model_id: str) -> dict[str, object]:
    try:
        plain: dict[str, object] = json.loads(json.dumps(dict(card), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise RecordRefused(f"the card of model {model_id} cannot be JSON: {error}") from error
    return plain
