"""What changed between two models that inspected the same frames?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from db.errors import QuestionRefused
from db.models import Finding, Frame, Inspection, Model
from db.questions.parameters import asked, required
from db.questions.selection import Selection, model_named
from db.rows import InspectionFilter
from db.selects import inspection_conditions
from db.tables import rows_table
from db.words import Outcome

_CHUNK = 500  # ids in one IN list
Boxes = npt.NDArray[np.int64]  # (n, 4): x0, y0, x1, y1


@dataclass(frozen=True, kw_only=True)
class ChangesBetween(Selection):
    before: str = required("The one model: its name, or how its id begins.")
    after: str = required("The other model: its name, or how its id begins.")
    overlap: float = asked("Boxes that share this much are one finding.", 0.1, least=0.01, most=1)
    limit: int = asked("At most this many frames, the newest.", 1000, least=1, most=20_000)


@dataclass(frozen=True, kw_only=True)
class FrameChange:
    """`only_before` and `only_after` are findings that the other model has no box for."""

    frame_id: int
    taken_at: datetime
    part: str
    line_id: str
    camera_id: str
    serial: str | None
    outcome_before: str
    outcome_after: str
    score_before: float | None
    score_after: float | None
    score_change: float | None
    in_both: int
    only_before: int
    only_after: int
    inspection_before: int
    inspection_after: int


@dataclass(frozen=True, kw_only=True)
class ChangeCount:
    """`before` and `after` are outcomes, or for findings "found" and "not found"."""

    what: str
    before: str
    after: str
    count: int
    share: float


def model_changes(opened: Session, wanted: ChangesBetween) -> pd.DataFrame:
    """Which frames does the other model see differently? Changed outcomes first, then by score.

    Frames that both models inspected; of several inspections by one model the newest counts.
    Findings are the same where their boxes overlap (intersection over union), best pairs first.
    """
    changes = _changes(opened, wanted)
    changes.sort(
        key=lambda one: (
            one.outcome_before == one.outcome_after,
            -abs(one.score_change or 0.0),
            -one.frame_id,
        )
    )
    return rows_table(changes, FrameChange)


def model_change_summary(opened: Session, wanted: ChangesBetween) -> pd.DataFrame:
    """How many frames and findings changed? Every pair of outcomes, then findings in both or one.

    Of the same frames as `model_changes`; shares are of all frames, or of all findings.
    """
    changes = _changes(opened, wanted)
    if not changes:
        return rows_table([], ChangeCount)
    frames = Counter((one.outcome_before, one.outcome_after) for one in changes)
    findings = {
        ("found", "found"): sum(one.in_both for one in changes),
        ("found", "not found"): sum(one.only_before for one in changes),
        ("not found", "found"): sum(one.only_after for one in changes),
    }
    outcomes = {(str(one), str(other)): 0 for one in Outcome for other in Outcome}
    rows = []
    for what, counts in (("frames", outcomes | frames), ("findings", findings)):
        total = sum(counts.values())
        rows += [
            ChangeCount(
                what=what,
                before=before,
                after=after,
                count=count,
                share=count / total if total else 0.0,
            )
            for (before, after), count in counts.items()
        ]
    return rows_table(rows, ChangeCount)


def matched_boxes(before: Boxes, after: Boxes, *, overlap: float) -> list[tuple[int, int]]:
    """Pairs of places of boxes that overlap by at least `overlap`; each box once, best first."""
    shares = _overlaps(before, after)
    pairs: list[tuple[int, int]] = []
    for place in np.argsort(-shares, axis=None, kind="stable"):
        one, other = (int(at) for at in np.unravel_index(place, shares.shape))
        if shares[one, other] < overlap:
            break
        if all(one != left and other != right for left, right in pairs):
            pairs.append((one, other))
    return pairs


@dataclass(frozen=True, kw_only=True)
class _Said:
    inspection_id: int
    outcome: Outcome
    score: float | None


def _changes(opened: Session, wanted: ChangesBetween) -> list[FrameChange]:
    before_id = model_named(opened, wanted.before, field="before")
    after_id = model_named(opened, wanted.after, field="after")
    if before_id == after_id:
        raise QuestionRefused("after: is the same model as before: name two", field="after")
    frames = _frames_of_both(opened, wanted, before_id, after_id)
    frame_ids = [frame.frame_id for frame in frames]
    before = _newest_inspections(opened, frame_ids, before_id)
    after = _newest_inspections(opened, frame_ids, after_id)
    boxes = _boxes(opened, [one.inspection_id for one in (*before.values(), *after.values())])
    return [
        _change(frame, before[frame.frame_id], after[frame.frame_id], boxes, wanted.overlap)
        for frame in frames
    ]


@dataclass(frozen=True, kw_only=True)
class _Frame:
    frame_id: int
    taken_at: datetime
    part: str
    line_id: str
    camera_id: str
    serial: str | None


def _frames_of_both(
    opened: Session, wanted: ChangesBetween, before_id: str, after_id: str
) -> list[_Frame]:
    one, other = aliased(Inspection), aliased(Inspection)
    selected = wanted.frames()
    in_selection = inspection_conditions(
        InspectionFilter(
            part=selected.part,
            line_id=selected.line_id,
            camera_id=selected.camera_id,
            since=selected.since,
            until=selected.until,
        )
    )
    chosen = (
        select(
            Frame.id.label("frame_id"),
            Frame.taken_at,
            Frame.part,
            Frame.line_id,
            Frame.camera_id,
            Frame.serial,
        )
        .where(
            *in_selection,
            Frame.is_compared,
            Frame.part == opened.scalar(select(Model.part).where(Model.model_id == after_id)),
            exists().where(one.frame_id == Frame.id, one.model_id == before_id),
            exists().where(other.frame_id == Frame.id, other.model_id == after_id),
        )
        .order_by(Frame.taken_at.desc(), Frame.id.desc())
        .limit(wanted.limit)
    )
    return [_Frame(**row) for row in opened.execute(chosen).mappings()]


def _newest_inspections(
    opened: Session, frame_ids: Sequence[int], model_id: str
) -> dict[int, _Said]:
    """By frame."""
    said: dict[int, _Said] = {}
    for begin in range(0, len(frame_ids), _CHUNK):
        chosen = (
            select(Inspection.frame_id, Inspection.id, Inspection.outcome, Inspection.score)
            .where(
                Inspection.frame_id.in_(frame_ids[begin : begin + _CHUNK]),
                Inspection.model_id == model_id,
            )
            .order_by(Inspection.id)
        )
        for frame_id, inspection_id, outcome, score in opened.execute(chosen):
            said[frame_id] = _Said(inspection_id=inspection_id, outcome=outcome, score=score)
    return said


def _boxes(opened: Session, inspection_ids: Sequence[int]) -> dict[int, list[list[int]]]:
    """By inspection; those without findings are left out."""
    boxes: dict[int, list[list[int]]] = {}
    for begin in range(0, len(inspection_ids), _CHUNK):
        chosen = (
            select(Finding.inspection_id, Finding.x0, Finding.y0, Finding.x1, Finding.y1)
            .where(Finding.inspection_id.in_(inspection_ids[begin : begin + _CHUNK]))
            .order_by(Finding.inspection_id, Finding.number)
        )
        for inspection_id, *box in opened.execute(chosen):
            boxes.setdefault(inspection_id, []).append(box)
    return boxes


def _change(
    frame: _Frame, before: _Said, after: _Said, boxes: dict[int, list[list[int]]], overlap: float
) -> FrameChange:
    ours, theirs = (
        np.array(boxes.get(one.inspection_id, []), dtype=np.int64).reshape(-1, 4)
        for one in (before, after)
    )
    in_both = len(matched_boxes(ours, theirs, overlap=overlap))
    scored = before.score is not None and after.score is not None
    return FrameChange(
        frame_id=frame.frame_id,
        taken_at=frame.taken_at,
        part=frame.part,
        line_id=frame.line_id,
        camera_id=frame.camera_id,
        serial=frame.serial,
        outcome_before=before.outcome,
        outcome_after=after.outcome,
        score_before=before.score,
        score_after=after.score,
        score_change=(after.score or 0.0) - (before.score or 0.0) if scored else None,
        in_both=in_both,
        only_before=len(ours) - in_both,
        only_after=len(theirs) - in_both,
        inspection_before=before.inspection_id,
        inspection_after=after.inspection_id,
    )


def _overlaps(before: Boxes, after: Boxes) -> npt.NDArray[np.float64]:
    """(n, m) intersection over union."""
    low = np.maximum(before[:, None, :2], after[None, :, :2])
    high = np.minimum(before[:, None, 2:], after[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (before, after)]
    union = areas[0][:, None] + areas[1][None, :] - shared
    return np.asarray(shared / union, dtype=np.float64)
