"""A damaged roll is found within few turns, and chance accuses nobody."""

from __future__ import annotations

import numpy as np
import pytest

from db.questions.pitches import PitchSearch, binomial_tail, find_repeats

SEARCH = PitchSearch(pitch_min_mm=50, pitch_max_mm=2000, tolerance_mm=2, fewest=4)
BANDS = 20
TESTS = BANDS * SEARCH.pitches_mm.size


def marks_of_roll(
    pitch_mm: float, turns: int, seed: int, *, start_mm: float = 3000.0
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """One mark per turn, up to 0.7 mm off."""
    random = np.random.default_rng(seed)
    return start_mm + pitch_mm * np.arange(turns) + random.uniform(-0.7, 0.7, turns)


@pytest.mark.parametrize(("pitch_mm", "turns"), [(100.0, 10), (314.2, 9), (942.5, 8)])
def test_a_roll_is_found_among_random_defects_within_few_turns(pitch_mm: float, turns: int) -> None:
    for seed in range(20):
        random = np.random.default_rng(1000 + seed)
        chance = random.uniform(0, 20_000, 10)
        web_mm = np.concatenate((chance, marks_of_roll(pitch_mm, turns, seed)))

        repeats = find_repeats(web_mm, SEARCH, p_limit=0.01 / TESTS)

        assert len(repeats) == 1
        assert repeats[0].pitch_mm == pytest.approx(pitch_mm, abs=0.5)
        assert set(range(10, 10 + turns)) <= set(repeats[0].marks)
        assert len(repeats[0].marks) <= turns + 2


def test_a_roll_alone_on_the_web_needs_only_a_few_marks() -> None:
    (repeat,) = find_repeats(marks_of_roll(942.5, 6, 0), SEARCH, p_limit=0.01 / TESTS)

    assert repeat.marks == (0, 1, 2, 3, 4, 5)
    assert (repeat.first_mm, repeat.last_mm) == pytest.approx((3000, 3000 + 5 * 942.5), abs=2)


@pytest.mark.parametrize("count", [10, 40, 150])
def test_random_defects_accuse_no_roll_more_often_than_stated(count: int) -> None:
    """At alpha 5 %: of 100 webs no more than 5; in truth the method is far below."""
    accused = 0
    for seed in range(100):
        web_mm = np.random.default_rng(seed).uniform(0, 20_000, count)
        accused += bool(find_repeats(web_mm, SEARCH, p_limit=0.05 / SEARCH.pitches_mm.size))

    assert accused <= 5


def test_a_bad_stretch_of_the_web_is_no_roll() -> None:
    """Defects that gather, here around the middle, are near each other without any pitch."""
    accused = 0
    for seed in range(100):
        web_mm = np.random.default_rng(seed).normal(10_000, 700, 60)
        accused += bool(find_repeats(web_mm, SEARCH, p_limit=0.05 / SEARCH.pitches_mm.size))

    assert accused <= 5


def test_turns_without_a_mark_do_not_end_the_row() -> None:
    marks = np.delete(marks_of_roll(300.0, 14, 1), [6, 9, 10])

    (repeat,) = find_repeats(marks, SEARCH, p_limit=0.01 / TESTS)

    assert len(repeat.marks) == 11
    assert repeat.pitch_mm == pytest.approx(300.0, abs=0.5)


def test_two_dents_in_one_roll_are_two_repeats() -> None:
    marks = np.concatenate(
        (marks_of_roll(400.0, 10, 2), marks_of_roll(400.0, 8, 3, start_mm=3130.0))
    )

    repeats = find_repeats(marks, SEARCH, p_limit=0.01 / TESTS)

    assert [sorted(repeat.marks) for repeat in repeats] == [list(range(10)), list(range(10, 18))]


def test_a_smear_of_findings_is_one_mark() -> None:
    smear = (3000.0 + np.array([0.0, 1.0, 2.0, 400.0, 401.0, 402.0])).astype(np.float64)

    assert find_repeats(smear, SEARCH, p_limit=0.5) == []


@pytest.mark.parametrize("web_mm", [[], [5.0], [5.0, 5.0, 5.0, 5.0], [0.0, 300.0, 600.0]])
def test_too_few_marks_are_no_repeat(web_mm: list[float]) -> None:
    assert find_repeats(np.array(web_mm), SEARCH, p_limit=0.5) == []


@pytest.mark.parametrize(
    ("count", "of", "share", "tail"),
    [
        (0, 5, 0.3, 1.0),
        (5, 5, 0.5, 1 / 32),
        (2, 3, 0.5, 0.5),
        (1, 100, 0.01, 1 - 0.99**100),
        (6, 5, 0.5, 0.0),
        (3, 5, 1.0, 1.0),
        (3, 5, 0.0, 0.0),
    ],
)
def test_the_binomial_tail_is_right(count: int, of: int, share: float, tail: float) -> None:
    assert binomial_tail(count, of, share) == pytest.approx(tail)
