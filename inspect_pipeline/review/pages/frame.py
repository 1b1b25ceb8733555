"""One frame: its regions, what each model said of it, and what a person says of the whole part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from db.evidence import EvidenceStore
from db.histories import FrameHistory, FrameRow, RegionElsewhere, frame_history
from db.reviewing import audit_frame
from db.rows import FindingRow, InspectionRow
from db.surroundings import frames_beside, shapes
from db.words import Judgement, Outcome, Role
from inspect_pipeline.review.access import Reviewer, Viewer
from inspect_pipeline.review.answers import note_of
from inspect_pipeline.review.desk import desk_of
from inspect_pipeline.review.evidence_links import frame_picture
from inspect_pipeline.review.fields import RowId
from inspect_pipeline.review.page import page
from inspect_pipeline.review.queue_cards import outlines_on_frame
from inspect_pipeline.review.transactions import Reading, Writing

router = APIRouter()

FRAMES_EACH_WAY = 4


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """What one model with one configuration said, with its findings."""

    inspection: InspectionRow
    findings: tuple[FindingRow, ...]
    elsewhere: tuple[RegionElsewhere, ...]


@dataclass(frozen=True, kw_only=True)
class Miss:
    """What the newest judgement of a person says of the newest inspection."""

    words: str
    tone: str


@router.get("/frames/{frame_id}")
def show_frame(
    request: Request, person: Viewer, opened: Reading, frame_id: RowId, said: str = ""
) -> Response:
    """`said`: the judgement was just written."""
    history = frame_history(opened, frame_id)
    opinions = _opinions(history)
    newest = opinions[-1] if opinions else None
    drawn = [row.finding_id for row in newest.findings] if newest else []
    facts: dict[str, Any] = {
        "history": history,
        "opinions": opinions,
        "newest": newest,
        "picture": _whole_picture(opinions, desk_of(request).store),
        "outlines": outlines_on_frame(shapes(opened, drawn).values()),
        "frame_wh": _size(history.frame),
        "audit": history.audits[-1] if history.audits else None,
        "miss": _miss(history, opinions),
        "beside": frames_beside(opened, frame_id, each_way=FRAMES_EACH_WAY),
        "may_review": person.role.covers(Role.REVIEWER),
        "may_teach": person.role.covers(Role.ENGINEER),
        "was_said": bool(said),
    }
    return page(request, "frame.html", person, **facts)


@router.post("/frames/{frame_id}/audit")
def audit(
    request: Request,
    person: Reviewer,
    opened: Writing,
    frame_id: RowId,
    *,
    judgement: Annotated[str, Form()] = "",
    note: Annotated[str, Form()] = "",
) -> Response:
    """Whether the whole part is good, whatever the findings say. The newest judgement counts."""
    if judgement not in list(Judgement):
        raise HTTPException(422, f"judgement: expected one of {', '.join(Judgement)}")
    audit_frame(
        opened,
        frame_id,
        judgement=Judgement(judgement),
        auditor=person.name,
        audited_at=desk_of(request).now(),
        note=note_of(note),
    )
    return RedirectResponse(f"/frames/{frame_id}?said=1#audit", status_code=303)


def _opinions(history: FrameHistory) -> list[Opinion]:
    return [
        Opinion(
            inspection=made.inspection,
            findings=tuple(one.finding for one in made.findings),
            elsewhere=made.elsewhere,
        )
        for made in history.inspections
    ]


def _whole_picture(opinions: list[Opinion], store: EvidenceStore) -> str | None:
    """The newest one that is there."""
    kept = [one.inspection for one in opinions if store.has(one.inspection.observed_name)]
    return frame_picture(kept[-1]) if kept else None


def _size(frame: FrameRow) -> tuple[int, int] | None:
    """None where the frame could not be read."""
    if frame.width_px is None or frame.height_px is None:
        return None
    return frame.width_px, frame.height_px


def _miss(history: FrameHistory, opinions: list[Opinion]) -> Miss | None:
    if not history.audits or not opinions:
        return None
    is_good = history.audits[-1].judgement is Judgement.GOOD
    outcome = opinions[-1].inspection.outcome
    if outcome is Outcome.UNFIT:
        return None
    if is_good == (outcome is Outcome.PASSED):
        return Miss(words="The inspection was right", tone="good")
    if is_good:
        return Miss(words="A false call: a good part failed", tone="doubt")
    return Miss(words="An escape: a defective part passed", tone="bad")
