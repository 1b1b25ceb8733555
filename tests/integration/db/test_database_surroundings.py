"""What lies around a finding, on SQLite and PostgreSQL."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine

from db import queries, surroundings, waiting
from db.engine import session
from db.errors import UnknownRecord
from db.reviewing import review_finding
from db.rows import FindingFilter
from db.words import Outcome, ReviewState
from inspect_pipeline.records import Severity
from inspect_pipeline.service.ledger import Ledger
from tests.integration.db.database_records import NOON, a_finding, failed, frame_key, passed


@pytest.fixture
def plant(ledger: Ledger, engine: Engine) -> Engine:
    """Frames 1 to 5 of cam-1, the third one clean; frame 6 of cam-2."""
    for number in range(5):
        ledger.record(passed(number) if number == 2 else failed(number))
    ledger.record(failed(5, key=frame_key(5, camera_id="cam-2")))
    return engine


def test_the_same_camera_before_and_after_in_the_order_of_time(plant: Engine) -> None:
    with session(plant, read_only=True) as opened:
        beside = surroundings.frames_beside(opened, 3, each_way=1)
        last = surroundings.frames_beside(opened, 5, each_way=2)

    assert [frame.frame_id for frame in beside] == [2, 3, 4]
    assert [frame.outcome for frame in beside] == [Outcome.FAILED, Outcome.PASSED, Outcome.FAILED]
    assert [frame.findings_count for frame in beside] == [1, 0, 1]
    assert [frame.frame_id for frame in last] == [3, 4, 5]


def test_the_same_place_is_of_the_same_camera_and_nearest_in_time_first(plant: Engine) -> None:
    with session(plant, read_only=True) as opened:
        row = queries.finding(opened, 2).finding
        near = surroundings.findings_at_place(opened, row, limit=2)
        elsewhere = surroundings.findings_at_place(opened, replace(row, place_x=0.9), limit=2)

    assert [found.finding_id for found in near] == [1, 3]
    assert elsewhere == []


def test_a_frame_that_does_not_exist_is_said(plant: Engine) -> None:
    with (
        session(plant, read_only=True) as opened,
        pytest.raises(UnknownRecord, match="no frame 99"),
    ):
        surroundings.frames_beside(opened, 99, each_way=1)


def test_pictures_are_known_by_the_row_that_names_them(plant: Engine) -> None:
    with session(plant, read_only=True) as opened:
        row = queries.finding(opened, 1).finding
        named = surroundings.named_by_finding(opened, 1)
        of_frame = surroundings.named_by_inspection(opened, 1)
        unknown = surroundings.named_by_finding(opened, 99)

    assert named is not None
    assert named.names == (row.observed_name, row.golden_name, row.restored_name, row.heat_name)
    assert of_frame is not None
    assert of_frame.names == (None, None, None, None)
    assert unknown is None


def test_the_neighbours_in_the_queue_are_those_that_wait(ledger: Ledger, plant: Engine) -> None:
    ledger.record(failed(7, a_finding(7, severity=Severity.CRITICAL)))
    with session(plant) as opened:
        review_finding(
            opened, 2, state_after=ReviewState.CONFIRMED, reviewer="Ada", reviewed_at=NOON
        )
        everything = FindingFilter()
        rows = {row.finding_id: row for row in waiting.findings_by_id(opened, [1, 3, 5, 6])}
        beside = waiting.waiting_beside(opened, everything, rows[3])
        first = waiting.waiting_beside(opened, everything, rows[6])
        of_camera = waiting.waiting_beside(opened, FindingFilter(camera_id="cam-2"), rows[3])

    assert beside == (4, 1), "2 has its answer"
    assert first == (None, 5)
    assert of_camera == (5, None)


def test_how_many_wait_is_counted_with_the_filter(plant: Engine) -> None:
    with session(plant, read_only=True) as opened:
        assert waiting.waiting_count(opened, FindingFilter()) == 5
        assert waiting.waiting_count(opened, FindingFilter(camera_id="cam-2")) == 1


def test_the_last_answer_of_each_finding(plant: Engine) -> None:
    with session(plant) as opened:
        for state in (ReviewState.SECOND_LOOK, ReviewState.FALSE_ALARM):
            review_finding(opened, 1, state_after=state, reviewer="Ada", reviewed_at=NOON)
        said = waiting.last_reviews(opened, [1, 2])

    assert list(said) == [1]
    assert said[1].state_after is ReviewState.FALSE_ALARM
