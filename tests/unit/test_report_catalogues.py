"""Every message of the plant's reports in every language, and no text outside of the messages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from babel.messages.extract import extract
from fontTools.ttLib import TTFont
from jinja2 import Environment

from inspect_pipeline.reports.plant import fonts
from inspect_pipeline.reports.plant.wording import LOCALES, Language, catalogue

REPORTS = Path(fonts.__file__).parents[1]
TEMPLATES = sorted((REPORTS / "templates").glob("plant_*.html.j2"))
MODULES = sorted((REPORTS / "plant").glob("*.py"))
CALLS = {"_": None, "gettext": None, "N_": None, "ngettext": (1, 2)}
TRANSLATED = [language for language in LOCALES if language is not Language.ENGLISH]
PLACE = re.compile(r"%\((\w+)\)s|%%")

Message = str | tuple[str, ...]


def said() -> set[Message]:
    """Every message of the templates and the modules."""
    found: set[Message] = set()
    for path in [*TEMPLATES, *MODULES]:
        is_template = path.suffix == ".j2"
        method = "jinja2.ext:babel_extract" if is_template else "python"
        options = {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}
        with path.open("rb") as file:
            for _, message, _, _ in extract(
                method, file, keywords=CALLS, options=options if is_template else {}
            ):
                found.add(message if isinstance(message, str) else tuple(message))
    return found


def texts_of(said: str | Sequence[str] | None) -> list[str]:
    """A message has one text, or one per plural form."""
    return [said] if isinstance(said, str) else list(said or [""])


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_message_lacks_its_translation_and_none_is_left_over(language: Language) -> None:
    known = {message.id: message.string for message in catalogue(language) if message.id}

    written = {key if isinstance(key, str) else tuple(key) for key in known}
    assert said() - written == set()
    assert written - said() == set()
    assert [key for key, words in known.items() if not words or not all(words)] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_fills_in_what_its_message_fills_in(language: Language) -> None:
    wrong = []
    for message in catalogue(language):
        one, *_ = texts_of(message.id)
        wanted = sorted(PLACE.findall(one))
        if one:
            texts = texts_of(message.string)
            wrong += [text for text in texts if sorted(PLACE.findall(text)) != wanted]

    assert wrong == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_fonts_know_every_letter_of_a_language(language: Language) -> None:
    texts = [str(message.string) for message in catalogue(language)]
    letters = set("".join(texts)) - {"\n"}

    for path in sorted(fonts.FONTS.glob("*.woff2")):
        with TTFont(path) as font:
            assert letters - set(map(chr, font.getBestCmap())) == set(), path.name


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_has_no_words_of_its_own(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    plain = "".join(value for _, kind, value in Environment().lex(source) if kind == "data")
    shown = re.sub(r"<[^>]*>", " ", plain)
    attributes = re.findall(r'(?:alt|title|aria-label)="([^"]*)"', plain)

    assert re.findall(r"[^\W\d_]{2,}", " ".join([shown, *attributes])) == []
