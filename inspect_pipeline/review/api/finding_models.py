"""Findings and reviews as the API shows them, and as it takes verdicts."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import PureWindowsPath
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from db.masks import decode_mask
from db.questions.likeness import SimilarFinding
from db.reviewing import Batch, Conflict, Reviewed
from db.rows import FindingDetail, FindingRow, InspectionRow, ReviewRow
from db.words import ReviewState, Severity, Verdict
from inspect_pipeline.review.api.fields import MAX_PAGE, Note, RowIdInJson, Version
from inspect_pipeline.review.evidence_links import row_picture

Said = Literal[ReviewState.CONFIRMED, ReviewState.FALSE_ALARM, ReviewState.SECOND_LOOK]


class Pictures(BaseModel):
    """Where the pictures are served; null where none was kept."""

    observed: str | None = Field(description="What the camera saw (PNG).")
    golden: str | None = Field(description="How a good part would look there (PNG).")
    restored: str | None = Field(description="The picture with the region restored (PNG).")
    heat: str | None = Field(description="The discrepancy map, as a colour PNG.")

    @classmethod
    def of(cls, row: FindingRow | InspectionRow) -> Pictures:
        return cls(
            observed=row_picture(row, "observed"),
            golden=row_picture(row, "golden"),
            restored=row_picture(row, "restored"),
            heat=row_picture(row, "heat", "colour"),
        )


class BoxPx(BaseModel):
    """Half-open pixels of the frame: x0 and y0 belong to the box, x1 and y1 do not."""

    x0: int
    y0: int
    x1: int
    y1: int


class FindingOut(BaseModel):
    """One region of one inspection that differs from good parts."""

    id: int
    inspection_id: int
    frame_id: int
    number: int = Field(description="1 is the first finding of its inspection.")
    part: str
    line_id: str
    camera_id: str
    serial: str | None
    taken_at: datetime
    source: str = Field(description="The name of the frame's file, without its folder.")
    severity: Severity
    verdict: Verdict = Field(description="What the pipeline says; people answer with `state`.")
    state: ReviewState
    version: int = Field(description="Counts changes of state: hand it back when you review.")
    kind: str | None = Field(description="The kind of defect, where known.")
    urgency: float = Field(description="The order of the queue: higher is worse.")
    score: float = Field(description="Normalised, 0 to 1; higher is further from good parts.")
    p_value: float = Field(description="The share of good parts that look at least as odd.")
    explained: float = Field(description="The share of the discrepancy that restoring removed.")
    peak: float = Field(description="The highest discrepancy in the region.")
    mean: float = Field(description="The mean discrepancy of the region.")
    area_px: int
    area_mm2: float
    centre_x_mm: float
    centre_y_mm: float
    place_x: float = Field(description="The centre as a share of the frame's width.")
    place_y: float = Field(description="The centre as a share of the frame's height.")
    web_mm: float | None = Field(description="The position along a web, where there is one.")
    box_px: BoxPx
    evidence_box_px: BoxPx = Field(description="What the pictures show: a margin around the box.")
    pictures: Pictures
    model_id: str
    config_id: str
    created_at: datetime
    page: str = Field(description="The address of this finding's page.")

    @classmethod
    def of(cls, row: FindingRow) -> FindingOut:
        return cls(**_finding_facts(row))


class ReviewOut(BaseModel):
    """One line of the audit trail; none is ever changed or removed."""

    id: int
    finding_id: int
    reviewer: str
    reviewed_at: datetime
    state_before: ReviewState
    state_after: ReviewState
    note: str | None
    batch_id: str | None = Field(description="Reviews of one action share it: undo it by this.")
    undoes_id: int | None = Field(description="The review that this one took back.")

    @classmethod
    def of(cls, row: ReviewRow) -> ReviewOut:
        return cls(id=row.review_id, **_without(asdict(row), "review_id"))


class MaskRle(BaseModel):
    """Uncompressed run lengths as COCO has them, of the finding's box."""

    size: list[int] = Field(description="Height and width in pixels.", min_length=2, max_length=2)
    counts: list[int] = Field(
        description="Lengths of runs, column by column: outside, inside, outside, ..."
    )

    @classmethod
    def of(cls, mask: bytes, box: BoxPx) -> MaskRle:
        height_px, width_px = box.y1 - box.y0, box.x1 - box.x0
        cells = np.frombuffer(
            decode_mask(mask, width_px=width_px, height_px=height_px), dtype=np.uint8
        ).reshape(height_px, width_px)
        column_wise = np.concatenate(([0], cells.ravel(order="F")))
        turns = np.flatnonzero(np.diff(column_wise))
        counts = np.diff(np.concatenate(([0], turns, [cells.size])))
        return cls(size=[height_px, width_px], counts=counts.tolist())


class FindingWhole(FindingOut):
    """Everything that is known of one finding."""

    reviews: list[ReviewOut] = Field(description="In the order they were said.")
    mask: MaskRle | None = Field(description="Null unless asked for with mask=true.")

    @classmethod
    def of_detail(cls, detail: FindingDetail, *, with_mask: bool) -> FindingWhole:
        facts = _finding_facts(detail.finding)
        return cls(
            **facts,
            reviews=[ReviewOut.of(row) for row in detail.reviews],
            mask=MaskRle.of(detail.mask, facts["box_px"]) if with_mask else None,
        )


class FindingPage(BaseModel):
    findings: list[FindingOut]
    next_cursor: str | None = Field(description="Null on the last page.")


class SimilarFindingOut(BaseModel):
    finding: FindingOut
    distance: float = Field(description="0 looks the same, 2 is the opposite (cosine distance).")

    @classmethod
    def of(cls, row: SimilarFinding) -> SimilarFindingOut:
        return cls(finding=FindingOut.of(row), distance=row.distance)


class SimilarList(BaseModel):
    is_described: bool = Field(
        description="False where nothing is kept of how this finding looks: none can be compared."
    )
    findings: list[SimilarFindingOut] = Field(description="Of other inspections, nearest first.")


class ReviewList(BaseModel):
    reviews: list[ReviewOut] = Field(description="In the order they were said.")


class ReviewIn(BaseModel):
    """What you say of a finding that you saw at `seen_version`."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"state": "false_alarm", "note": "oil, wiped off", "seen_version": 1}]
        },
    )

    state: Said = Field(description="A review cannot make a finding new again: undo does.")
    note: Note | None = Field(default=None, description="Why, for those who come after you.")
    seen_version: Version = Field(description="`version` of the finding as you saw it.")


class SeenFinding(BaseModel):
    """A finding as you saw it."""

    model_config = ConfigDict(extra="forbid")

    id: RowIdInJson
    seen_version: Version


class BulkReviewIn(BaseModel):
    """The same word for up to 500 findings; those that others reviewed meanwhile are left."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "findings": [{"id": 17, "seen_version": 1}, {"id": 18, "seen_version": 1}],
                    "state": "confirmed",
                    "note": "same roll",
                }
            ]
        },
    )

    findings: list[SeenFinding] = Field(
        min_length=1,
        max_length=MAX_PAGE,
        description="Of a finding that stands here twice the later one counts.",
    )
    state: Said = Field(description="A review cannot make a finding new again: undo does.")
    note: Note | None = Field(default=None, description="Why, for those who come after you.")


class ReviewedOut(BaseModel):
    """A review that was written."""

    review_id: int
    finding_id: int
    state_before: ReviewState
    state_after: ReviewState
    version: int = Field(description="Of the finding, after the review.")
    batch_id: str = Field(description="Undo the action by this.")

    @classmethod
    def of(cls, reviewed: Reviewed) -> ReviewedOut:
        return cls(**asdict(reviewed))


class ConflictOut(BaseModel):
    """A finding that somebody else reviewed after you saw it."""

    finding_id: int
    state: ReviewState = Field(description="As it is now.")
    version: int = Field(description="As it is now.")
    said: ReviewOut | None = Field(description="The last review of it; null where there is none.")

    @classmethod
    def of(cls, conflict: Conflict) -> ConflictOut:
        said = None if conflict.said is None else ReviewOut.of(conflict.said)
        return cls(
            finding_id=conflict.finding_id,
            state=conflict.state,
            version=conflict.version,
            said=said,
        )


class BatchOut(BaseModel):
    """What one action did: the reviews it wrote, and the findings it left because of others."""

    batch_id: str | None = Field(description="Undo the action by this; null where nothing was.")
    done: list[ReviewedOut]
    conflicts: list[ConflictOut]

    @classmethod
    def of(cls, batch: Batch) -> BatchOut:
        return cls(
            batch_id=batch.batch_id if batch.reviewed else None,
            done=[ReviewedOut.of(one) for one in batch.reviewed],
            conflicts=[ConflictOut.of(one) for one in batch.conflicts],
        )


def _finding_facts(row: FindingRow) -> dict[str, Any]:
    boxes = ("x0", "y0", "x1", "y1")
    facts = asdict(row)
    return {
        **{name: facts[name] for name in FindingOut.model_fields if name in facts},
        "id": row.finding_id,
        "source": file_name(row.source),
        "box_px": BoxPx(**{name: facts[name] for name in boxes}),
        "evidence_box_px": BoxPx(**{name: facts[f"evidence_{name}"] for name in boxes}),
        "pictures": Pictures.of(row),
        "page": f"/findings/{row.finding_id}",
    }


def file_name(source: str) -> str:
    """The last step of a path (of either kind): folders of the plant's machines stay there."""
    return source if "://" in source else PureWindowsPath(source).name or "unnamed"


def _without(facts: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if name not in names}
