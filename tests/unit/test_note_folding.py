"""What counts as the same word in a note."""

from __future__ import annotations

import pytest

from db.note_search import folded


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("Ölfilm", "ÖLFILM"),
        ("O\N{COMBINING DIAERESIS}lfilm", "ölfilm"),
        ("Strasse 4", "straße 4"),
        ("ロール１７", "ロール17"),
        ("ﾛｰﾙ", "ロール"),
        ("ΣΊΔΕΡΟΣ", "σίδερος"),
    ],
)
def test_words_are_the_same_in_any_case_width_and_composition(said: str, asked: str) -> None:
    assert folded(said) == folded(asked)


@pytest.mark.parametrize(("said", "asked"), [("Öl", "Ol"), ("oil", "oi1"), ("a b", "ab")])
def test_other_words_stay_other_words(said: str, asked: str) -> None:
    assert folded(said) != folded(asked)


@pytest.mark.parametrize("text", ["Öl", "ﬁlm", "ÇŞ İstanbul", "100% sure_"])
def test_what_is_folded_stays_as_it_is_when_it_is_folded_again(text: str) -> None:
    assert folded(folded(text)) == folded(text)
