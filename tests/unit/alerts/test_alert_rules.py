"""Rules that count, and rules about how it runs, on tables of literal histories."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from db.words import EventKind, Severity, Verdict
from inspect_pipeline.alerts.history import (
    Counts,
    Gap,
    History,
    LateInspection,
    Spot,
    WaitingChange,
)
from inspect_pipeline.alerts.rules import calls_of
from plant_config.schedule import Schedule
from tests.unit.alerts.literal_histories import (
    BERLIN,
    CAMERA,
    SPOT,
    asked,
    at,
    found,
    minutes_of,
    parts,
    rule,
    told,
)

OTHER = Spot(line_id="L2", camera_id="cam-2", part="plate")


@pytest.mark.parametrize(
    ("keys", "called"),
    [
        ({}, [1, 2]),
        ({"at_least": "critical"}, [2]),
        ({"at_least": "minor"}, [1, 2, 3]),
        ({"verdicts": ["confirmed", "unsure"]}, [1, 2, 4]),
        ({"lines": ["L2"]}, [2]),
        ({"parts": ["nothing"]}, []),
    ],
    ids=str,
)
def test_findings_are_called_by_severity_verdict_and_place(
    keys: dict[str, object], called: list[int]
) -> None:
    history = History(
        findings=(
            found(1, 0),
            found(2, 1, severity=Severity.CRITICAL, spot=OTHER),
            found(3, 2, severity=Severity.MINOR),
            found(4, 3, verdict=Verdict.UNSURE),
            found(5, 4, verdict=Verdict.REJECTED, severity=Severity.CRITICAL),
        )
    )

    assert [call.finding_id for call in asked(rule("finding", **keys), history)] == called


@pytest.mark.parametrize(
    ("outcomes", "minutes"),
    [
        ("PFFPFFP", []),
        ("PFFFP", [3]),
        ("PFUFUF", [5]),  # unfit frames say nothing of their parts
        ("FFFFFFF", [2, 5]),
        ("FFFPFFF", [2, 6]),
    ],
)
def test_parts_in_a_row(outcomes: str, minutes: list[float]) -> None:
    assert minutes_of(asked(rule("row"), History(inspections=parts(outcomes)))) == minutes


def test_rows_of_two_cameras_are_two() -> None:
    mixed = [*parts("FFP"), *parts("FFP", spot=OTHER)]

    assert asked(rule("row"), History(inspections=tuple(mixed))) == []


def test_a_row_that_is_spread_over_the_day_is_none() -> None:
    slow = tuple(replace(one, taken_at=at(40 * place)) for place, one in enumerate(parts("FFFFF")))

    assert asked(rule("row"), History(inspections=slow)) == []


def test_a_burst_is_called_when_it_begins_and_not_while_it_lasts() -> None:
    burst = rule("burst", findings=3, within_minutes=2)
    times = (0, 5, 5.5, 6, 6.5, 7, 7.5, 20, 21, 22)
    history = History(findings=tuple(found(place, minute) for place, minute in enumerate(times)))

    assert minutes_of(asked(burst, history)) == [6, 22]


def test_a_silent_camera_is_called_after_its_minutes_and_ends_with_its_next_frame() -> None:
    history = History(gaps=(Gap(spot=CAMERA, from_at=at(10), to_at=at(60)),))

    first, last = asked(rule("silent", minutes=20), history)

    assert (minutes_of([first, last]), first.is_end, last.is_end) == ([30, 60], False, True)
    assert asked(rule("silent", minutes=20), history, until=29) == []
    assert asked(rule("silent", minutes=20), history, after=30) == [last]


def test_nobody_is_called_to_a_camera_on_a_free_day_and_soon_after_it_everybody_is() -> None:
    saturday = timedelta(days=-2)
    history = History(gaps=(Gap(spot=CAMERA, from_at=at(0) + saturday, to_at=None),))
    weekdays = {"name": "early", "begins": "06:00", "weekdays": ["mon", "tue", "wed"]}
    plant = replace(BERLIN, schedule=Schedule.model_validate({"shifts": [weekdays]}))
    calls = calls_of(
        rule("silent", minutes=20), history, after=at(-5000), until=at(0), calendar=plant
    )

    assert [call.at for call in calls] == [at(-120 + 20)]  # 06:20 in Berlin


def test_late_inspections_and_frames_given_up_tell_that_the_line_is_behind() -> None:
    late = tuple(
        LateInspection(spot=SPOT, taken_at=at(minute), inspected_at=at(minute + 9))
        for minute in (1, 2, 3, 16)
    )
    shed = told("a frame was given up", 20, EventKind.SHED)

    calls = asked(rule("behind", minutes=5), History(late=late, events=(shed,)))

    assert minutes_of(calls) == [1, 16, 20]  # once in a quarter of an hour
    assert "9 min late" in calls[0].text


def test_events_are_called_by_kind_and_severity() -> None:
    drift = told("cam-1 is darker than it was", 1, EventKind.INPUT_HEALTH)
    history = History(
        events=(drift, replace(drift, key="minor", severity=Severity.MINOR, at=at(2)))
    )

    calls = asked(rule("event", events=["input_health"]), history)

    assert [call.text for call in calls] == ["cam-1 is darker than it was"]
    assert asked(rule("event", events=["camera_lost"]), history) == []


def test_what_is_over_ends_its_own_alert_and_no_other() -> None:
    lost = told("cam-1 is lost", 1, EventKind.CAMERA_LOST, severity=Severity.CRITICAL)
    back = replace(lost, key="back", at=at(5), kind=EventKind.CAMERA_BACK, severity=Severity.MINOR)
    dark = replace(lost, key="dark", at=at(2), kind=EventKind.INPUT_HEALTH, figure="brightness")
    fine = replace(dark, key="fine", at=at(6), severity=Severity.MINOR, is_over=True)

    calls = asked(
        rule("event", events=["camera_lost", "input_health"]),
        History(events=(lost, dark, back, fine)),
    )

    assert [(call.thing, call.is_end) for call in calls] == [
        ("camera_lost ", False),
        ("input_health brightness", False),
        ("camera_lost ", True),
        ("input_health brightness", True),
    ]


def test_a_backlog_is_called_above_its_limit_and_ends_at_half_of_it() -> None:
    changes = [WaitingChange(at=at(minute), by=1) for minute in range(6)]
    changes += [WaitingChange(at=at(10 + minute), by=-1) for minute in range(6)]

    calls = asked(rule("backlog", more_than=10), History(waiting_before=7, waiting=tuple(changes)))

    assert [(call.is_end, minute) for call, minute in zip(calls, minutes_of(calls), strict=True)]
    assert minutes_of(calls) == [3]
    low = History(waiting_before=13, waiting=tuple(changes[6:]) * 2)
    assert [call.is_end for call in asked(rule("backlog", more_than=10), low)] == [True]


def test_an_unfit_share_is_called_by_sample_and_ends_below() -> None:
    quarters = [(38, 2), (30, 10), (25, 15), (39, 1), (2, 2)]
    counts = tuple(
        Counts(slot_at=at(15 * place), spot=SPOT, passed=passed, unfit=unfit)
        for place, (passed, unfit) in enumerate(quarters)
    )

    calls = asked(rule("unfit", sample_minutes=15, above=0.1), History(counts=counts))

    assert [
        (minute, call.is_end) for minute, call in zip(minutes_of(calls), calls, strict=True)
    ] == [
        (30, False),
        (45, False),
        (60, True),
    ]


def test_asked_in_pieces_a_rule_says_the_same() -> None:
    history = History(inspections=parts("FFFPFFFFFFPPFFF"))
    whole = asked(rule("row"), history)

    pieces = [
        call
        for begin in range(-1, 15)
        for call in asked(rule("row"), history, after=begin, until=begin + 1)
    ]

    assert pieces == whole
