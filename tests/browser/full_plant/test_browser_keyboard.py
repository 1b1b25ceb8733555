"""With a keyboard alone: where the focus goes, that it is seen, and that nothing needs a mouse."""

from __future__ import annotations

import pytest

pytest.importorskip("playwright.sync_api", reason="pip install playwright to test in a browser")

from playwright.sync_api import Page, expect

from db.words import ReviewState
from tests.browser.keyboard import press, stops, tab_to
from tests.browser.served import Opening
from tests.review.review_desk import ReviewDesk

LOW = {"width": 820, "height": 560}  # much has to be scrolled to, under what stays in place


def select_a_card(page: Page) -> None:
    press(page, "j", "x")
    expect(page.locator("#bulk")).to_be_visible()


def test_the_first_stop_leads_past_the_tabs(opened: Opening) -> None:
    page = opened("kim", "/findings/4")
    skip = page.get_by_role("link", name="Skip to content")
    press(page, "Tab")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()

    press(page, "Enter")
    expect(page.locator("main")).to_be_focused()
    press(page, "Tab")

    assert page.evaluate("document.activeElement.closest('main') !== null")
    expect(skip).not_to_be_in_viewport()


@pytest.mark.parametrize(
    ("path", "least"),
    [
        ("/login", 5),
        ("/queue", 20),
        ("/findings/4", 25),
        ("/dashboard", 20),
        ("/questions/findings?limit=2", 40),
        ("/people", 30),
    ],
)
def test_every_stop_is_seen_and_comes_in_the_order_of_the_page(
    opened: Opening, path: str, least: int
) -> None:
    page = opened("" if path == "/login" else "anna", path, viewport=LOW)
    expect(page.locator("[hx-trigger=load].htmx-request")).to_have_count(0)
    if path == "/queue":
        select_a_card(page)

    found = list(stops(page))

    assert len(found) >= least
    assert [stop.words for stop in found if not stop.has_ring] == [], "no ring marks them"
    assert [stop.words for stop in found if stop.is_covered] == [], "something lies over them"
    places = [stop.place for stop in found]
    assert places == sorted(places)


def test_the_filter_is_set_and_taken_away(opened: Opening) -> None:
    page = opened("kim", "/queue")
    tab_to(page, page.locator("#filters > summary"))
    press(page, "Enter")
    tab_to(page, page.get_by_label("Severity"))
    page.keyboard.type("Minor")
    tab_to(page, page.get_by_role("button", name="Show"))
    press(page, "Enter")

    expect(page.locator("#count")).to_contain_text("1 wait")
    chip = page.get_by_role("link", name="Remove the filter Severity")
    tab_to(page, chip)
    press(page, "Enter")
    expect(page.locator("#count")).to_contain_text("2 wait")


def test_the_help_holds_the_focus_and_the_keys_until_it_is_closed(
    desk: ReviewDesk, opened: Opening
) -> None:
    page = opened("kim", "/queue")
    keys = page.get_by_role("button", name="Keys")
    tab_to(page, keys)
    press(page, "Enter")
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog.get_by_role("button", name="Close")).to_be_focused()

    press(page, "c", "j", "x")
    expect(page.locator("#bulk")).to_be_hidden()
    press(page, "Escape")

    expect(dialog).to_be_hidden()
    expect(keys).to_be_focused()
    assert desk.reviews(4) == ()


def test_a_part_is_judged_and_a_finding_chosen_on_its_frame(
    desk: ReviewDesk, opened: Opening
) -> None:
    page = opened("kim", "/frames/1")
    boxes = page.get_by_role("group", name="The frame, 64 by 48 pixels, with 1 finding")
    tab_to(page, page.get_by_label("Note"))
    page.keyboard.type("a deep one")
    tab_to(page, page.get_by_role("button", name="Defective part"))
    press(page, "Enter")
    expect(page.locator("#audit")).to_contain_text("Written: defective part")
    expect(page.locator("#audit .history")).to_contain_text("a deep one")

    tab_to(page, boxes.get_by_role("link", name="Finding 1, critical"))
    press(page, "Enter")

    expect(page.locator("h1")).to_contain_text("Finding 1")


def test_a_button_that_is_pressed_by_keyboard_hands_the_focus_on(
    desk: ReviewDesk, opened: Opening
) -> None:
    page = opened("kim", "/queue")
    tab_to(page, page.get_by_role("button", name="Second look, finding 4"))

    press(page, "Enter")

    expect(page.locator("#toasts")).to_contain_text("Finding 4 sent to a second look")
    expect(page.locator("#finding-3")).to_be_focused()
    assert desk.finding(4).state is ReviewState.SECOND_LOOK
