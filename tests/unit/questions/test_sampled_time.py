"""Which piece of a time stands for all of it where findings are only to be guessed at."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from db.questions.worst_first import sampled_time


def at(words: str) -> datetime:
    return datetime.fromisoformat(words).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "until", "began", "ended"),
    [
        ("2025-04-01T00:00", "2026-03-31T23:59", "2026-02-01T00:00", "2026-03-01T00:00"),
        ("2026-01-01T00:00", "2026-02-01T00:00", "2026-01-01T00:00", "2026-02-01T00:00"),
        ("2026-03-02T00:00", "2026-03-31T23:59", "2026-03-27T00:00", "2026-03-31T00:00"),
        ("2026-02-02T00:00", "2026-03-31T23:59", "2026-03-27T00:00", "2026-03-31T00:00"),
        ("2026-03-29T00:00", "2026-03-31T23:59", "2026-03-29T00:00", "2026-03-31T23:59"),
        ("2026-03-31T20:00", "2026-03-31T23:59", "2026-03-31T20:00", "2026-03-31T23:59"),
    ],
)
def test_the_last_whole_month_stands_for_long_times_and_whole_days_for_shorter_ones(
    since: str, until: str, began: str, ended: str
) -> None:
    assert sampled_time(at(since), at(until)) == (at(began), at(ended))
