"""The main job as a newcomer starts it, judged by the planted truth."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from db.engine import default_url, session
from db.evidence import EvidenceStore
from db.pictures import disagreements, named_pictures
from db.queries import findings, inspections
from db.rows import FindingFilter, InspectionFilter
from db.upgrade import open_database
from tests.e2e.command_line import run_pipeline

FRAMES = 24


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    out = tmp_path_factory.mktemp("demo")
    done = run_pipeline("demo", "--frames", str(FRAMES), "--out", str(out))
    assert done.returncode == 0, done.stderr
    return out, done.stdout


def test_demo_finds_nearly_every_planted_defect(demo: tuple[Path, str]) -> None:
    found, planted = _figures(demo[1], r"planted defects found: (\d+) of (\d+)")

    assert planted >= 4
    assert found >= 0.8 * planted


def test_demo_reports_hardly_a_good_frame(demo: tuple[Path, str]) -> None:
    alarmed, good = _figures(demo[1], r"reported for nothing: (\d+) of (\d+)")

    assert good >= 10
    assert alarmed <= max(1, 0.05 * good)


def test_demo_records_every_frame_once_and_with_its_pictures(demo: tuple[Path, str]) -> None:
    out, _ = demo
    engine = open_database(default_url(out / "findings.db"), create=False)
    with session(engine, read_only=True) as opened:
        recorded = inspections(opened, InspectionFilter(), limit=1000)
        found = findings(opened, FindingFilter(), limit=1000)
        named = list(named_pictures(opened))
    engine.dispose()

    assert len(recorded) == FRAMES
    assert found
    assert list(disagreements(named, EvidenceStore(out / "evidence"), contents=True)) == []


def test_demo_report_needs_no_other_file(demo: tuple[Path, str]) -> None:
    page = (demo[0] / "report.html").read_text(encoding="utf-8")

    assert "data:image/" in page
    assert not re.search(r'(?:src|href)="(?!data:|#)', page)
    assert "planted" in page.lower()


def test_demo_twice_changes_nothing(demo: tuple[Path, str]) -> None:
    out, _ = demo
    evidence = sorted((out / "evidence").rglob("*.*"))

    again = run_pipeline("demo", "--frames", str(FRAMES), "--out", str(out))

    assert again.returncode == 0
    assert sorted((out / "evidence").rglob("*.*")) == evidence
    engine = open_database(default_url(out / "findings.db"), create=False)
    with session(engine, read_only=True) as opened:
        assert len(inspections(opened, InspectionFilter(), limit=1000)) == FRAMES
    engine.dispose()


def _figures(text: str, pattern: str) -> tuple[int, int]:
    match = re.search(pattern, " ".join(text.split()))
    assert match, f"{pattern} not in {text}"
    return int(match[1]), int(match[2])
