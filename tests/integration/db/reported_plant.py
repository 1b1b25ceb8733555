"""A plant whose reports have known numbers, and how to read a page and its table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import Engine

from db.catalogue import meet_plant
from db.engine import session
from db.events import note_event
from db.evidence import EvidenceStore
from db.models import Alert, Event, Part, Plant
from db.reviewing import review_finding
from db.words import AlertState, EventKind, Outcome, ReviewState, Severity
from inspect_pipeline.service.reporting import Asked, Drawn, draw_report
from plant_config.loader import load_plant
from plant_config.plant import Plant as PlantFile
from tests.integration.db.rows_to_ask import finding_at, inspected, know_models
from tests.plant_files import small_plant

MORNING = datetime(2026, 3, 30, 5, tzinfo=UTC)  # a Monday, seven o'clock in Berlin: early shift
LATER = MORNING + timedelta(days=1)
PLANT = (
    small_plant(name="Mill & Sons", timezone="Europe/Berlin", mm_per_px=1.0, frame_wh=(100, 50))
    + """
[reports]
pdf = false
"""
)
COSTS = """
[roi]
currency = "EUR"
hand_minutes_per_part = 1.0
wage_per_hour = 60.0
escape_cost = 100.0
false_call_cost = 10.0
"""


def work(engine: Engine) -> Engine:
    """The early shift: 8 frames, 2 failed, 1 unfit; the night before: 4 passed, 0 failed."""
    with session(engine) as opened:
        meet_plant(
            opened,
            Plant(plant="Mill & Sons", timezone="Europe/Berlin", seen_at=MORNING),
            ["line-1"],
            [Part(part="bracket", mm_per_px=1.0, false_alarms=None)],
        )
        know_models(opened)
        for minute in range(4):
            inspected(opened, MORNING - timedelta(hours=4, minutes=minute), serial="roll-1")
        for minute in range(5):
            inspected(opened, at(minute), serial="roll-2", web_mm=500.0 * minute)
        critical = finding_at(10, severity=Severity.CRITICAL, kind="dent")
        scratch = finding_at(60, kind="scratch")
        inspected(opened, at(5), critical, serial="roll-2", web_mm=2500.0)
        inspected(opened, at(6), scratch, serial="roll-2", web_mm=3000.0)
        inspected(opened, at(7), outcome=Outcome.UNFIT)
        note_event(opened, gap())
        opened.add(an_alert())
    with session(engine) as opened:
        review_finding(
            opened,
            1,
            state_after=ReviewState.CONFIRMED,
            reviewer="eve",
            reviewed_at=at(30),
            note="guide roll",
        )
    return engine


def at(minutes: float) -> datetime:
    return MORNING + timedelta(minutes=minutes)


def plant_of(folder: Path, written: str) -> PlantFile:
    file = folder / "plant.toml"
    file.write_text(written, encoding="utf-8")
    return load_plant(file)


def gap() -> Event:
    return Event(
        key="gap",
        at=at(9),
        kind=EventKind.GAP,
        severity=Severity.MAJOR,
        line_id="line-1",
        camera_id="cam-1",
        part="bracket",
        text="a gap",
        facts={"shots": 14},
    )


def an_alert() -> Alert:
    return Alert(
        key="a",
        rule="burst",
        place="0" * 64,
        text="many findings at once",
        line_id="line-1",
        camera_id=None,
        part=None,
        finding_id=None,
        severity=Severity.MAJOR,
        state=AlertState.OPEN,
        events=3,
        facts={"per_minute": 2.5},
        opened_at=at(6),
        last_event_at=at(8),
        acknowledged_by=None,
        acknowledged_at=None,
        resolved_by=None,
        resolved_at=None,
    )


def drawn(engine: Engine, store: EvidenceStore, plant: PlantFile, **asked: object) -> Drawn:
    wanted = Asked(**asked)  # type: ignore[arg-type]  # each test passes what it is about
    with session(engine, read_only=True) as opened:
        return draw_report(opened, store, plant, wanted, created_at=LATER)


def numbers(table: pd.DataFrame, section: str) -> dict[tuple[str, str], float]:
    of_section = table[table["section"] == section]
    rows: list[Any] = list(of_section.itertuples(index=False))
    return {(row.item, row.name): row.value for row in rows}


class Reader(HTMLParser):
    """What a reader sees, and tags that were opened and never closed."""

    EMPTY = frozenset(("meta", "img", "br"))

    def __init__(self, page: str) -> None:
        super().__init__()
        self.unclosed: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not [name for name, _ in attrs if name == "style" or name.startswith("on")]
        if tag not in self.EMPTY:
            self.unclosed.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ("line", "path", "circle", "rect", "image")

    def handle_endtag(self, tag: str) -> None:
        assert self.unclosed.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.unclosed and self.unclosed[-1] != "style":
            self.text = f"{self.text} {' '.join(data.split())}"
