"""Keeps the tallies of judged frames true: called where models and people say what a frame is.

Whoever asks for a frame keeps it from others until the transaction ends: of two people who settle
the last two findings of a frame at once, the second sees what the first said. Findings are kept
first, then frames, then counts, so that nobody waits in a circle.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from db.models import Audit, Finding, Frame, Inspection
from db.tallies.changes import Key, add_counts
from db.tallies.judging import Judged, Opinion, Region, judged_by_audit, judged_by_reviews
from db.tallies.levels import judged_levels
from db.words import Judgement, ReviewState


@dataclass(frozen=True, kw_only=True)
class KeptFrame:
    """A frame that is kept from others, with all opinions of it."""

    frame_id: int
    where: Key  # when, line, camera, part
    opinions: tuple[Opinion, ...]


def keep_frame(opened: Session, frame_id: int) -> KeptFrame | None:
    """None where there is no such frame."""
    return next(iter(_kept(opened, Frame.id == frame_id)), None)


def keep_frames_of(opened: Session, inspection_ids: Iterable[int]) -> list[KeptFrame]:
    frame_ids = select(Inspection.frame_id).where(Inspection.id.in_(set(inspection_ids)))
    return _kept(opened, Frame.id.in_(frame_ids))


def tally_settled(
    opened: Session,
    frames: Sequence[KeptFrame],
    states: Mapping[int, ReviewState],
    *,
    zone: ZoneInfo,
) -> None:
    """Counts frames that reviews judge now, or no longer; `states` are new ones by finding."""
    changes: Counter[Key] = Counter()
    for frame in frames:
        after = tuple(_with_states(one, states) for one in frame.opinions)
        _add(changes, frame, judged_by_reviews(frame.opinions), -1)
        _add(changes, frame, judged_by_reviews(after), 1)
    add_counts(opened, judged_levels(zone), changes)


def tally_audit(opened: Session, frame: KeptFrame, judgement: Judgement, *, zone: ZoneInfo) -> None:
    """Counts what a new audit says in place of the one before; call it before that is written."""
    changes: Counter[Key] = Counter()
    before = _newest_judgement(opened, frame.frame_id)
    _add(changes, frame, judged_by_audit(frame.opinions, before), -1)
    _add(changes, frame, judged_by_audit(frame.opinions, judgement), 1)
    add_counts(opened, judged_levels(zone), changes)


def tally_another(
    opened: Session, frame: KeptFrame, inspection: Inspection, *, zone: ZoneInfo
) -> None:
    """Counts a new inspection, with its id, of a frame that others have looked at before."""
    regions = tuple(Region(one.id, one.verdict, one.state) for one in inspection.findings)
    newest = Opinion(inspection.id, inspection.model_id, inspection.outcome, regions)
    judgement = _newest_judgement(opened, frame.frame_id)
    changes: Counter[Key] = Counter()
    for opinions, count in ((frame.opinions, -1), ((*frame.opinions, newest), 1)):
        _add(changes, frame, judged_by_audit(opinions, judgement), count)
        _add(changes, frame, judged_by_reviews(opinions), count)
    add_counts(opened, judged_levels(zone), changes)


def tally_regions(
    opened: Session,
    before: Sequence[KeptFrame],
    after: Sequence[KeptFrame],
    *,
    zone: ZoneInfo,
) -> None:
    """Counts the same frames anew, whose findings are others than before."""
    changes: Counter[Key] = Counter()
    for frames, count in ((before, -1), (after, 1)):
        for frame in frames:
            _add(changes, frame, judged_by_reviews(frame.opinions), count)
    add_counts(opened, judged_levels(zone), changes)


def _kept(opened: Session, wanted: ColumnElement[bool]) -> list[KeptFrame]:
    """By id; others may still name a frame (foreign keys), but not keep it."""
    chosen = (
        select(Frame.id, Frame.taken_at, Frame.line_id, Frame.camera_id, Frame.part)
        .where(wanted)
        .order_by(Frame.id)
        .with_for_update(key_share=True, of=Frame)
    )
    rows = opened.execute(chosen).all()
    opinions = _opinions(opened, [frame_id for frame_id, *_ in rows])
    return [
        KeptFrame(frame_id=frame_id, where=tuple(where), opinions=tuple(opinions[frame_id]))
        for frame_id, *where in rows
    ]


def _opinions(opened: Session, frame_ids: Sequence[int]) -> dict[int, list[Opinion]]:
    chosen = (
        select(
            Inspection.frame_id,
            *(Inspection.id, Inspection.model_id, Inspection.outcome),
            *(Finding.id, Finding.verdict, Finding.state),
        )
        .outerjoin(Finding, Finding.inspection_id == Inspection.id)
        .where(Inspection.frame_id.in_(frame_ids))
    )
    regions: dict[Key, list[Region]] = defaultdict(list)
    for frame_id, inspection_id, model_id, outcome, *region in opened.execute(chosen):
        found = regions[frame_id, inspection_id, model_id, outcome]
        if region[0] is not None:
            found.append(Region._make(region))
    opinions: dict[int, list[Opinion]] = defaultdict(list)
    for (frame_id, *said), found in regions.items():
        opinions[frame_id].append(Opinion._make((*said, tuple(found))))
    return opinions


def _newest_judgement(opened: Session, frame_id: int) -> Judgement | None:
    chosen = select(Audit.judgement).where(Audit.frame_id == frame_id)
    return opened.scalar(chosen.order_by(Audit.id.desc()).limit(1))


def _with_states(one: Opinion, states: Mapping[int, ReviewState]) -> Opinion:
    return one._replace(
        regions=tuple(
            region._replace(state=states.get(region.finding_id, region.state))
            for region in one.regions
        )
    )


def _add(changes: Counter[Key], frame: KeptFrame, judged: Sequence[Judged], count: int) -> None:
    for one in judged:
        changes[*frame.where, *one] += count
