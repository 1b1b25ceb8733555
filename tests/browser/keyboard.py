"""Hands that never touch a mouse."""

from __future__ import annotations

from collections.abc import Iterator

from playwright.sync_api import Locator, Page

_MOST_STOPS = 200
_STANDS_THERE = "element => element === document.activeElement"
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


def stops(page: Page) -> Iterator[dict[str, object]]:
    """Where Tab leads from the top of the page until it leaves it.

    Each stop: its words, its place in the document, whether a ring marks it, whether something
    else lies over it.
    """
    page.evaluate("() => { document.activeElement.blur(); window.scrollTo(0, 0); }")
    for _ in range(_MOST_STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(_STOP)
        if stop is None:
            return
        yield stop
