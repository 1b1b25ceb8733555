"""When something is due: cron times on the plant's clock, intervals, shifts, and what was late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from inspect_pipeline.service.scheduling.due import Due, Missed, Policy, what_is_due
from inspect_pipeline.service.scheduling.times import (
    ByCron,
    DuringShifts,
    EverySeconds,
    ShiftBegins,
    ShiftEnds,
    Times,
)
from plant_config.cron import read_cron
from plant_config.schedule import Schedule

BERLIN = ZoneInfo("Europe/Berlin")  # to summer 2026-03-29 01:00 UTC, to winter 2026-10-25 01:00 UTC
TWO_SHIFTS = Schedule.model_validate(
    {
        "shifts": [
            {"name": "early", "begins": "06:00", "weekdays": ["mon", "tue"]},
            {"name": "late", "begins": "14:00", "ends": "22:00", "weekdays": ["mon"]},
        ]
    }
)


def utc(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=UTC)


def next_ones(times: Times, after: str, count: int) -> list[str]:
    moment, found = utc(after), []
    for _ in range(count):
        following = times.after(moment)
        if following is None:
            break
        found.append(f"{following:%m-%d %H:%M:%S}".removesuffix(":00"))
        moment = following
    return found


def cron(written: str) -> ByCron:
    return ByCron(cron=read_cron(written), zone=BERLIN)


@pytest.mark.parametrize(
    ("written", "after", "found"),
    [
        ("30 6 * * mon-fri", "2026-11-27T12:00", ["11-30 05:30", "12-01 05:30"]),
        ("0 */6 * * *", "2026-11-27T12:00", ["11-27 17:00", "11-27 23:00", "11-28 05:00"]),
        ("0 0 1 jan,jul *", "2026-11-27T12:00", ["12-31 23:00", "06-30 22:00"]),
        ("15,45 8-9 * * sun", "2026-11-27T12:00", ["11-29 07:15", "11-29 07:45", "11-29 08:15"]),
        ("0 12 29 feb *", "2026-11-27T12:00", ["02-29 11:00"]),
        # half past two never comes on this day: once, when the clocks have jumped
        ("30 2 * * *", "2026-03-28T00:00", ["03-28 01:30", "03-29 01:30", "03-30 00:30"]),
        # half past two comes twice on this day: once, the first time
        ("30 2 * * *", "2026-10-24T00:00", ["10-24 00:30", "10-25 00:30", "10-26 01:30"]),
        # what comes every hour goes on evenly
        ("*/30 * * * *", "2026-10-24T23:40", ["10-25 00:00", "10-25 00:30", "10-25 01:00"]),
        ("30 * * * *", "2026-10-25T00:00", ["10-25 00:30", "10-25 01:30", "10-25 02:30"]),
        ("30 * * * *", "2026-03-29T00:00", ["03-29 00:30", "03-29 01:30", "03-29 02:30"]),
    ],
)
def test_cron_is_the_plants_wall_clock(written: str, after: str, found: list[str]) -> None:
    assert next_ones(cron(written), after, len(found)) == found


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("30 2 * *", "has 4 fields"),
        ("60 2 * * *", "the minute '60' is not between 0 and 59"),
        ("0 8 * * 1", "programs number weekdays differently"),
        ("0 8 1 * mon", "leave a star in one of the two"),
        ("0 8 31 feb,apr *", "names a day that no month has"),
        ("0 9-8 * * *", "write the smaller one first"),
        ("0 8 * * mon..fri", "is neither"),
        ("0/0 8 * * *", "is empty"),
    ],
)
def test_what_is_no_cron_is_refused_with_the_field(written: str, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("*", r"\*")):
        read_cron(written)


def test_intervals_come_at_full_multiples_whenever_one_asks() -> None:
    times = EverySeconds(every_s=600.0)

    assert next_ones(times, "2026-11-27T12:00", 2) == ["11-27 12:10", "11-27 12:20"]
    assert next_ones(times, "2026-11-27T12:09:59", 1) == ["11-27 12:10"]


def test_times_of_shifts_leave_out_the_days_on_which_nobody_works() -> None:
    begins = ShiftBegins(schedule=TWO_SHIFTS, zone=BERLIN, names=("all",))
    ends = ShiftEnds(schedule=TWO_SHIFTS, zone=BERLIN, names=("late",))
    hourly = DuringShifts(
        times=EverySeconds(every_s=4 * 3600.0), schedule=TWO_SHIFTS, zone=BERLIN, names=("early",)
    )

    assert next_ones(begins, "2026-11-23T05:00", 3) == ["11-23 13:00", "11-24 05:00", "11-30 05:00"]
    assert next_ones(ends, "2026-11-23T05:00", 2) == ["11-23 21:00", "11-30 21:00"]
    assert next_ones(hourly, "2026-11-23T05:00", 4) == [
        *("11-23 08:00", "11-23 12:00", "11-24 08:00", "11-24 12:00"),
    ]


def due(catch_up: str, grace_s: float, settled: str, now: str, every_s: float = 600) -> Due:
    policy = Policy(late_after=lambda at: at + timedelta(seconds=grace_s), catch_up=catch_up)
    return what_is_due(
        EverySeconds(every_s=every_s),
        policy,
        settled_at=utc(f"2026-11-23T{settled}"),
        now=utc(f"2026-11-23T{now}"),
    )


@pytest.mark.parametrize(
    ("catch_up", "grace_s", "settled", "now", "run", "others", "missed"),
    [
        ("skip", 30, "12:00", "12:09:59", None, 0, None),
        ("skip", 30, "12:00", "12:10:00", "12:10", 0, None),
        ("skip", 30, "12:00", "12:10:29", "12:10", 0, None),
        ("skip", 30, "12:00", "12:10:30", None, 0, "12:10"),  # 30 s late is too late
        ("skip", 30, "12:00", "13:00:01", "13:00", 0, "12:50"),
        ("skip", 1500, "12:00", "13:00:01", "13:00", 2, "12:30"),  # one for those of 25 minutes
        ("once", 30, "12:00", "12:10:30", "12:10", 0, None),
        ("once", 30, "12:00", "13:09:59", "13:00", 5, None),  # one for all
        ("once", 30, "13:00", "13:09:59", None, 0, None),
    ],
)
def test_late_times_are_missed_or_made_up_for_by_one_run(
    catch_up: str,
    grace_s: float,
    settled: str,
    now: str,
    run: str | None,
    others: int,
    missed: str | None,
) -> None:
    found = due(catch_up, grace_s, settled, now)

    assert found.run_at == (utc(f"2026-11-23T{run}") if run else None)
    assert found.others == others
    assert (found.missed and found.missed.last_at) == (
        utc(f"2026-11-23T{missed}") if missed else None
    )


def test_a_thousand_missed_times_are_one_entry_with_the_last_of_them() -> None:
    found = due("skip", 1, "00:00:00", "12:00:01.5", every_s=2)

    assert found.run_at is None
    assert found.missed is not None
    assert found.missed.last_at == utc("2026-11-23T12:00:00")
    assert found.missed.text.startswith("more than 1000 times passed")
    assert due("skip", 30, "12:00", "12:10:30").missed == Missed(
        last_at=utc("2026-11-23T12:10"), text="its time passed while nothing could begin it"
    )
