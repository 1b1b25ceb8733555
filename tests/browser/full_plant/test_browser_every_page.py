"""Every page, light and dark, on a desk and a tablet: nothing fails, nothing leaks, all is read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("playwright.sync_api", reason="pip install playwright to test in a browser")

from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.desks import LONG_PART
from tests.browser.keyboard import press
from tests.browser.looking import disordered, nameless, too_faint, too_wide
from tests.browser.served import Opening, complaints_of, page_of
from tests.review.review_desk import ReviewDesk, secret_of

SCREENS = (ViewportSize(width=1440, height=900), ViewportSize(width=820, height=1180))
PAGES = (
    "/queue",
    "/queue?line=line-1&severity=minor&since=2026-01-01T00:00",
    "/queue?part=nothing",
    "/findings/1",
    "/findings/4",
    "/frames/1",
    "/frames/4",
    "/frames/5",
    "/frames/6",
    "/dashboard",
    "/dashboard?days=1&until=2020-01-01",
    "/cameras",
    "/search",
    "/questions/findings?limit=3",
    "/questions/rate?by=line,part",
    "/questions/heat-map?part=bracket",
    "/questions/history?frame=1",
    "/questions/escapes?since=7d",
    "/export",
    "/teach?part=bracket",
    f"/teach?part={LONG_PART}",
    "/reports",
    "/models",
    "/jobs?done=pause",
    "/alerts?done=acknowledged&about=1",
    "/alerts/1",
    "/people?done=added",
    "/account",
    "/docs",
)
REFUSED = (
    ("/no/such/page", 404),
    ("/findings/999", 404),
    ("/findings/abc", 422),
    ("/evidence/..%2f..%2ffindings.db", 404),
    ("/queue?severity=awful", 400),
    ("/questions/findings?since=never", 422),
    ("/export/file?form=exe", 422),
)
OPEN_ALL = "() => document.querySelectorAll('details').forEach((one) => (one.open = true))"


@pytest.fixture(scope="module")
def window(address: str, browser: Browser) -> Iterator[tuple[Page, list[str]]]:
    """An administrator's, for all pages one after the other, and what it complained of so far."""
    opened = page_of(browser, address, secret_of("anna"))
    yield opened, complaints_of(opened)
    opened.context.close()


def looked_at(page: Page) -> list[str]:
    """Complaints of the page as it stands, on both screens in both colours."""
    found = disordered(page)
    for screen in SCREENS:
        found += too_wide_on(page, screen) + nameless(page)
    for colours in ("light", "dark"):
        page.emulate_media(color_scheme=colours)
        found += [f"{colours}: {words}" for words in too_faint(page)]
    return found


def too_wide_on(page: Page, screen: ViewportSize) -> list[str]:
    page.set_viewport_size(screen)
    return [f"{screen['width']} px wide: {words}" for words in too_wide(page)]


def leaks(page: Page, desk: ReviewDesk) -> list[str]:
    """What no page may tell: where it runs, with which secret, how it failed."""
    url = desk.engine.url.render_as_string()
    folder = str(Path(str(desk.engine.url.database)).parent)
    told = page.content()
    forbidden = ("Traceback", "sqlalchemy", "site-packages", url, folder, secret_of("anna"))
    return [words for words in forbidden if words in told]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_whole_on_every_screen_in_both_colours(
    window: tuple[Page, list[str]], desk: ReviewDesk, path: str
) -> None:
    page, complaints = window
    before = len(complaints)

    answer = page.goto(path)

    assert answer is not None
    assert answer.status == 200
    expect(page.locator("[hx-trigger=load].htmx-request")).to_have_count(0)
    shut = [words for screen in SCREENS for words in too_wide_on(page, screen)]
    page.evaluate(OPEN_ALL)
    assert shut + looked_at(page) == []
    assert leaks(page, desk) == []
    assert complaints[before:] == [], "a script failed, or the policy blocked something"


@pytest.mark.parametrize(("path", "status"), REFUSED)
def test_a_refusal_is_a_page_like_any_other(
    window: tuple[Page, list[str]], desk: ReviewDesk, path: str, status: int
) -> None:
    page, complaints = window
    before = len(complaints)

    answer = page.goto(path)

    assert answer is not None
    assert answer.status == status
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    assert looked_at(page) == []
    assert leaks(page, desk) == []
    assert complaints[before:] == []


def test_the_door_is_a_page_like_any_other(opened: Opening, desk: ReviewDesk) -> None:
    page = opened("", "/queue")
    assert looked_at(page) == []

    page.locator("#name").fill("kim")
    page.locator("#password").fill("not the password")
    page.locator("#password").press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()

    assert looked_at(page) == []
    assert leaks(page, desk) == []


def test_what_comes_and_goes_on_the_queue_is_read_as_well(opened: Opening) -> None:
    ada, page = opened("ada", "/queue"), opened("kim", "/queue")
    press(ada, "j", "s")
    expect(ada.locator("#toasts")).to_contain_text("second look")

    press(page, "j", "x")
    expect(page.locator("#bulk")).to_be_visible()
    assert looked_at(page) == [], "with a selection"
    page.get_by_role("button", name="False alarm, all selected findings").click()
    expect(page.locator(".conflict")).to_be_visible()
    assert looked_at(page) == [], "with a conflict"
    page.locator("[data-leave]").click()
    press(page, "j", "f")
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    assert looked_at(page) == [], "with an undo"
    press(page, "u", "?")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert looked_at(page) == [], "with the help"


def test_a_comparison_is_read_as_well(opened: Opening) -> None:
    page = opened("kim", "/findings/4")

    press(page, "2", "o")

    expect(page.locator("[data-stage]")).to_be_visible()
    assert looked_at(page) == []


def test_a_new_token_is_shown_once_and_whole(opened: Opening) -> None:
    page = opened("anna", "/account")
    page.get_by_label("What it is for").fill("the line's controller, with a name of some length")
    page.get_by_role("button", name="Make a token").click()
    expect(page.locator(".secret")).to_contain_text("ipt_")

    assert looked_at(page) == []
    page.goto("/account")

    expect(page.locator(".secret")).to_have_count(0)
    assert looked_at(page) == []


def test_the_policy_blocks_what_no_page_of_ours_brings(browser: Browser, address: str) -> None:
    page = page_of(browser, address, secret_of("anna"))
    complaints = complaints_of(page)
    page.goto("/queue")

    page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "document.title = 'taken over'";
          document.body.append(script);
          document.body.insertAdjacentHTML("beforeend", "<p id=red style='color: red'>red</p>");
          const elsewhere = document.createElement("img");
          elsewhere.src = "http://localhost:9/picture.png";
          document.body.append(elsewhere);
        }"""
    )

    expect(page).to_have_title("Queue · Works")
    assert page.locator("#red").evaluate("one => getComputedStyle(one).color") != "rgb(255, 0, 0)"
    page.wait_for_function("() => true")
    assert sum("Content Security Policy" in words for words in complaints) == 3, complaints
    page.context.close()
