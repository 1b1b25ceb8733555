"""What rules read of the past, against the same told one by one."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from db.alert_history import failed_inspections
from db.engine import session
from inspect_pipeline.records import Inspection, Outcome
from inspect_pipeline.service.ledger import Ledger
from tests.fakes import WallClock
from tests.integration.db.database_records import (
    CARD,
    MODEL_ID,
    NOON,
    failed,
    frame_key,
    passed,
    unreadable,
)

SECOND_MODEL = "e" * 64
KINDS = (failed(0), passed(0), unreadable(0))


def a_history(seed: int) -> list[Inspection]:
    """Two cameras, two parts; some frames are inspected by a second model too."""
    chance = random.Random(seed)
    told = []
    for minute in range(40):
        key = frame_key(
            minute,
            camera_id=chance.choice(["cam-1", "cam-2"]),
            part=chance.choice(["bracket", "plate"]),
        )
        told.append(replace(chance.choice(KINDS), frame=key))
        if chance.random() < 0.3:
            told.append(replace(chance.choice(KINDS), frame=key, model_id=SECOND_MODEL))
    return told


@pytest.mark.parametrize("days", [0.02, 2.0], ids=["short", "long"])
def test_failed_parts_know_whether_one_passed_since_the_last(
    engine: Engine, tmp_path: Path, clock: WallClock, days: float
) -> None:
    told = a_history(seed=5)
    with Ledger(engine, tmp_path / "evidence", now=clock) as ledger:
        for model_id in (MODEL_ID, SECOND_MODEL):
            ledger.register_model(model_id, "bracket", CARD)
        for inspection in told:
            ledger.record(inspection)

    until = NOON + timedelta(days=days)
    expected, between = [], dict[tuple[str, str], bool]()
    for one in told:
        if one.frame.taken_at > until:
            continue
        spot = (one.frame.camera_id, one.frame.part)
        if one.outcome is Outcome.FAILED:
            expected.append((*spot, one.frame.taken_at, between.get(spot, False)))
            between[spot] = False
        elif one.outcome is Outcome.PASSED and spot in between:
            between[spot] = True
    with session(engine, read_only=True) as opened:
        rows = failed_inspections(
            opened, since=NOON - timedelta(minutes=1), until=until, scope=((), (), ())
        )

    found = [(row.camera_id, row.part, row.taken_at, row.has_passed_between) for row in rows]
    assert found == expected
    assert {row[3] for row in found} == {False, True}
