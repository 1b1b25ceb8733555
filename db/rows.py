"""What a read gives back: frozen rows, flat, in the words and units of the tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from db.words import Outcome, ReviewState, Severity, UnfitReason, Verdict


@dataclass(frozen=True, kw_only=True)
class FindingRow:
    """A finding with what one needs to know of its frame and inspection; no mask.

    A picture's name is None once the picture's time is over.
    """

    finding_id: int
    inspection_id: int
    frame_id: int
    number: int
    part: str
    line_id: str
    camera_id: str
    serial: str | None
    taken_at: datetime
    web_position_mm: float | None
    source: str
    severity: Severity
    verdict: Verdict
    state: ReviewState
    kind: str | None
    score: float
    p_value: float
    explained: float
    peak: float
    mean: float
    area_px: int
    area_mm2: float
    centre_x_mm: float
    centre_y_mm: float
    place_x: float
    place_y: float
    web_mm: float | None
    urgency: float
    version: int
    x0: int
    y0: int
    x1: int
    y1: int
    evidence_x0: int
    evidence_y0: int
    evidence_x1: int
    evidence_y1: int
    observed_name: str | None
    golden_name: str | None
    restored_name: str | None
    heat_name: str | None
    model_id: str
    config_id: str
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class InspectionRow:
    """An inspection with its frame; the picture names are None where none were kept."""

    inspection_id: int
    frame_id: int
    part: str
    line_id: str
    camera_id: str
    serial: str | None
    taken_at: datetime
    web_position_mm: float | None
    source: str
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
    timings_s: Mapping[str, float]
    observed_name: str | None
    golden_name: str | None
    restored_name: str | None
    heat_name: str | None


@dataclass(frozen=True, kw_only=True)
class ReviewRow:
    """One line of the audit trail."""

    review_id: int
    finding_id: int
    reviewer: str
    reviewed_at: datetime
    state_before: ReviewState
    state_after: ReviewState
    note: str | None
    batch_id: str | None
    undoes_id: int | None


@dataclass(frozen=True, kw_only=True)
class ModelRow:
    model_id: str
    part: str
    name: str
    created_at: datetime
    card: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class FindingDetail:
    """Everything that is known of one finding; decode the mask with `db.masks.decode_mask`."""

    finding: FindingRow
    mask: bytes
    inspection: InspectionRow
    reviews: tuple[ReviewRow, ...]


@dataclass(frozen=True, kw_only=True)
class FrameFilter:
    """Which frames? None means any. `since` is included, `until` is not; both need a zone."""

    part: str | None = None
    line_id: str | None = None
    camera_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class FindingFilter(FrameFilter):
    """Which findings? Ranges include both ends; `place` is a box in shares of the frame's sides.

    `states` are several, any of them; `note` is text that a reviewer wrote of the finding.
    """

    verdict: Verdict | None = None
    state: ReviewState | None = None
    states: tuple[ReviewState, ...] = ()
    severity: Severity | None = None
    kind: str | None = None
    model_id: str | None = None
    area_mm2_min: float | None = None
    area_mm2_max: float | None = None
    score_min: float | None = None
    place: tuple[float, float, float, float] | None = None  # x0, y0, x1, y1 in [0, 1]
    web_mm_min: float | None = None
    web_mm_max: float | None = None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class InspectionFilter(FrameFilter):
    outcome: Outcome | None = None
    model_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class After:
    """Where the page before ended: its last row's time and id."""

    taken_at: datetime
    row_id: int


@dataclass(frozen=True, kw_only=True)
class AfterUrgent:
    """Where the page of a worst-first list ended: its last row's urgency and id."""

    urgency: float
    row_id: int
