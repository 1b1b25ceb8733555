"""The kept counts equal a fresh count after whatever happened, on SQLite and PostgreSQL."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from db.engine import session, snapshot
from db.models import Finding, FindingTally, Frame, Inspection, InspectionTally
from db.repository import record_inspection
from db.reviewing import review_findings, undo
from db.tallies.findings import FINDING_SLOT, INSPECTION_SLOT
from db.tallies.recounting import recount, wrong_tallies
from db.tallies.slots import Every
from db.words import Outcome, ReviewState, Severity, Verdict
from tests.integration.db.bare_rows import (
    NOON,
    a_model,
    finding_row,
    frame_row,
    inspection_row,
    record,
    sha,
)

DECISIONS = (ReviewState.CONFIRMED, ReviewState.FALSE_ALARM, ReviewState.SECOND_LOOK)
PEOPLE = ("Ada", "Grace")


@pytest.mark.parametrize(
    ("moment", "quarter", "hour"),
    [
        ("12:00:00", "12:00", "12:00"),
        ("12:14:59.999999", "12:00", "12:00"),
        ("12:15:00", "12:15", "12:00"),
        ("12:59:59.999999", "12:45", "12:00"),
    ],
)
def test_a_slot_begins_at_its_border_and_ends_before_the_next(
    moment: str, quarter: str, hour: str
) -> None:
    taken_at = datetime.fromisoformat(f"2026-03-29T{moment}+00:00")

    assert Every(INSPECTION_SLOT).begin(taken_at) == datetime.fromisoformat(
        f"2026-03-29T{quarter}+00:00"
    )
    assert Every(FINDING_SLOT).begin(taken_at) == datetime.fromisoformat(f"2026-03-29T{hour}+00:00")


def test_a_slot_of_local_time_is_the_slot_of_its_utc() -> None:
    in_nepal = datetime.fromisoformat("2026-03-29T17:40:00+05:45")

    assert Every(FINDING_SLOT).begin(in_nepal) == datetime(2026, 3, 29, 11, tzinfo=UTC)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_after_any_series_of_events_the_tallies_equal_a_fresh_count(
    engine: Engine, seed: int
) -> None:
    chance = random.Random(seed)
    batches: list[tuple[str, str]] = []
    finding_ids: list[int] = []
    with session(engine) as opened:
        for part in ("bracket", "gear"):
            a_model(opened, sha(part), part=part)
    for number in range(60):
        event = chance.choice(("record", "record", "review", "undo"))
        if event == "record":
            finding_ids += record_something(engine, chance, number)
        elif event == "review" and finding_ids:
            batches.append(review_something(engine, chance, finding_ids))
        elif event == "undo" and batches:
            batches.append(undo_something(engine, chance, batches))

    assert len(finding_ids) > 10
    assert len(batches) > 10
    assert kept(engine) == counted(engine)
    with snapshot(engine) as opened:
        assert wrong_tallies(opened) == 0


def test_a_wrong_tally_is_found_and_counted_again(engine: Engine) -> None:
    for number in range(3):
        record(engine, frame_row(number), finding_row(1), finding_row(2, kind="dent"))
    with session(engine) as opened:
        opened.execute(sa.update(FindingTally).values(findings=7))
        opened.execute(sa.delete(InspectionTally))

    with snapshot(engine) as opened:
        assert wrong_tallies(opened) == 2 + 1
    with session(engine) as opened:
        recount(opened)

    assert kept(engine) == counted(engine)


def test_the_same_inspection_again_is_counted_once(engine: Engine) -> None:
    for _ in range(2):
        with session(engine) as opened:
            a_model(opened)
            record_inspection(opened, frame_row(), inspection_row([finding_row()]))

    assert kept(engine) == counted(engine)
    assert sum(kept(engine)[0].values()) == 1


def test_what_is_rolled_back_is_not_counted(engine: Engine) -> None:
    def record_half() -> None:
        with session(engine) as opened:
            a_model(opened)
            record_inspection(opened, frame_row(), inspection_row([finding_row()]))
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        record_half()

    assert kept(engine) == (Counter(), Counter())


def record_something(engine: Engine, chance: random.Random, number: int) -> list[int]:
    part = chance.choice(("bracket", "gear"))
    frame = frame_row(
        number,
        part=part,
        line_id=chance.choice(("line-1", "line-2")),
        camera_id=chance.choice(("cam-1", "cam-2")),
        taken_at=NOON + timedelta(seconds=chance.randrange(7200), microseconds=999_999),
    )
    findings = [
        finding_row(
            place,
            verdict=chance.choice(list(Verdict)),
            severity=chance.choice(list(Severity)),
            kind=chance.choice((None, "scratch", "dent")),
        )
        for place in range(1, chance.randrange(4) + 1)
    ]
    outcome = None if findings else chance.choice((Outcome.PASSED, Outcome.UNFIT))
    with session(engine) as opened:
        inspection = inspection_row(findings, model_id=sha(part), outcome=outcome)
        record_inspection(opened, frame, inspection)
        return [finding.id for finding in findings]


def review_something(
    engine: Engine, chance: random.Random, finding_ids: list[int]
) -> tuple[str, str]:
    chosen = chance.sample(finding_ids, k=min(len(finding_ids), chance.randrange(1, 5)))
    reviewer = chance.choice(PEOPLE)
    with session(engine) as opened:
        batch = review_findings(
            opened,
            {finding_id: chance.choice((None, 1, 2)) for finding_id in chosen},
            state_after=chance.choice(DECISIONS),
            reviewer=reviewer,
            reviewed_at=NOON,
        )
    return batch.batch_id, reviewer


def undo_something(
    engine: Engine, chance: random.Random, batches: list[tuple[str, str]]
) -> tuple[str, str]:
    """An action without reviews leaves nothing to undo: then the newest that has some."""
    with session(engine) as opened:
        said = {batch_id for (batch_id,) in opened.execute(sa.text("SELECT batch_id FROM reviews"))}
        known = [one for one in batches if one[0] in said]
        if not known:
            return batches[-1]
        batch_id, reviewer = chance.choice(known)
        return undo(opened, batch_id, reviewer=reviewer, reviewed_at=NOON).batch_id, reviewer


Counts = tuple[Counter[tuple[object, ...]], Counter[tuple[object, ...]]]


def kept(engine: Engine) -> Counts:
    with session(engine, read_only=True) as opened:
        inspections, findings = (
            Counter(
                {
                    tuple(row[:-1]): row[-1]
                    for row in opened.execute(sa.select(*table.__table__.columns))
                    if row[-1] != 0
                }
            )
            for table in (InspectionTally, FindingTally)
        )
        return inspections, findings


def counted(engine: Engine) -> Counts:
    """By Python, row after row."""
    of_inspection = sa.select(
        Frame.taken_at,
        Frame.line_id,
        Frame.camera_id,
        Frame.part,
        Inspection.model_id,
        Inspection.outcome,
    ).join(Inspection, Inspection.frame_id == Frame.id)
    of_finding = sa.select(
        Finding.taken_at,
        Finding.line_id,
        Finding.camera_id,
        Finding.part,
        Finding.kind,
        Finding.verdict,
        Finding.severity,
        Finding.state,
    )
    with session(engine, read_only=True) as opened:
        return (
            Counter(
                (Every(INSPECTION_SLOT).begin(row[0]), *row[1:])
                for row in opened.execute(of_inspection)
            ),
            Counter(
                (Every(FINDING_SLOT).begin(row[0]), *row[1:4], row[4] or "", *row[5:])
                for row in opened.execute(of_finding)
            ),
        )
