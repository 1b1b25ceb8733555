"""What a page looks like to somebody who sees little, or who has a keyboard and no mouse.

Each function gives complaints, one line each: an empty list is a page as it should be.
"""

from __future__ import annotations

from playwright.sync_api import Page

CONTROLS = frozenset(
    {"button", "link", "textbox", "combobox", "checkbox", "radio", "slider", "spinbutton"}
    | {"DisclosureTriangle", "searchbox", "dialog", "img", "image", "listbox", "tab", "menuitem"}
)

_FAINT_TEXT = """() => {
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
  const over = (top, below) => top.slice(0, 3).map((one, i) => one * top[3] + below[i] * (1 - top[3]));
  const ground = (element) => {  // what lies behind its text
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
  const judge = (element, style, words, own = 1) => {
    let faded = own;
    for (let at = element; at; at = at.parentElement) faded *= Number(getComputedStyle(at).opacity);
    const below = ground(element);
    const [r, g, b, a] = rgba(element instanceof SVGElement ? style.fill : style.color);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const found = contrast(over([r, g, b, a * faded], below), below);
    if (found < (isLarge ? 3 : 4.5)) {
      complaints.add(`${found.toFixed(2)}: ${element.tagName} .${element.className?.baseVal ?? element.className} "${words.slice(0, 40)}"`);
    }
  };
  const isOff = (element) => element.closest(":disabled, [aria-disabled=true]");
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const words = walk.currentNode.data.trim();
    const element = walk.currentNode.parentElement;
    if (!words || isOff(element) || element.closest("title, script, option, .unseen, .skip")) continue;
    if (!element.checkVisibility()) continue;
    judge(element, getComputedStyle(element), words);
  }
  for (const field of document.querySelectorAll("[placeholder]")) {
    const style = getComputedStyle(field, "::placeholder");
    if (field.checkVisibility()) judge(field, style, field.placeholder, Number(style.opacity));
  }
  return [...complaints];
}"""
