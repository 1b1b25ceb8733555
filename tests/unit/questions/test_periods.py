"""Shifts, days and hours on the plant's clock, also on the days when the clocks change."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from db.errors import QuestionRefused
from db.questions.periods import USUAL_SHIFTS, Period, Shift, read_shifts, shift_at, span_of

BERLIN = ZoneInfo("Europe/Berlin")  # to summer 2026-03-29 01:00 UTC, to winter 2026-10-25 01:00 UTC
KOLKATA = ZoneInfo("Asia/Kolkata")
USUAL = read_shifts(USUAL_SHIFTS)


def local(written: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=zone)


def utc(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=UTC)


def test_shifts_are_read_in_the_order_of_the_day() -> None:
    assert read_shifts("late = 14:00, early=06:00") == (
        Shift(name="early", begins=time(6)),
        Shift(name="late", begins=time(14)),
    )


@pytest.mark.parametrize(
    "written",
    [
        *("", "early", "early=", "=06:00", "early=25:00", "early=06:10", "early=06:00:30"),
        *("early=06:00+01:00", "early=06:00,early=14:00", "early=06:00,late=06:00"),
    ],
)
def test_what_is_no_list_of_shifts_is_refused_with_an_example(written: str) -> None:
    with pytest.raises(QuestionRefused, match=r"^shifts: .*"):
        read_shifts(written)


@pytest.mark.parametrize(
    ("moment", "name"),
    [
        ("2026-01-15T05:59:59", "2026-01-14 night"),
        ("2026-01-15T06:00", "2026-01-15 early"),
        ("2026-01-15T13:59", "2026-01-15 early"),
        ("2026-01-15T14:00", "2026-01-15 late"),
        ("2026-01-15T22:00", "2026-01-15 night"),
        ("2026-01-16T00:00", "2026-01-15 night"),
        ("2026-01-01T03:00", "2025-12-31 night"),
    ],
)
def test_a_shift_across_midnight_belongs_to_the_day_it_began(moment: str, name: str) -> None:
    assert shift_at(local(moment), USUAL, BERLIN)[0].name == name


@pytest.mark.parametrize(
    ("moment", "from_at", "to_at", "hours"),
    [
        ("2026-01-15T23:00", "2026-01-15T21:00", "2026-01-16T05:00", 8),
        ("2026-03-28T23:00", "2026-03-28T21:00", "2026-03-29T04:00", 7),
        ("2026-10-24T23:00", "2026-10-24T20:00", "2026-10-25T05:00", 9),
    ],
)
def test_the_night_in_which_the_clocks_change_is_shorter_or_longer(
    moment: str, from_at: str, to_at: str, hours: int
) -> None:
    span, shift = shift_at(local(moment), USUAL, BERLIN)

    assert (span.from_at, span.to_at, shift.name) == (utc(from_at), utc(to_at), "night")
    assert span.to_at - span.from_at == timedelta(hours=hours)


def test_a_shift_that_begins_in_the_skipped_hour_begins_when_the_clocks_have_jumped() -> None:
    shifts = read_shifts("a=02:00,b=10:00")

    before, _ = shift_at(utc("2026-03-29T00:59"), shifts, BERLIN)
    after, _ = shift_at(utc("2026-03-29T01:00"), shifts, BERLIN)

    assert (before.name, after.name) == ("2026-03-28 b", "2026-03-29 a")
    assert before.to_at == after.from_at == utc("2026-03-29T01:00")


def test_one_shift_alone_lasts_all_day() -> None:
    span, _ = shift_at(local("2026-01-15T05:00"), read_shifts("day=06:00"), BERLIN)

    assert (span.name, span.to_at - span.from_at) == ("2026-01-14 day", timedelta(days=1))


@pytest.mark.parametrize("period", list(Period))
def test_every_quarter_of_a_year_lies_in_its_span_and_spans_meet(period: Period) -> None:
    moment, spans = utc("2026-03-01T00:00"), {}
    while moment < utc("2026-11-02T00:00"):
        span = span_of(moment, period, USUAL, BERLIN)
        assert span.from_at <= moment < span.to_at
        spans[span.from_at] = span
        moment += timedelta(minutes=45)

    ordered = [spans[begins] for begins in sorted(spans)]
    assert len({span.name for span in ordered}) == len(ordered)
    for one, following in itertools.pairwise(ordered):
        assert one.to_at == following.from_at


@pytest.mark.parametrize(
    ("moment", "period", "zone", "name", "from_at"),
    [
        ("2026-01-15T23:30", Period.DAY, BERLIN, "2026-01-16", "2026-01-15T23:00"),
        ("2026-07-15T22:30", Period.DAY, BERLIN, "2026-07-16", "2026-07-15T22:00"),
        ("2026-01-15T18:30", Period.DAY, KOLKATA, "2026-01-16", "2026-01-15T18:30"),
        ("2026-01-15T18:45", Period.HOUR, KOLKATA, "2026-01-16 00:00+05:30", "2026-01-15T18:30"),
        ("2026-10-25T00:30", Period.HOUR, BERLIN, "2026-10-25 02:00+02:00", "2026-10-25T00:00"),
        ("2026-10-25T01:30", Period.HOUR, BERLIN, "2026-10-25 02:00+01:00", "2026-10-25T01:00"),
        ("2026-01-01T12:00", Period.WEEK, BERLIN, "2026-W01", "2025-12-28T23:00"),
        ("2027-01-03T12:00", Period.WEEK, BERLIN, "2026-W53", "2026-12-27T23:00"),
    ],
)
def test_days_weeks_and_hours_are_those_of_the_wall_clock(
    moment: str, period: Period, zone: ZoneInfo, name: str, from_at: str
) -> None:
    span = span_of(utc(moment), period, USUAL, zone)

    assert (span.name, span.from_at) == (name, utc(from_at))
