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
from inspect_pipeline.limits import LEFT_TO_PEOPLE, VerificationLimits
from inspect_pipeline.opinion import see
from inspect_pipeline.records import Outcome
from inspect_pipeline.training.calibrate import (
    MIN_AREA_PX,
    SUSPECT_LOG_ODDS,
    CalibrationReport,
    calibrate_model,
    frame_of,
    learn_verification,
    plant,
    unseen,
)
from inspect_pipeline.training.good_parts import GoodPart
from tests import make
from tests.fakes import SpotFinder

COUNT, BUDGET = 25, 0.05


@pytest.fixture(scope="module")
def model() -> PartModel:
    return make.part_model()


@pytest.fixture(scope="module")
def nervous() -> PartModel:
    """Untrained networks that suspect a fifth of every good part."""
    networks = make.networks()
    heat = see(make.part_model(networks=networks), make.frame()).heat.values
    bias = networks.dipn.head.log_odds.bias
    assert bias is not None
    bias.sub_(float(np.quantile(heat, 0.8)))
    return make.part_model(networks=networks)


@pytest.fixture(scope="module")
def finder() -> PartModel:
    return make.part_model(networks=SpotFinder(make.network_config()))


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


def test_too_few_pictures_for_any_threshold_are_refused_before_any_work(
    model: PartModel, parts: list[GoodPart]
) -> None:
    watch = Watch()

    with pytest.raises(CalibrationError, match=r"at least 2 held-out good pictures, there is 1:"):
        calibrate_model(model, parts[:1], budget=0.01, progress=watch)

    assert watch.told == []


def test_few_pictures_give_a_threshold_and_say_how_far_to_trust_it(
    model: PartModel, parts: list[GoodPart]
) -> None:
    report = calibrate_model(model, parts[:4], budget=0.01)

    calibration = report.calibrated.calibration
    assert calibration.budget == 0.01
    assert report.calibrated.limits.threshold == calibration.threshold > calibration.scores[-1]
    assert report.figures["trust"] == calibration.trust
    assert "Extrapolated from 4 held-out pictures" in report.figures["trust"]


def test_every_part_is_scored(model: PartModel, parts: list[GoodPart]) -> None:
    watch = Watch()

    calibrate_model(model, parts[:4], budget=0.5, progress=watch)

    assert watch.told == [("good parts", 4)]


def test_the_threshold_is_a_score_of_a_good_part(report: CalibrationReport) -> None:
    calibration, limits = report.calibrated.calibration, report.calibrated.limits

    assert len(calibration.scores) == COUNT
    assert limits.threshold == calibration.threshold
    assert limits.threshold in calibration.scores


def test_the_limits_are_in_order(report: CalibrationReport) -> None:
    limits = report.calibrated.limits

    assert limits.low_threshold == min(SUSPECT_LOG_ODDS, limits.threshold)
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
    scores = report.calibrated.calibration.scores
    assert figures["score_median"] == pytest.approx(median(scores), abs=1e-4)
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


def test_the_threshold_is_set_on_the_scores_that_inspection_gives(
    nervous: PartModel, parts: list[GoodPart]
) -> None:
    strict = replace(nervous, verification=VerificationLimits(reject_above=0.01, confirm_below=0.0))
    calibrated = calibrate_model(strict, parts[:12], budget=0.1).calibrated
    line = Inspector(make.recalibrated(strict, calibrated), make.part())

    inspections = [line.inspect(frame_of(part, strict)) for part in parts[:12]]

    scores = sorted(one.raw_score or 0.0 for one in inspections)
    assert calibrated.limits.threshold > 0
    assert scores == pytest.approx(list(calibrated.calibration.scores), abs=1e-5)


def test_what_verification_rejects_does_not_count(
    nervous: PartModel, parts: list[GoodPart]
) -> None:
    thresholds = [
        calibrate_model(
            replace(nervous, verification=limits), parts[:5], budget=0.2
        ).calibrated.limits.threshold
        for limits in (LEFT_TO_PEOPLE, VerificationLimits(reject_above=0.0, confirm_below=0.0))
    ]

    assert thresholds[0] > SUSPECT_LOG_ODDS
    assert thresholds[1] <= thresholds[0]


def test_verification_learns_between_false_alarms_and_planted_defects(
    finder: PartModel, parts: list[GoodPart]
) -> None:
    watch = Watch()

    report = learn_verification(finder, parts[:8], progress=watch)

    figures = report.figures
    assert watch.told == [("verification", 8)]
    assert figures["pictures"] == figures["planted_defects"] == 8
    assert 4 <= figures["planted_defects_noticed"] <= 8
    assert figures["false_alarms"] >= 8
    assert figures["planted_defects_explained_median"] == pytest.approx(0.5, abs=0.01)
    assert report.limits.reject_above == pytest.approx(0.5, abs=0.01)  # half is always explained
    assert report.limits.confirm_below <= report.limits.reject_above


def test_verification_learns_the_same_twice(finder: PartModel, parts: list[GoodPart]) -> None:
    first, second = (learn_verification(finder, parts[:3]) for _ in range(2))

    assert first.limits == second.limits


def test_a_model_that_notices_nothing_leaves_everything_to_people(
    model: PartModel, parts: list[GoodPart]
) -> None:
    report = learn_verification(model, parts[:3])

    assert report.figures["planted_defects_noticed"] == 0
    assert report.limits == LEFT_TO_PEOPLE


def test_what_verification_learnt_goes_into_the_limits(
    model: PartModel, parts: list[GoodPart]
) -> None:
    learnt = VerificationLimits(reject_above=0.7, confirm_below=0.2)

    limits = calibrate_model(
        replace(model, verification=learnt), parts[:3], budget=0.5
    ).calibrated.limits

    assert (limits.reject_above, limits.confirm_below) == (0.7, 0.2)


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


def test_a_defect_that_stands_out_fails_and_good_parts_pass(
    finder: PartModel, parts: list[GoodPart]
) -> None:
    calibrated = calibrate_model(finder, parts, budget=BUDGET).calibrated
    line = Inspector(make.recalibrated(finder, calibrated), make.part())
    scratched = make.picture(99)
    scratched[20:23, 10:40] = 240

    good, bad = (line.inspect(make.frame(pixels)) for pixels in (make.picture(98), scratched))

    assert good.outcome is Outcome.PASSED
    assert bad.outcome is Outcome.FAILED
    [finding] = bad.findings
    box = finding.verification.region.box
    assert (box.x0, box.y0, box.x1, box.y1) == pytest.approx((10, 20, 40, 23), abs=5)


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
