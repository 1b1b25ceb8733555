"""The colours of the pages as their tokens say them: enough contrast, light and dark (WCAG AA)."""

from __future__ import annotations

import re

import pytest

from inspect_pipeline.review.app import STATIC

TEXT, SHAPE = 4.5, 3.0  # the least contrast of words, and of what marks a control or a line
WORDS = (
    *(("ink", ground) for ground in ("page", "sheet", "well", "raised")),
    *(("ink", f"{tone}-back") for tone in ("bad", "doubt", "good", "calm", "accent")),
    *(("faint", ground) for ground in ("page", "sheet", "well", "raised")),
    *((tone, f"{tone}-back") for tone in ("bad", "doubt", "good", "calm", "accent")),
    *((tone, "sheet") for tone in ("bad", "good", "accent", "accent-hover")),
    *((tone, "page") for tone in ("accent", "accent-hover")),
    ("accent-ink", "accent"),
    ("accent-ink", "accent-hover"),
    ("page", "ink"),  # a toast
    ("bad-back", "bad"),  # a toast that brings bad news
)
SHAPES = (
    *((mark, ground) for mark in ("focus", "rule-strong") for ground in ("page", "sheet")),
    ("rule-strong", "well"),
    *((f"plot-{number}", "sheet") for number in range(1, 6)),
    *((tone, "sheet") for tone in ("doubt", "calm")),
)
COLOUR = re.compile(r"--([a-z0-9-]+):\s*(#[0-9a-f]{6})\b")


def tokens(name: str) -> dict[str, str]:
    """The colours that a file gives names to."""
    return dict(COLOUR.findall((STATIC / name).read_text(encoding="utf-8")))


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2 for #rrggbb."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dark + 0.05)


def test_contrast_is_what_the_standard_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("colours", ["style.css", "dark.css"])
@pytest.mark.parametrize(("pairs", "least"), [(WORDS, TEXT), (SHAPES, SHAPE)])
def test_words_and_marks_stand_out_from_their_ground(
    colours: str, pairs: tuple[tuple[str, str], ...], least: float
) -> None:
    known = tokens(colours)

    found = {
        f"{above} on {ground}": round(contrast(known[above], known[ground]), 2)
        for above, ground in pairs
    }

    assert {pair: ratio for pair, ratio in found.items() if ratio < least} == {}


def test_dark_says_another_colour_for_every_name() -> None:
    light, dark = tokens("style.css"), tokens("dark.css")

    assert light.keys() == dark.keys()
    assert [name for name in light if light[name] == dark[name]] == []


def test_every_colour_of_words_is_a_token_that_is_judged_here() -> None:
    judged = {above for above, _ in WORDS} | {"inherit", "currentcolor"}
    for path in sorted(STATIC.glob("*.css")):
        style = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        used = re.findall(r"(?<![-\w])color:\s*(?:var\(--([\w-]+)\)|([^;}]+?))\s*[;}]", style)

        unjudged = {token or other for token, other in used} - judged

        assert unjudged <= {"plot-2", "plot-3"}, f"{path.name}: {unjudged}"  # keys of a legend
