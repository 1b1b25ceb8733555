"""Revisions up and down over a database that is full, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from db import queries
from db.engine import connect, session, snapshot
from db.errors import DatabaseError
from db.models import (
    Activation,
    Camera,
    Finding,
    FindingTally,
    InspectionTally,
    Line,
    Part,
    PlaceMonth,
)
from db.rows import FindingFilter
from db.tallies.recounting import wrong_tallies
from db.upgrade import current_revision, downgrade, upgrade
from db.words import Outcome, ReviewState
from tests.integration.db.bare_rows import picture_name, sha
from tests.integration.db.kept_counts import OF_WHAT_PEOPLE_SAY, rows_that_count
from tests.integration.db.random_history import History
from tests.integration.db.test_tallying import counted, kept

Row = dict[str, Any]

PICTURES = {f"{what}_name": picture_name(what) for what in ("golden", "restored", "heat")}
OLD_TABLES = ("models", "frames", "inspections", "findings", "reviews")


def model(model_id: str, part: str) -> Row:
    return {
        "model_id": model_id,
        "part": part,
        "name": f"{part}-1",
        "created_at": "2026-03-01 00:00:00.000000",
        "card": '{"auroc": 0.97}',
    }


def frame(number: int, taken_at: str, **changes: object) -> Row:
    return {
        "id": number,
        "line_id": "line-1",
        "camera_id": "cam-1",
        "part": "bracket",
        "taken_at": taken_at,
        "content_sha256": sha(f"frame {number}"),
        "source": f"frames/{number}.png",
        "serial": f"SN{number}",
        "web_position_mm": None,
        "width_px": 200,
        "height_px": 100,
        **changes,
    }


def inspection(number: int, frame_id: int, model_id: str, outcome: str, **changes: object) -> Row:
    return {
        "id": number,
        "frame_id": frame_id,
        "model_id": model_id,
        "config_id": sha("config"),
        "outcome": outcome,
        "unfit_reason": "unreadable" if outcome == "unfit" else None,
        "raw_score": None if outcome == "unfit" else 1.5,
        "inspected_at": f"2026-03-30 12:00:0{number}.000000",
        "timings_s": '{"invert": 0.25}',
        **changes,
    }


def finding(number: int, inspection_id: int, state: str, **changes: object) -> Row:
    return {
        "id": number,
        "inspection_id": inspection_id,
        "number": number,
        **{"x0": 40, "y0": 20, "x1": 60, "y1": 30},
        "mask": b"\x78\x9c\x00\xff",
        **{"area_px": 200, "area_mm2": 2.0, "centre_x_mm": 5.0, "centre_y_mm": 2.5},
        **{"peak": 3.0, "mean": 1.5, "score": 0.75, "p_value": 0.01, "explained": 0.25},
        **{"verdict": "confirmed", "severity": "major", "kind": None},
        "observed_name": picture_name(f"observed {number}"),
        **PICTURES,
        **{"evidence_x0": 40, "evidence_y0": 20, "evidence_x1": 60, "evidence_y1": 30},
        "state": state,
        "created_at": "2026-03-30 12:00:00.000000",
        **changes,
    }


def review(number: int, finding_id: int, before: str, after: str) -> Row:
    return {
        "id": number,
        "finding_id": finding_id,
        "reviewer": "Ada",
        "reviewed_at": f"2026-03-31 12:00:0{number}.000000",
        "state_before": before,
        "state_after": after,
        "note": f"note {number}",
    }


OLD_ROWS: dict[str, list[Row]] = {
    "models": [
        model(sha("model 1"), "bracket"),
        model(sha("model 2"), "bracket"),
        model(sha("gear's"), "gear"),
    ],
    "frames": [
        frame(1, "2026-03-30 11:59:59.999999"),
        frame(2, "2026-03-30 12:00:00.000000", width_px=None, height_px=None),
        frame(3, "2026-03-31 23:59:59.999600", line_id="line-0", web_position_mm=1000.0),
        frame(4, "2026-03-30 12:20:00.000000", part="gear", camera_id="cam-2"),
    ],
    "inspections": [
        inspection(1, 1, sha("model 1"), "failed"),
        inspection(2, 2, sha("model 1"), "unfit", unfit_detail="12 bytes"),
        inspection(3, 3, sha("model 1"), "failed"),
        inspection(4, 3, sha("model 2"), "passed", observed_name=picture_name("whole")),
        inspection(5, 4, sha("gear's"), "failed"),
    ],
    "findings": [
        finding(1, 1, "new"),
        finding(2, 1, "confirmed", x0=100, y0=50, x1=200, y1=100, verdict="rejected", kind="dent"),
        finding(3, 3, "false_alarm", severity="critical"),
        finding(4, 5, "second_look", verdict="unsure", severity="minor"),
    ],
    "reviews": [
        review(1, 2, "new", "second_look"),
        review(2, 2, "second_look", "confirmed"),
        review(3, 3, "new", "false_alarm"),
        review(4, 4, "new", "second_look"),
    ],
}


@pytest.fixture
def old(database_url: str) -> Iterator[Engine]:
    """A full database at the first revision."""
    engine = connect(database_url)
    upgrade(engine, "r0001")
    with engine.begin() as connection:
        for table, rows in OLD_ROWS.items():
            for row in rows:
                connection.execute(insertion(table, row, engine), row)
    yield engine
    engine.dispose()


def insertion(table: str, row: Row, engine: Engine) -> sa.TextClause:
    """PostgreSQL reads a time without a zone in its own: the zone is said."""
    is_postgres = engine.dialect.name == "postgresql"
    values = [
        f"CAST(:{name} || '+00' AS timestamptz)" if is_postgres and name.endswith("_at")
        else f"CAST(:{name} AS jsonb)" if is_postgres and name in ("card", "timings_s")
        else f":{name}"
        for name in row
    ]  # fmt: skip
    return sa.text(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(values)})")


def stored(engine: Engine, table: str) -> list[Row]:
    """The rows of a table in the columns that the first revision has, as the database tells."""
    columns = sorted({name for row in OLD_ROWS[table] for name in row})
    key = "model_id" if table == "models" else "id"
    chosen = sa.text(f"SELECT {', '.join(columns)} FROM {table} ORDER BY {key}")
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(chosen).mappings()]


def everything_old(engine: Engine) -> dict[str, list[Row]]:
    return {table: stored(engine, table) for table in OLD_TABLES}


def test_an_upgrade_keeps_every_row_as_it_was(old: Engine) -> None:
    before = everything_old(old)
    assert {table: len(rows) for table, rows in before.items()} == {
        table: len(rows) for table, rows in OLD_ROWS.items()
    }

    upgrade(old)

    assert everything_old(old) == before


def test_an_upgrade_fills_what_findings_repeat_of_their_frames(old: Engine) -> None:
    upgrade(old)

    with session(old, read_only=True) as opened:
        rows = {row.id: row for row in opened.scalars(sa.select(Finding))}
    assert [(row.part, row.line_id, row.camera_id) for row in rows.values()] == [
        ("bracket", "line-1", "cam-1"),
        ("bracket", "line-1", "cam-1"),
        ("bracket", "line-0", "cam-1"),
        ("gear", "line-1", "cam-2"),
    ]
    assert rows[1].taken_at.isoformat() == "2026-03-30T11:59:59.999999+00:00"
    assert (rows[1].place_x, rows[1].place_y) == (0.25, 0.25)
    assert (rows[2].place_x, rows[2].place_y) == (0.75, 0.75)
    assert [row.web_mm for row in rows.values()] == [None, None, 1002.5, None]
    assert [row.urgency for row in rows.values()] == [4.75, 0.75, 6.75, 1.75]
    assert [row.version for row in rows.values()] == [1, 3, 2, 2]
    assert {row.descriptor for row in rows.values()} == {None}


def test_an_upgrade_counts_what_is_there(old: Engine) -> None:
    upgrade(old)

    assert kept(old) == counted(old)
    with session(old, read_only=True) as opened:
        unfit = sa.select(InspectionTally).where(InspectionTally.outcome == Outcome.UNFIT)
        assert opened.scalars(unfit).one().slot_at.isoformat() == "2026-03-30T12:00:00+00:00"
        new = sa.select(FindingTally).where(FindingTally.state == ReviewState.NEW)
        assert opened.scalars(new).one().slot_at.isoformat() == "2026-03-30T11:00:00+00:00"


def test_an_upgrade_counts_places_in_the_month_they_were_taken_in(old: Engine) -> None:
    upgrade(old)

    with session(old, read_only=True) as opened:
        rows = opened.scalars(sa.select(PlaceMonth)).all()
    assert {row.slot_at.isoformat() for row in rows} == {"2026-03-01T00:00:00+00:00"}
    assert sorted((row.cell_x, row.cell_y, row.findings) for row in rows) == [
        (6, 6, 1),
        (6, 6, 1),
        (6, 6, 1),
        (18, 18, 1),
    ]


def test_an_upgrade_makes_notes_findable_in_any_case(old: Engine) -> None:
    upgrade(old)

    with session(old, read_only=True) as opened:
        found = queries.findings(opened, FindingFilter(note="NOTE 2"))
    assert [row.finding_id for row in found] == [2]


def test_an_upgrade_names_lines_parts_and_where_each_camera_stood_last(old: Engine) -> None:
    upgrade(old)

    with session(old, read_only=True) as opened:
        assert sorted(opened.scalars(sa.select(Line.line_id))) == ["line-0", "line-1"]
        assert sorted(opened.scalars(sa.select(Part.part))) == ["bracket", "gear"]
        cameras = {one.camera_id: one.line_id for one in opened.scalars(sa.select(Camera))}
    assert cameras == {"cam-1": "line-0", "cam-2": "line-1"}


def test_an_upgrade_puts_the_model_that_inspected_last_in_use(old: Engine) -> None:
    upgrade(old)

    with session(old, read_only=True) as opened:
        rows = opened.scalars(sa.select(Activation).order_by(Activation.part)).all()
    assert [(row.part, row.model_id, row.active_to) for row in rows] == [
        ("bracket", sha("model 2"), None),
        ("gear", sha("gear's"), None),
    ]
    assert rows[0].active_from.isoformat() == "2026-03-30T12:00:04+00:00"


def test_the_way_back_and_up_again_loses_nothing_old_and_keeps_the_trail_shut(
    old: Engine,
) -> None:
    before = everything_old(old)
    upgrade(old)
    downgrade(old, "r0001")

    assert current_revision(old) == "r0001"
    assert everything_old(old) == before
    assert_reviews_cannot_be_changed(old)

    upgrade(old)

    assert everything_old(old) == before
    assert kept(old) == counted(old)
    assert_reviews_cannot_be_changed(old)


def test_the_second_revision_and_back_keeps_reviews_of_today(old: Engine) -> None:
    upgrade(old)
    with old.begin() as connection:
        for statement in (NEW_USER, NEW_AUDIT, NEW_REVIEW):
            connection.execute(sa.text(statement))

    downgrade(old, "r0002")

    tables = set(sa.inspect(old).get_table_names())
    assert tables.isdisjoint({"users", "tokens", "audits", "good_frames", "saved_queries"})
    assert batches(old) == [None, None, None, None, "b1"]

    upgrade(old)

    assert batches(old) == [None, None, None, None, "b1"]
    assert_reviews_cannot_be_changed(old)


def test_what_people_say_is_counted_from_what_is_there(engine: Engine) -> None:
    history = History(engine, seed=7)
    history.go_on(60)
    history.turn_the_clock()
    history.go_on(40)
    before = {table: rows_that_count(engine, table) for table in OF_WHAT_PEOPLE_SAY}
    assert all(before.values())

    downgrade(engine, "r0007")
    assert not {one.__tablename__ for one in before} & set(sa.inspect(engine).get_table_names())
    upgrade(engine)

    assert {table: rows_that_count(engine, table) for table in before} == before
    with snapshot(engine) as opened:
        assert wrong_tallies(opened) == 0


_AT = "'2026-03-31 12:00:00.000000'"
NEW_USER = (
    "INSERT INTO users (name, full_name, role, password_hash, created_at) "
    f"VALUES ('ada', 'Ada L.', 'admin', 'hash', {_AT})"
)
NEW_AUDIT = (
    "INSERT INTO audits (frame_id, auditor, audited_at, judgement) "
    f"VALUES (1, 'Ada', {_AT}, 'defective')"
)
NEW_REVIEW = (
    "INSERT INTO reviews (id, finding_id, reviewer, reviewed_at, state_before, state_after, "
    f"batch_id) VALUES (9, 1, 'Ada', {_AT}, 'new', 'confirmed', 'b1')"
)


def batches(engine: Engine) -> list[str | None]:
    with engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT batch_id FROM reviews ORDER BY id"))
        return [batch_id for (batch_id,) in rows]


def assert_reviews_cannot_be_changed(engine: Engine) -> None:
    for change in ("UPDATE reviews SET note = 'other'", "DELETE FROM reviews"):
        with pytest.raises(DatabaseError, match="append-only"), session(engine) as opened:
            opened.execute(sa.text(change))
