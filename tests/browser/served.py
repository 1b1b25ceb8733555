"""The review application on a port of its own, and browsers in which people are signed in."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, Playwright, expect

CHROMIUM = shutil.which("chromium")
STARTED_WITHIN_S = 30
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
    return playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])


def page_of(browser: Browser, address: str, secret: str, **options: object) -> Page:
    """A window of somebody whose session has this secret; an error in a script is an error here."""
    context = browser.new_context(base_url=address, **options)  # type: ignore[arg-type]
    context.add_cookies([{"name": "review", "value": secret, "url": address}])
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE_MS)
    opened.on("pageerror", _refuse)
    return opened


def _refuse(error: Exception) -> None:
    raise AssertionError(f"a script failed: {error}")
