"""The report's own reads, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from db import reporting
from db.engine import connect, session
from db.rows import FindingFilter, FrameFilter
from db.upgrade import upgrade
from db.words import Outcome, Severity, UnfitReason, Verdict
from inspect_pipeline import records
from inspect_pipeline.service.ledger import Ledger
from tests.integration.db.database_records import (
    CARD,
    MODEL_ID,
    NOON,
    OTHER_MODEL_ID,
    a_finding,
    failed,
    frame_key,
    passed,
    unreadable,
)

EVERYTHING = FrameFilter()


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    opened = connect(database_url)
    upgrade(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def opened(engine: Engine, tmp_path: Path) -> Iterator[Session]:
    """Frames 0 and 1 failed, 2 passed (twice, by two models), 3 unreadable."""
    with Ledger(engine, tmp_path / "evidence") as ledger:
        ledger.register_model(MODEL_ID, "bracket", CARD)
        ledger.register_model(OTHER_MODEL_ID, "bracket", CARD)
        ledger.record(failed(0, a_finding(0, severity=records.Severity.MINOR)))
        worst = a_finding(1, severity=records.Severity.CRITICAL)
        rejected = a_finding(
            2, verdict=records.Verdict.REJECTED, severity=records.Severity.CRITICAL
        )
        ledger.record(failed(1, rejected, worst))
        ledger.record(passed(2))
        ledger.record(replace(passed(2), model_id=OTHER_MODEL_ID))
        ledger.record(replace(unreadable(3), frame=frame_key(3, camera_id="cam-2")))
    with session(engine, read_only=True) as reading:
        yield reading


def test_a_period_says_what_when_and_where(opened: Session) -> None:
    found = reporting.period(opened, EVERYTHING)

    assert (found.frames, found.line_ids, found.camera_ids) == (4, ("line-1",), ("cam-1", "cam-2"))
    assert (found.first_at, found.last_at) == (NOON, NOON + timedelta(minutes=3))


def test_a_period_without_frames_has_no_times(opened: Session) -> None:
    found = reporting.period(opened, FrameFilter(part="gear"))

    assert (found.frames, found.first_at, found.last_at, found.line_ids) == (0, None, None, ())


def test_models_are_counted_apart(opened: Session) -> None:
    counted = {
        total.model.model_id: total.outcomes for total in reporting.model_totals(opened, EVERYTHING)
    }

    assert counted == {
        MODEL_ID: {Outcome.PASSED: 1, Outcome.FAILED: 2, Outcome.UNFIT: 1},
        OTHER_MODEL_ID: {Outcome.PASSED: 1, Outcome.FAILED: 0, Outcome.UNFIT: 0},
    }


def test_findings_are_counted_by_verdict_and_severity(opened: Session) -> None:
    assert reporting.finding_counts(opened, EVERYTHING) == {
        (Verdict.CONFIRMED, Severity.MINOR): 1,
        (Verdict.CONFIRMED, Severity.CRITICAL): 1,
        (Verdict.REJECTED, Severity.CRITICAL): 1,
    }


def test_unfit_frames_are_counted_by_reason(opened: Session) -> None:
    assert reporting.unfit_counts(opened, EVERYTHING) == {UnfitReason.UNREADABLE: 1}


def test_what_was_rejected_comes_after_everything_else(opened: Session) -> None:
    worst = reporting.worst_findings(opened, EVERYTHING, limit=9)

    assert [(row.verdict, row.severity) for row in worst] == [
        (Verdict.CONFIRMED, Severity.CRITICAL),
        (Verdict.CONFIRMED, Severity.MINOR),
        (Verdict.REJECTED, Severity.CRITICAL),
    ]


def test_no_more_findings_come_than_asked_for(opened: Session) -> None:
    assert len(reporting.worst_findings(opened, EVERYTHING, limit=2)) == 2


def test_a_wider_kind_of_filter_is_read_as_a_filter_of_frames(opened: Session) -> None:
    wanted = FindingFilter(since=NOON + timedelta(minutes=1), verdict=Verdict.UNSURE)

    assert len(reporting.worst_findings(opened, wanted, limit=9)) == 2


def test_inspected_frames_come_oldest_first_with_their_masks(opened: Session) -> None:
    frames = list(reporting.inspected_frames(opened, EVERYTHING))

    assert [frame.outcome for frame in frames] == ["failed", "failed", "passed", "passed", "unfit"]
    assert [len(reporting.finding_masks(opened, frame.inspection_id)) for frame in frames] == [
        1,
        2,
        0,
        0,
        0,
    ]
