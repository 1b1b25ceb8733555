"""Frames, inspections, models and what stands in the plant, as the API shows them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from db.catalogue import ActivationRow
from db.histories import AuditRow, GoodFrameRow, RegionElsewhere
from db.histories import FrameHistory as FrameHistoryRows
from db.histories import InspectionHistory as InspectionHistoryRows
from db.plants import CameraRow, LineRow, PartRow
from db.rows import InspectionRow, ModelRow
from db.words import Judgement, Outcome, Severity, UnfitReason, Verdict
from inspect_pipeline.review.api.fields import Note
from inspect_pipeline.review.api.finding_models import (
    FindingOut,
    Pictures,
    ReviewOut,
    file_name,
)


class InspectionOut(BaseModel):
    """What one model with one configuration said of one frame."""

    id: int
    frame_id: int
    part: str
    line_id: str
    camera_id: str
    serial: str | None
    taken_at: datetime
    web_position_mm: float | None
    source: str = Field(description="The name of the frame's file, without its folder.")
    content_sha256: str
    width_px: int | None
    height_px: int | None
    outcome: Outcome
    unfit_reason: UnfitReason | None
    unfit_detail: str | None
    raw_score: float | None
    score: float | None
    p_value: float | None
    findings_count: int
    model_id: str
    config_id: str
    inspected_at: datetime
    timings_s: dict[str, float] = Field(description="Seconds per step.")
    pictures: Pictures = Field(description="Of the whole frame, where they were kept.")

    @classmethod
    def of(cls, row: InspectionRow) -> InspectionOut:
        return cls(**_inspection_facts(row))


class InspectionPage(BaseModel):
    inspections: list[InspectionOut]
    next_cursor: str | None = Field(description="Null on the last page.")


class AuditOut(BaseModel):
    """What a person said of a whole frame; the newest of a frame counts."""

    id: int
    frame_id: int
    auditor: str
    audited_at: datetime
    judgement: Judgement
    note: str | None

    @classmethod
    def of(cls, row: AuditRow) -> AuditOut:
        return cls(id=row.audit_id, **_alike(cls, row))


class AuditIn(BaseModel):
    """Is the whole part good? `defective` for one that passed is an escape."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"judgement": "good", "note": "measured by hand"}]},
    )

    judgement: Judgement
    note: Note | None = Field(default=None, description="Why, for those who come after you.")


class GoodFrameOut(BaseModel):
    """Whether the frame was given to its part's good set, for training."""

    added_by: str
    added_at: datetime
    removed_by: str | None
    removed_at: datetime | None

    @classmethod
    def of(cls, row: GoodFrameRow) -> GoodFrameOut:
        return cls(**_alike(cls, row))


class ReviewedFinding(BaseModel):
    finding: FindingOut
    reviews: list[ReviewOut] = Field(description="In the order they were said.")


class RegionOut(BaseModel):
    """What the frame shows of a defect over the border, whose finding stands with another frame."""

    finding_id: int
    frame_id: int = Field(description="The frame with which the finding stands.")
    number: int
    x0: int
    y0: int
    x1: int
    y1: int
    area_mm2: float
    verdict: Verdict
    severity: Severity

    @classmethod
    def of(cls, row: RegionElsewhere) -> RegionOut:
        return cls(**_alike(cls, row))


class InspectionHistory(BaseModel):
    inspection: InspectionOut
    findings: list[ReviewedFinding] = Field(description="By number.")
    elsewhere: list[RegionOut] = Field(
        description="Regions of this frame that belong to findings of other frames of the web."
    )

    @classmethod
    def of(cls, rows: InspectionHistoryRows) -> InspectionHistory:
        return cls(
            inspection=InspectionOut.of(rows.inspection),
            findings=[
                ReviewedFinding(
                    finding=FindingOut.of(one.finding),
                    reviews=[ReviewOut.of(said) for said in one.reviews],
                )
                for one in rows.findings
            ],
            elsewhere=[RegionOut.of(one) for one in rows.elsewhere],
        )


class FrameHistory(BaseModel):
    """Everything that was ever said of one frame, by models and by people."""

    id: int
    part: str
    line_id: str
    camera_id: str
    serial: str | None
    taken_at: datetime
    web_position_mm: float | None
    source: str = Field(description="The name of the frame's file, without its folder.")
    content_sha256: str
    width_px: int | None
    height_px: int | None
    inspections: list[InspectionHistory] = Field(description="In the order they were made.")
    audits: list[AuditOut] = Field(description="In the order they were said.")
    good_set: GoodFrameOut | None = Field(description="Null where it never was in the good set.")

    @classmethod
    def of(cls, rows: FrameHistoryRows) -> FrameHistory:
        facts = _alike(cls, rows.frame) | {"source": file_name(rows.frame.source)}
        return cls(
            id=rows.frame.frame_id,
            **facts,
            inspections=[InspectionHistory.of(one) for one in rows.inspections],
            audits=[AuditOut.of(one) for one in rows.audits],
            good_set=None if rows.good_frame is None else GoodFrameOut.of(rows.good_frame),
        )


class ModelOut(BaseModel):
    """A trained and calibrated bundle that inspected here."""

    model_id: str = Field(description="The sha256 of its content.")
    part: str
    name: str
    created_at: datetime
    card: dict[str, Any] = Field(description="What the model says of itself.")

    @classmethod
    def of(cls, row: ModelRow) -> ModelOut:
        return cls(**{**vars(row), "card": dict(row.card)})


class ModelList(BaseModel):
    models: list[ModelOut] = Field(description="Newest first.")


class ActivationOut(BaseModel):
    """From when to when a model was in use for its part; the open one is in use now."""

    part: str
    model_id: str
    model_name: str
    active_from: datetime
    active_to: datetime | None
    is_return: bool = Field(description="It had been in use before another one: a rollback.")

    @classmethod
    def of(cls, row: ActivationRow) -> ActivationOut:
        return cls(**asdict(row))


class ActivationList(BaseModel):
    activations: list[ActivationOut] = Field(description="By part, newest first.")


class CameraOut(BaseModel):
    camera_id: str
    line_id: str

    @classmethod
    def of(cls, row: CameraRow) -> CameraOut:
        return cls(**asdict(row))


class CameraList(BaseModel):
    cameras: list[CameraOut]


class LineOut(BaseModel):
    line_id: str
    plant: str | None

    @classmethod
    def of(cls, row: LineRow) -> LineOut:
        return cls(**asdict(row))


class LineList(BaseModel):
    lines: list[LineOut]


class PartOut(BaseModel):
    part: str
    mm_per_px: float | None
    false_alarms: float | None = Field(description="The share of good parts that may be flagged.")

    @classmethod
    def of(cls, row: PartRow) -> PartOut:
        return cls(**asdict(row))


class PartList(BaseModel):
    parts: list[PartOut]


def _inspection_facts(row: InspectionRow) -> dict[str, Any]:
    changed: dict[str, Any] = {
        "id": row.inspection_id,
        "source": file_name(row.source),
        "pictures": Pictures.of(row),
    }
    return _alike(InspectionOut, row) | changed


def _alike(shown: type[BaseModel], row: Any) -> dict[str, Any]:
    """The fields that the row has under the same names."""
    return {name: getattr(row, name) for name in shown.model_fields if hasattr(row, name)}
