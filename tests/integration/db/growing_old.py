"""Findings that grow old, and what pruning does to them, in few words."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Engine

from db import queries
from db.engine import session
from db.models import GoodFrame, Inspection
from db.pictures import PictureKind
from db.pruning import Share, plan, prune
from db.retention import Retention, Shield
from db.reviewing import review_finding
from db.rows import FindingRow
from db.words import ReviewState, Verdict
from inspect_pipeline import records
from inspect_pipeline.service.ledger import Ledger
from tests.integration.db.bare_rows import sha
from tests.integration.db.database_records import (
    NOON,
    a_finding,
    failed,
    frame_key,
)

NOW = NOON + timedelta(days=100)


ALL_KINDS = dict.fromkeys(PictureKind, 30)


def rules(
    verdicts: Mapping[Verdict, int] | None = None,
    kinds: Mapping[PictureKind, int] | None = None,
    *,
    passed_days: int | None = None,
    even_if: tuple[Shield, ...] = (),
) -> Retention:
    return Retention(
        verdict_days=verdicts or {},
        kind_days=kinds or {},
        passed_days=passed_days,
        even_if=frozenset(even_if),
    )


def quietly(_what: str, _more: int) -> None:
    """Watches and says nothing."""


def pruned(engine: Engine, ledger: Ledger, wanted: Retention, *, rows_at_once: int = 2) -> Share:
    """Everything was stored long ago."""
    for name in ledger.store.names():
        os.utime(ledger.store.path(name), (NOON.timestamp(),) * 2)
    return prune(engine, ledger.store, wanted, now=NOW, watch=quietly, rows_at_once=rows_at_once)


def planned(engine: Engine, ledger: Ledger, wanted: Retention) -> dict[tuple[str, str], Share]:
    for name in ledger.store.names():
        os.utime(ledger.store.path(name), (NOON.timestamp(),) * 2)
    found = plan(engine, ledger.store, wanted, now=NOW, watch=quietly)
    return {sort: share for sort, share in found.shares.items() if share.rows or share.files}


def review(engine: Engine, finding_id: int, state: ReviewState) -> None:
    with session(engine) as opened:
        review_finding(opened, finding_id, state_after=state, reviewer="Ada", reviewed_at=NOON)


def kept_kinds(engine: Engine, finding_id: int) -> set[str]:
    row = the_finding(engine, finding_id)
    return {kind for kind in PictureKind if getattr(row, f"{kind}_name") is not None}


def the_finding(engine: Engine, finding_id: int) -> FindingRow:
    with session(engine, read_only=True) as opened:
        return queries.finding(opened, finding_id).finding


def record_false_alarms(engine: Engine, ledger: Ledger, *verdicts: records.Verdict) -> None:
    """Findings 1, 2, ... on a frame each, a day apart, all called false alarms."""
    for number, verdict in enumerate(verdicts):
        key = frame_key(number * 24 * 60)
        ledger.record(failed(0, a_finding(number, verdict=verdict), key=key))
        review(engine, number + 1, ReviewState.FALSE_ALARM)


def give_first_frame(
    engine: Engine, picture: str, *, taken_back_at: datetime | None = None
) -> None:
    """To the good set of its part, with its picture; and perhaps out of it again."""
    with session(engine) as opened:
        opened.add(
            GoodFrame(
                frame_id=1,
                part="bracket",
                picture_name=picture,
                content_sha256=sha("0"),
                added_by="Ada",
                added_at=NOON,
                removed_by="Bo" if taken_back_at else None,
                removed_at=taken_back_at,
            )
        )


def without_names(row: tuple[tuple[str, object], ...]) -> list[tuple[str, object]]:
    return [(name, value) for name, value in row if not name.endswith("_name")]


def the_second_heat(tables: dict[str, list[tuple[tuple[str, object], ...]]]) -> object:
    return next(dict(row)["heat_name"] for row in tables["findings"] if dict(row)["id"] == 2)


def whole_picture(engine: Engine) -> str | None:
    with session(engine, read_only=True) as opened:
        return opened.scalars(sa.select(Inspection.observed_name)).one()
