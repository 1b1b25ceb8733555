"""Each field of a filter, and what a recorded finding repeats of its frame."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from db import queries
from db.engine import session
from db.reviewing import review_finding
from db.rows import FindingFilter, FindingRow
from db.urgency import urgency
from db.words import ReviewState, Severity, Verdict
from tests.integration.db.bare_rows import MODEL, NOON, finding_row, frame_row, record, sha

GEAR_MODEL = sha("gear's model")


@pytest.fixture
def plant(engine: Engine) -> Engine:
    """Findings 1 and 2 on a bracket, 3 on a web of gears; 2 is reviewed with a note."""
    record(
        engine,
        frame_row(0),
        finding_row(1, area_mm2=1.0, score=0.25, kind="dent", severity=Severity.MINOR),
        finding_row(2, box=(100, 50, 200, 100), verdict=Verdict.REJECTED, score=0.5),
    )
    record(
        engine,
        frame_row(1, part="gear", line_id="line-2", camera_id="cam-2", web_position_mm=1000.0),
        finding_row(1, area_mm2=9.0, score=0.75, verdict=Verdict.UNSURE),
        model_id=GEAR_MODEL,
    )
    with session(engine) as opened:
        review_finding(
            opened,
            2,
            state_after=ReviewState.SECOND_LOOK,
            reviewer="Ada",
            reviewed_at=NOON,
            note="Oil film, 100% sure_ ÖLFILM",
        )
    return engine


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (FindingFilter(), [1, 2, 3]),
        (FindingFilter(part="gear"), [3]),
        (FindingFilter(line_id="line-1"), [1, 2]),
        (FindingFilter(camera_id="cam-2"), [3]),
        (FindingFilter(since=NOON + timedelta(minutes=1)), [3]),
        (FindingFilter(until=NOON + timedelta(minutes=1)), [1, 2]),
        (FindingFilter(verdict=Verdict.UNSURE), [3]),
        (FindingFilter(state=ReviewState.SECOND_LOOK), [2]),
        (FindingFilter(states=(ReviewState.NEW, ReviewState.SECOND_LOOK)), [1, 2, 3]),
        (FindingFilter(states=(ReviewState.CONFIRMED,)), []),
        (FindingFilter(severity=Severity.MINOR), [1]),
        (FindingFilter(kind="dent"), [1]),
        (FindingFilter(model_id=MODEL), [1, 2]),
        (FindingFilter(model_id=GEAR_MODEL), [3]),
        (FindingFilter(area_mm2_min=2.0), [2, 3]),
        (FindingFilter(area_mm2_max=2.0), [1, 2]),
        (FindingFilter(area_mm2_min=2.0, area_mm2_max=2.0), [2]),
        (FindingFilter(score_min=0.5), [2, 3]),
        (FindingFilter(place=(0.2, 0.2, 0.3, 0.3)), [1, 3]),
        (FindingFilter(place=(0.75, 0.75, 0.75, 0.75)), [2]),
        (FindingFilter(web_mm_min=1002.5), [3]),
        (FindingFilter(web_mm_max=1002.5), [3]),
        (FindingFilter(web_mm_min=1002.6), []),
        (FindingFilter(note="oil FILM"), [2]),
        (FindingFilter(note="100%"), [2]),
        (FindingFilter(note="ölf"), [2]),
        (FindingFilter(note="100_ sure"), []),
        (FindingFilter(note="' OR 1=1 --"), []),
        (FindingFilter(part="bracket", verdict=Verdict.REJECTED, note="oil"), [2]),
    ],
)
def test_each_field_narrows_the_findings(
    plant: Engine, wanted: FindingFilter, ids: list[int]
) -> None:
    with session(plant, read_only=True) as opened:
        assert sorted(row.finding_id for row in queries.findings(opened, wanted)) == ids


def test_a_recorded_finding_repeats_its_frame(plant: Engine) -> None:
    row = the_finding(plant, 3)

    assert (row.part, row.line_id, row.camera_id) == ("gear", "line-2", "cam-2")
    assert row.taken_at == NOON + timedelta(minutes=1)
    assert row.version == 1


def test_a_finding_has_its_place_as_a_share_of_the_frame(plant: Engine) -> None:
    assert (the_finding(plant, 1).place_x, the_finding(plant, 1).place_y) == (0.25, 0.25)
    assert (the_finding(plant, 2).place_x, the_finding(plant, 2).place_y) == (0.75, 0.75)


def test_a_finding_on_a_web_has_its_absolute_position(plant: Engine) -> None:
    assert the_finding(plant, 1).web_mm is None
    assert the_finding(plant, 3).web_mm == 1002.5


@pytest.mark.parametrize("finding_id", [1, 2, 3])
def test_a_finding_is_recorded_with_its_urgency(plant: Engine, finding_id: int) -> None:
    row = the_finding(plant, finding_id)

    assert row.urgency == urgency(verdict=row.verdict, severity=row.severity, score=row.score)


def test_a_finding_of_a_frame_of_unknown_size_lies_inside_it(engine: Engine) -> None:
    frame = frame_row()
    frame.width_px = frame.height_px = None
    record(engine, frame, finding_row())

    row = the_finding(engine, 1)
    assert 0 <= row.place_x <= 1
    assert 0 <= row.place_y <= 1


def the_finding(engine: Engine, finding_id: int) -> FindingRow:
    with session(engine, read_only=True) as opened:
        return queries.finding(opened, finding_id).finding
