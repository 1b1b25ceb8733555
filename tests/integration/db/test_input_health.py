"""Figures of lamp and lens in the database: kept once, read by period, up and down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from db.engine import session
from db.input_health import FIGURES, Place, add_figures, camera_health
from db.plants import zone_of
from db.questions.catalogue import ask
from db.questions.selection import Selection
from db.upgrade import downgrade, upgrade
from tests.integration.db.full_plant import everything, fill

NOON = datetime(2026, 3, 30, 12, tzinfo=UTC)
CAM_1 = Place(line_id="L1", camera_id="cam-1", part="bracket")
CAM_2 = Place(line_id="L2", camera_id="cam-2", part="bracket")
TABLES = ("camera_figures", "camera_watches")


def figures(brightness: float) -> dict[str, float]:
    return {**dict.fromkeys(FIGURES, 1.0), "brightness": brightness}


@pytest.fixture
def filled(engine: Engine) -> Engine:
    """Camera 1: 100 and 120 at noon, an unfit one, 80 a day later; camera 2: one frame."""
    with session(engine) as opened:
        for place, after, brightness in (
            (CAM_1, timedelta(), 100.0),
            (CAM_1, timedelta(minutes=14), 120.0),
            (CAM_1, timedelta(days=1), 80.0),
            (CAM_2, timedelta(), 50.0),
        ):
            add_figures(
                opened,
                place,
                NOON + after,
                is_unfit=False,
                figures=figures(brightness),
                passed_score=-2.0 if brightness == 100.0 else None,
            )
        add_figures(opened, CAM_1, NOON, is_unfit=True, figures=None, passed_score=None)
        assert zone_of(opened) == "UTC"
    return engine


def test_a_report_gets_means_and_spreads_of_each_camera_over_a_time(filled: Engine) -> None:
    with session(filled, read_only=True) as opened:
        of_all = camera_health(opened, Selection())
        (first_day,) = camera_health(
            opened, Selection(camera="cam-1", until=NOON + timedelta(hours=1))
        )
        nothing = camera_health(opened, Selection(line="L9"))

    assert [(one.camera_id, one.frames, one.measured) for one in of_all] == [
        ("cam-1", 4, 3),
        ("cam-2", 1, 1),
    ]
    assert (first_day.unfit, first_day.passed) == (1, 1)
    brightness, score = first_day.figures["brightness"], first_day.figures["score"]
    assert (brightness.mean, brightness.spread) == (110.0, 10.0)
    assert (score.mean, score.spread) == (-2.0, 0.0)
    assert of_all[1].figures["score"].mean is None
    assert nothing == []


def test_the_question_answers_by_day_hour_and_camera(filled: Engine) -> None:
    with session(filled, read_only=True) as opened:
        by_day = ask(opened, "input-health", {"camera": "cam-1"}, now=NOON)
        of_noon = ask(
            opened,
            "input-health",
            {"by": "hour", "since": "2026-03-30", "until": "2026-03-31"},
            now=NOON,
        )

    assert list(by_day["period"]) == ["2026-03-30", "2026-03-31"]
    assert list(by_day["brightness"]) == [110.0, 80.0]
    assert list(by_day["frames"]) == [3, 1]
    assert list(of_noon["camera_id"]) == ["cam-1", "cam-2"]


def test_the_way_back_takes_the_figures_alone(engine: Engine, tmp_path: Path) -> None:
    fill(engine, tmp_path / "evidence")
    downgrade(engine, "r0014")
    full = everything(engine)
    others = {name: rows for name, rows in full.items() if name not in TABLES}
    assert all(full[name] for name in TABLES)

    downgrade(engine, "r0013")
    assert everything(engine) == others

    upgrade(engine, "r0014")
    assert everything(engine) == {**others, **{name: [] for name in TABLES}}
