"""Reads that only the plant's reports ask: cameras, people's words, models and alerts of a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.catalogue import activations
from db.models import Event, Finding, Frame, Inspection, Model, Review
from db.questions.rates import By, RateOf, defect_rate
from db.questions.selection import Selection
from db.words import EventKind, Outcome, ReviewState, UnfitReason

CAMERA_EVENTS = (
    EventKind.CAMERA_LOST,
    EventKind.GAP,
    EventKind.SHED,
    EventKind.QUARANTINED,
    EventKind.SPOOL_FULL,
)


@dataclass(frozen=True, kw_only=True)
class UnfitCount:
    camera_id: str
    reason: UnfitReason
    frames: int


@dataclass(frozen=True, kw_only=True)
class CameraEvents:
    """How often something happened to a camera; `shots` is what its gaps did not hand over."""

    camera_id: str
    kind: EventKind
    events: int
    shots: int


@dataclass(frozen=True, kw_only=True)
class Drift:
    """A figure of a camera's pictures left its limits; `ended_at` None: it has not come back yet.

    `was` and `now` are in the figure's own unit, as when it left.
    """

    camera_id: str
    part: str
    figure: str
    began_at: datetime
    ended_at: datetime | None
    was: float | None
    now: float | None


@dataclass(frozen=True, kw_only=True)
class Note:
    """What somebody wrote of a finding."""

    finding_id: int
    reviewer: str
    reviewed_at: datetime
    state: ReviewState
    note: str


@dataclass(frozen=True, kw_only=True)
class ModelInUse:
    """A model that inspected a part, and since when it is meant to; None where nobody noted that.

    `began` where it came into use after the reader was told last, `is_return` where it had been in
    use before.
    """

    part: str
    model_id: str
    name: str
    inspected: int
    active_from: datetime | None
    active_to: datetime | None
    began: bool
    is_return: bool
    card: Mapping[str, object]


def unfit_reasons(
    opened: Session, wanted: Selection, camera_ids: tuple[str, ...]
) -> list[UnfitCount]:
    """Why could frames of these cameras not be inspected? By camera, the commonest reason first."""
    chosen = (
        select(Frame.camera_id, Inspection.unfit_reason, func.count())
        .join(Inspection, Inspection.frame_id == Frame.id)
        .where(
            Frame.camera_id.in_(camera_ids),
            Inspection.outcome == Outcome.UNFIT,
            *_taken_within(wanted),
        )
        .group_by(Frame.camera_id, Inspection.unfit_reason)
    )
    if wanted.line is not None:
        chosen = chosen.where(Frame.line_id == wanted.line)
    if wanted.part is not None:
        chosen = chosen.where(Frame.part == wanted.part)
    counts = [
        UnfitCount(camera_id=camera_id, reason=reason, frames=count)
        for camera_id, reason, count in opened.execute(chosen)
        if reason is not None
    ]
    return sorted(counts, key=lambda one: (one.camera_id, -one.frames, one.reason))


def camera_events(opened: Session, wanted: Selection) -> list[CameraEvents]:
    """What did cameras lose, and how often? By camera and kind."""
    chosen = select(Event.camera_id, Event.kind, Event.facts).where(
        Event.kind.in_(CAMERA_EVENTS),
        Event.camera_id.is_not(None),
        *(() if wanted.since is None else (Event.at >= wanted.since,)),
        *(() if wanted.until is None else (Event.at < wanted.until,)),
        *(() if wanted.line is None else (Event.line_id == wanted.line,)),
        *(() if wanted.camera is None else (Event.camera_id == wanted.camera,)),
    )
    events: Counter[tuple[str, EventKind]] = Counter()
    shots: Counter[tuple[str, EventKind]] = Counter()
    for camera_id, kind, facts in opened.execute(chosen):
        events[camera_id, kind] += 1
        if kind is EventKind.GAP:
            shots[camera_id, kind] += int(facts.get("shots") or 0)
    return [
        CameraEvents(camera_id=camera_id, kind=kind, events=count, shots=shots[camera_id, kind])
        for (camera_id, kind), count in sorted(events.items())
    ]


def drifts(opened: Session, wanted: Selection) -> list[Drift]:
    """Which figures of cameras were outside of their limits in this time? By camera and time."""
    chosen = (
        select(Event.camera_id, Event.part, Event.at, Event.facts)
        .where(
            Event.kind.in_((EventKind.INPUT_HEALTH, EventKind.UNFIT_SHARE)),
            Event.camera_id.is_not(None),
            *(() if wanted.until is None else (Event.at < wanted.until,)),
            *(() if wanted.line is None else (Event.line_id == wanted.line,)),
            *(() if wanted.camera is None else (Event.camera_id == wanted.camera,)),
            *(() if wanted.part is None else (Event.part == wanted.part,)),
        )
        .order_by(Event.at, Event.id)
    )
    found: dict[tuple[str, ...], Drift] = {}
    for camera_id, part, at, facts in opened.execute(chosen):
        key = (camera_id, part or "", facts.get("figure") or "", facts.get("began_at") or "")
        if facts.get("state") == "began":
            found[key] = Drift(
                camera_id=camera_id,
                part=key[1],
                figure=key[2],
                began_at=at,
                ended_at=None,
                was=facts.get("was"),
                now=facts.get("is"),
            )
        elif key in found:
            found[key] = replace(found[key], ended_at=at)
    lasting = (
        one
        for one in found.values()
        if one.ended_at is None or wanted.since is None or one.ended_at >= wanted.since
    )
    return sorted(lasting, key=lambda one: (one.camera_id, one.began_at, one.part, one.figure))


def notes_said(opened: Session, wanted: Selection, *, limit: int) -> list[Note]:
    """What did people write of findings, newest first? The time is that of the review."""
    chosen = (
        select(
            Review.finding_id,
            Review.reviewer,
            Review.reviewed_at,
            Review.state_after.label("state"),
            Review.note,
        )
        .join(Finding, Review.finding_id == Finding.id)
        .where(Review.note.is_not(None), Review.note != "", Review.undoes_id.is_(None))
        .order_by(Review.reviewed_at.desc(), Review.id.desc())
        .limit(limit)
    )
    for condition in (
        wanted.since is not None and Review.reviewed_at >= wanted.since,
        wanted.until is not None and Review.reviewed_at < wanted.until,
        wanted.line is not None and Finding.line_id == wanted.line,
        wanted.part is not None and Finding.part == wanted.part,
        wanted.camera is not None and Finding.camera_id == wanted.camera,
    ):
        if condition is not False:
            chosen = chosen.where(condition)
    return [Note(**row) for row in opened.execute(chosen).mappings()]


def models_in_use(opened: Session, wanted: Selection, *, new_since: datetime) -> list[ModelInUse]:
    """Which models inspected which parts? By part, the one that came into use last first."""
    answer = defect_rate(opened, RateOf(**vars(wanted), by=(By.PART, By.MODEL)))
    known = {
        model_id: (name, card)
        for model_id, name, card in opened.execute(
            select(Model.model_id, Model.name, Model.card).where(
                Model.model_id.in_(set(answer["model_id"]))
            )
        )
    }
    times = {(one.part, one.model_id): one for one in reversed(activations(opened))}
    found = []
    rows: list[Any] = list(answer.itertuples(index=False))
    for row in rows:
        time = times.get((row.part, row.model_id))
        name, card = known[row.model_id]
        found.append(
            ModelInUse(
                part=row.part,
                model_id=row.model_id,
                name=name,
                inspected=int(row.inspected + row.unfit),
                active_from=None if time is None else time.active_from,
                active_to=None if time is None else time.active_to,
                began=time is not None
                and time.active_from >= new_since
                and (wanted.until is None or time.active_from < wanted.until),
                is_return=time is not None and time.is_return,
                card=card,
            )
        )
    return sorted(found, key=lambda one: (one.part, one.active_to is not None))


def _taken_within(wanted: Selection) -> list[Any]:
    bounds = []
    if wanted.since is not None:
        bounds.append(Frame.taken_at >= wanted.since)
    if wanted.until is not None:
        bounds.append(Frame.taken_at < wanted.until)
    return bounds
