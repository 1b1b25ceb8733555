"""Frame in, inspection out, on untrained networks: what holds whatever the networks have learnt."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from inspect_pipeline.bundle import PartModel
from inspect_pipeline.errors import UsageError
from inspect_pipeline.inspector import EVIDENCE_MARGIN_PX
from inspect_pipeline.opinion import see
from inspect_pipeline.records import (
    Frame,
    Heat,
    Inspection,
    Outcome,
    Picture,
    Unfit,
    UnfitReason,
    UnreadableFrame,
    Verdict,
)
from tests import make

QUANTILES = (0.5, 0.9, 0.99, 0.999, 1.0)
WIDTH, HEIGHT = make.FRAME_WH


@pytest.fixture(scope="module")
def model() -> PartModel:
    return make.part_model()


@pytest.fixture(scope="module")
def heat(model: PartModel) -> Heat:
    """What the untrained networks say of the good frame."""
    return see(model, make.frame()).heat.values


def inspected(
    model: PartModel, heat: Heat, quantile: float = 0.95, frame: Frame | None = None, **chosen: Any
) -> Inspection:
    threshold = float(np.quantile(heat, quantile))
    return make.inspector(model, threshold, **chosen).inspect(frame or make.frame())


@pytest.mark.parametrize("quantile", QUANTILES)
def test_a_frame_has_findings_exactly_when_its_score_exceeds_the_threshold(
    model: PartModel, heat: Heat, quantile: float
) -> None:
    threshold = float(np.quantile(heat, quantile))

    inspection = make.inspector(model, threshold).inspect(make.frame())

    assert inspection.raw_score is not None
    assert (inspection.raw_score > threshold) == bool(inspection.findings)
    assert (inspection.outcome is Outcome.FAILED) == bool(inspection.findings)


def test_low_thresholds_find_and_high_ones_pass(model: PartModel, heat: Heat) -> None:
    outcomes = [inspected(model, heat, quantile).outcome for quantile in QUANTILES]

    assert outcomes[0] is Outcome.FAILED
    assert outcomes[-1] is Outcome.PASSED


def test_p_value_and_score_agree_with_the_threshold(model: PartModel, heat: Heat) -> None:
    failed, passed = (inspected(model, heat, quantile) for quantile in (0.9, 1.0))

    assert failed.score is not None
    assert failed.p_value is not None
    assert failed.score > 0.5
    assert failed.p_value <= 0.1
    assert passed.score is not None
    assert passed.p_value is not None
    assert passed.score <= 0.5
    assert passed.p_value > 0.1


def test_the_same_frame_twice_gives_the_same_numbers(model: PartModel, heat: Heat) -> None:
    first, second = (inspected(model, heat) for _ in range(2))

    assert numbers_of(first) == numbers_of(second)
    for one, other in zip(first.findings, second.findings, strict=True):
        assert np.array_equal(one.evidence.heat, other.evidence.heat)
        assert np.array_equal(one.evidence.restored, other.evidence.restored)


def test_findings_do_not_depend_on_the_frame_before(model: PartModel, heat: Heat) -> None:
    line = make.inspector(model, float(np.quantile(heat, 0.95)))
    fresh = numbers_of(line.inspect(make.frame()))

    line.inspect(make.frame(make.picture(9)))

    assert numbers_of(line.inspect(make.frame())) == fresh


def numbers_of(inspection: Inspection) -> list[object]:
    findings = [
        (
            finding.verification.region.box,
            finding.verification.region.peak,
            finding.verification.explained,
            finding.area_mm2,
            finding.score,
        )
        for finding in inspection.findings
    ]
    assert findings
    return [inspection.raw_score, inspection.model_id, inspection.config_id, *findings]


def test_what_the_restoration_explains_is_rejected_and_passes(model: PartModel, heat: Heat) -> None:
    limits = {"confirm_below": 0.0, "reject_above": 0.0}

    inspection = inspected(model, heat, limits=limits)

    verdicts = {one.verification.verdict for one in inspection.findings}
    explained = [one.verification.explained for one in inspection.findings]
    assert verdicts == {Verdict.REJECTED if share > 0 else Verdict.CONFIRMED for share in explained}
    assert (inspection.outcome is Outcome.PASSED) == (verdicts == {Verdict.REJECTED})


def test_a_frame_whose_findings_are_all_rejected_passes_with_a_low_score(
    model: PartModel, heat: Heat
) -> None:
    threshold = float(np.quantile(heat, 0.95))
    rejecting = {"confirm_below": 0.0, "reject_above": 0.0}
    line = make.inspector(model, threshold, limits=rejecting)

    inspection = line.inspect(make.frame())

    standing = [
        one.verification.region.peak
        for one in inspection.findings
        if one.verification.verdict is not Verdict.REJECTED
    ]
    assert inspection.raw_score == max(standing, default=threshold)
    assert (inspection.outcome is Outcome.FAILED) == bool(standing)


def test_what_nothing_explains_is_confirmed(model: PartModel, heat: Heat) -> None:
    inspection = inspected(model, heat, limits={"confirm_below": 1.0, "reject_above": 1.0})

    assert inspection.outcome is Outcome.FAILED
    assert {one.verification.verdict for one in inspection.findings} == {Verdict.CONFIRMED}


LEFT_HALF = ((0.0, 0.0), (36.0, 0.0), (36.0, 56.0), (0.0, 56.0))


def test_nothing_outside_the_polygon_is_found(model: PartModel, heat: Heat) -> None:
    whole = inspected(model, heat, 0.8)
    left = inspected(model, heat, 0.8, polygon_px=LEFT_HALF)

    assert max(one.verification.region.box.x1 for one in whole.findings) > 36
    assert left.findings
    assert max(one.verification.region.box.x1 for one in left.findings) <= 36


def test_the_score_is_that_of_the_inspected_area(model: PartModel, heat: Heat) -> None:
    right_half = tuple((x + WIDTH / 2, y) for x, y in LEFT_HALF)

    whole, left, right = (
        inspected(model, heat, polygon_px=polygon).raw_score or 0.0
        for polygon in (None, LEFT_HALF, right_half)
    )

    assert min(left, right) < whole
    assert max(left, right) <= whole


def test_a_polygon_beside_the_frame_is_refused_with_its_part(model: PartModel, heat: Heat) -> None:
    beside = ((100.0, 0.0), (120.0, 0.0), (120.0, 50.0))

    with pytest.raises(UsageError, match="polygon_px of part bracket covers 0 px of"):
        inspected(model, heat, polygon_px=beside)


def striped(level: int) -> Picture:
    pixels = np.full((HEIGHT, WIDTH, 1), level, dtype=np.uint8)
    pixels[::4] = min(255, level + 3)
    return pixels


UNFIT = [
    (striped(1), UnfitReason.DARK),
    (striped(255), UnfitReason.SATURATED),
    (np.full((HEIGHT, WIDTH, 1), 120, dtype=np.uint8), UnfitReason.BLANK),
    (make.picture(1, frame_wh=(WIDTH + 1, HEIGHT)), UnfitReason.WRONG_SIZE),
    (make.picture(1, channels=3), UnfitReason.WRONG_SIZE),  # in colour, the part is grey
]


@pytest.mark.parametrize(("pixels", "reason"), UNFIT, ids=[row[1].value for row in UNFIT])
def test_a_frame_that_cannot_be_inspected_has_a_reason_and_no_score(
    model: PartModel, pixels: Picture, reason: UnfitReason
) -> None:
    line = make.inspector(model, 0.0)

    inspection = line.inspect(make.frame(pixels))

    assert inspection.outcome is Outcome.UNFIT
    assert inspection.unfit is not None
    assert inspection.unfit.reason is reason
    assert (inspection.raw_score, inspection.findings) == (None, ())
    assert inspection.model_id == line.model.model_id


def test_a_picture_that_could_not_be_read_is_unfit_too(model: PartModel) -> None:
    broken = UnreadableFrame(
        key=make.frame_key(),
        unfit=Unfit(reason=UnfitReason.UNREADABLE, detail="bracket.png is empty"),
    )

    inspection = make.inspector(model, 0.0).inspect(broken)

    assert inspection.outcome is Outcome.UNFIT
    assert inspection.unfit == broken.unfit
    assert inspection.frame_wh is None


def test_the_plant_decides_what_is_too_dark(model: PartModel) -> None:
    dim = make.frame(make.picture(1, centre_grey=60.0))

    assert make.inspector(model, 99.0, dark_below=80.0).inspect(dim).outcome is Outcome.UNFIT
    assert make.inspector(model, 99.0, dark_below=40.0).inspect(dim).outcome is Outcome.PASSED


SIZES = [
    ((40, 30), Outcome.PASSED),
    ((20, 15), Outcome.PASSED),  # half of the smallest that was trained on
    ((19, 15), Outcome.UNFIT),
    ((160, 120), Outcome.PASSED),  # twice the largest
    ((161, 120), Outcome.UNFIT),
]


@pytest.mark.parametrize(("frame_wh", "outcome"), SIZES)
def test_parts_of_changing_size_have_some_slack(
    model: PartModel, frame_wh: tuple[int, int], outcome: Outcome
) -> None:
    origin = make.origin(frame_wh_min=(40, 30), frame_wh_max=(80, 60))
    line = make.inspector(replace(model, origin=origin), 99.0)

    inspection = line.inspect(make.frame(make.picture(1, frame_wh=frame_wh)))

    assert inspection.outcome is outcome
    assert inspection.frame_wh == frame_wh


def test_a_frame_smaller_than_a_tile_is_inspected(model: PartModel) -> None:
    origin = make.origin(frame_wh_min=(21, 17), frame_wh_max=(21, 17))
    small = make.frame(make.picture(1, frame_wh=(21, 17)))
    heat = see(model, small).heat.values

    inspection = inspected(replace(model, origin=origin), heat, 0.7, small)

    assert heat.shape == (17, 21)
    assert inspection.outcome is Outcome.FAILED
    assert inspection.pictures is not None
    assert inspection.pictures.golden.shape == (17, 21, 1)


def test_a_model_that_works_at_half_the_size_answers_in_frame_pixels(model: PartModel) -> None:
    half = replace(model, preparation=make.preparation(scale=0.5))
    frame = make.frame()
    heat = see(half, frame).heat.values

    inspection = inspected(half, heat, 0.8, frame)

    assert heat.shape == (HEIGHT, WIDTH)
    assert inspection.pictures is not None
    assert inspection.pictures.restored.shape == frame.pixels.shape
    assert max(one.verification.region.box.x1 for one in inspection.findings) > WIDTH // 2


def test_evidence_shows_the_region_with_some_surroundings(model: PartModel, heat: Heat) -> None:
    inspection = inspected(model, heat, 0.99)

    for finding in inspection.findings:
        inner, outer = finding.verification.region.box, finding.evidence.box
        assert outer.x0 == max(0, inner.x0 - EVIDENCE_MARGIN_PX)
        assert outer.y1 == min(HEIGHT, inner.y1 + EVIDENCE_MARGIN_PX)
        rows, columns = outer.slices
        assert np.array_equal(finding.evidence.observed, make.picture()[rows, columns])
        assert np.array_equal(finding.evidence.heat, heat[rows, columns])


def test_clean_frames_keep_no_pictures_unless_asked(model: PartModel) -> None:
    line = make.inspector(model, 99.0)

    assert line.inspect(make.frame()).pictures is None
    kept = line.judged(make.frame(), keep_pictures=True)
    assert kept.outcome is Outcome.PASSED
    assert kept.pictures is not None
    assert np.array_equal(kept.pictures.observed, make.picture())


def test_a_grey_picture_saved_in_colour_is_inspected_as_grey(model: PartModel, heat: Heat) -> None:
    as_rgb = np.repeat(make.picture(), 3, axis=2)

    assert inspected(model, heat, frame=make.frame(as_rgb)).raw_score == (
        inspected(model, heat).raw_score
    )


def test_a_part_in_colour_is_inspected_in_colour() -> None:
    model = make.part_model(channels=3)
    frame = make.frame(make.picture(2, channels=3))
    heat = see(model, frame).heat.values

    inspection = inspected(model, heat, 0.9, frame)

    assert inspection.outcome is Outcome.FAILED
    assert inspection.findings[0].evidence.golden.shape[2] == 3
    grey = inspected(model, heat, 1.0, make.frame(make.picture(2)))
    assert grey.outcome is not Outcome.UNFIT
