"""After the load: is every promised answer in the trail exactly once, and do the counts hold?"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select

from benchmarks.load.line import LINE
from benchmarks.load.reviewer import Diary, Promise
from db.engine import session
from db.models import Finding, Frame, Inspection, InspectionDay, InspectionTally, PlaceMonth, Review
from db.plants import zone_of
from db.tally_slots import QUARTER, Days, Every, Months, place_cell
from db.tallying import FINDING_LEVELS
from db.words import ReviewState


def complaints(engine: Engine, diaries: Sequence[Diary]) -> list[str]:
    """Whatever was lost, doubled or miscounted; nothing where all is well."""
    with session(engine, read_only=True) as opened:
        reviews = opened.scalars(
            select(Review)
            .join(Finding, Review.finding_id == Finding.id)
            .where(Finding.line_id == LINE)
            .order_by(Review.id)
        ).all()
        findings = opened.scalars(select(Finding).where(Finding.line_id == LINE)).all()
        inspections = opened.execute(
            select(Frame, Inspection)
            .join(Inspection, Inspection.frame_id == Frame.id)
            .where(Frame.line_id == LINE)
        ).all()
        zone = ZoneInfo(zone_of(opened))
        kept = {
            table: _kept(opened.execute(select(*table.__table__.columns).where(_of_line(table))))
            for table in (
                *(table for table, _ in FINDING_LEVELS),
                PlaceMonth,
                InspectionTally,
                InspectionDay,
            )
        }
    return [
        *_broken_promises(reviews, diaries),
        *_broken_chains(reviews, findings),
        *_miscounted_findings(findings, kept),
        *_miscounted_inspections(inspections, kept, zone),
    ]


def _broken_promises(reviews: Sequence[Review], diaries: Sequence[Diary]) -> Iterator[str]:
    by_batch: dict[str, list[Review]] = defaultdict(list)
    taken_back = {review.undoes_id for review in reviews if review.undoes_id is not None}
    for review in reviews:
        by_batch[review.batch_id or ""].append(review)
    promised = {promise.batch_id: promise for diary in diaries for promise in diary.promises}
    for promise in promised.values():
        yield from _broken_promise(promise, by_batch.get(promise.batch_id, []))
    unasked = set(by_batch) - set(promised)
    for batch_id in unasked:
        if any(review.undoes_id is None for review in by_batch[batch_id]):
            yield f"action {batch_id} is in the trail and nobody was told so"
    for diary in diaries:
        for batch_id in diary.undone:
            if not any(review.id in taken_back for review in by_batch[batch_id]):
                yield f"action {batch_id} was taken back and the trail does not say so"


def _broken_promise(promise: Promise, written: Sequence[Review]) -> Iterator[str]:
    if not written:
        yield f"action {promise.batch_id} of {promise.reviewer} is lost"
    times = Counter(review.finding_id for review in written)
    if any(count > 1 for count in times.values()):
        yield f"action {promise.batch_id} is doubled"
    if not set(times) <= set(promise.seen):
        yield f"action {promise.batch_id} reviewed findings that were not sent"
    for review in written:
        if (review.reviewer, review.state_after) != (promise.reviewer, promise.state_after):
            yield f"review {review.id} says something else than {promise.reviewer} did"


def _broken_chains(reviews: Sequence[Review], findings: Sequence[Finding]) -> Iterator[str]:
    """Each review begins where the one before ended; the finding stands where the last ended."""
    state = dict.fromkeys((finding.id for finding in findings), ReviewState.NEW)
    count: Counter[int] = Counter()
    for review in reviews:
        if review.state_before != state[review.finding_id]:
            yield f"review {review.id} overwrote what its reviewer had not seen"
        state[review.finding_id] = review.state_after
        count[review.finding_id] += 1
    for finding in findings:
        if finding.state != state[finding.id]:
            yield f"finding {finding.id} is {finding.state}, its trail says {state[finding.id]}"
        if finding.version != 1 + count[finding.id]:
            yield f"finding {finding.id} has version {finding.version} after {count[finding.id]}"


def _miscounted_findings(findings: Sequence[Finding], kept: dict[type, Counter]) -> Iterator[str]:
    for table, slots in FINDING_LEVELS:
        fresh = Counter(
            (
                slots.begin(one.taken_at),
                *(one.line_id, one.camera_id, one.part),
                *(one.kind or "", one.verdict, one.severity, one.state),
            )
            for one in findings
        )
        yield from _different(table, fresh, kept[table])
    places = Counter(
        (
            Months().begin(one.taken_at),
            *(one.line_id, one.camera_id, one.part, one.state),
            *(place_cell(one.place_x), place_cell(one.place_y)),
        )
        for one in findings
    )
    yield from _different(PlaceMonth, places, kept[PlaceMonth])


def _miscounted_inspections(
    inspections: Sequence, kept: dict[type, Counter], zone: ZoneInfo
) -> Iterator[str]:
    for table, slots in ((InspectionTally, Every(QUARTER)), (InspectionDay, Days(zone))):
        fresh = Counter(
            (
                slots.begin(frame.taken_at),
                *(frame.line_id, frame.camera_id, frame.part),
                *(inspection.model_id, inspection.outcome),
            )
            for frame, inspection in inspections
        )
        yield from _different(table, fresh, kept[table])


def _different(table: type, fresh: Counter, kept: Counter) -> Iterator[str]:
    for key in (fresh - kept) | (kept - fresh):
        yield f"{table.__name__} {key}: kept {kept[key]}, counted {fresh[key]}"


def _kept(rows) -> Counter:
    return Counter({tuple(key): count for *key, count in rows if count})


def _of_line(table):
    return table.line_id == LINE
