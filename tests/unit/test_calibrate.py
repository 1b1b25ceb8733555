"""Limits of a part from good parts alone: what holds for any networks, even untrained ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from statistics import median

import numpy as np
import pytest

from inspect_pipeline.bundle import PartModel
from inspect_pipeline.errors import CalibrationError, TrainingDataError
from inspect_pipeline.inspector import Inspector
from inspect_pipeline.records import Outcome
from inspect_pipeline.training.calibrate import (
    MIN_AREA_PX,
    CalibrationReport,
    calibrate_model,
    frame_of,
    plant,
    unseen,
)
from inspect_pipeline.training.good_parts import GoodPart
from tests import make

COUNT, BUDGET = 25, 0.05


@pytest.fixture(scope="module")
def model() -> PartModel:
    return make.part_model()


@pytest.fixture(scope="module")
def parts() -> list[GoodPart]:
    return make.good_parts(COUNT)


@pytest.fixture(scope="module")
def report(model: PartModel, parts: list[GoodPart]) -> CalibrationReport:
    return calibrate_model(model, parts, budget=BUDGET)


class Watch:
    """Passes the parts on and remembers for what."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int]] = []

    def __call__(self, parts: Iterable[GoodPart], total: int, what: str) -> Iterable[GoodPart]:
        self.told.append((what, total))
        return parts


def test_a_budget_that_cannot_be_supported_is_refused_before_any_work(
    model: PartModel, parts: list[GoodPart]
) -> None:
    watch = Watch()

    with pytest.raises(
        CalibrationError, match=r"budget of 0\.01 needs at least 99 held-out .* there are 25"
    ):
        calibrate_model(model, parts, budget=0.01, progress=watch)

    assert watch.told == []


def test_every_part_is_scored_and_gets_a_planted_defect(
    model: PartModel, parts: list[GoodPart]
) -> None:
    watch = Watch()

    calibrate_model(model, parts[:4], budget=0.5, progress=watch)

    assert watch.told == [("good parts", 4), ("planted", 4)]


def test_the_threshold_is_a_score_of_a_good_part(report: CalibrationReport) -> None:
    calibration, limits = report.calibrated.calibration, report.calibrated.limits

    assert len(calibration.scores) == COUNT
    assert limits.threshold == calibration.threshold
    assert limits.threshold in calibration.scores


def test_the_limits_are_in_order(report: CalibrationReport) -> None:
    limits = report.calibrated.limits

    assert limits.low_threshold <= limits.threshold
    assert limits.low_threshold == median(report.calibrated.calibration.scores)
    assert 0 <= limits.confirm_below <= limits.reject_above <= 1


def test_few_of_the_calibration_parts_exceed_the_threshold(
    model: PartModel, parts: list[GoodPart], report: CalibrationReport
) -> None:
    line = Inspector(make.recalibrated(model, report.calibrated), make.part())

    inspections = [line.inspect(frame_of(part, model)) for part in parts]

    scores = sorted(one.raw_score or 0.0 for one in inspections)
    failed = [one for one in inspections if one.outcome is Outcome.FAILED]
    assert scores == pytest.approx(list(report.calibrated.calibration.scores), abs=1e-4)
    assert len(failed) <= BUDGET * (COUNT + 1)


def test_calibrating_again_gives_the_same_limits(
    model: PartModel, parts: list[GoodPart], report: CalibrationReport
) -> None:
    again = calibrate_model(model, parts[::-1], budget=BUDGET)

    assert again.calibrated.to_dict() == report.calibrated.to_dict()


def test_the_figures_say_what_was_measured(report: CalibrationReport) -> None:
    figures = report.figures

    assert figures["held_out_pictures"] == COUNT
    assert figures["false_alarm_budget"] == BUDGET
    assert BUDGET < figures["false_alarm_rate_upper_95"] < 1
    assert figures["planted_defects"] == COUNT
    assert 0 <= figures["planted_defects_found"] <= COUNT
    assert figures["limits"]["min_area_px"] == MIN_AREA_PX


def test_the_smallest_area_is_counted_in_frame_pixels(
    model: PartModel, parts: list[GoodPart]
) -> None:
    half = replace(model, preparation=make.preparation(scale=0.5))

    report = calibrate_model(half, parts[:3], budget=0.5)

    assert report.calibrated.limits.min_area_px == 4 * MIN_AREA_PX


def test_the_smallest_area_can_be_asked_for(model: PartModel, parts: list[GoodPart]) -> None:
    fine, coarse = (
        calibrate_model(model, parts[:3], budget=0.5, min_area_px=area).calibrated
        for area in (2, 60)
    )

    assert coarse.limits.min_area_px == 60
    assert coarse.limits.threshold < fine.limits.threshold


def test_pictures_that_trained_the_model_are_left_out(
    model: PartModel, parts: list[GoodPart]
) -> None:
    taught = replace(
        model, origin=make.origin(trained_on=tuple(part.sha256 for part in parts[:20]))
    )

    assert unseen(taught, parts) == parts[20:]


def test_pictures_that_all_trained_the_model_cannot_calibrate_it(
    model: PartModel, parts: list[GoodPart]
) -> None:
    taught = replace(model, origin=make.origin(trained_on=tuple(part.sha256 for part in parts)))

    with pytest.raises(TrainingDataError, match="all 25 pictures trained the model of bracket"):
        unseen(taught, parts)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_planted_defect_changes_the_frame_inside_its_mask_only(channels: int) -> None:
    pixels, other = (make.picture(seed, channels=channels) for seed in (1, 2))

    planted, mask = plant(pixels, other, size_px=32, seed=3)

    apart = np.abs(planted.astype(int) - pixels).max(axis=2)
    assert mask.any()
    assert apart[mask].max() > 8
    assert apart[~mask].max() <= 9  # below what counts as visible: 0.06 of 127.5 and rounding


def test_planting_leaves_the_good_part_as_it_was() -> None:
    pixels = make.picture(1)

    plant(pixels, pixels, size_px=32, seed=3)

    assert np.array_equal(pixels, make.picture(1))


def test_the_same_seed_plants_the_same_defect() -> None:
    first, second = (
        plant(make.picture(1), make.picture(2), size_px=32, seed=3)[0] for _ in range(2)
    )

    assert np.array_equal(first, second)


def test_a_window_larger_than_the_frame_is_cut_to_it() -> None:
    small = make.picture(1, frame_wh=(40, 24))

    planted, mask = plant(small, small, size_px=64, seed=3)

    assert planted.shape == small.shape
    assert mask.shape == (24, 40)


def test_a_part_becomes_a_frame_with_its_own_hash(model: PartModel) -> None:
    part = make.good_part(4, make.picture(4, channels=3))

    frame = frame_of(part, model)

    assert frame.pixels.shape[2] == 1
    assert frame.key.content_sha256 == part.sha256
    assert frame.key.part == "bracket"
