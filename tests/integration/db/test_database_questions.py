"""Questions, tables and reviews, on SQLite and PostgreSQL."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from db import queries
from db.engine import session
from db.errors import DatabaseError, RecordRefused, UnknownRecord
from db.reviewing import Reviewed, review_finding
from db.rows import After, FindingFilter, FindingRow, InspectionFilter, InspectionRow, ReviewRow
from db.selects import findings_select, inspections_select, reviews_select
from db.tables import selected_table
from db.words import Outcome, ReviewState, Severity, Verdict
from inspect_pipeline import records
from inspect_pipeline.service.ledger import Ledger
from tests.integration.db.database_records import (
    NOON,
    a_finding,
    failed,
    frame_key,
    passed,
    unreadable,
)


@pytest.fixture
def plant(ledger: Ledger, engine: Engine) -> Engine:
    """Five frames: three of the bracket on line 1, two of the gear on line 2."""
    ledger.record(failed(0, a_finding(0, severity=records.Severity.MINOR), a_finding(1)))
    ledger.record(passed(1))
    ledger.record(failed(2, a_finding(2, verdict=records.Verdict.REJECTED)))
    ledger.record(failed(key=frame_key(3, part="gear", line_id="line-2", camera_id="cam-2")))
    ledger.record(unreadable(4))
    with session(engine) as opened:
        review(opened, 4, ReviewState.CONFIRMED)
    return engine


def at(minute: int) -> datetime:
    return NOON + timedelta(minutes=minute)


def review(opened: sa.orm.Session, finding_id: int, state: ReviewState) -> Reviewed:
    return review_finding(
        opened, finding_id, state_after=state, reviewer="Ada", reviewed_at=at(60), note="seen"
    )


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (FindingFilter(), [4, 3, 2, 1]),
        (FindingFilter(part="bracket"), [3, 2, 1]),
        (FindingFilter(line_id="line-2"), [4]),
        (FindingFilter(camera_id="cam-1"), [3, 2, 1]),
        (FindingFilter(since=at(2)), [4, 3]),
        (FindingFilter(until=at(2)), [2, 1]),
        (FindingFilter(since=at(0), until=at(3), part="bracket"), [3, 2, 1]),
        (FindingFilter(verdict=Verdict.REJECTED), [3]),
        (FindingFilter(severity=Severity.MINOR), [1]),
        (FindingFilter(state=ReviewState.NEW), [3, 2, 1]),
        (FindingFilter(state=ReviewState.CONFIRMED), [4]),
        (FindingFilter(part="no such part"), []),
    ],
)
def test_findings_are_filtered_newest_first(
    plant: Engine, wanted: FindingFilter, ids: list[int]
) -> None:
    with session(plant, read_only=True) as opened:
        assert [row.finding_id for row in queries.findings(opened, wanted)] == ids


def test_pages_follow_each_other_without_gap_or_repetition(plant: Engine) -> None:
    seen: list[int] = []
    after = None
    with session(plant, read_only=True) as opened:
        while page := queries.findings(opened, limit=1, after=after):
            seen += [row.finding_id for row in page]
            after = After(taken_at=page[-1].taken_at, row_id=page[-1].finding_id)

    assert seen == [4, 3, 2, 1]


def test_inspections_are_filtered_by_outcome(plant: Engine) -> None:
    with session(plant, read_only=True) as opened:
        unfit = queries.inspections(opened, InspectionFilter(outcome=Outcome.UNFIT))

    assert [row.serial for row in unfit] == ["SN0004"]


def test_an_unknown_finding_is_named(engine: Engine) -> None:
    with pytest.raises(UnknownRecord, match="no finding 17"), session(engine) as opened:
        queries.finding(opened, 17)


def test_a_review_changes_the_state_and_leaves_a_trail(plant: Engine) -> None:
    with session(plant) as opened:
        review(opened, 1, ReviewState.SECOND_LOOK)
        review(opened, 1, ReviewState.FALSE_ALARM)

    with session(plant, read_only=True) as opened:
        detail = queries.finding(opened, 1)
    assert detail.finding.state is ReviewState.FALSE_ALARM
    assert [(step.state_before, step.state_after) for step in detail.reviews] == [
        (ReviewState.NEW, ReviewState.SECOND_LOOK),
        (ReviewState.SECOND_LOOK, ReviewState.FALSE_ALARM),
    ]
    assert detail.reviews[0] == ReviewRow(
        review_id=detail.reviews[0].review_id,
        finding_id=1,
        reviewer="Ada",
        reviewed_at=at(60),
        state_before=ReviewState.NEW,
        state_after=ReviewState.SECOND_LOOK,
        note="seen",
        batch_id=detail.reviews[0].batch_id,
        undoes_id=None,
    )


def test_a_review_that_fails_changes_neither_state_nor_trail(plant: Engine) -> None:
    with suppress(KeyError), session(plant) as opened:
        review(opened, 1, ReviewState.CONFIRMED)
        raise KeyError

    with session(plant, read_only=True) as opened:
        detail = queries.finding(opened, 1)
    assert (detail.finding.state, detail.reviews) == (ReviewState.NEW, ())


def test_a_review_needs_a_name(plant: Engine) -> None:
    nobody = "  "
    confirmed = ReviewState.CONFIRMED
    with pytest.raises(RecordRefused, match="needs the reviewer's name"), session(plant) as opened:
        review_finding(opened, 1, state_after=confirmed, reviewer=nobody, reviewed_at=NOON)


def test_a_review_cannot_make_a_finding_new_again(plant: Engine) -> None:
    with pytest.raises(RecordRefused, match="new again"), session(plant) as opened:
        review(opened, 4, ReviewState.NEW)


def test_a_review_of_an_unknown_finding_is_refused(plant: Engine) -> None:
    with pytest.raises(UnknownRecord, match="no finding 99"), session(plant) as opened:
        review(opened, 99, ReviewState.CONFIRMED)


@pytest.mark.parametrize(
    "statement", ["UPDATE reviews SET reviewer = 'Eve'", "DELETE FROM reviews"]
)
def test_the_audit_trail_cannot_be_changed(plant: Engine, statement: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"), session(plant) as opened:
        opened.execute(sa.text(statement))


def test_a_reviewed_finding_cannot_be_deleted(plant: Engine) -> None:
    with pytest.raises(RecordRefused), session(plant) as opened:
        opened.execute(sa.text("DELETE FROM findings WHERE id = 4"))


def test_the_findings_table_holds_the_rows_of_the_query(plant: Engine) -> None:
    with session(plant, read_only=True) as opened:
        table = selected_table(opened, findings_select(FindingFilter(part="bracket")), FindingRow)
        rows = queries.findings(opened, FindingFilter(part="bracket"))

    assert list(table.columns) == [field.name for field in fields(FindingRow)]
    assert table["finding_id"].tolist() == [row.finding_id for row in rows]
    assert table["taken_at"].tolist() == [pd.Timestamp(row.taken_at) for row in rows]
    assert table["verdict"].tolist() == ["rejected", "confirmed", "confirmed"]


def test_the_inspections_table_keeps_what_is_missing_missing(plant: Engine) -> None:
    with session(plant, read_only=True) as opened:
        table = selected_table(opened, inspections_select(queries.EVERY_INSPECTION), InspectionRow)
        table = table.set_index("serial")

    assert list(table.reset_index().columns.sort_values()) == sorted(
        field.name for field in fields(InspectionRow)
    )
    assert table["width_px"].isna().to_dict()["SN0004"]
    assert table.loc["SN0000", "width_px"] == 64
    assert table.loc["SN0000", "timings_s"] == '{"invert": 0.25, "verify": 0.5}'
    assert table["unfit_reason"].notna().sum() == 1


def test_the_reviews_table_holds_the_trail(plant: Engine) -> None:
    with session(plant, read_only=True) as opened:
        table = selected_table(opened, reviews_select(), ReviewRow)

    assert table[["finding_id", "reviewer", "state_after"]].to_numpy().tolist() == [
        [4, "Ada", "confirmed"]
    ]


def test_an_empty_table_has_the_types_of_a_full_one(plant: Engine) -> None:
    nothing = FindingFilter(since=datetime(2099, 1, 1, tzinfo=UTC))
    with session(plant, read_only=True) as opened:
        empty, full = (
            selected_table(opened, findings_select(wanted), FindingRow)
            for wanted in (nothing, queries.EVERY_FINDING)
        )

    assert len(empty) == 0
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()
