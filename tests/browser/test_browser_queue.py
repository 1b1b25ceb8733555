"""The queue and the finding in a real browser: keys, two people, selections, pictures in step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("playwright.sync_api", reason="pip install playwright to test in a browser")

from playwright.sync_api import Browser, Page, expect, sync_playwright

from db.engine import default_url
from db.words import ReviewState
from tests.browser.served import CHROMIUM, launched, page_of, served
from tests.integration.db.database_records import failed
from tests.review.review_desk import ReviewDesk, review_desk, secret_of

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="apt install chromium to test in it")
Opening = Callable[[str, str], Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched_one = launched(playwright)
        yield launched_one
        launched_one.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ReviewDesk]:
    """Findings 1 to 5; the last is the first of the queue."""
    with review_desk(default_url(tmp_path / "findings.db"), tmp_path) as opened:
        for number in range(5):
            opened.ledger.record(failed(number))
        yield opened


@pytest.fixture
def opened(desk: ReviewDesk, browser: Browser) -> Iterator[Opening]:
    with served(desk.app) as address:
        windows: list[Page] = []

        def opening(name: str, path: str) -> Page:
            window = page_of(browser, address, secret_of(name))
            windows.append(window)
            window.goto(path)
            return window

        yield opening
        for window in windows:
            window.context.close()


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def stands_at(page: Page, finding_id: int) -> None:
    """The page of the finding is there, and its keys work."""
    expect(page.locator("h1")).to_contain_text(f"Finding {finding_id}")
    expect(page.locator("[data-help]")).to_be_visible()


def card(page: Page, finding_id: int) -> str:
    return f"#finding-{finding_id}:not(.answered)"


def test_the_queue_is_worked_through_by_keyboard(desk: ReviewDesk, opened: Opening) -> None:
    page = opened("kim", "/queue")

    press(page, "j")
    expect(page.locator("#finding-5")).to_be_focused()
    press(page, "c")
    expect(page.locator("#finding-4")).to_be_focused()
    expect(page.locator("#toasts")).to_contain_text("Finding 5 confirmed as a defect")
    expect(page.locator("#finding-5")).to_have_count(0)
    press(page, "f")
    expect(page.locator("#toasts")).to_contain_text("Finding 4 called a false alarm")
    press(page, "s")
    expect(page.locator("#toasts")).to_contain_text("Finding 3 sent to a second look")
    expect(page.locator("#count")).to_have_text("3 wait")

    assert [desk.finding(each).state for each in (5, 4, 3)] == [
        ReviewState.CONFIRMED,
        ReviewState.FALSE_ALARM,
        ReviewState.SECOND_LOOK,
    ]


def test_undo_takes_back_one_answer_after_the_other(desk: ReviewDesk, opened: Opening) -> None:
    page = opened("kim", "/queue")
    press(page, "j", "c")
    expect(page.locator("#toasts")).to_contain_text("Finding 5")
    press(page, "c")
    expect(page.locator("#toasts")).to_contain_text("Finding 4")

    press(page, "u")
    expect(page.locator(card(page, 4))).to_be_visible()
    expect(page.locator("#toasts")).to_contain_text("Taken back: 1 finding waits again")
    press(page, "u")
    expect(page.locator(card(page, 5))).to_be_visible()

    order = page.locator(".finding-card").evaluate_all("all => all.map(one => one.dataset.finding)")
    assert order == ["5", "4", "3", "2", "1"]
    assert {desk.finding(each).state for each in (4, 5)} == {ReviewState.NEW}


def test_an_undo_in_a_hurry_takes_back_the_answer_under_way(
    desk: ReviewDesk, opened: Opening
) -> None:
    page = opened("kim", "/queue")

    press(page, "j", "c", "f", "u", "u")

    expect(page.locator(".finding-card:not(.answered)")).to_have_count(5)
    assert [len(desk.reviews(each)) for each in (5, 4)] == [2, 2]
    assert {desk.finding(each).state for each in (4, 5)} == {ReviewState.NEW}


def test_a_note_goes_with_the_answer(desk: ReviewDesk, opened: Opening) -> None:
    page = opened("kim", "/queue")

    press(page, "j", "n")
    page.keyboard.type("scratch from c f s handling")
    press(page, "Escape", "f")
    expect(page.locator("#toasts")).to_contain_text("Finding 5 called a false alarm")

    assert desk.reviews(5)[0].note == "scratch from c f s handling"


def test_two_people_never_overwrite_each_other(desk: ReviewDesk, opened: Opening) -> None:
    ada, kim = opened("ada", "/queue"), opened("kim", "/queue")
    press(ada, "j", "f")
    expect(ada.locator("#toasts")).to_contain_text("Finding 5 called a false alarm")

    press(kim, "j", "c")

    conflict = kim.locator("#finding-5.conflict")
    expect(conflict).to_contain_text("ada said false alarm")
    expect(kim.locator("#toasts")).to_contain_text("somebody answered first")
    assert [review.reviewer for review in desk.reviews(5)] == ["ada"]

    conflict.get_by_role("button", name="Confirm finding 5").click()
    expect(kim.locator("#toasts")).to_contain_text("Finding 5 confirmed as a defect")
    assert [review.reviewer for review in desk.reviews(5)] == ["ada", "kim"]


def test_a_conflict_can_be_left(desk: ReviewDesk, opened: Opening) -> None:
    ada, kim = opened("ada", "/queue"), opened("kim", "/queue")
    press(ada, "j", "f")
    expect(ada.locator("#toasts")).to_contain_text("Finding 5 called a false alarm")
    press(kim, "j", "c")

    kim.locator("#finding-5 [data-leave]").click()

    expect(kim.locator("#finding-5")).to_have_count(0)
    assert desk.finding(5).state is ReviewState.FALSE_ALARM


def test_a_selection_is_answered_and_taken_back_at_once(desk: ReviewDesk, opened: Opening) -> None:
    page = opened("kim", "/queue")
    expect(page.locator("#bulk")).to_be_hidden()

    press(page, "j", "x", "j", "j", "x")
    expect(page.locator("#bulk")).to_contain_text("2 findings selected")
    page.locator("#bulk-note").fill("same lamp")
    page.locator("#bulk").get_by_role("button", name="False alarm, all selected findings").click()
    expect(page.locator("#toasts")).to_contain_text("2 findings called false alarms")
    expect(page.locator(".finding-card")).to_have_count(3)
    expect(page.locator("#bulk")).to_be_hidden()
    assert [desk.reviews(each)[0].note for each in (5, 3)] == ["same lamp", "same lamp"]

    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator(".finding-card")).to_have_count(5)
    assert {desk.finding(each).state for each in (5, 3)} == {ReviewState.NEW}


def test_an_emptied_queue_says_what_to_do(desk: ReviewDesk, opened: Opening) -> None:
    page = opened("kim", "/queue")
    press(page, "j")

    for finding_id in (5, 4, 3, 2, 1):
        press(page, "c")
        expect(page.locator("#toasts")).to_contain_text(f"Finding {finding_id} confirmed")

    expect(page.locator("#empty")).to_contain_text("Nothing waits")


def test_an_answer_that_did_not_arrive_brings_the_card_back(
    desk: ReviewDesk, opened: Opening
) -> None:
    page = opened("kim", "/queue")
    page.route("**/queue/review", lambda route: route.abort())

    press(page, "j", "c")

    expect(page.locator("#toasts")).to_contain_text("Not saved")
    expect(page.locator(card(page, 5))).to_be_focused()
    assert desk.reviews(5) == ()


def test_a_viewers_keys_answer_nothing(desk: ReviewDesk, opened: Opening) -> None:
    page = opened("vera", "/queue")

    press(page, "j", "c", "f", "x", "u", "?")

    expect(page.locator("#help")).to_be_visible()
    expect(page.locator("#help")).not_to_contain_text("false alarm")
    expect(page.locator(".finding-card")).to_have_count(5)
    assert desk.reviews(5) == ()


def test_enter_opens_the_finding_and_an_answer_leads_to_the_next(
    desk: ReviewDesk, opened: Opening
) -> None:
    page = opened("kim", "/queue?line=line-1")

    press(page, "j", "Enter")
    stands_at(page, 5)
    press(page, "j")
    stands_at(page, 4)
    press(page, "f")
    stands_at(page, 3)
    expect(page.locator("#toasts")).to_contain_text("Finding 4 called a false alarm")
    press(page, "u")
    stands_at(page, 4)

    assert desk.finding(4).state is ReviewState.NEW
    assert "line=line-1" in page.url


def test_the_pictures_zoom_and_move_in_step(opened: Opening) -> None:
    page = opened("kim", "/findings/3")
    views = page.locator(".panes svg.zoomed")

    def boxes() -> set[str]:
        return set(views.evaluate_all("all => all.map(one => one.getAttribute('viewBox'))"))

    assert boxes() == {"0 0 16 12"}
    press(page, "+", "+")
    zoomed = boxes()
    press(page, "ArrowRight")
    moved = boxes()
    views.nth(2).hover()
    page.mouse.wheel(0, -400)
    page.wait_for_function(
        "before => document.querySelector('svg.zoomed').getAttribute('viewBox') !== before",
        arg=next(iter(moved)),
    )
    wheeled = boxes()
    press(page, "0")

    assert all(len(each) == 1 for each in (zoomed, moved, wheeled)), "one view for all pictures"
    assert len({*zoomed, *moved, *wheeled}) == 3
    assert boxes() == {"0 0 16 12"}


def test_the_slider_uncovers_the_golden_picture(opened: Opening) -> None:
    page = opened("kim", "/findings/3")

    press(page, "2")
    stage = page.locator("[data-stage] svg")
    place = stage.bounding_box()
    assert place is not None
    page.mouse.move(place["x"] + place["width"] / 2, place["y"] + 20)
    page.mouse.down()
    page.mouse.move(place["x"] + place["width"] * 0.6, place["y"] + 20)
    page.mouse.up()

    assert float(page.locator("#cut rect").get_attribute("x") or 0) > 8.0
    assert "golden" in page.locator("[data-stage-words]").inner_text()
    expect(page.locator(".panes")).to_be_hidden()
    page.locator("#amount").fill("0")
    assert page.locator("#cut rect").get_attribute("x") == "0"


def test_the_overlay_has_an_opacity_and_blinking_stops(opened: Opening) -> None:
    page = opened("kim", "/findings/3")
    above = page.locator("[data-above]")

    press(page, "4")
    page.locator("#amount").fill("30")
    assert above.get_attribute("opacity") == "0.3"
    assert "as=veil" in (above.get_attribute("href") or "")
    page.locator("#other").select_option("difference")
    assert "/difference" in (above.get_attribute("href") or "")
    page.get_by_text("Blink", exact=True).click()
    expect(page.locator("[data-cut]")).to_have_attribute("visibility", "hidden")
    press(page, "1")
    expect(page.locator(".panes")).to_be_visible()


def test_the_outline_can_be_hidden(opened: Opening) -> None:
    page = opened("kim", "/findings/3")

    press(page, "o")

    expect(page.locator(".panes .outline").first).to_be_hidden()


def test_a_theme_is_chosen_and_stays(opened: Opening) -> None:
    page = opened("kim", "/queue")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")

    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.goto("/findings/3")

    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light


def test_the_queue_works_without_scripts(desk: ReviewDesk, browser: Browser) -> None:
    with served(desk.app) as address:
        page = page_of(browser, address, secret_of("kim"), java_script_enabled=False)
        page.goto("/queue")
        page.locator("#finding-5").get_by_role("button", name="Confirm finding 5").click()
        expect(page.locator("#toasts")).to_contain_text("Finding 5 confirmed as a defect")
        page.locator("#finding-4 [data-select]").check()
        page.locator("#finding-3 [data-select]").check()
        page.locator("#bulk").get_by_role("button", name="Second look").click()
        expect(page.locator("#toasts")).to_contain_text("2 findings sent to a second look")
        page.locator("#toasts").get_by_role("button", name="Undo").click()
        expect(page.locator("#toasts")).to_contain_text("Taken back: 2 findings wait again")
        page.context.close()

    assert desk.finding(5).state is ReviewState.CONFIRMED
    assert desk.finding(3).state is ReviewState.NEW
