"""The simulated line as a camera: deterministic, honest about time and content."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice

import cv2
import numpy as np
import pytest

from inspect_pipeline.capture.simulated import SimulatedLine
from inspect_pipeline.errors import UsageError
from inspect_pipeline.records import Frame

MATERIALS = ("brushed_web", "machined_plate")
START_AT = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


def a_line(
    material: str = "brushed_web", *, seed: int = 5, defect_rate: float = 0.3
) -> SimulatedLine:
    return SimulatedLine(
        material,
        seed=seed,
        defect_rate=defect_rate,
        line_id="hall_2",
        camera_id="top",
        part="bracket",
        start_at=START_AT,
        period_s=2.5,
    )


@pytest.mark.parametrize("material", MATERIALS)
def test_same_seed_gives_the_same_bytes(material: str) -> None:
    first = [shot.frame.pixels.tobytes() for shot in a_line(material).simulated_frames(3)]
    again = [shot.frame.pixels.tobytes() for shot in a_line(material).simulated_frames(3)]

    assert first == again


@pytest.mark.parametrize("material", MATERIALS)
def test_the_bytes_do_not_depend_on_the_number_of_threads(material: str) -> None:
    line, threads = a_line(material, defect_rate=1.0), cv2.getNumThreads()
    many = line.frame_at(0).frame.pixels
    try:
        cv2.setNumThreads(1)
        one = line.frame_at(0).frame.pixels
    finally:
        cv2.setNumThreads(threads)

    assert np.array_equal(one, many)


@pytest.mark.parametrize("material", MATERIALS)
def test_another_seed_gives_other_parts(material: str) -> None:
    one, other = (a_line(material, seed=seed).good_twin(0) for seed in (5, 6))

    assert one.key.content_sha256 != other.key.content_sha256


def test_two_frames_of_a_line_differ() -> None:
    line = a_line()

    assert line.good_twin(0).key.content_sha256 != line.good_twin(1).key.content_sha256


def test_a_frame_does_not_depend_on_the_frames_before_it() -> None:
    line = a_line("machined_plate", defect_rate=1.0)

    in_order = list(line.simulated_frames(3))[2].frame.pixels

    assert np.array_equal(in_order, line.frame_at(2).frame.pixels)


def test_defect_rate_zero_changes_nothing_but_the_defects() -> None:
    line = a_line(defect_rate=1.0)

    clean = replace(line, defect_rate=0.0)

    assert np.array_equal(clean.frame_at(4).frame.pixels, line.good_twin(4).pixels)


def test_a_line_without_defects_plants_none() -> None:
    assert all(shot.defects == () for shot in a_line(defect_rate=0.0).simulated_frames(8))


def test_a_frame_without_defects_is_its_own_good_twin() -> None:
    line = a_line()
    index = next(i for i in range(20) if not line.frame_at(i).defects)

    assert np.array_equal(line.frame_at(index).frame.pixels, line.good_twin(index).pixels)


def test_about_the_asked_share_of_frames_carries_defects() -> None:
    shots = list(a_line(defect_rate=0.3).simulated_frames(120))

    assert 22 <= sum(bool(shot.defects) for shot in shots) <= 50


def test_a_line_gives_frames_for_as_long_as_they_are_asked_for() -> None:
    captured = list(islice(a_line().frames(), 3))

    assert len(captured) == 3
    assert all(isinstance(frame, Frame) for frame in captured)


def test_frames_equal_the_simulated_frames_without_their_truth() -> None:
    line = a_line(defect_rate=1.0)

    keys = [frame.key for frame in islice(line.frames(), 2)]

    assert keys == [shot.frame.key for shot in line.simulated_frames(2)]


def test_a_line_with_parts_max_ends() -> None:
    assert len(list(replace(a_line(), parts_max=4).frames())) == 4


def test_taken_at_advances_by_the_period() -> None:
    assert a_line().frame_at(4).frame.key.taken_at == START_AT + timedelta(seconds=10)


def test_content_sha256_is_that_of_the_pixel_bytes() -> None:
    frame = a_line("machined_plate").good_twin(1)

    assert frame.key.content_sha256 == hashlib.sha256(frame.pixels.tobytes()).hexdigest()


def test_source_names_material_and_index() -> None:
    assert a_line().good_twin(17).key.source == "simulated://brushed_web/17"


@pytest.mark.parametrize(
    ("material", "shape"), [("brushed_web", (256, 384, 1)), ("machined_plate", (256, 256, 3))]
)
def test_default_frames_have_the_size_of_their_material(
    material: str, shape: tuple[int, ...]
) -> None:
    assert a_line(material).good_twin(0).pixels.shape == shape


@pytest.mark.parametrize("material", MATERIALS)
def test_frames_of_another_size_carry_defects_too(material: str) -> None:
    line = replace(a_line(material, defect_rate=1.0), frame_wh=(200, 144))

    shots = list(line.simulated_frames(6))

    assert {shot.frame.frame_wh for shot in shots} == {(200, 144)}
    assert all(shot.defects for shot in shots)


@pytest.mark.parametrize("material", MATERIALS)
def test_good_frames_vary_little_from_one_to_the_next(material: str) -> None:
    line = a_line(material)

    brightness = [line.good_twin(index).pixels.mean() for index in range(12)]

    assert np.ptp(brightness) / np.mean(brightness) < 0.2
    assert np.ptp(brightness) > 1.0


@pytest.mark.parametrize("material", MATERIALS)
def test_good_frames_are_neither_dark_nor_saturated(material: str) -> None:
    pixels = a_line(material).good_twin(3).pixels

    assert 60 < pixels.mean() < 200
    assert np.mean(pixels == 255) < 0.001


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"material": "velvet"}, "velvet.*brushed_web, machined_plate"),
        ({"defect_rate": 1.2}, "top: defect_rate"),
        ({"seed": -1}, "top: seed"),
        ({"period_s": 0.0}, "top: period_s"),
        ({"parts_max": -2}, "top: parts_max"),
        ({"frame_wh": (64, 256)}, "128 to 4096 px, got 64 x 256"),
        ({"start_at": datetime(2026, 3, 2, 6, 0)}, "top: start_at"),  # noqa: DTZ001
    ],
)
def test_an_impossible_line_is_refused_with_the_reason(
    change: dict[str, object], said: str
) -> None:
    settings = {"material": "brushed_web", "seed": 1, "start_at": START_AT} | change

    with pytest.raises(UsageError, match=said):
        SimulatedLine(line_id="hall_2", camera_id="top", part="bracket", **settings)  # type: ignore[arg-type]
