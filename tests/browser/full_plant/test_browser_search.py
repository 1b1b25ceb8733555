"""Search: a question through its form, its table, kept under a name, and what it refuses."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("playwright.sync_api", reason="pip install playwright to test in a browser")

from playwright.sync_api import Dialog, Locator, Page, expect

from tests.browser.desks import HOSTILE
from tests.browser.keyboard import press, tab_to
from tests.browser.served import Opening


def kept_names(page: Page) -> Locator:
    return page.get_by_role("region", name="Kept by you").locator(".saved-row a")


def rows(page: Page) -> Locator:
    return page.locator(".results tbody tr")


def found_ids(page: Page) -> list[str]:
    return page.locator(
        ".results tbody td a[href^='/findings/']:not([aria-hidden])"
    ).all_inner_texts()


def ask(page: Page) -> None:
    page.get_by_role("button", name="Ask").click()


def test_a_question_is_asked_by_keyboard_and_its_table_leads_to_the_finding(
    opened: Opening,
) -> None:
    page = opened("vera", "/search")
    expect(page.get_by_role("heading", name="Which findings are there?")).to_be_visible()
    expect(page.locator(".results")).to_have_count(0)

    tab_to(page, page.get_by_label("Severity"))
    page.keyboard.type("major")
    tab_to(page, page.get_by_label("new", exact=True))
    press(page, " ")
    tab_to(page, page.get_by_role("button", name="Ask"))
    press(page, "Enter")

    expect(page.get_by_role("heading", name="1 row")).to_be_visible()
    assert found_ids(page) == ["4"]
    expect(page.get_by_label("Severity")).to_have_value("major")
    expect(page.get_by_label("new", exact=True)).to_be_checked()
    rows(page).get_by_role("link", name="4", exact=True).press("Enter")
    expect(page.locator("h1")).to_contain_text("Finding 4")


def test_each_question_has_its_own_form_and_table(opened: Opening) -> None:
    page = opened("vera", "/search")

    page.get_by_role("link", name="Which share of the parts fails").click()
    page.get_by_label("Line", exact=True).select_option("line-1")
    ask(page)

    headings = page.locator(".results thead th").all_inner_texts()
    assert {"Inspected", "Failed", "Rate"} <= set(headings), headings
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("75.0 %")


def test_a_kept_question_is_opened_again_and_forgotten(opened: Opening) -> None:
    page = opened("kim", "/questions/findings?severity=critical")
    asked: list[str] = []

    page.get_by_label("Keep this question as").fill("Worst of all")
    press(page, "Enter")
    expect(kept_names(page)).to_have_text(["Worst of all"])
    page.goto("/search")
    kept_names(page).click()

    expect(page.get_by_label("Severity")).to_have_value("critical")
    assert found_ids(page) == ["1"]

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.message)
        if len(asked) == 1:
            dialog.dismiss()
        else:
            dialog.accept()

    page.on("dialog", answer)
    forget = page.get_by_role("button", name="Forget Worst of all")
    forget.click()
    expect(kept_names(page)).to_have_count(1)
    forget.click()
    expect(kept_names(page)).to_have_count(0)
    assert asked == ["Forget this question?"] * 2


def test_a_kept_question_belongs_to_whoever_kept_it(opened: Opening) -> None:
    ada = opened("ada", "/questions/pareto?by=line")
    ada.get_by_label("Keep this question as").fill("Causes by line")
    ada.get_by_role("button", name="Keep", exact=True).click()
    expect(kept_names(ada)).to_have_text(["Causes by line"])

    vera = opened("vera", "/search")

    expect(kept_names(vera)).to_have_count(0)


@pytest.mark.parametrize(
    ("label", "written", "said"),
    [
        ("Since", "yesterday", "since: 'yesterday' is not a time"),
        ("Area min", "much", "area_min: 'much' is not a number"),
        ("Place", "1,2", "place: "),
    ],
)
def test_wrong_input_is_named_at_its_field(
    opened: Opening, label: str, written: str, said: str
) -> None:
    page = opened("vera", "/search")
    page.locator("details summary", has_text="More").click()
    field = page.get_by_label(label, exact=True)

    field.fill(written)
    press(page, "Enter")

    expect(page.get_by_role("alert")).to_contain_text(said)
    expect(field).to_be_visible()
    expect(field).to_have_value(written)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile(re.escape(said)))
    expect(field).to_be_focused()
    expect(page.locator("[aria-invalid]")).to_have_count(1)
    expect(page.locator(".results")).to_have_count(0)


def test_a_wrong_choice_is_named_at_its_boxes(opened: Opening) -> None:
    page = opened("vera", "/questions/rate?by=day&by=week")

    expect(page.get_by_role("alert")).to_contain_text("only one that cuts time")
    boxes = page.get_by_role("group", name="By")
    expect(boxes).to_have_accessible_description(re.compile("only one that cuts time"))
    expect(boxes.get_by_role("checkbox").first).to_be_focused()
    boxes.get_by_label("week").uncheck()
    ask(page)
    expect(page.locator(".results")).to_be_visible()


def test_a_needed_field_holds_the_question_back(opened: Opening) -> None:
    page = opened("vera", "/questions/similar")

    ask(page)

    needed = page.get_by_label("Finding (needed)")
    expect(needed).to_be_focused()
    assert page.url.endswith("/questions/similar")
    needed.fill("1")
    ask(page)
    page.wait_for_url("**/questions/similar?finding=1*")


def test_pages_of_an_answer_follow_each_other(opened: Opening) -> None:
    page = opened("vera", "/questions/findings?limit=3")
    assert found_ids(page) == ["4", "3", "2"]

    page.get_by_role("link", name="Next page").click()
    expect(rows(page)).to_have_count(1)
    assert found_ids(page) == ["1"]

    page.get_by_role("link", name="First page").click()
    expect(rows(page)).to_have_count(3)


def test_words_from_the_line_stay_words(opened: Opening) -> None:
    page = opened("vera", "/questions/findings?states=false_alarm")
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))

    expect(rows(page)).to_contain_text(HOSTILE)
    page.goto("/findings/2")
    expect(page.locator("h1")).to_contain_text(HOSTILE)
