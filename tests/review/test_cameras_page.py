"""The page of the cameras: what changed, with limits and advice, and how one gets there."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, timedelta

import pytest
from sqlalchemy import Engine

from db.engine import session
from db.input_health import Limits
from db.models import Frame, Inspection
from db.words import Role
from inspect_pipeline.review.camera_charts import Point, figure_plot
from inspect_pipeline.service.ingesting.watching import watch_frame
from plant_config.monitoring import Monitoring
from tests.fakes import WallClock
from tests.review.browsers import Browser
from tests.unit.monitoring.histories import NOON, frames

SignIn = Callable[[Role], Browser]


def dim(number: int, figures: dict[str, float]) -> dict[str, float]:
    return {**figures, "brightness": figures["brightness"] * (0.7 if number > 250 else 1.0)}


@pytest.fixture
def dimmed(engine: Engine, clock: WallClock) -> Engine:
    """cam-1 has lost a third of its light, cam-0 learns."""
    clock.at = NOON + timedelta(hours=1)
    settings = Monitoring(reference_frames=200)
    with session(engine) as opened:
        for camera_id, count in (("cam-1", 320), ("cam-0", 20)):
            for seen in frames(count, fault=dim):
                frame = Frame(camera_id=camera_id, line_id="L1", part="bracket", taken_at=seen.at)
                inspection = Inspection(
                    outcome=seen.outcome, model_id=seen.model_id, raw_score=seen.raw_score
                )
                watch_frame(opened, frame, inspection, seen.figures, settings)
    return engine


def test_the_page_shows_the_camera_in_trouble_first_with_what_to_look_at(
    signed_in: SignIn, dimmed: Engine
) -> None:
    viewer = signed_in(Role.VIEWER)

    text = viewer.get("/cameras?days=1").text

    assert "brightness is not as when all was well" in text
    assert "check the lamp" in text
    assert text.count('<svg class="chart"') == 8
    assert text.count("chart-band") == 6
    assert ">changed</span>" in text
    assert "style=" not in text
    learning = viewer.get("/cameras?camera=cam-0&days=1").text
    assert "still being learned: 10" in learning
    assert "chart-band" not in learning


def test_the_dashboard_leads_to_the_camera_as_long_as_it_lasts(
    signed_in: SignIn, dimmed: Engine
) -> None:
    viewer = signed_in(Role.VIEWER)

    text = viewer.get("/dashboard?days=7").text

    assert "cam-1: brightness is not as when all was well" in text
    assert "input health" not in text
    address = re.search(r'href="(/cameras\?[^"]*)"', text)
    assert address is not None
    assert viewer.get(address[1].replace("&amp;", "&")).status_code == 200


def test_without_frames_or_with_an_unknown_camera_the_page_says_so(
    signed_in: SignIn, engine: Engine
) -> None:
    viewer = signed_in(Role.VIEWER)

    assert "No frame has come" in viewer.get("/cameras").text
    assert viewer.get("/cameras?camera=%3Cb%3E&days=9999").status_code in (200, 422)


def test_programs_get_the_limits_and_what_is_out(signed_in: SignIn, dimmed: Engine) -> None:
    found = signed_in(Role.VIEWER).get("/api/v1/cameras/health").json()["cameras"]

    assert [(one["camera_id"], one["out"]) for one in found] == [
        ("cam-0", []),
        ("cam-1", ["brightness"]),
    ]
    brightness = found[1]["figures"]["brightness"]
    assert brightness["now"] < brightness["low"] < brightness["mean"]
    assert brightness["out_since"] is not None


def test_a_point_of_few_frames_is_never_outside_and_a_gap_breaks_the_line() -> None:
    hour = timedelta(hours=1)
    limits = Limits(mean=100.0, low=90.0, high=110.0, now=100.0, out_since=None)
    points = [
        Point(at=NOON, value=80.0, frames=500, said="before limits were known"),
        Point(at=NOON + hour, value=80.0, frames=500, said="out"),
        Point(at=NOON + 2 * hour, value=80.0, frames=5, said="few"),
        Point(at=NOON + 9 * hour, value=100.0, frames=500, said="in"),
    ]

    plot = figure_plot(
        points,
        since=NOON,
        until=NOON + 10 * hour,
        slot=hour,
        zone=UTC,
        limits=limits,
        known_at=NOON + hour / 2,
    )

    assert plot is not None
    assert [mark.is_outside for mark in plot.marks] == [False, True, False, False]
    assert re.sub("[^ML]", "", plot.line) == "MLLM"
    assert plot.band is not None
    assert plot.band.high_y < plot.band.centre_y < plot.band.low_y
    assert figure_plot([], since=NOON, until=NOON + hour, slot=hour, zone=UTC) is None
