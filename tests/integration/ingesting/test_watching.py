"""From a frame in the spool to an event about the lamp: once each, also over restarts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import inf, nan
from pathlib import Path

import pytest
from sqlalchemy import Engine

from benchmarks.ingestion.running import frames_in
from db.engine import connect, session
from db.errors import UnknownRecord
from db.events import newest_events
from db.input_health import Place, camera_health, remember, watches
from db.models import Frame, Inspection
from db.questions.selection import Selection
from db.upgrade import upgrade
from inspect_pipeline.monitoring.changes import Observed
from inspect_pipeline.records import InputFigures
from inspect_pipeline.service.ingesting import handed_over
from inspect_pipeline.service.ingesting.watching import accept_input, watch_frame
from plant_config.loader import load_plant
from plant_config.monitoring import Monitoring
from plant_config.plant import Plant
from tests.integration.ingesting.test_writing import inspected, url_of, write_all
from tests.integration.ingesting.tiny_plant import tiny_plant
from tests.unit.monitoring.histories import NOON, frames

SETTINGS = Monitoring(reference_frames=200)


@pytest.fixture
def url(database_url: str) -> str:
    engine = connect(database_url)
    upgrade(engine)
    engine.dispose()
    return database_url


def dim(_: int, figures: dict[str, float]) -> dict[str, float]:
    return {**figures, "brightness": 0.7 * figures["brightness"]}


def recorded(url: str, seen: Iterable[Observed]) -> None:
    """By a program that starts and ends: nothing is kept in its memory."""
    engine = connect(url)
    with session(engine) as opened:
        for one in seen:
            frame = Frame(camera_id="cam-1", line_id="L1", part="bracket", taken_at=one.at)
            inspection = Inspection(
                outcome=one.outcome,
                unfit_reason=one.unfit_reason,
                model_id=one.model_id,
                raw_score=one.raw_score,
            )
            watch_frame(opened, frame, inspection, one.figures, SETTINGS)
    engine.dispose()


def told(engine: Engine) -> list[tuple[str, str]]:
    """State and figure of each event, oldest first."""
    with session(engine, read_only=True) as opened:
        return [(row.facts["state"], row.facts["figure"]) for row in newest_events(opened)][::-1]


def test_a_dim_lamp_is_an_event_though_the_program_restarts_again_and_again(url: str) -> None:
    engine = connect(url)
    recorded(url, frames(130))
    recorded(url, frames(73, first=130))
    recorded(url, frames(11, first=203, fault=dim))
    assert told(engine) == []
    recorded(url, frames(40, first=214, fault=dim))

    with session(engine, read_only=True) as opened:
        (event,) = newest_events(opened)
        (row,) = watches(opened)
        (of_all,) = camera_health(opened, Selection())
    assert event.text.startswith("camera cam-1: brightness fell by ")
    assert (event.line_id, event.camera_id, event.part) == ("L1", "cam-1", "bracket")
    assert row.out == ["brightness"]
    assert row.limits["brightness"].out_since == event.at
    assert row.limits["brightness"].now < row.limits["brightness"].low < 128
    assert (of_all.frames, of_all.measured, of_all.passed) == (254, 254, 254)

    recorded(url, frames(60, first=254))
    assert told(engine) == [("began", "brightness"), ("ended", "brightness")]
    engine.dispose()


def test_what_is_accepted_is_learned_anew_and_told(url: str) -> None:
    engine = connect(url)
    with session(engine) as opened, pytest.raises(UnknownRecord, match="cam-1"):
        accept_input(opened, "cam-1", SETTINGS, at=NOON)
    recorded(url, frames(200))
    recorded(url, frames(60, first=200, fault=dim))

    with session(engine) as opened:
        assert accept_input(opened, "cam-1", SETTINGS, at=NOON) == ["bracket"]
        (row,) = watches(opened)

    assert (row.out, row.learned_at, row.learned_share) == ([], None, 0.0)
    assert sorted(told(engine)) == [("accepted", "brightness"), ("began", "brightness")]
    engine.dispose()


def test_figures_that_a_worker_hands_over_are_counted_once_with_their_frame(
    url: str, tmp_path: Path
) -> None:
    plant: Plant = load_plant(tiny_plant(tmp_path, url, tries=2, models=tmp_path / "none"))
    _, place = inspected(plant, 0)
    handed = handed_over.from_file(place.result.read_bytes(), name="result")
    figures = InputFigures(
        brightness=101.5, contrast=30.0, focus=8.0, shading=-1.0, darkest_spot=4.0, clipped=0.0
    )
    result = handed_over.as_file(replace(handed, figures=figures))
    for _ in range(2):  # the second time as if it had been killed before the file was removed
        place.result.write_bytes(result)
        write_all(plant)
    inspected(plant, 0, width_px=64)  # another opinion on the same frame
    write_all(plant)

    engine = connect(url_of(plant))
    with session(engine, read_only=True) as opened:
        (found,) = camera_health(opened, Selection())
        (row,) = watches(opened)
    engine.dispose()
    assert (found.frames, found.measured, found.passed) == (1, 1, 0)
    assert found.figures["brightness"].mean == 101.5
    assert row.learned_at is None


def test_what_cannot_be_watched_keeps_no_frame_from_being_recorded(
    url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plant: Plant = load_plant(tiny_plant(tmp_path, url, tries=2, models=tmp_path / "none"))
    engine = connect(url)
    place = Place(line_id="line-1", camera_id="cam-1", part="bracket")
    summary: dict[str, object] = {"figures": {}}
    with session(engine) as opened:
        remember(
            opened, place, remembered={"light": "of a newer program"}, summary=summary, at=NOON
        )
    spool, _ = inspected(plant, 0)

    write_all(plant)

    assert len(frames_in(url)) == 1
    assert spool.is_empty()
    assert "is not watched" in caplog.text
    with session(engine, read_only=True) as opened:
        assert camera_health(opened, Selection()) == []
    with session(engine) as opened:  # and an engineer has it learn anew
        fine: dict[str, object] = {
            "learned_at": None,
            "learned_share": 0.0,
            "figures": {},
            "score_far": 0.0,
        }
        summary = {**fine, "score_out_since": None, "unfit_out_since": None}
        remember(opened, place, remembered={"light": 1}, summary=summary, at=NOON)
        accept_input(opened, "cam-1", SETTINGS, at=NOON)
    inspected(plant, 1)
    write_all(plant)
    with session(engine, read_only=True) as opened:
        assert [one.frames for one in camera_health(opened, Selection())] == [1]
    engine.dispose()


def test_figures_that_are_no_numbers_are_left_out(url: str) -> None:
    whole, odd, later = frames(3)
    assert odd.figures is not None
    odd = replace(odd, figures=replace(odd.figures, focus=nan), raw_score=inf)

    recorded(url, [whole, odd, later])

    engine = connect(url)
    with session(engine, read_only=True) as opened:
        (found,) = camera_health(opened, Selection())
    engine.dispose()
    assert (found.frames, found.measured, found.passed) == (3, 2, 2)
