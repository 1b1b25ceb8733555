"""A shift at the simulated line, from the command line to the browser: as a plant would begin."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("playwright.sync_api", reason="pip install playwright to test in a browser")

from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine
from typer.testing import CliRunner

from db.engine import default_url, session
from db.evidence import EvidenceStore
from db.queries import findings
from db.rows import FindingFilter, FindingRow
from db.upgrade import open_database
from db.words import ReviewState
from inspect_pipeline.service.cli.people import app as users
from inspect_pipeline.service.serving import prepared
from plant_config.review import Review
from tests.browser.keyboard import press
from tests.browser.looking import too_wide
from tests.browser.served import complaints_of, page_of, served
from tests.e2e.command_line import run_pipeline

FRAMES = 12
PASSWORD = "eleven green bottles"


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """What the demo leaves behind, and an administrator."""
    folder = tmp_path_factory.mktemp("demo")
    url = default_url(folder / "findings.db")
    done = run_pipeline("demo", "--frames", str(FRAMES), "--out", str(folder))
    assert done.returncode == 0, done.stderr
    words = ["add", "anna", "--role", "admin", "--password-stdin", "--db", url]
    CliRunner().invoke(users, words, input=f"{PASSWORD}\n", catch_exceptions=False)
    engine = open_database(url, create=False)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def page(plant: Engine, browser: Browser) -> Iterator[Page]:
    """The administrator's window, from the form on; at the end nothing may have complained."""
    store = EvidenceStore(Path(str(plant.url.database)).parent / "evidence")
    with served(prepared(plant, store, Review(), plant=None)) as address:
        window = page_of(browser, address, None, viewport={"width": 1280, "height": 900})
        complaints = complaints_of(window)
        window.goto("/")
        window.keyboard.type("anna")
        press(window, "Tab")
        window.keyboard.type(PASSWORD)
        press(window, "Enter")
        expect(window.locator("h1")).to_have_text("Queue")
        yield window
        window.context.close()
    assert complaints == []


def found(plant: Engine) -> list[FindingRow]:
    """Worst first, as the queue has them."""
    with session(plant, read_only=True) as opened:
        rows = findings(opened, FindingFilter(), limit=1000)
    return sorted(rows, key=lambda row: (row.urgency, row.finding_id), reverse=True)


def unread_pictures(page: Page) -> list[str]:
    """Addresses of pictures on the page that the browser cannot show."""
    asked = """async () => {
      const addresses = [...document.querySelectorAll("main img, main image")]
        .map((one) => one.getAttribute("src") ?? one.getAttribute("href"))
        .filter((address) => address);
      const broken = [];
      for (const address of new Set(addresses)) {
        const picture = new Image();
        picture.src = address;
        await picture.decode().catch(() => broken.push(address));
      }
      return addresses.length ? broken : ["no picture at all"];
    }"""
    return [str(address) for address in page.evaluate(asked)]


@pytest.mark.parametrize(
    "path",
    ["/queue", "/findings/1", "/dashboard?until=2026-01-06", "/questions/findings?limit=9"],
)
def test_the_pages_show_what_the_cameras_saw(page: Page, path: str) -> None:
    page.goto(path)

    assert unread_pictures(page) == []
    assert too_wide(page) == []


def test_a_shift_from_the_queue_to_the_good_set(plant: Engine, page: Page) -> None:
    """The worst finding's frame is called good, what lies on the others is confirmed."""
    rows = found(plant)
    good_id = rows[0].frame_id
    page.goto("/queue")
    expect(page.locator("#count")).to_contain_text(f"{len(rows)} wait")
    press(page, "j", "Enter")
    for row in rows:
        expect(page.locator("h1")).to_contain_text(f"Finding {row.finding_id}")
        expect(page.locator("[data-help]")).to_be_visible()
        press(page, "2", "f" if row.frame_id == good_id else "c")
    expect(page.locator("#empty")).to_contain_text("Nothing waits")
    assert {row.finding_id: row.state for row in found(plant)} == {
        row.finding_id: ReviewState.FALSE_ALARM
        if row.frame_id == good_id
        else ReviewState.CONFIRMED
        for row in rows
    }

    page.goto(f"/teach?part={rows[0].part}")
    page.get_by_role("button", name=f"Give to the good set: frame {good_id}").click()
    expect(page.get_by_role("heading", name=re.compile("Good set of .*: 1 frame"))).to_be_visible()

    page.goto("/export")
    page.get_by_role("radio", name=re.compile("^Pictures, whole frames")).check()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download").click()
    with zipfile.ZipFile(waiting.value.path()) as album:
        coco = json.loads(album.read("annotations.json"))
        assert [name for name in album.namelist() if name.startswith("good/")] == [
            f"good/frame-{good_id}.png"
        ]
    assert sorted(one["id"] for one in coco["annotations"]) == sorted(
        row.finding_id for row in rows
    )
