"""Rates, control chart, Pareto and heat map of a small plant counted by hand, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from sqlalchemy import Engine

from db.catalogue import meet_plant
from db.engine import session
from db.errors import QuestionRefused
from db.models import Plant
from db.questions.proportions import wilson_interval
from db.words import Outcome, ReviewState, Severity
from tests.integration.db.asking import answer, rows, say
from tests.integration.db.rows_to_ask import (
    MODEL,
    NEWER_MODEL,
    finding_at,
    inspected,
    know_models,
)

SATURDAY = datetime(2026, 3, 28, 13, tzinfo=UTC)  # 14:00 in Berlin; that night the clocks jump


@pytest.fixture
def plant(engine: Engine) -> Engine:
    """In Berlin: late shift on Saturday, night to Sunday, early and late shift on Sunday.

    Findings 1 to 4: scratch top left, scratch and dent bottom right, none named top left.
    """
    with session(engine) as opened:
        meet_plant(opened, Plant(plant="p", timezone="Europe/Berlin", seen_at=SATURDAY), [], [])
        know_models(opened, MODEL)
        know_models(opened, NEWER_MODEL, part="gear")
        inspected(opened, SATURDAY, finding_at(0, 0, kind="scratch"))
        inspected(opened, hours(1))
        inspected(opened, hours(2), outcome=Outcome.UNFIT)
        two = (
            finding_at(89, 39, kind="scratch", severity=Severity.CRITICAL),
            finding_at(70, 39, kind="dent"),
        )
        inspected(opened, hours(10), *two)
        inspected(opened, hours(14.75))
        inspected(opened, hours(15))  # 06:00 in summer time
        inspected(
            opened,
            hours(15.25),
            finding_at(1, 1),
            part="gear",
            line="line-2",
            camera="cam-2",
            model_id=NEWER_MODEL,
        )
    return engine


def hours(count: float) -> datetime:
    return SATURDAY + timedelta(hours=count)


@pytest.mark.parametrize(
    ("by", "column", "expected"),
    [
        ("line", "line_id", [("line-1", 5, 2, 1), ("line-2", 1, 1, 0)]),
        ("part", "part", [("bracket", 5, 2, 1), ("gear", 1, 1, 0)]),
        ("camera", "camera_id", [("cam-1", 5, 2, 1), ("cam-2", 1, 1, 0)]),
        ("day", "period", [("2026-03-28", 2, 1, 1), ("2026-03-29", 4, 2, 0)]),
        ("week", "period", [("2026-W13", 6, 3, 1)]),
        ("shift_of_day", "period", [("early", 2, 1, 0), ("late", 2, 1, 1), ("night", 2, 1, 0)]),
        (
            "shift",
            "period",
            [
                ("2026-03-28 late", 2, 1, 1),
                ("2026-03-28 night", 2, 1, 0),
                ("2026-03-29 early", 2, 1, 0),
            ],
        ),
        (
            "hour_of_day",
            "period",
            [
                *(("00:00", 1, 1, 0), ("05:00", 1, 0, 0), ("06:00", 2, 1, 0)),
                *(("14:00", 1, 1, 0), ("15:00", 1, 0, 0), ("16:00", 0, 0, 1)),
            ],
        ),
    ],
)
def test_rates_are_counted_per_place_and_piece_of_time(
    plant: Engine, by: str, column: str, expected: list[tuple[object, ...]]
) -> None:
    rates = answer(plant, "rate", by=by)

    assert rows(rates, column, "inspected", "failed", "unfit") == expected


def test_a_rate_has_its_interval_and_the_piece_of_time_its_ends(plant: Engine) -> None:
    (night,) = answer(plant, "rate", by="shift", part="bracket").iloc[[1]].itertuples()

    assert (night.rate, (night.low, night.high)) == (0.5, wilson_interval(1, 2))
    assert night.from_at == pd.Timestamp("2026-03-28T21:00Z")
    assert night.to_at == pd.Timestamp("2026-03-29T04:00Z")  # an hour was skipped


def test_shifts_are_the_plants_unless_the_question_names_others(plant: Engine) -> None:
    with session(plant) as opened:
        one = Plant(plant="p", timezone="Europe/Berlin", shifts="day=06:00,dark=18:00")
        one.seen_at = SATURDAY
        meet_plant(opened, one, [], [])

    of_plant = answer(plant, "rate", by="shift_of_day", part="bracket")
    named = answer(plant, "rate", by="shift_of_day", part="bracket", shifts="all=00:00")

    assert list(of_plant["period"]) == ["day", "dark"]
    assert list(named["period"]) == ["all"]


def test_where_all_was_unfit_there_is_no_rate(plant: Engine) -> None:
    hour = answer(plant, "rate", by="hour", since="2026-03-28T16:00", until="2026-03-28T17:00")

    assert rows(hour, "inspected", "unfit") == [(0, 1)]
    assert hour[["rate", "low", "high"]].isna().all(axis=None)


def test_places_and_times_can_be_asked_together(plant: Engine) -> None:
    rates = answer(plant, "rate", by="day,line")

    assert rows(rates, "period", "line_id", "inspected") == [
        ("2026-03-28", "line-1", 2),
        ("2026-03-29", "line-1", 3),
        ("2026-03-29", "line-2", 1),
    ]


@pytest.mark.parametrize(
    ("written", "inspected_count"),
    [
        ({}, 6),
        ({"line": "line-2"}, 1),
        ({"part": "bracket"}, 5),
        ({"camera": "cam-9"}, 0),
        ({"model": MODEL}, 5),
        ({"model": NEWER_MODEL[:6]}, 1),
        ({"model": "gear-0"}, 1),
        ({"since": "2026-03-29T00:00"}, 4),
        ({"until": "2026-03-29T00:00"}, 2),
        ({"since": "33d", "until": "32d"}, 3),
    ],
)
def test_rates_are_filtered(plant: Engine, written: dict[str, str], inspected_count: int) -> None:
    assert answer(plant, "rate", by="total", **written)["inspected"].sum() == inspected_count


@pytest.mark.parametrize("name", ["rate", "control", "pareto", "heat-map", "findings"])
def test_an_empty_answer_has_the_same_columns_and_types(plant: Engine, name: str) -> None:
    full, empty = answer(plant, name, part="bracket"), answer(plant, name, part="nothing")

    assert len(full) > 0
    assert len(empty) == 0
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()


@pytest.mark.parametrize(
    ("name", "written", "field"),
    [
        ("rate", {"model": "f0f0"}, "model"),
        ("rate", {"by": "day,hour"}, "by"),
        ("rate", {"by": "line,line"}, "by"),
        ("rate", {"shifts": "early"}, "shifts"),
        ("rate", {"since": "2026-03-29", "until": "2026-03-28"}, "since"),
        ("control", {"shifts": "x=1"}, "shifts"),
        ("pareto", {"of": "position"}, "part"),
        ("heat-map", {}, "part"),
        ("findings", {"after": "99"}, "after"),
        ("weather", {}, "question"),
    ],
)
def test_a_question_that_cannot_be_asked_names_the_field(
    plant: Engine, name: str, written: dict[str, str], field: str
) -> None:
    with pytest.raises(QuestionRefused) as refused:
        answer(plant, name, **written)

    assert refused.value.field == field


def test_the_control_chart_leaves_out_what_has_no_rate(plant: Engine) -> None:
    chart = answer(plant, "control", by="hour")

    assert rows(chart, "inspected", "failed", "centre", "low", "high", "outside") == [
        (1, 1, 0.5, 0.0, 1.0, False),
        (1, 0, 0.5, 0.0, 1.0, False),
        (1, 1, 0.5, 0.0, 1.0, False),
        (1, 0, 0.5, 0.0, 1.0, False),
        (2, 1, 0.5, 0.0, 1.0, False),
    ]


@pytest.mark.parametrize(
    ("written", "bars"),
    [
        ({}, [(1, "scratch", 2, 0.5, 0.5), (2, "(no kind)", 1, 0.25, 0.75)]),
        ({"of": "severity"}, [(1, "major", 3, 0.75, 0.75), (2, "critical", 1, 0.25, 1.0)]),
        ({"of": "line"}, [(1, "line-1", 3, 0.75, 0.75), (2, "line-2", 1, 0.25, 1.0)]),
        ({"of": "kind", "until": "2026-03-29"}, [(1, "scratch", 1, 1.0, 1.0)]),
    ],
)
def test_the_most_frequent_causes_come_first(
    plant: Engine, written: dict[str, str], bars: list[tuple[object, ...]]
) -> None:
    table = answer(plant, "pareto", **written)

    assert rows(table, "rank", "cause", "findings", "share", "cumulative")[:2] == bars


def test_positions_are_named_like_the_cells_of_a_chessboard(plant: Engine) -> None:
    grid = {"of": "position", "part": "bracket", "columns": "4", "rows": "2"}

    assert rows(answer(plant, "pareto", **grid), "cause", "findings") == [
        ("D2", 2),
        ("A1", 1),
    ]


def test_false_alarms_do_not_count_unless_asked(plant: Engine) -> None:
    say(plant, "Ada", ReviewState.FALSE_ALARM, 1)
    say(plant, "Ada", ReviewState.CONFIRMED, 2)

    def found(name: str, counted: str) -> int:
        table = answer(plant, name, part="bracket", counted=counted)
        return int(table["findings"].sum())

    for name in ("pareto", "heat-map"):
        assert [found(name, word) for word in ("all", "not_false_alarm", "confirmed")] == [3, 2, 1]


def test_the_heat_map_gives_cells_and_their_centres(plant: Engine) -> None:
    cells = answer(plant, "heat-map", part="bracket", columns="10", rows="5")

    assert rows(cells, "x", "y", "findings") == [(0, 0, 1), (7, 4, 1), (9, 4, 1)]
    assert cells["place_x"].tolist() == [0.05, 0.75, 0.95]
    assert cells["place_y"].tolist() == pytest.approx([0.1, 0.9, 0.9])


@pytest.mark.parametrize(
    ("written", "ids"),
    [
        ({}, [4, 3, 2, 1]),
        ({"order": "worst"}, [2, 4, 3, 1]),
        ({"order": "worst", "states": "new"}, [2, 4, 3, 1]),
        ({"order": "worst", "states": "new", "limit": "2", "after": "4"}, [3, 1]),
        ({"limit": "2", "after": "3"}, [2, 1]),
        ({"kind": "scratch"}, [2, 1]),
        ({"severity": "critical"}, [2]),
        ({"place": "0.5,0.5,1,1"}, [3, 2]),
        ({"place": "0,0,0.5,0.5", "part": "bracket"}, [1]),
        ({"model": "gear-0"}, [4]),
        ({"area_min": "100", "area_max": "100", "score_min": "0.7"}, [4, 3, 2, 1]),
        ({"area_min": "101"}, []),
        ({"web_from": "0"}, []),
        ({"since": "2026-03-29"}, [4, 3, 2]),
    ],
)
def test_findings_are_asked_in_every_way(
    plant: Engine, written: dict[str, str], ids: list[int]
) -> None:
    assert answer(plant, "findings", **written)["finding_id"].tolist() == ids
