"""What a page looks like to somebody who sees little, or who hears it read aloud.

Each function gives complaints, one line each: none is a page as it should be.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from playwright.sync_api import Page

NAMED = frozenset(
    {"button", "link", "textbox", "searchbox", "combobox", "listbox", "checkbox", "radio", "slider"}
    | {"spinbutton", "DisclosureTriangle", "dialog", "img", "image", "navigation", "region"}
)


def too_wide(page: Page) -> list[str]:
    """What makes the page scroll sideways, and words that are cut off at an edge."""
    return _asked(page, _TOO_WIDE)


def too_faint(page: Page) -> list[str]:
    """Words whose contrast with what lies behind them is below WCAG's AA: 4.5, large ones 3."""
    return _asked(page, _TOO_FAINT)


def nameless(page: Page) -> list[str]:
    """Controls, pictures and landmarks that a screen reader has no words for."""
    return [
        f"{one['role']['value']} without a name: {_described(page, one)}"
        for one in _read_aloud(page)
        if one["role"]["value"] in NAMED and not _name(one).strip()
    ]


def disordered(page: Page) -> list[str]:
    """Headings that skip a level, ids used twice, not one title, main part and first heading."""
    headings = [
        (int(fact["value"]["value"]), _name(one))
        for one in _read_aloud(page)
        if one["role"]["value"] == "heading"
        for fact in one["properties"]
        if fact["name"] == "level"
    ]
    jumps = [
        f"h{level} {words!r} after h{before}"
        for (before, _), (level, words) in pairwise(headings)
        if level > before + 1
    ]
    return jumps + _asked(page, _USED_TWICE)


def _asked(page: Page, script: str) -> list[str]:
    return [str(line) for line in page.evaluate(script)]


def _read_aloud(page: Page) -> list[dict[str, Any]]:
    """The browser's own tree of what a screen reader gets."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    return [one for one in nodes if not one.get("ignored")]


def _name(one: dict[str, Any]) -> str:
    return str(one.get("name", {}).get("value", ""))


def _described(page: Page, one: dict[str, Any]) -> str:
    session = page.context.new_cdp_session(page)
    node = session.send("DOM.describeNode", {"backendNodeId": one["backendDOMNodeId"]})["node"]
    session.detach()
    return f"{node['nodeName']} {node.get('attributes', [])}"


_USED_TWICE = """() => {
  const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
  const twice = ids.filter((id, place) => ids.indexOf(id) !== place).map((id) => `id ${id} twice`);
  for (const only of ["main", "h1", "title"]) {
    const count = document.querySelectorAll(`${only}:not(svg *)`).length;
    if (count !== 1) twice.push(`${count} times ${only}`);
  }
  const first = document.querySelector("h1, h2, h3, h4");
  return first?.tagName === "H1" ? twice : [...twice, `begins with ${first?.outerHTML}`];
}"""

_TOO_WIDE = """() => {
  const complaints = [];
  const wide = document.documentElement.scrollWidth;
  if (wide > innerWidth) {
    const beyond = (one) => one.getBoundingClientRect().right > innerWidth + 1;
    const culprits = [...document.body.querySelectorAll("*")].filter(beyond);
    complaints.push(`${wide} px on ${innerWidth}: ${culprits.at(-1)?.outerHTML.slice(0, 120)}`);
  }
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const words = walk.currentNode.data.trim();
    const element = walk.currentNode.parentElement;
    if (!words || !element.checkVisibility() || element.closest("svg, .unseen")) continue;
    const range = document.createRange();
    range.selectNodeContents(walk.currentNode);
    const right = range.getBoundingClientRect().right;
    for (let at = element; at; at = at.parentElement) {
      const { overflowX, textOverflow, clipPath } = getComputedStyle(at);
      if (overflowX === "auto" || textOverflow === "ellipsis" || clipPath !== "none") break;
      if (overflowX === "hidden" && right > at.getBoundingClientRect().right + 1) {
        complaints.push(`cut off: ${words.slice(0, 60)}`);
        break;
      }
    }
  }
  return complaints;
}"""

_TOO_FAINT = """() => {
  const brush = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const rgba = (colour) => {  // any colour that CSS can say, as numbers
    if (!known.has(colour)) {
      brush.clearRect(0, 0, 1, 1);
      brush.fillStyle = colour;
      brush.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = brush.getImageData(0, 0, 1, 1).data;
      known.set(colour, [r, g, b, a / 255]);
    }
    return known.get(colour);
  };
  const over = ([r, g, b, a], below) =>
    [r, g, b].map((one, place) => one * a + below[place] * (1 - a));
  const ground = (element) => {  // what lies behind its words
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] > 0) layers.push(colour);
      if (colour[3] === 1) break;
    }
    return layers.reduceRight((below, layer) => over(layer, below), [255, 255, 255]);
  };
  const light = (colour) => {
    const [r, g, b] = colour.map((one) => {
      const part = one / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [dark, bright] = [light(one), light(other)].sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05);
  };
  const complaints = new Set();
  const judge = (element, style, words, own) => {
    let strength = own;
    for (let at = element; at; at = at.parentElement) strength *= getComputedStyle(at).opacity;
    const below = ground(element);
    const [r, g, b, a] = rgba(element instanceof SVGElement ? style.fill : style.color);
    const found = contrast(over([r, g, b, a * strength], below), below);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (found >= (isLarge ? 3 : 4.5)) return;
    const kind = element.className.baseVal ?? element.className;
    complaints.add(`${found.toFixed(2)}: ${element.tagName} ${kind} "${words.slice(0, 40)}"`);
  };
  const unread = ":disabled, [aria-disabled=true], title, option, .unseen, .skip";
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const words = walk.currentNode.data.trim();
    const element = walk.currentNode.parentElement;
    if (!words || !element.checkVisibility() || element.closest(unread)) continue;
    judge(element, getComputedStyle(element), words, 1);
  }
  for (const field of document.querySelectorAll("[placeholder]")) {
    if (!field.checkVisibility()) continue;
    const style = getComputedStyle(field, "::placeholder");
    judge(field, style, field.placeholder, style.opacity);
  }
  return [...complaints];
}"""
