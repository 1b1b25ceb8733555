"""One browser per file of tests, a fresh desk per test, and windows of people who are signed in.

Where there is no playwright the files of tests skip themselves, so nothing here imports it early.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from db.engine import default_url
from tests.integration.db.database_records import failed
from tests.review.review_desk import ReviewDesk, review_desk, secret_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.browser.served import Opening


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    from tests.browser.served import CHROMIUM, launched

    if CHROMIUM is None:
        pytest.skip("apt install chromium to test in it")
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
def address(desk: ReviewDesk) -> Iterator[str]:
    """Where the desk answers."""
    from tests.browser.served import served

    with served(desk.app) as there:
        yield there


@pytest.fixture
def opened(address: str, browser: Browser) -> Iterator[Opening]:
    """`opened(name, path)` is a window of that person on that page; "" is nobody.

    At the end no window may have complained: a script that failed, something the policy blocked.
    """
    from tests.browser.served import complaints_of, page_of

    complaints: list[list[str]] = []
    with ExitStack() as windows:

        def opening(name: str, path: str, **options: Any) -> Page:
            window = page_of(browser, address, secret_of(name) if name else None, **options)
            windows.callback(window.context.close)
            complaints.append(complaints_of(window))
            window.goto(path)
            return window

        yield opening
    assert [words for heard in complaints for words in heard] == []
