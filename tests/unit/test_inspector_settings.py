"""What the plant asks of an inspector, and what the model can promise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from inspect_pipeline.bundle import PartModel
from inspect_pipeline.errors import CalibrationError
from inspect_pipeline.inspector import Inspector
from inspect_pipeline.opinion import see
from tests import make

LEFT_HALF = ((0.0, 0.0), (36.0, 0.0), (36.0, 56.0), (0.0, 56.0))


@pytest.fixture(scope="module")
def model() -> PartModel:
    return make.part_model()


def test_a_model_that_was_never_calibrated_cannot_inspect(model: PartModel) -> None:
    with pytest.raises(CalibrationError, match="was never calibrated: run"):
        Inspector(model, make.part())


def test_findings_smaller_than_calibrated_are_refused_with_the_command(model: PartModel) -> None:
    with pytest.raises(
        CalibrationError,
        match=r"calibrate bracket --images DIR --min-area-px 3`, or raise min_area",
    ):
        make.inspector(model, 0.0, min_area_px=3)


def test_findings_smaller_than_calibrated_are_refused_in_millimetres_too(
    model: PartModel,
) -> None:
    # 0.5 mm per pixel: 0.6 mm2 are 2.4 px
    with pytest.raises(CalibrationError, match="wants findings from 3 px on"):
        make.inspector(model, 0.0, min_area_mm2=0.6)


def test_the_plant_may_ask_for_larger_findings_only(model: PartModel) -> None:
    threshold = float(np.quantile(see(model, make.frame()).heat.values, 0.6))

    small, large = (
        make.inspector(model, threshold, min_area_px=area).inspect(make.frame()) for area in (4, 40)
    )

    assert small.raw_score is not None
    assert large.raw_score is not None
    assert large.raw_score < small.raw_score
    assert min(one.verification.region.area_px for one in large.findings) >= 40


def test_without_a_wish_the_calibrated_area_holds(model: PartModel) -> None:
    assert make.inspector(model, 0.0).limits.min_area_px == 4


def test_the_plants_own_budget_moves_the_threshold(model: PartModel) -> None:
    calibrated = make.calibrated(budget=0.1)  # scores 1 to 99
    model = make.recalibrated(model, calibrated)

    assert Inspector(model, make.part()).limits.threshold == 90.0
    assert Inspector(model, make.part(false_alarms=0.3)).limits.threshold == 70.0


def test_a_low_threshold_never_exceeds_the_threshold(model: PartModel) -> None:
    model = make.recalibrated(model, make.calibrated(budget=0.1, low_threshold=50.0))

    limits = Inspector(model, make.part(false_alarms=0.8)).limits

    assert (limits.low_threshold, limits.threshold) == (20.0, 20.0)


def test_a_budget_beyond_the_calibrations_pictures_is_extrapolated(model: PartModel) -> None:
    model = make.recalibrated(model, make.calibrated(budget=0.1))

    inspector = Inspector(model, make.part(false_alarms=0.001))

    assert inspector.limits.threshold > 99.0  # the highest score of a good frame
    assert "guarantee needs 999 pictures" in inspector.calibration.trust


@pytest.mark.parametrize(
    "changed", [{"polygon_px": LEFT_HALF}, {"mm_per_px": 0.4}, {"min_area_px": 9}]
)
def test_other_settings_are_another_config_of_the_same_model(
    model: PartModel, changed: dict[str, Any]
) -> None:
    first = make.inspector(model, 1.0).standard
    second = make.inspector(model, 1.0, **changed).standard

    assert first.config_id != second.config_id
    assert first.model_id == second.model_id


def test_equal_settings_are_the_same_config(model: PartModel) -> None:
    first, second = (make.inspector(model, 1.0).standard for _ in range(2))

    assert first.config_id == second.config_id
