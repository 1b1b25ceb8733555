"""The review application on a port of its own, and browsers in which people are signed in."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Playwright, expect

Opening = Callable[..., Page]  # who, which page, options of the window
CHROMIUM = shutil.which("chromium")
STARTED_WITHIN_S = 30
_ANSWERS = (
    "Failed to load resource",
    "Response Status Error Code",
    "htmx:sendError",
    "htmx:afterRequest",
)
PATIENCE_MS = 60_000


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The address while the application answers."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{door.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(STARTED_WITHIN_S)


def launched(playwright: Playwright) -> Browser:
    """A busy machine may take long to draw a page: what a test expects has time to come true."""
    expect.set_options(timeout=PATIENCE_MS)
    return playwright.chromium.launch(
        executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
    )


def page_of(browser: Browser, address: str, secret: str | None, **options: Any) -> Page:
    """A window of somebody whose session has this secret, or of somebody who has to sign in."""
    context = browser.new_context(base_url=address, **options)
    if secret:
        context.add_cookies([{"name": "review", "value": secret, "url": address}])
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE_MS)
    return opened


def complaints_of(page: Page) -> list[str]:
    """Fills itself with what the browser complains of: scripts that fail, what the policy blocks.

    An answer with an error status, or none, is no complaint: whoever expects another asserts it.
    """
    heard: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(_ANSWERS):
            heard.append(f"{page.url}: {message.text}")

    def note_failure(error: Error) -> None:
        heard.append(f"{page.url}: a script failed: {error}")

    page.on("console", note)
    page.on("pageerror", note_failure)
    return heard
