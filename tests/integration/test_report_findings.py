"""The findings report from a real database and real pictures, read as a browser would."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from db.engine import default_url, session
from db.reviewing import review_finding
from db.rows import FrameFilter
from db.words import ReviewState
from inspect_pipeline.records import FrameKey, Severity, Verdict, sha256_of
from inspect_pipeline.reports.findings_report import findings_report
from inspect_pipeline.reports.truth import GroundTruth, Planted
from inspect_pipeline.service.ledger import Ledger
from tests.integration.db.database_records import (
    MODEL_ID,
    NOON,
    a_finding,
    failed,
    frame_key,
    passed,
    unreadable,
    whole_frame_pictures,
)

CARD = {
    "calibration": {
        "false_alarm_budget": 0.01,
        "held_out_pictures": 120,
        "false_alarm_rate_upper_95": 0.0246,
        "limits": {"threshold": 2.0, "low_threshold": -1.0},
    }
}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(default_url(tmp_path / "findings.db")) as opened:
        opened.register_model(MODEL_ID, "bracket", CARD)
        yield opened


def page_of(ledger: Ledger, **wanted: object) -> str:
    with session(ledger._engine, read_only=True) as opened:
        return findings_report(
            opened,
            ledger.store,
            title="Shift report",
            created_at=datetime(2026, 3, 29, 15, tzinfo=UTC),
            **wanted,  # type: ignore[arg-type]  # each test passes what it is about
        )


def text_of(page: str) -> str:
    """What a reader sees: no tags, single spaces."""
    body = page.split("<body>")[1]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


def card_numbers(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'<article[^>]* id="finding-(\d+)"', page)]


def test_the_numbers_come_first(ledger: Ledger) -> None:
    ledger.record(failed(0))
    ledger.record(passed(1))
    ledger.record(passed(2))
    ledger.record(unreadable(3))

    said = text_of(page_of(ledger))

    head = "4 frames inspected 2 passed 1 failed 1 unfit 1 unreadable 1 finding"
    assert head in said
    assert "2026-03-29T12:00:00Z to 2026-03-29T12:03:00Z, line line-1, camera cam-1" in said


def test_findings_are_counted_by_verdict_and_severity(ledger: Ledger) -> None:
    ledger.record(
        failed(
            0,
            a_finding(1, severity=Severity.CRITICAL),
            a_finding(2, severity=Severity.MINOR),
            a_finding(3, verdict=Verdict.REJECTED, severity=Severity.MINOR),
        )
    )

    cells = re.findall(
        r"(confirmed|unsure|rejected) (?:It [^.]*?\.) (\d+) (\d+) (\d+) (\d+)",
        text_of(page_of(ledger)),
    )

    assert cells == [
        ("confirmed", "1", "0", "1", "2"),
        ("unsure", "0", "0", "0", "0"),
        ("rejected", "0", "0", "1", "1"),
    ]


def test_the_calibration_in_use_is_stated(ledger: Ledger) -> None:
    ledger.record(passed(0))

    said = text_of(page_of(ledger))

    assert f"bracket-{MODEL_ID[:12]} {MODEL_ID[:16]} 1 1 0 0 1 % 120 2.5 %" in said


def test_the_worst_findings_come_first(ledger: Ledger) -> None:
    ledger.record(failed(0, a_finding(0, verdict=Verdict.REJECTED, severity=Severity.CRITICAL)))
    ledger.record(failed(1, a_finding(1, severity=Severity.MINOR)))
    ledger.record(failed(2, a_finding(2, severity=Severity.CRITICAL, verdict=Verdict.UNSURE)))
    ledger.record(failed(3, replace(a_finding(3, severity=Severity.MAJOR), score=0.6)))
    ledger.record(failed(4, replace(a_finding(4, severity=Severity.MAJOR), score=0.9)))

    assert card_numbers(page_of(ledger)) == [3, 5, 4, 2, 1]


def test_a_card_says_the_scores_in_words(ledger: Ledger) -> None:
    ledger.record(failed(0))

    said = text_of(page_of(ledger))

    for sentence in (
        "seen on fewer than 1 in 100 good parts",
        "restoration explains 12 % of it",
        "It stays when normal detail is restored",
        "0.75 mm²",
        "x 1.25 mm, y 2.5 mm from the upper left corner of the frame",
        "cam-1, line line-1",
        "bracket, serial SN0000",
        "frames/0000.png",
        "not reviewed",
    ):
        assert sentence in said


def test_a_card_has_the_four_pictures_and_the_frame_inside_the_page(ledger: Ledger) -> None:
    key = frame_key(0)
    ledger.record(replace(failed(0), frame=key, pictures=whole_frame_pictures()))

    page = page_of(ledger)

    assert len(re.findall(r'<img src="data:image/png;base64,', page)) == 4
    assert len(re.findall(r'<img src="data:image/jpeg;base64,', page)) == 1


def test_the_page_asks_for_nothing_from_outside(ledger: Ledger) -> None:
    ledger.record(failed(0))

    page = page_of(ledger)

    assert not re.findall(r"<script|<link|url\(|@import|https?://", page)
    assert set(re.findall(r'src="(.{5})', page)) == {"data:"}


def test_what_comes_from_outside_cannot_become_markup(ledger: Ledger) -> None:
    key = replace(frame_key(0), source="<script>alert(1)</script>", camera_id="cam<b>")
    ledger.record(failed(key=key))

    page = page_of(ledger)

    assert "<script>" not in page
    assert "cam<b>" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 1


def test_only_the_worst_get_pictures_and_the_page_says_so(ledger: Ledger) -> None:
    for number in range(5):
        ledger.record(failed(number))

    page = page_of(ledger, limit=2)

    assert card_numbers(page) == [1, 2]
    assert "3 findings have no pictures below : the worst 2 are shown." in text_of(page)


def test_a_missing_picture_leaves_its_reason_and_the_rest_of_the_page(ledger: Ledger) -> None:
    ledger.record(failed(0))
    for file in ledger.store.folder.rglob("*.tiff"):
        file.unlink()

    page = page_of(ledger)

    assert len(re.findall("<img", page)) == 3
    assert "is missing: restore it from a backup" in text_of(page)


def test_the_last_review_stands_on_the_card(ledger: Ledger) -> None:
    ledger.record(failed(0))
    with session(ledger._engine) as opened:
        review_finding(
            opened,
            1,
            state_after=ReviewState.FALSE_ALARM,
            reviewer="A. Weber",
            reviewed_at=NOON + timedelta(hours=2),
            note="only dust & oil",
        )

    said = text_of(page_of(ledger))

    assert "false alarm by A. Weber, 2026-03-29T14:00:00Z: “only dust & oil”" in said


def test_unfit_frames_are_listed_with_their_reason(ledger: Ledger) -> None:
    ledger.record(unreadable(0))

    said = text_of(page_of(ledger))

    assert "unreadable the file ends after 12 bytes bracket cam-1" in said


def test_the_filter_holds_for_every_part_of_the_page(ledger: Ledger) -> None:
    ledger.record(failed(0))
    ledger.record(failed(1, a_finding(1)))
    ledger.record(unreadable(2))

    wanted = FrameFilter(until=NOON + timedelta(seconds=30))
    page = page_of(ledger, wanted=wanted)

    assert card_numbers(page) == [1]
    assert "1 frame inspected 0 passed 1 failed 0 unfit 1 finding" in text_of(page)
    assert "Only taken before 2026-03-29T12:00:30Z." in text_of(page)


def test_an_empty_database_gives_a_page_and_not_an_error(ledger: Ledger) -> None:
    said = text_of(page_of(ledger))

    assert "0 frames inspected" in said
    assert "Nothing was inspected in this selection." in said
    assert "No findings." in said


def test_a_second_opinion_is_not_another_frame(ledger: Ledger) -> None:
    ledger.record(failed(0))
    ledger.record(replace(failed(0), config_id=sha256_of(b"another config")))

    assert "1 inspection is a second opinion" in text_of(page_of(ledger))


def test_planted_defects_are_found_missed_or_false_alarms(ledger: Ledger) -> None:
    """Findings lie at x 10 to 20, y 20 to 26 (tests/integration/db/database_records.py)."""
    ledger.record(failed(0))  # planted where the finding is
    ledger.record(failed(1))  # nothing planted
    ledger.record(passed(2))  # planted and missed
    ledger.record(passed(3))  # good and passed
    ledger.record(failed(4))  # nobody knows
    truth = truth_of({0: [(10, 20, "scratch")], 1: [], 2: [(40, 30, "pit")], 3: []})
    observed = {sha(2): np.full((48, 64, 1), 99, dtype=np.uint8)}

    page = page_of(ledger, truth=truth, observed=observed)

    said = text_of(page)
    assert (
        "1 of 2 planted defects found 1 missed 1 false alarm 1 of 2 good frames failed by mistake"
        in said
    )
    assert "Nothing is known of 1 other frame in this selection." in said
    assert "pit 1 0 1 scratch 1 1 0" in said
    assert "Finding 1 major confirmed planted: scratch" in said
    assert "Finding 2 major confirmed false alarm" in said
    assert "pit missed" in said
    assert "Nothing there exceeded the threshold." in said
    assert len(re.findall("<img", page)) == 3 * 4 + 2  # strips, frame and close-up of the miss


def test_a_missed_defect_without_a_picture_is_still_listed(ledger: Ledger) -> None:
    ledger.record(unreadable(0))

    said = text_of(page_of(ledger, truth=truth_of({0: [(10, 20, "burr")]})))

    assert "burr missed" in said
    assert "No picture of this frame was kept." in said
    assert "The frame could not be inspected." in said


def truth_of(planted: dict[int, list[tuple[int, int, str]]]) -> GroundTruth:
    """Defects of 4 x 4 px at (x, y) in the frames of these numbers."""
    defects = {}
    for number, marks in planted.items():
        masks = []
        for x, y, kind in marks:
            mask = np.zeros((48, 64), dtype=bool)
            mask[y : y + 4, x : x + 4] = True
            masks.append(Planted.of(kind, mask))
        defects[sha(number)] = masks
    return GroundTruth(planted=defects)


def sha(number: int) -> str:
    key: FrameKey = frame_key(number)
    return key.content_sha256
