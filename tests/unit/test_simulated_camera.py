"""The simulated line as a camera: repeatable shots, and faults that show as they should."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from inspect_pipeline.capture.camera import Shot
from inspect_pipeline.capture.reading import decode_picture
from inspect_pipeline.capture.simulated import SimulatedLine
from inspect_pipeline.capture.simulated.camera import (
    Pace,
    PartsUnderCamera,
    SimulatedCamera,
    WebUnderCamera,
)
from inspect_pipeline.capture.simulated.endless_web import SimulatedWeb
from inspect_pipeline.capture.simulated.faults import Fault, FaultKind, FaultPlan
from inspect_pipeline.errors import CameraEnded, UnreadablePicture, UsageError
from inspect_pipeline.records import Picture

START_AT = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
PARTS = PartsUnderCamera(
    SimulatedLine(
        "brushed_web",
        seed=5,
        line_id="hall_2",
        camera_id="top",
        part="bracket",
        start_at=START_AT,
        frame_wh=(160, 128),
    )
)
WEB = WebUnderCamera(
    web=SimulatedWeb(4, width_px=160), lines_per_block=40, counts_per_line=2.5, counter_bits=16
)
SCENERIES = pytest.mark.parametrize("scenery", [PARTS, WEB], ids=["parts", "web"])


def camera(
    scenery: PartsUnderCamera | WebUnderCamera,
    *faults: Fault,
    shots: int = 12,
    after_sequence: int = -1,
    pace: Pace | None = None,
) -> SimulatedCamera:
    return SimulatedCamera(
        scenery,
        start_at=START_AT,
        shots=shots,
        pace=pace or Pace(period_s=0.5),
        plan=FaultPlan(faults=faults),
        after_sequence=after_sequence,
    )


def shots_of(source: SimulatedCamera) -> list[Shot]:
    """As fast as possible, to the end; waits without an answer are passed over."""
    found: list[Shot] = []
    with source:
        while True:
            try:
                came = source.wait(0.0)
            except CameraEnded:
                return found
            if isinstance(came, Shot):
                found.append(came)


def picture_of(shot: Shot) -> Picture:
    return decode_picture(shot.content, source=Path("simulated"))


@SCENERIES
def test_shots_are_numbered_timed_and_the_same_each_time(
    scenery: PartsUnderCamera | WebUnderCamera,
) -> None:
    shots = shots_of(camera(scenery))

    assert [shot.sequence for shot in shots] == list(range(12))
    assert shots[3].taken_at == START_AT + timedelta(seconds=1.5)
    assert np.array_equal(picture_of(shots[3]), scenery.picture(3))
    assert shots == shots_of(camera(scenery))


@SCENERIES
def test_it_goes_on_after_any_shot(scenery: PartsUnderCamera | WebUnderCamera) -> None:
    assert shots_of(camera(scenery, after_sequence=7)) == shots_of(camera(scenery))[8:]


def test_opened_again_it_begins_behind_what_was_acknowledged() -> None:
    source = camera(PARTS)
    with source:
        first, second = source.wait(0.0), source.wait(0.0)
        assert isinstance(first, Shot)
        source.acknowledge(first)

    with source:
        assert source.wait(0.0) == second


def test_blocks_of_a_web_carry_the_encoder_which_begins_again_at_zero() -> None:
    counts = [WEB.encoder(index) for index in (0, 1, 2, 655, 656)]

    assert counts == [0, 100, 200, 65500, 64]


def test_a_dropped_shot_is_missing_in_the_numbers() -> None:
    shots = shots_of(camera(WEB, Fault(kind=FaultKind.DROP, first=3, shots=2)))

    assert [shot.sequence for shot in shots] == [0, 1, 2, 5, 6, 7, 8, 9, 10, 11]


def test_a_duplicate_is_the_very_same_shot_again() -> None:
    shots = shots_of(camera(PARTS, Fault(kind=FaultKind.DUPLICATE, first=3, shots=1)))

    assert len(shots) == 13
    assert shots[3] == shots[4]


def test_a_corrupt_shot_cannot_be_read_and_the_next_can() -> None:
    shots = shots_of(camera(PARTS, Fault(kind=FaultKind.CORRUPT, first=3, shots=1)))

    with pytest.raises(UnreadablePicture):
        picture_of(shots[3])
    assert np.array_equal(picture_of(shots[4]), PARTS.picture(4))


def test_the_lamp_fails_and_the_lens_loses_its_focus() -> None:
    faults = [
        Fault(kind=FaultKind.DARK, first=2, shots=1),
        Fault(kind=FaultKind.BLURRED, first=4, shots=1),
    ]
    shots = shots_of(camera(PARTS, *faults))
    sharpness = [
        float(np.abs(np.diff(picture_of(shot).astype(int), axis=1)).mean()) for shot in shots
    ]

    assert picture_of(shots[2]).mean() < 10.0
    assert sharpness[4] < 0.5 * sharpness[3]
    assert np.array_equal(picture_of(shots[5]), PARTS.picture(5))


@SCENERIES
def test_dirt_on_the_lens_stays_in_one_place(scenery: PartsUnderCamera | WebUnderCamera) -> None:
    shots = shots_of(camera(scenery, Fault(kind=FaultKind.LENS_DIRT, first=2)))
    kept = [
        picture_of(shots[index]).astype(float).sum(axis=0) / scenery.picture(index).sum(axis=0)
        for index in (2, 7, 11)
    ]

    darkest = {int(columns[:, 0].argmin()) for columns in kept}
    assert max(darkest) - min(darkest) <= 1
    assert all(columns.min() < 0.97 for columns in kept)
    assert all(columns.max() > 0.99 for columns in kept)


def test_a_line_sensor_shows_dirt_as_a_stripe() -> None:
    (_, dirty) = shots_of(camera(WEB, Fault(kind=FaultKind.LENS_DIRT), shots=2))
    kept = picture_of(dirty).astype(float) / WEB.picture(1)

    column = int(kept[:, :, 0].mean(axis=0).argmin())
    assert kept[:, column, 0].max() < 0.5


def test_a_frozen_picture_goes_on_counting() -> None:
    shots = shots_of(camera(PARTS, Fault(kind=FaultKind.FROZEN, first=4, shots=3)))

    assert [shot.content == shots[3].content for shot in shots[2:9]] == [
        *(False, True, True, True, True),
        *(False, False),
    ]
    assert len({shot.taken_at for shot in shots}) == 12


@pytest.mark.parametrize("kind", [FaultKind.STALL, FaultKind.SLOW])
def test_a_shot_that_is_held_up_is_a_wait_without_an_answer(kind: FaultKind) -> None:
    source = camera(PARTS, Fault(kind=kind, first=1, shots=2), shots=4)
    with source:
        waits = [source.wait(0.0) for _ in range(4 + (1 if kind is FaultKind.STALL else 2))]

    numbers = [None if shot is None else getattr(shot, "sequence", None) for shot in waits]
    assert numbers == ([0, None, 1, 2, 3] if kind is FaultKind.STALL else [0, None, 1, None, 2, 3])


def test_faults_at_a_rate_are_the_same_for_the_same_seed() -> None:
    fault = Fault(kind=FaultKind.DROP, rate=0.3)
    hits = [[fault.hits(index, seed=seed) for index in range(500)] for seed in (1, 1, 2)]

    assert hits[0] == hits[1] != hits[2]
    assert 100 < sum(hits[0]) < 200


def test_a_fault_can_be_asked_for_while_it_runs() -> None:
    source = camera(PARTS)
    with source:
        source.wait(0.0)
        source.suffer(FaultKind.DROP, shots=2)
        came = source.wait(0.0)

    assert isinstance(came, Shot)
    assert came.sequence == 3


def test_in_real_time_a_shot_comes_when_it_is_due() -> None:
    now_s, slept = [100.0], []

    def pause(seconds: float) -> None:
        slept.append(round(seconds, 6))
        now_s[0] += seconds

    source = camera(
        PARTS,
        Fault(kind=FaultKind.STALL, first=2, shots=1, seconds=3.0),
        shots=3,
        pace=Pace(period_s=0.5, in_real_time=True, clock=lambda: now_s[0], pause=pause),
    )
    with source:
        came = [source.wait(0.2) is not None for _ in range(6)]

    assert came == [True, False, False, True, False, False]
    assert slept == [0.2, 0.2, 0.1, 0.2, 0.2]


@pytest.mark.parametrize(
    "wrong", [{"first": -1}, {"shots": 0}, {"rate": 1.1}, {"seconds": -1.0}], ids=str
)
def test_impossible_faults_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="fault drop"):
        Fault(kind=FaultKind.DROP, **wrong)  # type: ignore[arg-type]
