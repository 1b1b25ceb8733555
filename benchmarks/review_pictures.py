"""Draws docs/pictures/review/ : every page of the review application, light and dark, on a desk
and on a tablet, filled by the demo and by two invented weeks.

python -m benchmarks.review_pictures DEMO_FOLDER [--out docs/pictures/review]

DEMO_FOLDER is what `make demo` made (out/demo). Its database is copied, so nothing in it changes.
Needs chromium on the PATH and playwright (`pip install -e '.[dev]'`).
"""

from __future__ import annotations

import argparse
import secrets
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import uvicorn
from PIL import Image
from playwright.sync_api import Page, sync_playwright
from sqlalchemy import Engine, func, select

from benchmarks.report_pictures import demo_plant, make_those_before
from benchmarks.reports.history import NOON, fill
from benchmarks.reports.today import learn_cameras, open_alert, record_jobs
from db import people
from db.engine import default_url, session
from db.evidence import EvidenceStore
from db.models import Finding, Inspection
from db.upgrade import open_database
from db.words import Outcome, ReviewState, Role
from inspect_pipeline.review.app import create_app
from inspect_pipeline.review.passwords import Passwords
from inspect_pipeline.service.serving import listen
from plant_config.review import Review

PAGES = {
    "queue": "/queue",
    "finding": "/findings/{finding}",
    "frame": "/frames/{frame}",
    "dashboard": "/dashboard",
    "cameras": "/cameras?days=1",
    "alerts": "/alerts",
    "alert": "/alerts/1",
    "search": "/search",
    "answer": "/questions/pareto?by=severity",
    "export": "/export",
    "reports": "/reports",
    "teach": "/teach",
    "models": "/models",
    "jobs": "/jobs",
    "people": "/people",
    "account": "/account",
}
SCREENS = {"desk": (1280, 900), "tablet": (820, 1180)}
COLOURS = 96  # of a palette: flat pages need no more, pictures of parts little more
NAME = "anna"
NOW = NOON + timedelta(minutes=10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("demo", type=Path)
    parser.add_argument("--out", type=Path, default=Path("docs/pictures/review"))
    told = parser.parse_args()
    chromium = shutil.which("chromium") or sys.exit("chromium is not on the PATH")
    told.out.mkdir(parents=True, exist_ok=True)
    password = secrets.token_urlsafe(16)
    with (
        tempfile.TemporaryDirectory() as folder,
        _served(told.demo, Path(folder), password) as (address, facts),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for screen, (width, height) in SCREENS.items():
            for scheme in ("light", "dark"):
                seen = browser.new_context(
                    color_scheme=scheme,  # type: ignore[arg-type]
                    viewport={"width": width, "height": height},
                )
                _shoot(seen.new_page(), address, facts, password, told.out, f"{scheme}-{screen}")
        browser.close()


def _shoot(
    page: Page, address: str, facts: dict[str, int], password: str, out: Path, ending: str
) -> None:
    page.goto(f"{address}/login")
    _keep(page, out / f"login-{ending}.png")
    page.fill("input[name=name]", NAME)
    page.fill("input[name=password]", password)
    page.press("input[name=password]", "Enter")
    page.wait_for_url("**/queue")
    for name, path in PAGES.items():
        answer = page.goto(address + path.format(**facts), wait_until="networkidle")
        if answer is None or not answer.ok:
            sys.exit(f"{path}: {answer.status if answer else 'no answer'}")
        _keep(page, out / f"{name}-{ending}.png")
    print(f"{len(PAGES) + 1} pages, {ending}")


def _keep(page: Page, path: Path) -> None:
    with Image.open(BytesIO(page.screenshot())) as shot:
        shot.convert("RGB").quantize(COLOURS).save(path, optimize=True)


@contextmanager
def _served(demo: Path, folder: Path, password: str) -> Iterator[tuple[str, dict[str, int]]]:
    shutil.copy(demo / "findings.db", folder / "findings.db")
    engine = open_database(default_url(folder / "findings.db"), create=False)
    shutil.copytree(demo / "evidence", folder / "evidence")
    store = EvidenceStore(folder / "evidence")
    facts = _fill(engine, store, password)
    settings = Review(port=1)
    app = create_app(
        engine,
        store,
        settings,
        now=lambda: NOW,
        plant_name="Demo",
    )
    config = uvicorn.Config(app, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    with listen(settings.model_copy(update={"port": 0})) as door:
        serving = threading.Thread(target=server.run, kwargs={"sockets": [door]})
        serving.start()
        try:
            yield f"http://127.0.0.1:{door.getsockname()[1]}", facts
        finally:
            server.should_exit = True
            serving.join()
            engine.dispose()


def _fill(engine: Engine, store: EvidenceStore, password: str) -> dict[str, int]:
    """Two weeks, one who may everything, and something on every page."""
    with session(engine) as opened:
        fill(opened)
        record_jobs(opened)
        open_alert(opened)
        learn_cameras(opened)
        people.create_user(
            opened,
            name=NAME,
            full_name="Anna Lind",
            role=Role.ADMIN,
            password_hash=Passwords().hashed(password),
            created_at=NOON - timedelta(days=14),
        )
        waiting = select(func.max(Finding.id)).where(Finding.state == ReviewState.NEW)
        frame = select(func.max(Inspection.frame_id)).where(
            Inspection.outcome == Outcome.FAILED, Inspection.observed_name.is_not(None)
        )
        facts = {
            "finding": opened.scalars(waiting).one() or 1,
            "frame": opened.scalars(frame).one() or 1,
        }
    make_those_before(engine, store, demo_plant(store.folder.parent))
    return facts


if __name__ == "__main__":
    main()
