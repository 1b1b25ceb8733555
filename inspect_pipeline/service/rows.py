"""An inspection as rows: pictures become files that rows name, records become columns.

Pictures are written as PNG and heat as float32 TIFF, both without loss. The files are whole before
the rows that name them are returned, so whoever writes the rows needs nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from io import BytesIO

from PIL import Image

from db import models, words
from db.descriptors import code_of, encode_descriptor
from db.evidence import EvidenceStore
from db.masks import encode_mask
from inspect_pipeline.records import (
    Evidence,
    Finding,
    FramePictures,
    Heat,
    Inspection,
    Picture,
)


class RowMaker:
    """Writes evidence files and makes rows, unsaved; knows no database."""

    def __init__(self, store: EvidenceStore, now: Callable[[], datetime]) -> None:
        self.store = store
        self._now = now

    def inspection_row(self, inspection: Inspection) -> models.Inspection:
        """With its findings, without `frame_id`."""
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


def frame_row(inspection: Inspection) -> models.Frame:
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
