"""Removes pictures that have had their time: first what would go, then names, then files.

Names are taken out of rows in small transactions; files that no row names any more go after. A
program killed on the way leaves whole rows and at most files that the next run removes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter

from sqlalchemy import (
    Engine,
    String,
    case,
    collate,
    literal,
    null,
    or_,
    select,
    type_coerce,
    union_all,
    update,
)
from sqlalchemy.orm import Session

from db.engine import session, snapshot
from db.evidence import EvidenceStore, is_evidence_name
from db.models import Finding, Frame, GoodFrame, Inspection
from db.pictures import Fault, NamedPicture, PictureKind, disagreements, named_pictures
from db.retention import (
    Retention,
    finding_name,
    finding_picture_goes,
    frame_picture_goes,
    inspection_name,
)
from db.selects import Rows
from db.transfer import Watch

MOST_ROWS_AT_ONCE = 5000
YOUNG = timedelta(hours=1)  # a file that was stored since may belong to a row that is on its way
UNNAMED = "named by no row"


@dataclass
class Share:
    """What goes of one sort: names in rows, and files that no other row needs.

    `young` files that no row names were stored a moment ago and wait for another run.
    """

    rows: int = 0
    files: int = 0
    size_bytes: int = 0
    young: int = 0


@dataclass
class Plan:
    """What would go, by sort of row ("rejected findings") and kind of picture."""

    shares: dict[tuple[str, str], Share] = field(default_factory=dict)

    def share(self, sort: str, kind: str) -> Share:
        return self.shares.setdefault((sort, kind), Share())

    @property
    def total(self) -> Share:
        every = self.shares.values()
        return Share(
            rows=sum(one.rows for one in every),
            files=sum(one.files for one in every),
            size_bytes=sum(one.size_bytes for one in every),
        )


def plan(
    engine: Engine, store: EvidenceStore, rules: Retention, *, now: datetime, watch: Watch
) -> Plan:
    """Counts what `prune` would remove at this moment, and removes nothing."""
    found = Plan()
    with snapshot(engine) as opened:
        named = _weighed(opened, store, rules, now, found, watch)
        for one in disagreements(named, store):
            if one.fault is Fault.ORPHAN and _is_old_evidence(store, one.name, now):
                share = found.share(UNNAMED, "")
                share.files += 1
                share.size_bytes += store.size_bytes(one.name)
    return found


def prune(
    engine: Engine,
    store: EvidenceStore,
    rules: Retention,
    *,
    now: datetime,
    watch: Watch,
    rows_at_once: int = MOST_ROWS_AT_ONCE,
) -> Share:
    """Removes it; what was removed. May be killed at any moment and run again."""
    removed = Share()
    for take_names in (_take_names_of_findings, _take_names_of_frames):
        after = 0
        while True:
            with session(engine) as opened:
                ids = take_names(opened, rules, now, after=after, limit=rows_at_once)
            if not ids:
                break
            after = ids[-1]
            removed.rows += len(ids)
            watch("rows", len(ids))
    _remove_unnamed(engine, store, now, removed, watch)
    return removed


def _take_names_of_findings(
    opened: Session, rules: Retention, now: datetime, *, after: int, limit: int
) -> list[int]:
    """The ids of the findings it took names from. One that is being reviewed now is passed over."""
    goes = {kind: finding_picture_goes(rules, kind, now) for kind in PictureKind}
    chosen = select(Finding.id).where(Finding.id > after, or_(*goes.values()))
    chosen = chosen.order_by(Finding.id).limit(limit).with_for_update(skip_locked=True)
    ids = list(opened.scalars(chosen))
    emptied = {
        finding_name(kind): case((goes[kind], null()), else_=finding_name(kind)) for kind in goes
    }
    opened.execute(
        update(Finding)
        .where(Finding.id.in_(ids))
        .values(emptied)
        .execution_options(synchronize_session=False)
    )
    return ids


def _take_names_of_frames(
    opened: Session, rules: Retention, now: datetime, *, after: int, limit: int
) -> list[int]:
    goes = {kind: frame_picture_goes(rules, kind, now) for kind in PictureKind}
    chosen = (
        select(Inspection.id)
        .join(Frame, Inspection.frame_id == Frame.id)
        .where(Inspection.id > after, or_(*goes.values()))
        .order_by(Inspection.id)
        .limit(limit)
        .with_for_update(of=Inspection, skip_locked=True)
    )
    ids = list(opened.scalars(chosen))
    for kind, condition in goes.items():
        going = select(Inspection.id).join(Frame).where(Inspection.id.in_(ids), condition)
        opened.execute(
            update(Inspection)
            .where(Inspection.id.in_(list(opened.scalars(going))))
            .values({inspection_name(kind): None})
            .execution_options(synchronize_session=False)
        )
    return ids


def _remove_unnamed(
    engine: Engine, store: EvidenceStore, now: datetime, removed: Share, watch: Watch
) -> None:
    with snapshot(engine) as opened:
        for one in disagreements(named_pictures(opened), store):
            if one.fault is not Fault.ORPHAN or not is_evidence_name(one.name):
                continue
            size_bytes = store.size_bytes(one.name)
            if store.remove(one.name, stored_before=now - YOUNG):
                removed.files += 1
                removed.size_bytes += size_bytes
                watch("files", 1)
            else:
                removed.young += 1


def _is_old_evidence(store: EvidenceStore, name: str, now: datetime) -> bool:
    return is_evidence_name(name) and store.is_older(name, now - YOUNG)


def _weighed(
    opened: Session,
    store: EvidenceStore,
    rules: Retention,
    now: datetime,
    found: Plan,
    watch: Watch,
) -> Iterator[NamedPicture]:
    """Every named picture once, in the order of names; what goes is counted on the way."""
    claims = union_all(*_claims(rules, now)).subquery()
    binary = "C" if opened.get_bind().dialect.name == "postgresql" else "BINARY"
    chosen = select(claims).order_by(collate(claims.c.name, binary), claims.c.goes)
    rows = opened.execute(chosen, execution_options={"yield_per": MOST_ROWS_AT_ONCE})
    for name, group in groupby(rows, key=attrgetter("name")):
        first = next(group)
        for claim in (first, *group):
            found.share(claim.sort, claim.kind).rows += claim.goes
        if first.goes:  # they come first where one of them stays
            share = found.share(first.sort, first.kind)
            share.files += 1
            share.size_bytes += store.size_bytes(name)
        watch("pictures", 1)
        yield NamedPicture(name=name, named_by=first.sort)


def _claims(rules: Retention, now: datetime) -> list[Rows]:
    """Of every name in every row: does it go?"""
    claims: list[Rows] = [
        select(
            GoodFrame.picture_name.label("name"),
            literal("good set").label("sort"),
            literal("").label("kind"),
            literal(0).label("goes"),
        ).where(GoodFrame.removed_at.is_(None))
    ]
    verdict, outcome = (type_coerce(word, String) for word in (Finding.verdict, Inspection.outcome))
    for kind in PictureKind:
        of_findings, of_frames = finding_name(kind), inspection_name(kind)
        goes = case((finding_picture_goes(rules, kind, now), 1), else_=0)
        claims.append(
            select(of_findings, verdict + " findings", literal(kind.value), goes).where(
                of_findings.is_not(None)
            )
        )
        goes = case((frame_picture_goes(rules, kind, now), 1), else_=0)
        claims.append(
            select(of_frames, outcome + " frames", literal(kind.value), goes)
            .join(Frame, Inspection.frame_id == Frame.id)
            .where(of_frames.is_not(None))
        )
    return claims
