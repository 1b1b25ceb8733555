"""Everything that was ever said of a frame, on SQLite and PostgreSQL."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from db.engine import session
from db.errors import UnknownRecord
from db.histories import frame_histories, frame_history
from db.models import GoodFrame
from db.reviewing import audit_frame, review_finding
from db.words import Judgement, ReviewState
from inspect_pipeline.service.ledger import Ledger
from tests.integration.db.database_records import NOON, failed, passed


@pytest.fixture
def plant(ledger: Ledger, engine: Engine) -> Engine:
    """Frames 1 and 3 failed with findings 1 and 2; frame 2 passed."""
    for number in range(3):
        ledger.record(passed(number) if number == 1 else failed(number))
    return engine


def test_a_history_holds_what_models_and_people_said_of_the_frame_alone(plant: Engine) -> None:
    with session(plant) as opened:
        for finding_id, state in ((2, ReviewState.SECOND_LOOK), (1, ReviewState.FALSE_ALARM)):
            review_finding(opened, finding_id, state_after=state, reviewer="Ada", reviewed_at=NOON)
        for judgement in (Judgement.DEFECTIVE, Judgement.GOOD):
            audit_frame(
                opened, 1, judgement=judgement, auditor="Bo", audited_at=NOON, note="measured"
            )
        opened.add(
            GoodFrame(
                frame_id=1,
                part="bracket",
                picture_name="aa/bb/x.png",
                content_sha256="0" * 64,
                added_by="Eve",
                added_at=NOON,
            )
        )
        opened.flush()
        history = frame_history(opened, 1)

    assert (history.frame.camera_id, history.frame.part) == ("cam-1", "bracket")
    (made,) = history.inspections
    assert made.inspection.findings_count == 1
    (found,) = made.findings
    assert found.finding.finding_id == 1
    assert [review.state_after for review in found.reviews] == [ReviewState.FALSE_ALARM]
    assert [audit.judgement for audit in history.audits] == [Judgement.DEFECTIVE, Judgement.GOOD]
    assert history.good_frame is not None
    assert history.good_frame.added_by == "Eve"


def test_histories_come_by_frame_and_without_those_that_are_unknown(plant: Engine) -> None:
    with session(plant, read_only=True) as opened:
        histories = frame_histories(opened, [3, 99, 2])

    assert [one.frame.frame_id for one in histories] == [2, 3]
    assert [len(one.findings) for history in histories for one in history.inspections] == [0, 1]
    assert [history.good_frame for history in histories] == [None, None]


@pytest.mark.parametrize("frame_id", [0, 99])
def test_a_frame_that_does_not_exist_is_said(plant: Engine, frame_id: int) -> None:
    with (
        session(plant, read_only=True) as opened,
        pytest.raises(UnknownRecord, match=f"no frame {frame_id}"),
    ):
        frame_history(opened, frame_id)
