"""When the plant works: shifts on its clock, free days, and the nights in which clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from inspect_pipeline.working_shifts import next_end, working_shift_at, working_shifts
from plant_config.loader import load_plant
from plant_config.schedule import Schedule
from tests.unit.test_plant_config import GOOD, refusal, write

BERLIN = ZoneInfo("Europe/Berlin")  # to summer 2026-03-29 01:00 UTC, to winter 2026-10-25 01:00 UTC
WEEK = ["mon", "tue", "wed", "thu", "fri"]


def schedule(**more: object) -> Schedule:
    shifts = [
        {"name": "early", "begins": "06:00", "weekdays": [*WEEK, "sat"]},
        {"name": "late", "begins": "14:00", "weekdays": WEEK, "ends": "21:30"},
        {"name": "night", "begins": "22:00", "weekdays": [*WEEK, "sat", "sun"]},
    ]
    return Schedule.model_validate({"shifts": shifts, **more})


def local(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=BERLIN)


def utc(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "title"),
    [
        ("2026-11-23T06:00", "2026-11-23 early"),  # a Monday
        ("2026-11-23T13:59:59", "2026-11-23 early"),
        ("2026-11-23T21:29", "2026-11-23 late"),
        ("2026-11-23T21:30", None),  # late is over, night has not begun
        ("2026-11-23T23:00", "2026-11-23 night"),
        ("2026-11-24T05:59", "2026-11-23 night"),
        ("2026-11-28T07:00", "2026-11-28 early"),  # Saturday
        ("2026-11-28T15:00", None),
        ("2026-11-29T05:00", "2026-11-28 night"),  # Sunday morning belongs to Saturday
        ("2026-11-29T07:00", None),
    ],
)
def test_a_moment_lies_in_the_shift_that_works_then(moment: str, title: str | None) -> None:
    found = working_shift_at(schedule(), BERLIN, local(moment))

    assert (found and found.title) == title


def test_working_shifts_of_a_weekend_are_told_in_the_order_of_time() -> None:
    found = working_shifts(schedule(), BERLIN, local("2026-11-27T21:40"), local("2026-11-30T06:00"))

    assert [(one.title, one.from_at, one.to_at) for one in found] == [
        ("2026-11-27 night", utc("2026-11-27T21:00"), utc("2026-11-28T05:00")),
        ("2026-11-28 early", utc("2026-11-28T05:00"), utc("2026-11-28T13:00")),
        ("2026-11-28 night", utc("2026-11-28T21:00"), utc("2026-11-29T05:00")),
        ("2026-11-29 night", utc("2026-11-29T21:00"), utc("2026-11-30T05:00")),
    ]


@pytest.mark.parametrize(
    ("evening", "hours"), [("2026-03-28", 7), ("2026-10-24", 9), ("2026-11-24", 8)]
)
def test_the_night_in_which_the_clocks_change_is_shorter_or_longer(
    evening: str, hours: int
) -> None:
    night = working_shift_at(schedule(), BERLIN, local(f"{evening}T23:30"))

    assert night is not None
    assert night.to_at - night.from_at == timedelta(hours=hours)


def test_a_day_on_which_the_clocks_change_is_worked_for_23_or_25_hours() -> None:
    always = Schedule()

    for day, hours in (("2026-03-29", 23), ("2026-10-25", 25)):
        begins, ends = local(f"{day}T06:00") - timedelta(days=1), local(f"{day}T06:00")
        begins = local(f"{date.fromisoformat(day) - timedelta(days=1)}T06:00")
        spans = list(working_shifts(always, BERLIN, begins, ends))
        assert sum((one.to_at - one.from_at for one in spans), timedelta()) == timedelta(
            hours=hours
        )


@pytest.mark.parametrize(
    ("evening", "from_at", "to_at"),
    [
        # 02:30 does not exist: it is half an hour after 02:00 would have been, 03:30 in summer
        ("2026-03-28", "2026-03-28T21:00", "2026-03-29T01:30"),
        # 02:30 comes twice: the first one counts
        ("2026-10-24", "2026-10-24T20:00", "2026-10-25T00:30"),
    ],
)
def test_a_shift_that_ends_at_half_past_two_ends_once(
    evening: str, from_at: str, to_at: str
) -> None:
    night = {"name": "night", "begins": "22:00", "ends": "02:30"}
    found = working_shift_at(
        Schedule.model_validate({"shifts": [night]}), BERLIN, local(f"{evening}T23:00")
    )

    assert found is not None
    assert (found.from_at, found.to_at) == (utc(from_at), utc(to_at))


def test_no_shift_begins_on_a_holiday_and_the_night_before_works_on_into_it() -> None:
    free = schedule(holidays=["2026-12-24"], country="DE", region="BY")

    found = working_shifts(free, BERLIN, local("2026-12-23T20:00"), local("2026-12-27T00:00"))

    assert [one.title for one in found] == [
        "2026-12-23 late",
        "2026-12-23 night",
    ]
    assert free.is_holiday(date(2027, 1, 6))  # Epiphany, in Bavaria and not in Berlin
    assert not schedule(country="DE", region="BE").is_holiday(date(2027, 1, 6))


def test_the_next_end_is_that_of_a_shift_of_the_name_and_none_in_endless_holidays() -> None:
    friday = local("2026-11-27T15:00")
    days = [str(date(2026, 11, 27) + timedelta(days=more)) for more in range(70)]

    assert next_end(schedule(), BERLIN, friday, ("early",)) == utc("2026-11-28T13:00")
    assert next_end(schedule(), BERLIN, friday) == utc("2026-11-27T20:30")
    assert next_end(schedule(holidays=days), BERLIN, friday) is None


def with_schedule(folder: Path, text: str) -> Path:
    return write(folder, f"{GOOD}[schedule]\n{text}\n", ("/srv/models", "models"))


def test_shifts_and_holidays_are_read_from_the_plant_file(tmp_path: Path) -> None:
    text = """
holidays = ["2026-12-24", 2026-12-31]
country = "DE"
[[schedule.shifts]]
name = "late"
begins = "14:00"
[[schedule.shifts]]
name = "early"
begins = "06:00"
weekdays = ["mon"]
"""
    found = load_plant(with_schedule(tmp_path, text)).schedule

    assert found.written_shifts == "early=06:00,late=14:00"
    assert found.is_worked("early", date(2026, 11, 23))
    assert not found.is_worked("early", date(2026, 11, 24))
    assert found.is_holiday(date(2026, 12, 31))
    assert load_plant(write(tmp_path)).schedule.written_shifts is None


SHIFT = '[[schedule.shifts]]\nname = "early"\nbegins = "06:00"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SHIFT.replace("06:00", "6"), "schedule.shifts[0].begins: is '6', not a time of day"),
        (SHIFT.replace("06:00", "06:10"), "begins and ends at a full quarter of an hour"),
        (SHIFT + 'weekdays = ["monday"]', "schedule.shifts[0].weekdays[0]: should be 'mon',"),
        (SHIFT + "weekdays = []", "schedule.shifts[0].weekdays: has no entry"),
        (SHIFT.replace("early", "all"), "schedule.shifts[0].name: 'all' means every shift"),
        (SHIFT + SHIFT.replace("06", "07"), "schedule.shifts[1].name: 'early' stands here twice"),
        (SHIFT + SHIFT.replace("early", "b"), "schedule.shifts[1].begins: two shifts begin at 06"),
        (
            SHIFT + 'ends = "14:15"\n' + SHIFT.replace("early", "b").replace("06", "14"),
            "schedule.shifts[0].ends: 14:15 is not between its beginning and that of the next",
        ),
        ('holidays = ["24.12."]', "schedule.holidays[0]: is '24.12.', not a day"),
        ('country = "Germany"', "schedule.country: 'Germany' is not a country whose holidays"),
        ('country = "DE"\nregion = "XX"', "schedule.region: DE has no region 'XX': BB, BE,"),
        ('region = "BY"', "schedule.region: stands without country"),
        ('shift = "early"', "schedule.shift: unknown key 'shift', did you mean 'shifts'?"),
    ],
)
def test_a_mistake_is_refused_with_its_key_and_the_reason(
    tmp_path: Path, text: str, said: str
) -> None:
    assert said in refusal(with_schedule(tmp_path, text))
