"""Hands that never touch a mouse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from playwright.sync_api import Locator, Page

_MOST_STOPS = 200
_STANDS_THERE = "element => element === document.activeElement"
_TO_THE_TOP = """() => {
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute("tabindex");
}"""
_STOP = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  const shown = at.matches("input[type=radio].unseen") ? at.nextElementSibling : at;
  const box = shown.getBoundingClientRect();
  const [x, y] = [box.left + box.width / 2, box.top + Math.min(box.height / 2, 20)];
  const uppermost = document.elementFromPoint(x, y);
  const outline = getComputedStyle(shown);
  return {
    words: (at.getAttribute("aria-label") || at.labels?.[0]?.textContent || at.textContent).trim(),
    place: [...document.querySelectorAll("*")].indexOf(at),
    has_ring: outline.outlineStyle !== "none" && parseFloat(outline.outlineWidth) >= 2,
    is_covered: !uppermost || !(shown.contains(uppermost) || uppermost.contains(shown)),
  };
}"""


@dataclass(frozen=True, kw_only=True)
class Stop:
    """A control that has the focus.

    `place` counts the elements before it in the document; `has_ring`: it is marked;
    `is_covered`: something else lies over it.
    """

    words: str
    place: int
    has_ring: bool
    is_covered: bool


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def tab_to(page: Page, wanted: Locator, *, key: str = "Tab") -> None:
    """Presses the key until the wanted control has the focus."""
    for _ in range(_MOST_STOPS):
        if wanted.evaluate(_STANDS_THERE):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{key} never leads to {wanted}")


def stops(page: Page) -> Iterator[Stop]:
    """Where Tab leads from the top of the page until it leaves it."""
    page.evaluate(_TO_THE_TOP)
    for _ in range(_MOST_STOPS):
        page.keyboard.press("Tab")
        found = page.evaluate(_STOP)
        if found is None:
            return
        yield Stop(**found)
