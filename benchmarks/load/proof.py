"""After the load: is every promised answer in the trail exactly once, and do the counts hold?"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select

from benchmarks.load.line import LINE
from benchmarks.load.reviewer import Diary, Promise
from db.engine import session
from db.models import Finding, Frame, Inspection, PlaceMonth, Review
from db.plants import zone_of
from db.tallies.judging import Opinion, Region, judged_by_reviews
from db.tallies.levels import (
    AGREEMENT_LEVELS,
    FINDING_LEVELS,
    Levels,
    all_levels,
    inspection_levels,
    judged_levels,
    verdict_levels,
)
from db.tallies.opinions import agreement_keys, verdict_keys
from db.tallies.slots import Months, place_cell
from db.tallies.verdicts import Said
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
            for levels in all_levels(zone)
            for table, _ in levels
        }
    return [
        *_broken_promises(reviews, diaries),
        *_broken_chains(reviews, findings),
        *_miscounted_findings(findings, kept),
        *_miscounted_inspections(inspections, kept, zone),
        *_miscounted_words(reviews, findings, kept, zone),
        *_miscounted_judgements(inspections, findings, kept, zone),
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
    for table, slots in inspection_levels(zone):
        fresh = Counter(
            (
                slots.begin(frame.taken_at),
                *(frame.line_id, frame.camera_id, frame.part),
                *(inspection.model_id, inspection.outcome),
            )
            for frame, inspection in inspections
        )
        yield from _different(table, fresh, kept[table])


def _miscounted_words(
    reviews: Sequence[Review],
    findings: Sequence[Finding],
    kept: dict[type, Counter],
    zone: ZoneInfo,
) -> Iterator[str]:
    said = defaultdict(list)
    for one in reviews:
        said[one.finding_id].append(
            Said(one.id, one.reviewer, one.reviewed_at, one.state_after, one.undoes_id)
        )
    for keys_of, levels in (
        (verdict_keys, verdict_levels(zone)),
        (agreement_keys, AGREEMENT_LEVELS),
    ):
        keys = [
            key
            for one in findings
            for key in keys_of(said[one.id], (one.line_id, one.camera_id, one.part))
        ]
        yield from _different_in_slots(keys, levels, kept)


def _miscounted_judgements(
    inspections: Sequence, findings: Sequence[Finding], kept: dict[type, Counter], zone: ZoneInfo
) -> Iterator[str]:
    """Nobody audits here."""
    regions, opinions = defaultdict(list), defaultdict(list)
    for one in findings:
        regions[one.inspection_id].append(Region(one.id, one.verdict, one.state))
    for frame, one in inspections:
        of_frame = (frame.id, frame.taken_at, frame.line_id, frame.camera_id, frame.part)
        opinions[of_frame].append(
            Opinion(one.id, one.model_id, one.outcome, tuple(regions[one.id]))
        )
    keys = [
        (*where, *judged)
        for (_, *where), of_frame in opinions.items()
        for judged in judged_by_reviews(of_frame)
    ]
    yield from _different_in_slots(keys, judged_levels(zone), kept)


def _different_in_slots(
    keys: Sequence[tuple], levels: Levels, kept: dict[type, Counter]
) -> Iterator[str]:
    for table, slots in levels:
        fresh = Counter((slots.begin(moment), *sort) for moment, *sort in keys)
        yield from _different(table, fresh, kept[table])


def _different(table: type, fresh: Counter, kept: Counter) -> Iterator[str]:
    for key in (fresh - kept) | (kept - fresh):
        yield f"{table.__name__} {key}: kept {kept[key]}, counted {fresh[key]}"


def _kept(rows) -> Counter:
    return Counter({tuple(key): count for *key, count in rows if count})


def _of_line(table):
    return table.line_id == LINE
