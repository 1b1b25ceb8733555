"""Lamp and lens: what is told, when, how often by mistake, and what is remembered."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from db.words import EventKind, Severity
from inspect_pipeline.monitoring.camera_watch import CameraWatch, summary_of, watch_accepted
from inspect_pipeline.monitoring.changes import Turn
from inspect_pipeline.monitoring.figures import FIGURES
from inspect_pipeline.monitoring.light import REFERENCE_BATCHES, LightWatch, after_batch
from plant_config.monitoring import Monitoring
from tests.unit.monitoring.histories import NOON, USUAL, Fault, frames, watched

LEARNED = 1000
ANY_CHANGE = Monitoring(
    brightness_change=1e-9,
    contrast_change=1e-9,
    focus_change=1e-9,
    shading_change=1e-9,
    spot_change=1e-9,
    clipped_change=1e-9,
)


def times(name: str, by: float) -> Fault:
    return lambda _, figures: {**figures, name: figures[name] * by}


def test_a_lamp_that_dims_slowly_is_told_once_and_again_when_it_is_replaced() -> None:
    def dimming(number: int, figures: dict[str, float]) -> dict[str, float]:
        lost = min(0.2, (number - LEARNED) / 20_000)  # 20 % in 4000 frames
        return {**figures, "brightness": figures["brightness"] * (1.0 - lost)}

    watch, told = watched(frames(LEARNED))
    watch, more = watched(frames(6000, first=LEARNED, fault=dimming), watch)

    assert told == []
    (began,) = more
    assert (began.kind, began.turn, began.figure) == (
        EventKind.INPUT_HEALTH,
        Turn.BEGAN,
        "brightness",
    )
    lost_then = (began.at - NOON).total_seconds() - LEARNED
    assert 2000 <= lost_then < 2600, "10 % are lost at frame 2000"
    assert "brightness fell by 10 % (from 12" in began.text
    assert "check the lamp" in began.text
    assert "before any threshold is touched" in began.text
    assert began.facts["change"] == pytest.approx(-0.1, abs=0.01)

    watch, after = watched(frames(500, first=7000), watch)
    (ended,) = after
    assert (ended.turn, ended.began_at) == (Turn.ENDED, began.at)
    events = [one.as_event(line_id="L1", camera_id="c1", part="p") for one in (began, began, ended)]
    assert [one.severity for one in events] == [Severity.MAJOR, Severity.MAJOR, Severity.MINOR]
    assert events[0].key == events[1].key != events[2].key
    assert events[0].facts["began_at"] == events[2].facts["began_at"]


@pytest.mark.parametrize(
    ("name", "by", "advice"),
    [
        ("focus", 0.6, "focus ring"),
        ("darkest_spot", 3.0, "dirt at one place"),
        ("contrast", 0.7, "mist, oil or dust"),
        ("brightness", 1.3, "light from outside"),
    ],
)
def test_each_figure_says_what_to_look_at(name: str, by: float, advice: str) -> None:
    watch, _ = watched(frames(LEARNED))

    _, told = watched(frames(500, first=LEARNED, fault=times(name, by)), watch)

    (began,) = told
    assert began.figure == name
    assert advice in began.text


def test_a_short_disturbance_is_not_told() -> None:
    watch, _ = watched(frames(LEARNED))

    hand = frames(50, first=LEARNED, fault=times("brightness", 0.1))
    watch, told = watched(hand, watch)
    _, after = watched(frames(1000, first=LEARNED + 50), watch)

    assert told == after == []


def test_ten_cameras_without_a_fault_say_nothing_in_a_million_frames() -> None:
    """By chance alone: with limits of the plant file that any change would pass."""
    per_batch = 25
    wrong = 0
    for seed in range(10):
        random = np.random.default_rng(seed)
        heavy = random.standard_t(4, (4000, per_batch, len(FIGURES))).mean(axis=1)
        batches = np.array(tuple(USUAL.values())) * (1.0 + 0.05 * heavy)
        watch = LightWatch()
        for number, batch in enumerate(batches):
            at = NOON + timedelta(seconds=per_batch * number)
            watch, told = after_batch(watch, tuple(batch.tolist()), at, ANY_CHANGE)
            wrong += len(told)

    assert wrong == 0


def test_what_is_remembered_is_plain_json_and_a_restart_in_the_middle_changes_nothing() -> None:
    dim = list(frames(1500, fault=lambda n, f: times("brightness", 0.8 if n > 1100 else 1.0)(n, f)))
    at_once, told = watched(dim)

    watch, before = watched(dim[:777])
    for start in (777, 1111, 1301):
        end = {777: 1111, 1111: 1301, 1301: 1500}[start]
        again = CameraWatch.model_validate_json(watch.model_dump_json())
        watch, more = watched(dim[start:end], again)
        before += more

    assert [one.text for one in told] == [one.text for one in before] != []
    assert watch == at_once


def test_what_an_engineer_accepts_is_the_new_reference() -> None:
    darker = times("brightness", 0.7)
    watch, _ = watched(frames(LEARNED))
    watch, told = watched(frames(500, first=LEARNED, fault=darker), watch)
    assert [one.turn for one in told] == [Turn.BEGAN]

    watch, accepted = watch_accepted(watch, NOON)
    assert [(one.turn, one.figure) for one in accepted] == [(Turn.ACCEPTED, "brightness")]
    assert summary_of(watch, Monitoring())["figures"] == {}
    watch, after = watched(frames(3000, first=2000, fault=darker), watch)

    assert after == []
    found = summary_of(watch, Monitoring())
    assert found["learned_share"] == 1.0
    assert found["figures"]["brightness"]["mean"] == pytest.approx(0.7 * 128, rel=0.01)
    assert found["figures"]["brightness"]["out_since"] is None


def test_a_reference_is_learned_from_as_many_frames_as_the_plant_file_says() -> None:
    settings = Monitoring(reference_frames=200)

    watch, _ = watched(frames(199), settings=settings)
    assert len(watch.light.learned) == REFERENCE_BATCHES - 1
    watch, _ = watched(frames(1, first=199), watch, settings)

    assert watch.light.has_learned
