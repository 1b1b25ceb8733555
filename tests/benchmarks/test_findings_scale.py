"""The year of rows that the database is measured with: whole, consistent, and like a plant's."""

from __future__ import annotations

from collections import Counter

import pytest
import sqlalchemy as sa
from rich.progress import Progress
from sqlalchemy import Engine

from benchmarks.scale import world
from benchmarks.scale.loading import DatabaseInUse, filled
from benchmarks.scale.measuring import measured, plans
from benchmarks.scale.standing import standing
from benchmarks.scale.year import Asked
from db.descriptors import code_of, decode_descriptor
from db.engine import connect, session, snapshot
from db.masks import decode_mask
from db.models import CameraFigures, Finding, Frame, Inspection, Review
from db.reviewing import undo
from db.tallies.recounting import wrong_tallies
from db.upgrade import upgrade
from db.urgency import urgency
from db.words import ReviewState

YEAR = Asked(findings=600, backlog=40)


@pytest.fixture
def year(database_url: str) -> Engine:
    engine = connect(database_url)
    upgrade(engine)
    with Progress(disable=True) as progress:
        assert filled(engine, YEAR, progress)
    return engine


def test_kept_counts_of_the_year_equal_a_fresh_count(year: Engine) -> None:
    with snapshot(year) as opened:
        assert opened.scalar(sa.select(sa.func.count(Finding.id))) == YEAR.findings
        assert wrong_tallies(opened) == 0
        watched = opened.scalar(sa.select(sa.func.sum(CameraFigures.frames)))
        assert watched == opened.scalar(sa.select(sa.func.count(Frame.id)))
    year.dispose()


def test_rows_are_what_the_product_itself_would_write(year: Engine) -> None:
    with session(year, read_only=True) as opened:
        found = opened.execute(
            sa.select(Finding, Frame, Inspection)
            .join(Inspection, Finding.inspection_id == Inspection.id)
            .join(Frame, Inspection.frame_id == Frame.id)
        ).all()

    assert len(found) == YEAR.findings
    for finding, frame, inspection in found:
        assert (finding.part, finding.line_id, finding.camera_id, finding.taken_at) == (
            frame.part,
            frame.line_id,
            frame.camera_id,
            frame.taken_at,
        )
        assert frame.width_px is not None
        assert finding.descriptor is not None
        assert 0 <= finding.x0 < finding.x1 <= frame.width_px
        assert finding.place_x == (finding.x0 + finding.x1) / 2 / frame.width_px
        assert finding.urgency == pytest.approx(
            urgency(verdict=finding.verdict, severity=finding.severity, score=finding.score)
        )
        size_px = finding.x1 - finding.x0, finding.y1 - finding.y0
        mask = decode_mask(finding.mask, width_px=size_px[0], height_px=size_px[1])
        assert sum(mask) == finding.area_px
        vector = decode_descriptor(finding.descriptor)
        assert code_of(vector) == pytest.approx(finding.descriptor_code)
        assert finding.descriptor_space == inspection.model_id
    year.dispose()


def test_reviews_lead_to_the_state_in_which_findings_stand(year: Engine) -> None:
    with session(year, read_only=True) as opened:
        reviews = opened.scalars(sa.select(Review).order_by(Review.id)).all()
        findings = opened.scalars(sa.select(Finding)).all()
    state = dict.fromkeys((one.id for one in findings), ReviewState.NEW)
    said: Counter[int] = Counter()
    for review in reviews:
        assert review.state_before is state[review.finding_id]
        state[review.finding_id] = review.state_after
        said[review.finding_id] += 1

    assert all(one.state is state[one.id] for one in findings)
    assert all(one.version == 1 + said[one.id] for one in findings)
    waiting = sum(one.state in (ReviewState.NEW, ReviewState.SECOND_LOOK) for one in findings)
    assert waiting >= YEAR.backlog // 2
    year.dispose()


def test_new_rows_get_ids_after_those_of_the_year(year: Engine) -> None:
    with session(year) as opened:
        batch_id = opened.scalar(
            sa.select(Review.batch_id)
            .group_by(Review.batch_id)
            .having(sa.func.count() == 1)
            .order_by(sa.func.max(Review.id).desc())
        )
        reviewer = opened.scalar(sa.select(Review.reviewer).where(Review.batch_id == batch_id))
        last_id = opened.scalar(sa.select(sa.func.max(Review.id)))
        assert batch_id is not None
        assert reviewer is not None
        assert last_id is not None
        undone = undo(opened, batch_id, reviewer=reviewer, reviewed_at=world.END)

    assert all(one.review_id > last_id for one in undone.reviewed)
    year.dispose()


def test_every_standing_question_is_answered_and_its_plan_told(year: Engine) -> None:
    for question in standing(YEAR.findings, asks=2):
        answers = measured(year, question, patience_s=60.0)
        told = list(plans(year, answers.slowest))

        assert len(answers.waited.ms) == 2
        assert all(ms > 0 for ms in answers.worked.ms)
        assert told
        assert all("\n    " in plan for plan in told)
    year.dispose()


def test_a_filled_database_is_taken_as_it_is_and_another_is_refused(year: Engine) -> None:
    with Progress(disable=True) as progress:
        assert not filled(year, YEAR, progress)
        with pytest.raises(DatabaseInUse, match="found 600"):
            filled(year, Asked(findings=700, backlog=40), progress)
    year.dispose()
