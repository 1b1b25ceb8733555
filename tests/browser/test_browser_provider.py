"""Sign in by an identity provider in a real browser: across two sites and back, under our CSP."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("playwright.sync_api", reason="pip install playwright to test in a browser")

from playwright.sync_api import Page, expect, sync_playwright

from db.engine import default_url
from tests.browser.served import CHROMIUM, launched, page_of, served
from tests.fakes import WallClock
from tests.review.browsers import MORNING
from tests.review.by_provider import ProviderDesk, provider_client
from tests.review.little_provider import LittleProvider, little_provider
from tests.review.review_desk import review_desk

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="apt install chromium to test in it")


@pytest.fixture
def provider() -> Iterator[LittleProvider]:
    with little_provider("", WallClock(MORNING)) as opened:
        yield opened


@pytest.fixture
def page(provider: LittleProvider, tmp_path: Path) -> Iterator[Page]:
    """At a plant with the provider; nobody is signed in."""
    with (
        review_desk(default_url(tmp_path / "findings.db"), tmp_path) as desk,
        served(desk.app) as address,
        sync_playwright() as playwright,
    ):
        at_provider = ProviderDesk(desk.engine, provider.issuer, WallClock(MORNING), tmp_path)
        settings = at_provider.settings(address=address)
        provider.callback, provider.now = settings.callback, desk.app.state.desk.now
        desk.app.state.desk = replace(desk.app.state.desk, provider=provider_client(settings))
        browser = launched(playwright)
        yield page_of(browser, address, "of nobody")
        browser.close()


def test_one_click_leads_over_the_provider_to_where_the_person_wanted(page: Page) -> None:
    page.goto("/dashboard")

    page.get_by_role("link", name="Sign in with Mill ID").click()

    expect(page).to_have_url(re.compile(r":\d+/dashboard$"))
    expect(page.locator(".menu-name")).to_have_text("Jane Doe")
    assert {cookie["name"] for cookie in page.context.cookies()} == {"review"}


def test_who_is_turned_away_stays_at_the_door_and_may_use_a_password(
    page: Page, provider: LittleProvider
) -> None:
    provider.person["preferred_username"] = "kim"
    page.goto("/login")

    page.get_by_role("link", name="Sign in with Mill ID").click()

    expect(page.get_by_role("alert")).to_contain_text("There is an account kim already")
    expect(page.get_by_label("Password")).to_be_visible()
    page.get_by_role("button", name="Dark").click()
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
