"""Figures of lamp and lens: each fault of a simulated camera moves the figure that it should."""

from __future__ import annotations

import numpy as np
import pytest

from inspect_pipeline.capture.simulated import SimulatedLine
from inspect_pipeline.capture.simulated.faults import blurred, darkened, dirtied
from inspect_pipeline.records import InputFigures, Picture
from inspect_pipeline.stages.input_figures import input_figures
from tests.unit.test_simulated_camera import START_AT

SIDE_PX = 256


@pytest.fixture(scope="module")
def pictures() -> list[Picture]:
    line = SimulatedLine(
        "brushed_web",
        seed=5,
        line_id="L1",
        camera_id="top",
        part="web",
        start_at=START_AT,
        frame_wh=(SIDE_PX, SIDE_PX),
    )
    return [line.good_twin(number).pixels for number in range(4)]


def mean(pictures: list[Picture], name: str) -> float:
    return float(np.mean([getattr(input_figures(one), name) for one in pictures]))


def test_a_lamp_at_four_fifths_lowers_brightness_alone(pictures: list[Picture]) -> None:
    dim = [np.rint(0.8 * one).astype(np.uint8) for one in pictures]

    assert mean(dim, "brightness") == pytest.approx(0.8 * mean(pictures, "brightness"), rel=0.01)
    for name in ("contrast", "focus"):
        assert mean(dim, name) == pytest.approx(mean(pictures, name), rel=0.05)
    for name in ("shading", "darkest_spot"):
        assert mean(dim, name) == pytest.approx(mean(pictures, name), abs=1.0)


def test_faults_move_the_figures_that_they_should(pictures: list[Picture]) -> None:
    soft = [blurred(one) for one in pictures]
    dirty = [dirtied(one, seed=3, lines_only=False) for one in pictures]
    dark = [darkened(one) for one in pictures]

    assert mean(soft, "focus") < 0.5 * mean(pictures, "focus")
    assert mean(dirty, "darkest_spot") > 8.0 + mean(pictures, "darkest_spot")
    assert mean(dirty, "brightness") == pytest.approx(mean(pictures, "brightness"), rel=0.02)
    assert mean(dark, "brightness") < 0.1 * mean(pictures, "brightness")


def test_edges_that_are_darker_are_shading_and_white_pixels_are_clipped() -> None:
    flat = np.full((SIDE_PX, SIDE_PX, 3), 150, np.uint8)
    vignette = flat.copy()
    vignette[: SIDE_PX // 4] = vignette[-SIDE_PX // 4 :] = 120
    white = flat.copy()
    white[:, : SIDE_PX // 4] = 255

    assert input_figures(flat) == InputFigures(
        brightness=150.0, contrast=0.0, focus=0.0, shading=0.0, darkest_spot=0.0, clipped=0.0
    )
    assert 10.0 < input_figures(vignette).shading < 20.0
    assert input_figures(white).clipped == pytest.approx(25.0)


def test_only_what_is_inspected_counts() -> None:
    pixels = np.zeros((100, 200, 1), np.uint8)
    pixels[20:80, 50:150] = 200
    polygon = [(50.0, 20.0), (150.0, 20.0), (150.0, 80.0), (50.0, 80.0)]

    assert input_figures(pixels, polygon).brightness == 200.0
    assert input_figures(pixels).brightness == pytest.approx(60.0)
