"""The queue in a real browser: keys, undo, two people, selections, and all without scripts."""

from __future__ import annotations

import pytest

pytest.importorskip("playwright.sync_api", reason="pip install playwright to test in a browser")

from playwright.sync_api import Page, expect

from db.words import ReviewState
from tests.browser.keyboard import press
from tests.browser.served import Opening
from tests.review.review_desk import ReviewDesk


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


def test_an_undo_that_came_too_late_shows_what_was_said_since(
    desk: ReviewDesk, opened: Opening
) -> None:
    ada, kim = opened("ada", "/queue"), opened("kim", "/queue")
    press(kim, "j", "c")
    expect(kim.locator("#finding-5")).to_have_count(0)
    ada.goto("/findings/5")
    press(ada, "f")
    expect(ada.locator("#toasts")).to_contain_text("Finding 5 called a false alarm")

    press(kim, "u")

    expect(kim.locator("#finding-5.conflict")).to_contain_text("ada said false alarm")
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


def test_the_queue_works_without_scripts(desk: ReviewDesk, opened: Opening) -> None:
    page = opened("kim", "/queue", java_script_enabled=False)

    page.locator("#finding-5").get_by_role("button", name="Confirm finding 5").click()
    expect(page.locator("#toasts")).to_contain_text("Finding 5 confirmed as a defect")
    page.locator("#finding-4 [data-select]").check()
    page.locator("#finding-3 [data-select]").check()
    page.locator("#bulk").get_by_role("button", name="Second look").click()
    expect(page.locator("#toasts")).to_contain_text("2 findings sent to a second look")
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator("#toasts")).to_contain_text("Taken back: 2 findings wait again")

    assert desk.finding(5).state is ReviewState.CONFIRMED
    assert desk.finding(3).state is ReviewState.NEW
