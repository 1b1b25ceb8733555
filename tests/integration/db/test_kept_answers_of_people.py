"""Answers from kept counts equal those from every row, whatever happened, on both databases."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
import sqlalchemy as sa
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from db.columns import Base, metadata_table
from db.engine import session, snapshot
from db.models import Frame
from db.plants import zone_of
from db.questions.escapes import EscapesOf, Per, escapes
from db.questions.periods import USUAL_SHIFTS, Period, read_shifts, span_of
from db.questions.reviewers import (
    AgreementOf,
    Cut,
    FalseAlarmsOf,
    agreement,
    cohens_kappa,
    false_alarms,
)
from db.questions.selection import Selection
from db.tallies.recounting import recount, wrong_tallies
from db.words import ReviewState
from tests.integration.db.asking import rows
from tests.integration.db.kept_counts import OF_WHAT_PEOPLE_SAY, rows_that_count
from tests.integration.db.random_history import BEGIN, DAYS, PARTS, History, models_of
from tests.integration.db.slow_answers import (
    EveryRow,
    slow_agreement,
    slow_escapes,
    slow_false_alarms,
)

PLACES = {Per.LINE: "line_id", Per.PART: "part", Per.CAMERA: "camera_id"}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_after_any_history_the_answers_are_those_of_every_row(engine: Engine, seed: int) -> None:
    history = History(engine, seed)
    history.go_on(70)
    history.turn_the_clock()
    history.go_on(50)

    assert all(rows_that_count(engine, table) for table in OF_WHAT_PEOPLE_SAY)
    with snapshot(engine) as opened:
        assert wrong_tallies(opened) == 0
        every = EveryRow(opened)
        for wanted in selections(random.Random(seed)):
            assert_agreement_is_counted(opened, every, wanted)
            for cut in Cut:
                assert_false_alarms_are_counted(opened, every, wanted, cut)
            for per in Per:
                assert_escapes_are_counted(opened, every, wanted, per)


@pytest.mark.parametrize("table", OF_WHAT_PEOPLE_SAY, ids=lambda table: table.__tablename__)
def test_a_wrong_count_of_what_people_say_is_found_and_counted_again(
    engine: Engine, table: type[Base]
) -> None:
    History(engine, 5).go_on(60)
    right = rows_that_count(engine, table)
    count = metadata_table(table).columns.keys()[-1]
    with session(engine) as opened:
        opened.execute(sa.update(table).values({count: sa.literal_column(count) + 1}))

    with snapshot(engine) as opened:
        assert wrong_tallies(opened) >= len(right) > 0
    with session(engine) as opened:
        recount(opened)

    assert rows_that_count(engine, table) == right


def test_missing_counts_are_found_and_counted_again(engine: Engine) -> None:
    History(engine, 6).go_on(60)
    right = {table: rows_that_count(engine, table) for table in OF_WHAT_PEOPLE_SAY}
    with session(engine) as opened:
        for table in OF_WHAT_PEOPLE_SAY:
            opened.execute(sa.delete(table))

    with snapshot(engine) as opened:
        assert wrong_tallies(opened) == sum(len(rows) for rows in right.values())
    with session(engine) as opened:
        recount(opened)

    assert {table: rows_that_count(engine, table) for table in OF_WHAT_PEOPLE_SAY} == right


def selections(chance: random.Random) -> Iterator[Selection]:
    """Everything, and some of it; times are full quarters of an hour."""
    yield Selection()
    for _ in range(8):
        begins, ends = sorted(chance.sample(range(96 * (DAYS + 1)), 2))
        yield Selection(
            line=chance.choice((None, None, "line-1")),
            part=chance.choice((None, None, "gear")),
            camera=chance.choice((None, None, None, "cam-2")),
            since=chance.choice((None, quarter(begins))),
            until=chance.choice((None, quarter(ends))),
        )


def quarter(number: int) -> datetime:
    return BEGIN + timedelta(minutes=15 * (number - 40))


def assert_agreement_is_counted(opened: Session, every: EveryRow, wanted: Selection) -> None:
    table = agreement(opened, AgreementOf(**vars(wanted)))

    slow = slow_agreement(every, wanted)
    assert rows(table, "reviewer", "other", "findings", "agreed") == [
        (*pair, slow[pair].total(), sum(slow[pair][state, state] for state in ReviewState))
        for pair in sorted(slow)
    ]
    kappas = [None if pd.isna(kappa) else kappa for kappa in table["kappa"]]
    assert kappas == [cohens_kappa(slow[pair]) for pair in sorted(slow)]


def assert_false_alarms_are_counted(
    opened: Session, every: EveryRow, wanted: Selection, cut: Cut
) -> None:
    table = false_alarms(opened, FalseAlarmsOf(**vars(wanted), by=cut))

    zone = ZoneInfo(zone_of(opened))

    def period(moment: datetime) -> str:
        return name_of(moment, Period(cut), zone)

    slow = slow_false_alarms(every, wanted, None if cut is Cut.REVIEWER else period)
    name = "reviewer" if cut is Cut.REVIEWER else "period"
    assert rows(table, name, "reviewed", "false_alarms") == [
        (name, slow[name].total(), slow[name][ReviewState.FALSE_ALARM]) for name in sorted(slow)
    ]


def assert_escapes_are_counted(
    opened: Session, every: EveryRow, wanted: Selection, per: Per
) -> None:
    zone = ZoneInfo(zone_of(opened))

    def group(frame: Frame) -> str:
        if per in (Per.DAY, Per.WEEK):
            return name_of(frame.taken_at, Period(per), zone)
        return "all" if per is Per.TOTAL else str(getattr(frame, PLACES[per]))

    for model_id in (None, *models_of(PARTS[0])):
        table = escapes(opened, EscapesOf(**vars(wanted), by=per, model=model_id))

        slow = slow_escapes(every, wanted, model_id, group)
        assert rows(table, "measure", "source", "per", "frames", "count") == [
            (*key, *slow[key]) for key in sorted(slow)
        ]


def name_of(moment: datetime, period: Period, zone: ZoneInfo) -> str:
    return span_of(moment, period, read_shifts(USUAL_SHIFTS), zone).name
