"""Figures in words: never rarer, surer or rounder than they are."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from db.words import ReviewState, Severity, UnfitReason, Verdict
from inspect_pipeline.reports import sentences
from inspect_pipeline.reports.model_cards import UNKNOWN_SCALE, calibration_facts


@pytest.mark.parametrize(
    ("p_value", "said"),
    [
        (1 / 121, "seen on fewer than 1 in 121 good parts"),
        (1 / 49, "seen on fewer than 1 in 49 good parts"),
        (0.3, "seen on fewer than 1 in 3 good parts"),
        (0.0004, "seen on fewer than 1 in 2\u202f500 good parts"),
        (0.5, "seen on fewer than 1 in 2 good parts"),
        (0.51, "seen on more than half of good parts"),
    ],
)
def test_rarity_is_said_in_good_parts(p_value: float, said: str) -> None:
    assert sentences.good_parts_sentence(p_value) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0, "0 %"),
        (0.0004, "< 0.1 %"),
        (0.005, "0.5 %"),
        (0.01, "1 %"),
        (0.0246, "2.5 %"),
        (0.12, "12 %"),
        (0.9996, "> 99.9 %"),
        (1.0, "100 %"),
    ],
)
def test_a_share_is_never_all_or_nothing_by_rounding(value: float, said: str) -> None:
    assert sentences.share(value) == said


def test_the_explained_share_is_a_sentence() -> None:
    assert sentences.explained_sentence(0.12) == "restoration explains 12 % of it"


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.0, "0"), (0.01234, "0.0123"), (2.4, "2.4"), (1234.5, "1234"), (-2.8, "-2.8")],
)
def test_numbers_have_three_digits_and_no_exponent(value: float, said: str) -> None:
    assert sentences.significant(value) == said


def test_times_are_utc_whatever_zone_they_came_in() -> None:
    noon = datetime(2026, 3, 29, 14, 0, 5, tzinfo=timezone(timedelta(hours=2)))

    assert sentences.utc(noon) == "2026-03-29T12:00:05Z"


def test_every_stored_word_has_its_words() -> None:
    assert set(sentences.VERDICT_SENTENCES) == set(sentences.VERDICT_TONES) == set(Verdict)
    assert set(sentences.UNFIT_WORDS) == set(UnfitReason)
    assert set(sentences.REVIEW_WORDS) == set(ReviewState)
    assert set(sentences.SEVERITY_TONES) == set(Severity)


def test_calibration_facts_are_found_wherever_the_card_has_them() -> None:
    card = {
        "part": "plate",
        "figures": {
            "held_out_pictures": 120,
            "false_alarm_budget": 0.01,
            "false_alarm_rate_upper_95": 0.0246,
            "limits": {"threshold": 2.0, "low_threshold": -1.0},
        },
    }

    facts = calibration_facts(card)

    assert (facts.held_out_pictures, facts.budget, facts.upper_rate) == (120, 0.01, 0.0246)
    assert (facts.scale.low, facts.scale.threshold) == (-1.0, 2.0)


def test_a_card_that_says_nothing_is_no_reason_to_fail() -> None:
    facts = calibration_facts({"held_out_pictures": "many", "limits": {"threshold": "high"}})

    assert (facts.held_out_pictures, facts.budget, facts.scale) == (None, None, UNKNOWN_SCALE)
