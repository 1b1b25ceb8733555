"""Draws docs/reports/: the first page of every kind of report in every language.

python -m benchmarks.report_pictures DEMO_FOLDER [--out docs/reports] [--whole FOLDER] [--kind roi]

DEMO_FOLDER is what `make demo` made (out/demo). Its database is copied, so nothing in it changes.
`--whole` also keeps the pages and PDFs themselves, every page of each as a picture.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pypdfium2
from PIL import Image
from sqlalchemy import Engine, select

from benchmarks.reports.history import NOON, ROLLS, fill
from db.engine import default_url, session
from db.evidence import EvidenceStore
from db.models import Alert
from db.upgrade import open_database
from db.words import ReportKind
from inspect_pipeline.reports.plant.wording import Language
from inspect_pipeline.service.reporting import Asked, make_report, write_report
from plant_config.loader import load_plant
from plant_config.plant import Plant

DEMO_PLANT = Path("plant_config/plants/demo/plant.toml")
COSTS = """
[roi]
currency = "EUR"
hand_minutes_per_part = 0.75
wage_per_hour = 42.0
escape_cost = 60.0
false_call_cost = 4.0
hand_escape_rate = 0.2
hardware_cost = 24000.0
running_cost_per_year = 3000.0
"""
CHANNELS = """
[[channels]]
name = "shift-lead"
kind = "email"
host = "mail.mill.example"
sender = "line1@mill.example"
to = ["lead@mill.example"]
[[channels]]
name = "maintenance"
kind = "email"
host = "mail.mill.example"
sender = "line1@mill.example"
to = ["maintenance@mill.example"]
[[channels]]
name = "line-screen"
kind = "mqtt"
host = "broker.mill.example"
"""
WIDTH_PX = 620
COLOURS = 64  # of a palette: pages are flat, and pictures of parts are grey


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("demo", type=Path)
    parser.add_argument("--out", type=Path, default=Path("docs/reports"))
    parser.add_argument("--whole", type=Path)
    parser.add_argument("--kind", type=ReportKind, help="only this kind of report")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="reports-") as folder:
        shutil.copy(given.demo / "findings.db", folder)
        engine = open_database(default_url(Path(folder) / "findings.db"))
        with session(engine) as opened:
            fill(opened)
        store = EvidenceStore(given.demo / "evidence")
        plant = demo_plant(Path(folder))
        make_those_before(engine, EvidenceStore(Path(folder) / "evidence"), plant)
        whole = given.whole or Path(folder) / "pages"
        whole.mkdir(parents=True, exist_ok=True)
        for asked in every_report(engine):
            if given.kind not in (None, asked.kind):
                continue
            page = whole / f"{asked.kind}_{asked.language}.html"
            write_report(engine, store, plant, asked, now=_now, out=page)
            pictures = list(drawn(page.with_suffix(".pdf")))
            kept = given.out / f"{asked.kind}_{asked.language}.png"
            pictures[0].quantize(COLOURS).save(kept, optimize=True)
            print(f"{kept}: {kept.stat().st_size // 1000} kB, {len(pictures)} pages")
            if given.whole:
                for number, picture in enumerate(pictures, start=1):
                    picture.save(whole / f"{page.stem}-{number}.png")
        engine.dispose()


def demo_plant(folder: Path) -> Plant:
    """The demo's plant file with the clock of Berlin and a table of costs."""
    written = DEMO_PLANT.read_text(encoding="utf-8")
    zoned = written.replace('name = "Demo"', 'name = "Demo"\ntimezone = "Europe/Berlin"', 1)
    file = folder / "plant.toml"
    file.write_text(zoned + COSTS + CHANNELS, encoding="utf-8")
    return load_plant(file)


def make_those_before(engine: Engine, store: EvidenceStore, plant: Plant) -> None:
    """The shift, day and week before were told of when they were over."""
    for kind, earlier in (
        (ReportKind.SHIFT, timedelta(hours=8)),
        (ReportKind.DAY, timedelta(days=1)),
        (ReportKind.WEEK, timedelta(days=7)),
    ):
        asked = Asked(kind=kind, at=NOON - earlier)
        make_report(engine, store, plant, asked, now=_this_morning, made_by="demo")


def every_report(engine: Engine) -> Iterator[Asked]:
    with session(engine, read_only=True) as opened:
        alert = opened.scalars(select(Alert.id)).one()
    for language in Language:
        for kind in (ReportKind.SHIFT, ReportKind.DAY, ReportKind.WEEK):
            yield Asked(kind=kind, language=language, at=NOON)
        yield Asked(kind=ReportKind.LOT, language=language, lot=ROLLS[1])
        yield Asked(kind=ReportKind.ALERT, language=language, alert=alert)
        yield Asked(
            kind=ReportKind.ROI, language=language, since=NOON - timedelta(days=15), until=NOON
        )


def drawn(pdf: Path) -> Iterator[Image.Image]:
    document = pypdfium2.PdfDocument(pdf)
    for page in document:
        large = page.render(scale=2 * WIDTH_PX / page.get_width()).to_pil().convert("RGB")
        yield large.resize((WIDTH_PX, round(WIDTH_PX * large.height / large.width)))
    document.close()


def _this_morning() -> datetime:
    return NOON - timedelta(hours=5)


def _now() -> datetime:
    return NOON + timedelta(hours=3)


if __name__ == "__main__":
    main()
