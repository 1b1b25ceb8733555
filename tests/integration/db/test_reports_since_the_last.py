"""What a report says of the time since the last one, of lamp and lens, and of who was told."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from db.alerting import acknowledge, add_deliveries, resolve
from db.engine import connect, default_url, session
from db.events import note_event
from db.evidence import EvidenceStore
from db.input_health import FIGURES, Place, add_figures
from db.models import Delivery, Event
from db.reviewing import audit_frame, review_finding
from db.upgrade import upgrade
from db.words import (
    DeliveryAbout,
    DeliveryState,
    EventKind,
    Judgement,
    ReportKind,
    ReviewState,
    Severity,
)
from inspect_pipeline.service.cli import build_app
from inspect_pipeline.service.reporting import Asked, make_report
from plant_config.plant import Plant as PlantFile
from tests.integration.db.reported_plant import PLANT, Reader, at, drawn, numbers, plant_of, work
from tests.integration.db.rows_to_ask import CONFIG, finding_at, inspected

SHIFT_ENDS = 7 * 60  # minutes after its beginning
CHANNELS = """
[[channels]]
name = "lead"
kind = "email"
host = "mail.mill.example"
sender = "line@mill.example"
to = ["lead@mill.example"]
user = "line"
password_env = "MAIL_PASSWORD"
[[channels]]
name = "mes"
kind = "webhook"
url_env = "MES_URL"
secret_env = "MES_SECRET"
"""


@pytest.fixture
def plant(tmp_path: Path) -> PlantFile:
    return plant_of(tmp_path, PLANT + CHANNELS)


@pytest.fixture
def store(tmp_path: Path) -> EvidenceStore:
    return EvidenceStore(tmp_path / "evidence")


@pytest.fixture
def worked(engine: Engine) -> Engine:
    return work(engine)


def late_things(engine: Engine) -> None:
    """After the report of the early shift: said of it, come in late, and of the shift after."""
    late = at(SHIFT_ENDS + 30)
    with session(engine) as opened:
        inspected(opened, at(8), finding_at(60, kind="scratch"))
        for number in range(3):
            gathered = [finding_at(30, 20, kind="dent") for _ in range(5)]
            other = inspected(opened, late + timedelta(minutes=number), *gathered)
        other.config_id = "f" * 64
        assert other.config_id != CONFIG
    with session(engine) as opened:
        review_finding(
            opened, 2, state_after=ReviewState.FALSE_ALARM, reviewer="eve", reviewed_at=late
        )
        audit_frame(opened, 5, judgement=Judgement.DEFECTIVE, auditor="eve", audited_at=late)
        resolve(opened, 1, person="eve", at=late)


def test_a_report_tells_what_the_last_one_could_not_know(
    worked: Engine, store: EvidenceStore, plant: PlantFile
) -> None:
    first = Asked(kind=ReportKind.SHIFT, at=at(60))
    after_it = at(SHIFT_ENDS + 1)
    before = drawn(worked, store, plant, kind=ReportKind.SHIFT, at=at(60))
    make_report(worked, store, plant, first, now=lambda: after_it, made_by="test")
    late_things(worked)

    report = drawn(worked, store, plant, kind=ReportKind.SHIFT, at=at(SHIFT_ENDS + 40))

    found = numbers(report.table, "since_report")
    early = "2026-03-30 early"
    assert found == {
        (early, "judged_false_alarm"): 1,
        (early, "audited_defective"): 1,
        (early, "came_in"): 15,
        (early, "alerts_opened"): 0,
        (early, "alerts_resolved"): 1,
        ("cam-1", "limits_changed"): 1,
    }
    assert numbers(report.table, "new_place") == {("bracket/C5", "findings"): 15}
    text = Reader(report.page).text
    assert "Held against the last report, 2026-03-30 early" in text
    assert "It said that 2 of 7 had failed; today the same time has 3 of 8." in text
    assert "No earlier report of this kind is kept" in Reader(before.page).text


def test_the_last_report_is_the_newest_of_the_same_kind_and_line(
    worked: Engine, store: EvidenceStore, plant: PlantFile
) -> None:
    for asked in (
        Asked(kind=ReportKind.SHIFT, at=at(60) - timedelta(days=5)),
        Asked(kind=ReportKind.SHIFT, at=at(60) - timedelta(days=2), language="de"),
        Asked(kind=ReportKind.SHIFT, at=at(60) - timedelta(days=1), line="line-1"),
        Asked(kind=ReportKind.DAY, at=at(60) - timedelta(days=1)),
        Asked(kind=ReportKind.SHIFT, at=at(60)),
    ):
        make_report(worked, store, plant, asked, now=lambda: at(600), made_by="test")

    page = drawn(worked, store, plant, kind=ReportKind.SHIFT, at=at(60)).page

    assert "Held against the last report, 2026-03-28 early" in Reader(page).text


def test_a_report_says_how_lamp_and_lens_were_and_what_left_its_limits(
    worked: Engine, store: EvidenceStore, plant: PlantFile
) -> None:
    place = Place(line_id="line-1", camera_id="cam-1", part="bracket")
    with session(worked) as opened:
        for minute, brightness in ((0, 100.0), (1, 120.0)):
            figures = {**dict.fromkeys(FIGURES, 0.5), "brightness": brightness}
            add_figures(
                opened, place, at(minute), is_unfit=False, figures=figures, passed_score=None
            )
        note_event(opened, drift("focus", "began", -900, was=20.0, now=14.0))
        note_event(opened, drift("focus", "ended", -600, was=20.0, now=19.0))
        note_event(opened, drift("brightness", "began", -30, was=120.0, now=90.0))
        note_event(opened, drift("brightness", "ended", 20, was=120.0, now=119.0))

    report = drawn(worked, store, plant, kind=ReportKind.SHIFT, at=at(60))

    found = numbers(report.table, "camera")
    assert found["cam-1/bracket", "brightness"] == 110.0
    assert found["cam-1", "drifts"] == 1
    text = Reader(report.page).text
    assert "Brightness 120 → 90" in text
    assert "Outside of its limits from 30 Mar 2026 06:30 to 30 Mar 2026 07:20." in text
    assert "Focus 20" not in text


def test_an_alerts_report_says_who_was_told_and_no_secret(
    worked: Engine, store: EvidenceStore, plant: PlantFile
) -> None:
    with session(worked) as opened:
        add_deliveries(opened, 1, DeliveryAbout.OPENED, ["lead", "mes"], due_at=at(8))
        for row in opened.query(Delivery):
            row.state, row.next_try_at, row.sent_at = DeliveryState.SENT, None, at(9)
        acknowledge(opened, 1, person="bo", at=at(12), note="I look at the guide roll")

    text = Reader(drawn(worked, store, plant, kind=ReportKind.ALERT, alert=1).page).text

    assert "30 Mar 2026 07:09 lead lead@mill.example that it opened sent" in text
    assert "mes webhook that it opened sent" in text
    assert "acknowledged bo I look at the guide roll" in text
    assert "MAIL_PASSWORD" not in text


def test_reports_are_listed_by_their_database_alone(tmp_path: Path, plant: PlantFile) -> None:
    url = default_url(tmp_path / "findings.db")
    engine = connect(url)
    upgrade(engine)
    store, asked = EvidenceStore(tmp_path / "evidence"), Asked(kind=ReportKind.DAY, at=at(0))
    made = make_report(engine, store, plant, asked, now=lambda: at(9000), made_by="test")
    engine.dispose()

    said = CliRunner().invoke(build_app(), ["report", "list", "--db", url, "--format", "json"])

    (row,) = json.loads(said.stdout)
    assert (row["period"], row["page"]) == ("2026-03-30", str(made.files[0]))


def drift(figure: str, state: str, minutes: float, **facts: Any) -> Event:
    return Event(
        key=f"{figure} {state}",
        at=at(minutes),
        kind=EventKind.INPUT_HEALTH,
        severity=Severity.MAJOR,
        line_id="line-1",
        camera_id="cam-1",
        part="bracket",
        text=figure,
        facts={
            "was": facts["was"],
            "is": facts["now"],
            "state": state,
            "figure": figure,
            "began_at": figure,
        },
    )
