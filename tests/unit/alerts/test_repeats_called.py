"""Repeat defects on seeded webs: found within three repeats, and how often chance is accused."""

from __future__ import annotations

import numpy as np
import pytest

from inspect_pipeline.alerts.history import History, SeenFinding
from tests.unit.alerts.literal_histories import asked, found, minutes_of, rule

PITCH_MM = 628.3  # a roll of 200 mm diameter
SPEED_MM_PER_MIN = 20_000.0
ROLL = {"name": "calender-2", "circumference_mm": PITCH_MM}


def on_web(number: int, web_mm: float, across_mm: float) -> SeenFinding:
    return found(number, web_mm / SPEED_MM_PER_MIN, web_mm=web_mm, across_mm=across_mm)


def chance(random: np.random.Generator, count: int, *, length_mm: float) -> list[SeenFinding]:
    places = np.sort(random.uniform(0, length_mm, count))
    across = random.uniform(0, 1000, count)
    return [on_web(at, web, x) for at, (web, x) in enumerate(zip(places, across, strict=True))]


def dented(random: np.random.Generator, turns: int) -> list[SeenFinding]:
    """Marks of one dent at 300 mm across, each off by some tenths of a mm, among 20 by chance."""
    marks = [
        on_web(
            1000 + turn,
            5000 + turn * PITCH_MM + random.normal(0, 0.2),
            300 + random.normal(0, 0.5),
        )
        for turn in range(turns)
    ]
    both = [*chance(random, 20, length_mm=20_000), *marks]
    return sorted(both, key=lambda one: one.taken_at)


@pytest.mark.parametrize("seed", range(12))
def test_a_dent_is_found_at_its_third_repeat_with_its_pitch_and_roll(seed: int) -> None:
    web = dented(np.random.default_rng(seed), turns=4)  # the mark and three repeats of it

    calls = asked(rule("repeat"), History(findings=tuple(web)))

    last = [call for call in calls if call.finding_id == 1003]
    assert len(last) == 1, minutes_of(calls)
    assert last[0].facts["pitch_mm"] == pytest.approx(PITCH_MM, abs=1)
    assert last[0].facts["across_mm"] == pytest.approx(300, abs=2)
    assert last[0].facts["diameter_mm"] == pytest.approx(200, abs=1)
    assert set(last[0].facts["findings"]) >= {1000, 1001, 1002, 1003}


@pytest.mark.parametrize("seed", range(12))
def test_a_roll_that_the_plant_file_names_is_found_one_repeat_earlier(seed: int) -> None:
    web = dented(np.random.default_rng(seed), turns=3)

    calls = asked(rule("repeat", rolls=[ROLL]), History(findings=tuple(web)))

    assert [call.facts["roll"] for call in calls if call.finding_id == 1002] == ["calender-2"]


def test_chance_is_accused_on_less_than_two_webs_of_a_hundred() -> None:
    random = np.random.default_rng(7)
    accused = sum(
        bool(
            asked(
                rule("repeat", rolls=[ROLL]),
                History(findings=tuple(chance(random, 40, length_mm=40_000))),
            )
        )
        for _ in range(200)
    )

    assert accused <= 4


def test_the_same_place_of_a_part_is_called_and_many_places_are_not() -> None:
    random = np.random.default_rng(3)
    anywhere = [
        found(at, at, place_x=float(x), place_y=float(y))
        for at, (x, y) in enumerate(random.uniform(0, 1, (30, 2)))
    ]
    same = [found(100 + at, 2 * at + 0.5, place_x=0.3, place_y=0.7) for at in range(5)]
    both = tuple(sorted([*anywhere, *same], key=lambda one: one.taken_at))

    calls = asked(rule("repeat"), History(findings=both))

    assert {call.finding_id for call in calls} >= {103, 104}
    assert asked(rule("repeat"), History(findings=tuple(anywhere))) == []
