"""In and out through the form, by keyboard alone; light and dark; a session that ended."""

from __future__ import annotations

import pytest

pytest.importorskip("playwright.sync_api", reason="pip install playwright to test in a browser")

from playwright.sync_api import Page, expect

from db import keys
from db.engine import session
from tests.browser.keyboard import press, tab_to
from tests.browser.served import Opening
from tests.review.browsers import PASSWORD
from tests.review.review_desk import ReviewDesk, secret_of

BACKGROUND = "getComputedStyle(document.body).backgroundColor"
LIGHT, DARK = "rgb(243, 245, 247)", "rgb(18, 22, 27)"


def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    """Types where the form put the focus."""
    expect(page.locator("#name")).to_be_focused()
    page.keyboard.type(name)
    press(page, "Tab")
    page.keyboard.type(password)
    press(page, "Enter")


def test_a_wrong_password_is_said_and_the_right_one_leads_to_the_wanted_page(
    opened: Opening,
) -> None:
    page = opened("", "/findings/3?line=line-1")
    expect(page).to_have_title("Sign in · Works")

    sign_in(page, "Kim", "not my password")
    expect(page.get_by_role("alert")).to_contain_text("Name or password is wrong")
    expect(page.locator("#name")).to_have_value("Kim")
    expect(page.locator("#password")).to_be_focused()
    expect(page.locator("#password")).to_have_value("")
    page.keyboard.type(PASSWORD)
    press(page, "Enter")

    expect(page.locator("h1")).to_contain_text("Finding 3")
    assert page.url.endswith("/findings/3?line=line-1")


def test_signing_out_closes_the_door_behind_oneself(opened: Opening) -> None:
    page = opened("", "/queue")
    sign_in(page, "kim")
    expect(page.locator("h1")).to_have_text("Queue")

    menu = page.locator("details.menu")
    tab_to(page, menu.locator("summary"))
    press(page, "Enter")
    expect(menu).to_have_attribute("open", "")
    press(page, "Escape")
    expect(menu).not_to_have_attribute("open", "")
    expect(menu.locator("summary")).to_be_focused()
    press(page, "Enter")
    tab_to(page, page.get_by_role("button", name="Sign out"))
    press(page, "Enter")
    expect(page.locator("h1")).to_have_text("Sign in")

    page.go_back()
    expect(page.locator("h1")).to_have_text("Sign in")
    assert page.context.cookies() == []


def test_a_theme_chosen_before_signing_in_stays_and_the_way_is_not_lost(opened: Opening) -> None:
    page = opened("", "/findings/3")

    tab_to(page, page.get_by_role("button", name="Dark"), key="Shift+Tab")
    press(page, "Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate(BACKGROUND) == DARK
    sign_in(page, "kim")
    expect(page.locator("h1")).to_contain_text("Finding 3")

    assert page.evaluate(BACKGROUND) == DARK
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Light").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.goto("/queue")
    assert page.evaluate(BACKGROUND) == LIGHT


def test_a_theme_chosen_after_a_wrong_password_keeps_the_way(opened: Opening) -> None:
    page = opened("", "/findings/3")
    sign_in(page, "kim", "not my password")
    expect(page.get_by_role("alert")).to_be_visible()

    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    sign_in(page, "kim")

    expect(page.locator("h1")).to_contain_text("Finding 3")


def test_without_a_choice_the_colours_are_the_computers(opened: Opening) -> None:
    page = opened("kim", "/queue", color_scheme="dark")
    assert page.evaluate(BACKGROUND) == DARK

    page.emulate_media(color_scheme="light")

    assert page.evaluate(BACKGROUND) == LIGHT


def test_an_answer_after_the_session_ended_leads_to_the_form_and_writes_nothing(
    desk: ReviewDesk, opened: Opening
) -> None:
    page = opened("kim", "/queue?line=line-1")
    with session(desk.engine) as writing:
        keys.close_session(writing, keys.sha256_of(secret_of("kim")))

    press(page, "j", "c")

    expect(page.locator("h1")).to_have_text("Sign in")
    assert desk.reviews(5) == ()
    sign_in(page, "kim")
    expect(page.locator("#finding-5")).to_be_visible()
