"""What people say of findings and frames: written once, never changed, taken back by saying so.

Each call happens inside the caller's transaction and commits nothing itself. Reviews of one action
share a batch; `undo` takes a batch back with reviews of its own.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, load_only

from db.errors import RecordRefused, ReviewConflict, UnknownRecord
from db.models import Audit, Finding, Review
from db.note_search import keep_notes
from db.rows import ReviewRow
from db.selects import reviews_select
from db.tallies.findings import tally_states
from db.tallies.judged_frames import keep_frame, keep_frames_of, tally_audit, tally_settled
from db.tallies.locks import counting
from db.tallies.opinions import said_of, tally_reviews
from db.words import Judgement, ReviewState

_COUNTED = [
    "id",
    "inspection_id",
    "taken_at",
    "line_id",
    "camera_id",
    "part",
    "kind",
    "verdict",
    "severity",
    "place_x",
    "place_y",
    "state",
    "version",
]


@dataclass(frozen=True, kw_only=True)
class Reviewed:
    review_id: int
    finding_id: int
    state_before: ReviewState
    state_after: ReviewState
    version: int  # of the finding, after the review
    batch_id: str


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """A finding that somebody else reviewed first; `said` is the newest review, or an undo."""

    finding_id: int
    state: ReviewState
    version: int
    said: ReviewRow | None


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What one action did: the findings it reviewed, and those it left because of others."""

    batch_id: str
    reviewed: tuple[Reviewed, ...]
    conflicts: tuple[Conflict, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Step:
    finding: Finding
    state_after: ReviewState
    undoes_id: int | None = None


def review_finding(
    opened: Session,
    finding_id: int,
    *,
    state_after: ReviewState,
    reviewer: str,
    reviewed_at: datetime,
    note: str | None = None,
    seen_version: int | None = None,
) -> Reviewed:
    """Changes the state of one finding. Raises ReviewConflict where it is no longer what was seen.

    Without `seen_version` the last word wins, whoever spoke before.
    """
    batch = review_findings(
        opened,
        {finding_id: seen_version},
        state_after=state_after,
        reviewer=reviewer,
        reviewed_at=reviewed_at,
        note=note,
    )
    if batch.conflicts:
        raise ReviewConflict(_conflict_words(batch.conflicts[0]))
    return batch.reviewed[0]


def review_findings(
    opened: Session,
    seen_versions: Mapping[int, int | None],
    *,
    state_after: ReviewState,
    reviewer: str,
    reviewed_at: datetime,
    note: str | None = None,
) -> Batch:
    """Gives all findings, by id, the same state; those that others reviewed meanwhile are left.

    A version of None takes the finding as it is. Raises UnknownRecord, before any change, where one
    of them does not exist.
    """
    if state_after is ReviewState.NEW:
        raise RecordRefused("a review cannot make a finding new again: give a verdict, or undo one")
    zone = counting(opened)
    found = _locked(opened, sorted(seen_versions))
    steps, conflicts = [], []
    for finding in found:
        seen = seen_versions[finding.id]
        if seen is not None and seen != finding.version:
            conflicts.append(_conflict(opened, finding))
        else:
            steps.append(_Step(finding=finding, state_after=state_after))
    batch = _write(opened, steps, zone=zone, reviewer=reviewer, reviewed_at=reviewed_at, note=note)
    return replace(batch, conflicts=tuple(conflicts))


def undo(opened: Session, batch_id: str, *, reviewer: str, reviewed_at: datetime) -> Batch:
    """Takes back what one action said: each finding gets the state it had before.

    Only who said it may take it back, and only what nobody answered since: a finding with a newer
    review is left and is a conflict. Raises UnknownRecord for no such batch.
    """
    said = opened.scalars(
        select(Review).where(Review.batch_id == batch_id).order_by(Review.id)
    ).all()
    if not said:
        raise UnknownRecord(f"there is no action {batch_id!r} to undo")
    if {review.reviewer for review in said} != {reviewer.strip()}:
        raise RecordRefused(
            f"action {batch_id} is {said[0].reviewer}'s: only {said[0].reviewer} can undo it, "
            "you can review its findings"
        )
    zone = counting(opened)
    found = {one.id: one for one in _locked(opened, [review.finding_id for review in said])}
    steps, conflicts = [], []
    for review in said:
        finding = found[review.finding_id]
        if _last_review_id(opened, finding.id) != review.id:
            conflicts.append(_conflict(opened, finding))
        else:
            steps.append(
                _Step(finding=finding, state_after=review.state_before, undoes_id=review.id)
            )
    batch = _write(opened, steps, zone=zone, reviewer=reviewer, reviewed_at=reviewed_at, note=None)
    return replace(batch, conflicts=tuple(conflicts))


def audit_frame(
    opened: Session,
    frame_id: int,
    *,
    judgement: Judgement,
    auditor: str,
    audited_at: datetime,
    note: str | None = None,
) -> int:
    """Records what a person says of a whole frame; the id of the audit."""
    zone = counting(opened)
    frame = keep_frame(opened, frame_id)
    if frame is None:
        raise UnknownRecord(f"there is no frame {frame_id}")
    audit = Audit(
        frame_id=frame_id,
        auditor=_name(auditor),
        audited_at=audited_at,
        judgement=judgement,
        note=note,
    )
    tally_audit(opened, frame, judgement, zone=zone)
    opened.add(audit)
    opened.flush()
    return audit.id


def _locked(opened: Session, finding_ids: Sequence[int]) -> list[Finding]:
    """The findings in the order of their ids, kept from others until the transaction ends."""
    wanted = sorted(set(finding_ids))
    chosen = (
        select(Finding)
        .where(Finding.id.in_(wanted))
        .order_by(Finding.id)
        .options(load_only(*(getattr(Finding, name) for name in _COUNTED)))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = list(opened.scalars(chosen))
    if missing := sorted(set(wanted) - {finding.id for finding in found}):
        named = ", ".join(str(finding_id) for finding_id in missing)
        raise UnknownRecord(f"there is no finding {named}: see `findings list`")
    return found


def _write(
    opened: Session,
    steps: Sequence[_Step],
    *,
    zone: ZoneInfo,
    reviewer: str,
    reviewed_at: datetime,
    note: str | None,
) -> Batch:
    batch_id, name = uuid.uuid4().hex, _name(reviewer)
    frames = keep_frames_of(opened, (step.finding.inspection_id for step in steps))
    said = said_of(opened, [step.finding.id for step in steps])
    tally_states(opened, [(step.finding, step.state_after) for step in steps])
    written = []
    for step in steps:
        review = Review(
            finding_id=step.finding.id,
            reviewer=name,
            reviewed_at=reviewed_at,
            state_before=step.finding.state,
            state_after=step.state_after,
            note=note,
            batch_id=batch_id,
            undoes_id=step.undoes_id,
        )
        step.finding.state = step.state_after
        step.finding.version += 1
        opened.add(review)
        written.append((step.finding, review))
    opened.flush()
    keep_notes(opened, (review for _, review in written))
    tally_reviews(opened, said, written, zone=zone)
    tally_settled(opened, frames, {step.finding.id: step.state_after for step in steps}, zone=zone)
    reviewed = tuple(
        Reviewed(
            review_id=review.id,
            finding_id=review.finding_id,
            state_before=review.state_before,
            state_after=review.state_after,
            version=finding.version,
            batch_id=batch_id,
        )
        for finding, review in written
    )
    return Batch(batch_id=batch_id, reviewed=reviewed)


def _conflict(opened: Session, finding: Finding) -> Conflict:
    last = reviews_select().where(Review.finding_id == finding.id).order_by(None)
    row = opened.execute(last.order_by(Review.id.desc()).limit(1)).mappings().one_or_none()
    return Conflict(
        finding_id=finding.id,
        state=finding.state,
        version=finding.version,
        said=None if row is None else ReviewRow(**row),
    )


def _conflict_words(conflict: Conflict) -> str:
    said = conflict.said
    if said is None:
        return f"finding {conflict.finding_id} has changed: load it again"
    word = repr(said.state_after.replace("_", " "))
    did = f"said {word}" if said.undoes_id is None else f"took a review back (now {word})"
    return (
        f"finding {conflict.finding_id} was reviewed meanwhile: {said.reviewer} {did} at "
        f"{said.reviewed_at:%Y-%m-%d %H:%M:%S} UTC. Load it again"
    )


def _last_review_id(opened: Session, finding_id: int) -> int | None:
    return opened.scalar(
        select(Review.id).where(Review.finding_id == finding_id).order_by(Review.id.desc()).limit(1)
    )


def _name(reviewer: str) -> str:
    if not reviewer.strip():
        raise RecordRefused("a review needs the reviewer's name")
    return reviewer.strip()
