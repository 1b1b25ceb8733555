"""Teach: what was called a false alarm becomes an example of a good part, with one action."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("playwright.sync_api", reason="pip install playwright to test in a browser")

from playwright.sync_api import Page, expect

from db.engine import default_url, session
from db.teaching import good_set
from tests.browser.keyboard import press, tab_to
from tests.browser.served import Opening
from tests.integration.db.database_records import (
    a_finding,
    failed,
    frame_key,
    passed,
    whole_frame_pictures,
)
from tests.review.review_desk import ReviewDesk, review_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ReviewDesk]:
    """Brackets: frame 1 with findings 1 and 2, frame 2 with finding 3, frame 3 passed; and a plate
    without a finding. All pictures are kept."""
    kept = whole_frame_pictures()
    plate = frame_key(9, part="a plate", camera_id="cam-2")
    with review_desk(default_url(tmp_path / "findings.db"), tmp_path) as opened:
        for inspection in (
            failed(0, a_finding(0), a_finding(1)),
            failed(1, a_finding(2)),
            passed(2),
            replace(passed(3), frame=plate),
        ):
            opened.ledger.record(replace(inspection, pictures=kept))
        yield opened


def given(desk: ReviewDesk) -> list[tuple[int, str]]:
    with session(desk.engine, read_only=True) as opened:
        return [(one.frame_id, one.added_by) for one in good_set(opened, "bracket")]


def call_false(page: Page, *finding_ids: int) -> None:
    """By keyboard, on each finding's page."""
    for finding_id in finding_ids:
        page.goto(f"/findings/{finding_id}")
        press(page, "f")
        expect(page.locator("#toasts")).to_contain_text(f"Finding {finding_id} called a false")


def candidates(page: Page) -> list[str]:
    cards = page.locator(".picture-card").all()
    return [str(card.get_attribute("aria-label")) for card in cards]


def test_a_frame_is_given_once_its_every_finding_was_called_a_false_alarm(
    desk: ReviewDesk, opened: Opening
) -> None:
    page = opened("eva", "/queue")
    call_false(page, 1)
    page.goto("/teach?part=bracket")
    assert candidates(page) == []

    call_false(page, 2)
    page.goto("/teach?part=bracket")
    assert candidates(page) == ["Frame 1"]
    expect(page.locator(".picture-card")).to_contain_text("2 false alarms")
    tab_to(page, page.get_by_role("button", name="Give to the good set: frame 1"))
    press(page, "Enter")

    expect(page.get_by_role("heading", name="Good set of bracket: 1 frame")).to_be_visible()
    assert candidates(page) == []
    assert given(desk) == [(1, "eva")]
    picture = page.locator("table img")
    assert picture.evaluate("one => one.decode().then(() => one.naturalWidth)") > 0


def test_what_was_given_by_mistake_is_taken_back(desk: ReviewDesk, opened: Opening) -> None:
    page = opened("eva", "/queue")
    call_false(page, 3)
    page.goto("/teach?part=bracket")
    page.get_by_role("button", name="Give to the good set: frame 2").click()
    expect(page.get_by_role("heading", name="1 frame")).to_be_visible()

    page.get_by_role("button", name="Take back: frame 2").click()

    expect(page.get_by_role("heading", name="Good set of bracket: 0 frames")).to_be_visible()
    assert candidates(page) == ["Frame 2"]
    assert given(desk) == []


def test_all_frames_of_the_page_are_given_after_a_question(
    desk: ReviewDesk, opened: Opening
) -> None:
    page = opened("eva", "/queue")
    call_false(page, 1, 2, 3)
    page.goto("/teach?part=bracket")
    everything = page.get_by_role("button", name="Give all 2")

    page.once("dialog", lambda dialog: dialog.dismiss())
    everything.click()
    assert given(desk) == []
    page.once("dialog", lambda dialog: dialog.accept())
    everything.click()

    expect(page.get_by_role("heading", name="Good set of bracket: 2 frames")).to_be_visible()
    assert sorted(given(desk)) == [(1, "eva"), (2, "eva")]


def test_a_finding_confirmed_later_makes_the_example_doubted(
    desk: ReviewDesk, opened: Opening
) -> None:
    page = opened("eva", "/queue")
    call_false(page, 3)
    page.goto("/teach?part=bracket")
    page.get_by_role("button", name="Give to the good set: frame 2").click()
    expect(page.get_by_role("heading", name="1 frame")).to_be_visible()

    page.goto("/findings/3")
    press(page, "c")
    expect(page.locator("#toasts")).to_contain_text("Finding 3 confirmed")
    page.goto("/teach?part=bracket")

    expect(page.locator("tr", has_text="doubted, teaches nothing")).to_have_count(1)


def test_an_audit_of_a_passed_frame_teaches_its_own_part(desk: ReviewDesk, opened: Opening) -> None:
    page = opened("eva", "/frames/3")

    page.get_by_role("button", name="Good part").click()
    expect(page.get_by_role("status").first).to_contain_text("Written")
    page.get_by_role("link", name="Teach: the good set of bracket").click()

    expect(page.get_by_role("heading", name="Good set of bracket: 0 frames")).to_be_visible()
    assert candidates(page) == ["Frame 3"]
    expect(page.locator(".picture-card")).to_contain_text("audit says good")
