"""Slots of time: where they begin, and which of them together cover a time exactly."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from db.tallies.slots import HOUR, QUARTER, Days, Every, Months, Piece, pieces, place_cell

BERLIN = ZoneInfo("Europe/Berlin")
LEVELS = (("month", Months()), ("day", Days(UTC)))


def at(words: str) -> datetime:
    return datetime.fromisoformat(f"{words}+00:00")


def at_or_open(words: str | None) -> datetime | None:
    return None if words is None else at(words)


def cover(since: str | None, until: str | None) -> list[tuple[str, str | None, str | None]]:
    found = pieces(at_or_open(since), at_or_open(until), LEVELS, "hour")
    return [(one.source, _words(one.since), _words(one.until)) for one in found]


def _words(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment:%m-%dT%H:%M}"


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (None, None, [("month", None, None)]),
        ("2026-03-01T00:00", "2026-05-01T00:00", [("month", "03-01T00:00", "05-01T00:00")]),
        ("2026-03-04T00:00", "2026-03-06T00:00", [("day", "03-04T00:00", "03-06T00:00")]),
        ("2026-03-04T05:30", "2026-03-04T07:00", [("hour", "03-04T05:30", "03-04T07:00")]),
        (
            "2026-02-27T22:10",
            "2026-04-02T03:00",
            [
                ("hour", "02-27T22:10", "02-28T00:00"),
                ("day", "02-28T00:00", "03-01T00:00"),
                ("month", "03-01T00:00", "04-01T00:00"),
                ("day", "04-01T00:00", "04-02T00:00"),
                ("hour", "04-02T00:00", "04-02T03:00"),
            ],
        ),
        (
            None,
            "2026-03-02T01:00",
            [
                ("month", None, "03-01T00:00"),
                ("day", "03-01T00:00", "03-02T00:00"),
                ("hour", "03-02T00:00", "03-02T01:00"),
            ],
        ),
        ("2026-03-04T07:00", "2026-03-04T07:00", []),
    ],
)
def test_a_time_is_covered_by_the_longest_slots_that_fit(
    since: str | None, until: str | None, expected: list[tuple[str, str | None, str | None]]
) -> None:
    found = cover(since, until)

    assert [one for one in found if one[1] is None or one[1] != one[2]] == expected


@pytest.mark.parametrize("seed", range(20))
def test_pieces_meet_without_gap_or_overlap(seed: int) -> None:
    chance = random.Random(seed)
    since = at("2025-01-01T00:00") + timedelta(minutes=chance.randrange(500_000))
    until = since + timedelta(minutes=chance.randrange(1, 200_000))
    levels = (("day", Days(BERLIN)),)

    found: list[Piece[str]] = pieces(since, until, levels, "quarter")

    assert found[0].since == since
    assert found[-1].until == until
    assert [one.until for one in found[:-1]] == [one.since for one in found[1:]]
    for one in found:
        if one.source == "day":
            assert one.since is not None
            assert one.since.astimezone(BERLIN).hour == 0


@pytest.mark.parametrize(
    ("moment", "begin", "end"),
    [
        ("2026-03-29T12:00", "2026-03-28T23:00", "2026-03-29T22:00"),  # 23 hours
        ("2026-10-25T12:00", "2026-10-24T22:00", "2026-10-25T23:00"),  # 25 hours
        ("2026-07-01T21:59", "2026-06-30T22:00", "2026-07-01T22:00"),
        ("2026-07-01T22:00", "2026-07-01T22:00", "2026-07-02T22:00"),
    ],
)
def test_a_plants_day_is_as_long_as_its_clock_says(moment: str, begin: str, end: str) -> None:
    days = Days(BERLIN)

    assert (days.begin(at(moment)), days.end(at(moment))) == (at(begin), at(end))


def test_months_follow_each_other_through_the_year() -> None:
    moment, months = at("2025-12-31T23:59"), Months()

    assert months.begin(moment) == at("2025-12-01T00:00")
    assert months.end(moment) == at("2026-01-01T00:00")
    assert months.end(at("2026-02-10T00:00")) == at("2026-03-01T00:00")


def test_short_slots_are_counted_from_the_full_hour() -> None:
    moment = at("2026-03-29T12:44")

    assert Every(QUARTER).begin(moment) == at("2026-03-29T12:30")
    assert Every(HOUR).end(moment) == at("2026-03-29T13:00")


@pytest.mark.parametrize(
    ("place", "cell"), [(0.0, 0), (1 / 24 - 1e-9, 0), (0.5, 12), (0.9999, 23), (1.0, 23)]
)
def test_the_far_edge_of_the_frame_belongs_to_the_last_cell(place: float, cell: int) -> None:
    assert place_cell(place) == cell
