"""The queue: what waits for a person, worst first, page by page, on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from db import queries
from db.engine import default_url, session
from db.reviewing import review_finding
from db.rows import AfterUrgent, FindingFilter
from db.selects import waiting_select
from db.upgrade import open_database
from db.words import ReviewState
from inspect_pipeline.records import Severity, Verdict
from inspect_pipeline.service.ledger import Ledger
from tests.integration.db.database_records import NOON, a_finding, failed, frame_key


@pytest.fixture
def plant(ledger: Ledger, engine: Engine) -> Engine:
    """Findings 1 minor, 2 critical but rejected, 3 and 4 alike, 5 critical on line 2."""
    ledger.record(failed(0, a_finding(0, severity=Severity.MINOR)))
    ledger.record(failed(1, a_finding(1, severity=Severity.CRITICAL, verdict=Verdict.REJECTED)))
    ledger.record(failed(2, a_finding(2), a_finding(3)))
    key = frame_key(3, part="gear", line_id="line-2", camera_id="cam-2")
    ledger.record(failed(3, a_finding(4, severity=Severity.CRITICAL), key=key))
    return engine


def say(engine: Engine, finding_id: int, state: ReviewState) -> None:
    with session(engine) as opened:
        review_finding(
            opened, finding_id, state_after=state, reviewer="Ada", reviewed_at=NOON, note="oil film"
        )


def waiting_ids(engine: Engine, wanted: FindingFilter | None = None) -> list[int]:
    with session(engine, read_only=True) as opened:
        rows = queries.waiting(opened, wanted or queries.EVERY_FINDING)
    return [row.finding_id for row in rows]


def test_the_worst_waits_first_and_the_newest_of_equals(plant: Engine) -> None:
    assert waiting_ids(plant) == [5, 4, 3, 1, 2]


def test_a_second_look_still_waits_and_a_verdict_ends_it(plant: Engine) -> None:
    say(plant, 5, ReviewState.SECOND_LOOK)
    say(plant, 4, ReviewState.CONFIRMED)
    say(plant, 3, ReviewState.FALSE_ALARM)

    assert waiting_ids(plant) == [5, 1, 2]


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (FindingFilter(line_id="line-1"), [4, 3, 1, 2]),
        (FindingFilter(part="gear"), [5]),
        (FindingFilter(since=NOON + timedelta(minutes=2)), [5, 4, 3]),
        (FindingFilter(states=(ReviewState.SECOND_LOOK,)), [1]),
        (FindingFilter(states=(ReviewState.CONFIRMED,)), []),
        (FindingFilter(note="OIL"), [1]),
        (FindingFilter(place=(0.0, 0.0, 0.2, 1.0)), []),
    ],
)
def test_the_queue_takes_every_filter(plant: Engine, wanted: FindingFilter, ids: list[int]) -> None:
    say(plant, 1, ReviewState.SECOND_LOOK)

    assert waiting_ids(plant, wanted) == ids


def test_pages_stay_whole_while_findings_are_reviewed(plant: Engine) -> None:
    seen: list[int] = []
    after = None
    while True:
        with session(plant, read_only=True) as opened:
            page = queries.waiting(opened, limit=2, after=after)
        if not page:
            break
        seen += [row.finding_id for row in page]
        say(plant, page[0].finding_id, ReviewState.CONFIRMED)
        after = AfterUrgent(urgency=page[-1].urgency, row_id=page[-1].finding_id)

    assert seen == [5, 4, 3, 1, 2]


def test_the_worst_of_all_include_what_was_reviewed(plant: Engine) -> None:
    say(plant, 5, ReviewState.CONFIRMED)

    with session(plant, read_only=True) as opened:
        first = queries.worst_findings(opened, limit=2)
        rest = queries.worst_findings(
            opened, after=AfterUrgent(urgency=first[1].urgency, row_id=first[1].finding_id)
        )

    assert [row.finding_id for row in (*first, *rest)] == [5, 4, 3, 1, 2]


def test_the_condition_is_written_as_in_the_partial_index() -> None:
    written = str(waiting_select(FindingFilter(line_id="x")))

    assert "state IN ('new', 'second_look')" in written


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (FindingFilter(), "ix_findings_waiting"),
        (FindingFilter(line_id="line-1"), "ix_findings_waiting_of_line"),
        (FindingFilter(part="gear"), "ix_findings_waiting_of_part"),
        (FindingFilter(part="gear", states=(ReviewState.NEW,)), "ix_findings_waiting_of_part"),
    ],
)
def test_sqlite_finds_what_waits_through_an_index_of_nothing_else(
    tmp_path: Path, wanted: FindingFilter, index: str
) -> None:
    opened = open_database(default_url(tmp_path / "findings.db"))
    chosen = waiting_select(wanted, limit=50)
    written = chosen.compile(opened, compile_kwargs={"literal_binds": True})
    with opened.connect() as connection:
        steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {written}")
        plan = [str(step[-1]) for step in steps]
    opened.dispose()

    page = plan[: next(place for place, step in enumerate(plan) if step.startswith("SCAN page"))]
    assert any(f"INDEX {index} " in f"{step} " for step in page)
    assert not any("TEMP B-TREE" in step for step in page)
