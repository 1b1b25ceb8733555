"""Reports of the plant from small histories with known numbers, on both databases."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from sqlalchemy import Engine

from db.engine import session
from db.errors import UnknownRecord
from db.evidence import EvidenceStore
from db.questions.selection import Selection
from db.report_archive import reports_folder, reports_kept
from db.report_figures import notes_said, unfit_reasons
from db.reviewing import audit_frame
from db.words import Judgement, ReportKind
from inspect_pipeline.errors import UsageError
from inspect_pipeline.reports.plant.wording import LOCALES
from inspect_pipeline.service.reporting import Asked, Made, make_report
from plant_config.plant import Plant as PlantFile
from tests.integration.db.reported_plant import (
    COSTS,
    LATER,
    MORNING,
    PLANT,
    Reader,
    at,
    drawn,
    numbers,
    plant_of,
    work,
)


@pytest.fixture
def plant(tmp_path: Path) -> PlantFile:
    return plant_of(tmp_path, PLANT)


@pytest.fixture
def store(tmp_path: Path) -> EvidenceStore:
    return EvidenceStore(tmp_path / "evidence")


@pytest.fixture
def worked(engine: Engine) -> Engine:
    return work(engine)


def test_a_shift_counts_its_own_frames_and_is_held_against_the_shift_before(
    worked: Engine, store: EvidenceStore, plant: PlantFile
) -> None:
    report = drawn(worked, store, plant, kind=ReportKind.SHIFT, at=at(60))

    total, before = numbers(report.table, "total"), numbers(report.table, "before")
    assert report.name.period == "2026-03-30 early"
    assert (total["", "inspected"], total["", "failed"], total["", "unfit"]) == (7, 2, 1)
    assert total["", "failed_share"] == pytest.approx(2 / 7)
    assert (before["", "inspected"], before["", "failed"]) == (4, 0)
    assert numbers(report.table, "by_kind") == {("dent", "findings"): 1, ("scratch", "findings"): 1}
    assert numbers(report.table, "camera") == {
        ("cam-1", "unfit_share"): 1 / 8,
        ("cam-1", "unfit_dark"): 1,
        ("cam-1", "gap"): 1,
    }
    assert numbers(report.table, "open")["major", "waiting_findings"] == 1
    assert numbers(report.table, "open")["", "unresolved_alerts"] == 1


@pytest.mark.parametrize("kind", [ReportKind.DAY, ReportKind.WEEK])
def test_days_and_weeks_are_those_of_the_plants_clock(
    worked: Engine, store: EvidenceStore, plant: PlantFile, kind: ReportKind
) -> None:
    report = drawn(worked, store, plant, kind=kind, at=at(60))

    days = 1 if kind is ReportKind.DAY else 7
    midnight = datetime(2026, 3, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    assert report.span == (midnight, midnight + timedelta(days=days))
    assert numbers(report.table, "total")["", "inspected"] == 11  # the night shift began before two


def test_a_lot_is_what_carries_its_serial_and_is_held_against_the_lot_before(
    worked: Engine, store: EvidenceStore, plant: PlantFile
) -> None:
    report = drawn(worked, store, plant, kind=ReportKind.LOT, lot="roll-2")

    total, before = numbers(report.table, "total"), numbers(report.table, "before")
    assert (total["", "inspected"], total["", "failed"], total["", "unfit"]) == (7, 2, 0)
    assert before["", "inspected"] == 4
    assert "Held against the lot before, roll-1." in Reader(report.page).text


def test_an_alert_is_told_with_what_its_rule_saw(
    worked: Engine, store: EvidenceStore, plant: PlantFile
) -> None:
    report = drawn(worked, store, plant, kind=ReportKind.ALERT, alert=1)

    text = Reader(report.page).text
    assert "burst" in text
    assert "per minute 2.5" in text
    assert "It stands for 3 events." in text


def test_nobody_makes_a_report_of_what_nobody_knows(
    worked: Engine, store: EvidenceStore, plant: PlantFile
) -> None:
    with pytest.raises(UnknownRecord, match="no frame carries the serial 'roll-9'"):
        drawn(worked, store, plant, kind=ReportKind.LOT, lot="roll-9")
    with pytest.raises(UsageError, match=r"add a \[roi\] block"):
        drawn(worked, store, plant, kind=ReportKind.ROI)


def test_what_nobody_audited_is_not_stated(
    worked: Engine, store: EvidenceStore, tmp_path: Path
) -> None:
    costs = plant_of(tmp_path, PLANT + COSTS)
    wanted = {"kind": ReportKind.ROI, "since": MORNING, "until": at(60)}

    before = drawn(worked, store, costs, **wanted)
    with session(worked) as opened:
        for frame_id in (5, 6):
            audit_frame(
                opened,
                frame_id,
                judgement=Judgement.GOOD,
                auditor="eve",
                audited_at=at(40),
                note=None,
            )
    after = drawn(worked, store, costs, **wanted)

    assert ("", "total") not in numbers(before.table, "roi")
    assert "Nobody audited frames that had passed" in Reader(before.page).text
    found = numbers(after.table, "roi")
    assert found["", "hand_work"] == 7.0  # seven minutes at a euro each
    assert (found["", "escapes"], found["", "false_calls"]) == (0.0, 0.0)
    assert found["", "total"] == found["", "known"] == pytest.approx(7.0 - 0.5)  # one review


@pytest.mark.parametrize("language", LOCALES)
def test_a_page_is_whole_needs_nothing_else_and_speaks_its_language(
    worked: Engine, store: EvidenceStore, plant: PlantFile, language: str
) -> None:
    page = drawn(worked, store, plant, kind=ReportKind.SHIFT, at=at(60), language=language).page

    reader = Reader(page)
    titles = {"en": "Shift report", "de": "Schichtbericht", "ja": "シフト報告書"}
    shares = {"en": "28.6%", "de": "28,6\N{NO-BREAK SPACE}%", "ja": "28.6%"}
    assert reader.unclosed == []
    assert "Mill & Sons" in reader.text
    assert titles[language] in reader.text
    assert shares[language] in page
    assert re.findall(r'(?:src|href)="(?!data:|#)|url\("(?!data:)|@import', page) == []
    assert page.count("data:font/woff2") == 2


def test_a_report_that_was_made_is_left_alone_unless_asked_for_again(
    worked: Engine, store: EvidenceStore, plant: PlantFile
) -> None:
    asked = Asked(kind=ReportKind.SHIFT, at=at(60))

    def made(*, again: bool = False) -> Made:
        return make_report(
            worked, store, plant, asked, now=lambda: LATER, made_by="test", again=again
        )

    first, second, third = made(), made(), made(again=True)

    assert (first.is_new, second.is_new, third.is_new) == (True, False, True)
    assert second.files == first.files
    assert [path.exists() for path in first.files] == [False] * 3
    assert [path.suffix for path in third.files] == [".html", ".csv", ".parquet"]
    table = pd.read_parquet(third.files[2])
    assert list(pd.read_csv(third.files[1])["value"]) == list(table["value"])
    with session(worked, read_only=True) as opened:
        rows = reports_kept(opened)
    assert [(row.period, row.revision) for row in rows] == [("2026-03-30 early", 2)]


def test_a_report_of_a_time_that_was_not_over_is_made_anew(
    worked: Engine, store: EvidenceStore, plant: PlantFile
) -> None:
    asked = Asked(kind=ReportKind.SHIFT, at=at(60))

    early = make_report(worked, store, plant, asked, now=lambda: at(61), made_by="test")
    late = make_report(worked, store, plant, asked, now=lambda: LATER, made_by="test")

    assert "The time was not over yet." not in late.files[0].read_text(encoding="utf-8")
    assert early.row is not None
    assert late.row is not None
    assert (early.row.revision, late.row.revision) == (1, 2)


def test_a_report_that_is_made_while_its_shift_ends_harms_no_other(
    worked: Engine, store: EvidenceStore, plant: PlantFile
) -> None:
    asked = Asked(kind=ReportKind.SHIFT)
    clock = iter(at(minutes) for minutes in (419.9, 420.1, 420.2, 420.3))  # it ends at 420
    make_report(worked, store, plant, asked, now=lambda: at(60), made_by="test")

    make_report(worked, store, plant, asked, now=lambda: next(clock), made_by="test")

    folder = reports_folder(store.folder)
    with session(worked, read_only=True) as opened:
        rows = reports_kept(opened)
    assert [(row.period, row.revision) for row in rows] == [("2026-03-30 early", 2)]
    assert all((folder / name).is_file() for row in rows for name in row.files)


def test_what_is_told_of_a_camera_and_part_is_their_own(worked: Engine) -> None:
    wanted = Selection(since=MORNING, until=LATER)

    with session(worked, read_only=True) as opened:
        notes = [
            notes_said(opened, replace(wanted, camera=camera), limit=5)
            for camera in ("cam-1", "cam-2")
        ]
        reasons = [
            unfit_reasons(opened, replace(wanted, part=part), ("cam-1",))
            for part in ("bracket", "gear")
        ]

    assert [len(found) for found in notes] == [1, 0]
    assert [len(found) for found in reasons] == [1, 0]
