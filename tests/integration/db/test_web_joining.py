"""A defect across the border of two frames is one finding, whatever the order of recording."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import Engine, func, select

from db.columns import Base
from db.engine import session, snapshot
from db.histories import frame_histories
from db.models import Alert, Finding, Frame, Inspection, JoinedRegion
from db.repository import record_inspection
from db.reviewing import review_findings
from db.tallies.recounting import wrong_tallies
from db.web_joining import _SEEN_THERE
from db.words import AlertState, ReviewState, Severity, Verdict
from tests.integration.db.bare_rows import NOON, a_model, inspection_row, sha
from tests.integration.db.web_of_defects import (
    FRAME_LINES,
    MM_PER_PX,
    KnownDefect,
    Mask,
    drawn_web,
    frame_at,
    frame_starts,
    record_frames,
    seen_in_frame,
)

Place = tuple[float, float, float]  # along the web, across it, area; mm and mm2


@pytest.fixture
def with_model(engine: Engine) -> Engine:
    with session(engine) as opened:
        a_model(opened)
    return engine


def found(engine: Engine) -> list[Place]:
    with session(engine, read_only=True) as opened:
        chosen = select(Finding.web_mm, Finding.centre_x_mm, Finding.area_mm2)
        rows = opened.execute(chosen).all()
    return sorted((round(a or -1.0, 6), round(b, 6), round(c, 6)) for a, b, c in rows)


def expected(known: list[KnownDefect]) -> list[Place]:
    return sorted(
        (round(one.centre_mm[0], 6), round(one.centre_mm[1], 6), round(one.area_mm2, 6))
        for one in known
    )


def two_spots() -> tuple[Mask, list[KnownDefect]]:
    """Lines 72 to 87 lie in both frames from 0 and 80 in part; lines 90 to 95 in both."""
    web = np.zeros((180, 120), dtype=bool)
    first, second = web.copy(), web.copy()
    first[72:87, 40:50] = True
    second[90:95, 70:80] = True
    return first | second, [KnownDefect(mask=first), KnownDefect(mask=second)]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_defect_of_a_web_is_one_finding_at_its_place(with_model: Engine, seed: int) -> None:
    web, known = drawn_web(seed)
    starts = frame_starts(len(web))
    np.random.default_rng(seed).shuffle(starts)

    record_frames(with_model, web, starts)

    assert found(with_model) == expected(known)
    with snapshot(with_model) as opened:
        assert wrong_tallies(opened) == 0


def test_the_order_of_recording_changes_nothing_but_the_ids(with_model: Engine) -> None:
    web, _ = drawn_web(5, defects=6)
    rows = []
    for number in range(3):
        starts = frame_starts(len(web))
        np.random.default_rng(number).shuffle(starts)
        record_frames(with_model, web, starts, serial=f"coil-{number}")
        with session(with_model, read_only=True) as opened:
            columns = (Finding.taken_at, Finding.x0, Finding.y0, Finding.area_px, Finding.web_mm)
            of_roll = select(Inspection.id).join(Frame).where(Frame.serial == f"coil-{number}")
            chosen = select(*columns).where(Finding.inspection_id.in_(of_roll))
            rows.append(sorted(tuple(row) for row in opened.execute(chosen)))

    assert rows[0] == rows[1] == rows[2]


def test_programs_that_record_at_once_join_what_the_others_recorded(with_model: Engine) -> None:
    web, known = drawn_web(7)
    starts = frame_starts(len(web))

    with ThreadPoolExecutor(4) as programs:
        recorded = programs.map(lambda start: record_frames(with_model, web, [start]), starts)
        assert len(list(recorded)) == len(starts)

    assert found(with_model) == expected(known)
    with snapshot(with_model) as opened:
        assert wrong_tallies(opened) == 0


def test_a_kill_before_the_commit_leaves_the_finding_as_it_was(with_model: Engine) -> None:
    web, known = two_spots()
    record_frames(with_model, web, [0])
    before = found(with_model)

    with suppress(ZeroDivisionError), session(with_model) as opened:
        inspection = inspection_row(seen_in_frame(web, 80))
        record_inspection(opened, frame_at(80), inspection)
        raise ZeroDivisionError

    assert found(with_model) == before
    record_frames(with_model, web, [80])
    assert found(with_model) == expected(known)


def test_a_frame_that_is_recorded_twice_is_joined_once(with_model: Engine) -> None:
    web, known = two_spots()

    recorded = record_frames(with_model, web, [0, 80, 80, 0])

    assert [one.written for one in recorded] == [True, True, False, False]
    assert found(with_model) == expected(known)


def test_another_model_has_findings_of_its_own(with_model: Engine) -> None:
    web, known = two_spots()
    record_frames(with_model, web, [0, 80])
    with session(with_model) as opened:
        a_model(opened, sha("other"))
        for start in (80, 0):
            inspection = inspection_row(seen_in_frame(web, start), model_id=sha("other"))
            record_inspection(opened, frame_at(start), inspection)

    assert found(with_model) == sorted(expected(known) * 2)
    with snapshot(with_model) as opened:
        assert wrong_tallies(opened) == 0


def test_the_same_place_of_another_roll_is_another_defect(with_model: Engine) -> None:
    web, known = two_spots()
    record_frames(with_model, web, [0], serial="coil-1")
    record_frames(with_model, web, [80], serial="coil-2")

    assert len(found(with_model)) == 2 * len(known)


def test_the_finding_stands_with_the_frame_that_shows_most_of_it(with_model: Engine) -> None:
    web, _ = two_spots()
    web[70:72, 40:50] = True  # 17 lines: the first frame shows all of them, the second only 7

    record_frames(with_model, web, [80, 0])

    with session(with_model, read_only=True) as opened:
        chosen = select(Finding).where(Finding.x0 == 40)
        (finding,) = opened.scalars(chosen).all()
        told = opened.scalars(select(JoinedRegion).where(JoinedRegion.finding_id == finding.id))
        assert sorted((one.first_line, one.y0, one.area_px) for one in told) == [
            (70, 70, 170),
            (80, 0, 70),
        ]
    assert (finding.y0, finding.y1) == (70, 87)
    assert finding.taken_at == NOON
    assert finding.id == 1  # as it was first recorded


def test_what_a_finding_has_of_its_frame_is_decided_for_every_column() -> None:
    """A new column of findings: does it belong to the frame, or to the whole defect?"""
    of_the_whole = {
        *("id", "part", "line_id", "camera_id", "created_at", "state", "version"),
        *("area_mm2", "centre_x_mm", "centre_y_mm", "web_mm"),
        *("peak", "score", "p_value", "verdict", "severity", "urgency"),
    }
    columns = {column.name for column in Finding.__table__.columns}

    assert set(_SEEN_THERE) | of_the_whole == columns
    assert not set(_SEEN_THERE) & of_the_whole


def test_every_table_that_names_a_finding_is_known_to_the_joining() -> None:
    """A new one: do its rows follow when a finding is taken back because it is part of another?"""
    followed = {"alerts", "joined_regions"}
    of_spoken_findings = {"reviews", "folded_notes"}  # such a finding is never taken back
    naming = {
        table.name
        for table in Base.metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table.name == "findings"
    }

    assert naming == followed | of_spoken_findings


def test_a_frame_names_the_finding_that_its_region_belongs_to(with_model: Engine) -> None:
    web, _ = two_spots()
    web[70:72, 40:50] = True  # the first frame shows more of it, and keeps the finding

    record_frames(with_model, web, [0, 80])

    with session(with_model, read_only=True) as opened:
        finding = opened.scalars(select(Finding).where(Finding.x0 == 40)).one()
        stands_with = opened.get_one(Inspection, finding.inspection_id).frame_id
        frames = frame_histories(opened, [1, 2])
    told = {one.frame.frame_id: one.inspections[0].elsewhere for one in frames}
    shown = {one.finding_id: one for one in told[3 - stands_with]}
    assert shown[finding.id].frame_id == stands_with
    assert shown[finding.id].area_mm2 == pytest.approx(70 * MM_PER_PX**2)
    assert finding.id not in [one.finding_id for one in told[stands_with]]


def test_a_finding_that_people_spoke_of_stays_where_they_saw_it(with_model: Engine) -> None:
    web, known = two_spots()
    record_frames(with_model, web, [80])
    with session(with_model) as opened:
        review_findings(
            opened,
            {1: 1},
            state_after=ReviewState.CONFIRMED,
            reviewer="Ada",
            reviewed_at=NOON + timedelta(hours=3),
        )

    record_frames(with_model, web, [0])

    with session(with_model, read_only=True) as opened:
        finding = opened.get_one(Finding, 1)
    assert (finding.y0, finding.y1) == (0, 7)
    assert finding.state is ReviewState.CONFIRMED
    assert found(with_model) == expected(known)
    with snapshot(with_model) as opened:
        assert wrong_tallies(opened) == 0


def test_the_whole_is_as_bad_as_the_worst_of_its_regions_and_graded_by_its_area(
    with_model: Engine,
) -> None:
    web, known = two_spots()
    seen = {start: seen_in_frame(web, start) for start in (0, 80)}
    for start, verdict in ((0, Verdict.REJECTED), (80, Verdict.UNSURE)):
        for row in seen[start]:
            row.verdict, row.severity = verdict, Severity.MINOR
    with session(with_model) as opened:
        for start in (0, 80):
            record_inspection(
                opened,
                frame_at(start),
                inspection_row(seen[start]),
                lambda area_mm2, _: Severity.CRITICAL if area_mm2 > 9.0 else Severity.MAJOR,
            )

    with session(with_model, read_only=True) as opened:
        chosen = select(Finding.verdict, Finding.severity).order_by(Finding.web_mm)
        assert opened.execute(chosen).all() == [
            (Verdict.UNSURE, Severity.CRITICAL),  # 15 x 10 px
            (Verdict.UNSURE, Severity.MAJOR),
        ]
    assert known[0].area_mm2 > 9.0
    with snapshot(with_model) as opened:
        assert wrong_tallies(opened) == 0


def test_frames_that_only_touch_are_joined_too(with_model: Engine) -> None:
    web = np.zeros((2 * FRAME_LINES, 120), dtype=bool)
    web[FRAME_LINES - 5 : FRAME_LINES + 5, 40:50] = True

    record_frames(with_model, web, [FRAME_LINES, 0])

    assert found(with_model) == [(FRAME_LINES * MM_PER_PX, 45 * MM_PER_PX, 100 * MM_PER_PX**2)]


def test_a_very_long_defect_is_told_in_pieces(with_model: Engine) -> None:
    web = np.zeros((80 * 70, 120), dtype=bool)
    web[:, 40:43] = True

    record_frames(with_model, web, frame_starts(len(web)))

    with session(with_model, read_only=True) as opened:
        assert opened.scalar(select(func.count()).select_from(Finding)) == 2


def test_frames_that_are_no_web_are_never_joined(with_model: Engine) -> None:
    web, _ = two_spots()
    with session(with_model) as opened:
        for start in (0, 80):
            frame = frame_at(start)
            frame.web_position_mm = None
            record_inspection(opened, frame, inspection_row(seen_in_frame(web, start)))

    with session(with_model, read_only=True) as opened:
        assert opened.scalar(select(func.count()).select_from(Finding)) == 4


def three_frames_of_a_scratch() -> Mask:
    """Lines 20 to 240: frames from 0 and 160 see its ends, the one from 80 joins them."""
    web = np.zeros((260, 120), dtype=bool)
    web[20:240, 40:43] = True
    return web


def spoken_of(engine: Engine, finding_id: int) -> None:
    with session(engine) as opened:
        review_findings(
            opened,
            {finding_id: 1},
            state_after=ReviewState.CONFIRMED,
            reviewer="Ada",
            reviewed_at=NOON + timedelta(hours=30),
        )


def test_a_third_frame_makes_one_finding_of_two_and_alerts_follow(with_model: Engine) -> None:
    web = three_frames_of_a_scratch()
    record_frames(with_model, web, [0, 160])
    with session(with_model) as opened:
        opened.add(
            Alert(
                key="severity 2",
                rule="severity",
                place="0" * 64,
                text="a severe finding",
                finding_id=2,
                severity=Severity.MAJOR,
                state=AlertState.OPEN,
                events=1,
                facts={},
                opened_at=NOON,
                last_event_at=NOON,
            )
        )

    record_frames(with_model, web, [80])

    with session(with_model, read_only=True) as opened:
        assert opened.scalars(select(Finding.id)).all() == [1]
        assert opened.scalars(select(Alert.finding_id)).all() == [1]
    assert found(with_model) == expected([KnownDefect(mask=web)])
    with snapshot(with_model) as opened:
        assert wrong_tallies(opened) == 0


def test_of_two_findings_the_one_that_people_spoke_of_stays(with_model: Engine) -> None:
    web = three_frames_of_a_scratch()
    record_frames(with_model, web, [0, 160])
    spoken_of(with_model, 2)

    record_frames(with_model, web, [80])

    with session(with_model, read_only=True) as opened:
        chosen = select(Finding.id, Finding.state)
        assert opened.execute(chosen).all() == [(2, ReviewState.CONFIRMED)]
    assert found(with_model) == expected([KnownDefect(mask=web)])
    with snapshot(with_model) as opened:
        assert wrong_tallies(opened) == 0


def test_two_findings_that_people_spoke_of_stay_two(with_model: Engine) -> None:
    web = three_frames_of_a_scratch()
    record_frames(with_model, web, [0, 160])
    spoken_of(with_model, 1)
    spoken_of(with_model, 2)

    record_frames(with_model, web, [80])

    with session(with_model, read_only=True) as opened:
        chosen = select(Finding.id, Finding.area_px, Finding.area_mm2).order_by(Finding.id)
        (first, second) = opened.execute(chosen).all()
    assert first.area_mm2 == (180 - 20) * 3 * MM_PER_PX**2
    assert second.area_mm2 == second.area_px * MM_PER_PX**2
    with snapshot(with_model) as opened:
        assert wrong_tallies(opened) == 0
