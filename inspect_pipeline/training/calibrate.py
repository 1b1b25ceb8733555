"""Limits of a part from good parts and synthetic defects, and from nothing else.

`learn_verification` sets the limits of verification on pictures that trained the networks: from
what stands out most on them (false alarms) and from synthetic defects planted into them (to be
kept). `calibrate_model` then sets the threshold from the scores of held-out good parts
(`conformal`), verification included. The two sets of pictures share nothing, so the threshold's
guarantee is untouched by what verification learnt.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from statistics import median
from typing import Any

import numpy as np

from inspect_pipeline.bundle import Calibrated, PartModel
from inspect_pipeline.conformal import Calibration, calibrate
from inspect_pipeline.errors import TrainingDataError
from inspect_pipeline.limits import LEFT_TO_PEOPLE, Limits, VerificationLimits
from inspect_pipeline.opinion import Seen, form_opinion, restored, see
from inspect_pipeline.records import Frame, FrameKey, Mask, Picture, Region
from inspect_pipeline.stages.prepare import as_channels
from inspect_pipeline.stages.regions import find_regions, frame_score
from inspect_pipeline.stages.verify import explained_share, region_differences
from inspect_pipeline.training.defects import with_defect
from inspect_pipeline.training.good_parts import GoodPart

MIN_AREA_PX = 8  # of the working picture; smaller specks are sensor noise as often as defects
CLOSING_PX = 2
SUSPECT_LOG_ODDS = 0.0  # more likely a defect than not: from here on a region is verified
DEFECTS_KEPT = 0.99  # share of planted defects that REJECTED may not touch
MOSTLY_EXPLAINED = 0.5  # and whatever was planted, half a region unexplained is no rejection
FALSE_ALARMS_NOT_CONFIRMED = 0.95
MAX_VERIFYING_PARTS = 80
HIT_SHARE = 0.1  # of a region's pixels inside the planted mask: this region is the defect

Progress = Callable[[Iterable[GoodPart], int, str], Iterable[GoodPart]]


@dataclass(frozen=True, kw_only=True)
class VerificationReport:
    limits: VerificationLimits
    figures: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class CalibrationReport:
    """The figures behind the limits, for the card and for people."""

    calibrated: Calibrated
    figures: dict[str, Any]


def unseen(model: PartModel, parts: Sequence[GoodPart]) -> list[GoodPart]:
    """The pictures the networks were not trained on; TrainingDataError if there are none."""
    taught = set(model.origin.trained_on)
    fresh = [part for part in parts if taught.isdisjoint(part.hashes)]
    if not fresh:
        raise TrainingDataError(
            f"all {len(parts)} pictures trained the model of {model.part}: calibrate with good "
            "parts that it has not seen"
        )
    return fresh


def learn_verification(
    model: PartModel, parts: Sequence[GoodPart], *, progress: Progress | None = None
) -> VerificationReport:
    """What restoration explains of false alarms and of planted defects, and the limits between."""
    chosen = list(parts[:MAX_VERIFYING_PARTS])
    watch = progress or unwatched
    false_shares: list[float] = []
    found: list[float | None] = []
    for part in watch(chosen, len(chosen), "verification"):
        false_shares += _false_shares(model, see(model, frame_of(part, model)))
        found.append(_planted_share(model, part))
    true_shares = [share for share in found if share is not None]
    limits = _limits_between(true_shares, false_shares)
    rejected = [share for share in false_shares if share > limits.reject_above]
    figures = {
        "pictures": len(chosen),
        "planted_defects": len(found),
        "planted_defects_noticed": len(true_shares),
        "planted_defects_explained_median": _rounded_median(true_shares),
        "false_alarms": len(false_shares),
        "false_alarms_explained_median": _rounded_median(false_shares),
        "false_alarms_rejected_share": round(len(rejected) / max(1, len(false_shares)), 4),
        "reject_above": round(limits.reject_above, 4),
        "confirm_below": round(limits.confirm_below, 4),
    }
    return VerificationReport(limits=limits, figures=figures)


def calibrate_model(
    model: PartModel,
    parts: Sequence[GoodPart],
    *,
    budget: float,
    min_area_px: int | None = None,
    progress: Progress | None = None,
) -> CalibrationReport:
    """Scores held-out good parts, as inspection will, and derives the threshold.

    Raises CalibrationError, before any work, when the pictures are too few for any threshold.
    """
    Calibration(scores=(0.0,) * len(parts), budget=budget)
    watch = progress or unwatched
    limits = suspect_limits(model, min_area_px)
    seen = (see(model, frame_of(part, model)) for part in watch(parts, len(parts), "good parts"))
    calibration = calibrate((form_opinion(model, one, limits).score for one in seen), budget=budget)
    threshold = calibration.threshold
    limits = replace(limits, threshold=threshold, low_threshold=min(SUSPECT_LOG_ODDS, threshold))
    return CalibrationReport(
        calibrated=Calibrated(calibration=calibration, limits=limits),
        figures=_figures(calibration, limits),
    )


def suspect_limits(model: PartModel, min_area_px: int | None = None) -> Limits:
    """The model's limits before it has a threshold: everything more likely than not is a region."""
    area_px = min_area_px or max(1, round(MIN_AREA_PX / model.preparation.scale**2))
    return Limits(
        threshold=SUSPECT_LOG_ODDS,
        low_threshold=SUSPECT_LOG_ODDS,
        min_area_px=area_px,
        closing_px=CLOSING_PX,
        reject_above=model.verification.reject_above,
        confirm_below=model.verification.confirm_below,
    )


def frame_of(part: GoodPart, model: PartModel, pixels: Picture | None = None) -> Frame:
    key = FrameKey(
        line_id="calibration",
        camera_id="good parts",
        part=model.part,
        taken_at=datetime(2000, 1, 1, tzinfo=UTC),
        content_sha256=part.sha256,
        source=str(part.path),
    )
    shown = as_channels(part.pixels, model.preparation.channels)
    return Frame(key=key, pixels=shown if pixels is None else pixels)


def planted_size_px(model: PartModel) -> int:
    """Side of the window of the frame that gets a synthetic defect: a tile's."""
    return round(model.preparation.tile_px / model.preparation.scale)


def plant(pixels: Picture, other: Picture, *, size_px: int, seed: int) -> tuple[Picture, Mask]:
    """A synthetic defect in a window of `size_px` somewhere in the frame, and where it is.

    Grey levels are treated as [-1, 1], so contrasts are those of the training defects.
    """
    rng = np.random.default_rng(seed)
    size = min(size_px, *pixels.shape[:2], *other.shape[:2])
    y, x = (int(rng.integers(length - size + 1)) for length in pixels.shape[:2])
    v, u = (int(rng.integers(length - size + 1)) for length in other.shape[:2])
    tile, foreign = (
        picture[a : a + size, b : b + size].transpose(2, 0, 1).astype(np.float32) / 127.5 - 1
        for picture, a, b in ((pixels, y, x), (other, v, u))
    )
    changed, where = with_defect(tile, foreign, rng)
    planted, mask = pixels.copy(), np.zeros(pixels.shape[:2], dtype=bool)
    grey = np.clip(np.rint((changed.transpose(1, 2, 0) + 1) * 127.5), 0, 255).astype(np.uint8)
    planted[y : y + size, x : x + size] = grey
    mask[y : y + size, x : x + size] = where
    return planted, mask


def _planted_share(model: PartModel, part: GoodPart) -> float | None:
    """Explained share of a planted defect's region; None where it was not noticed."""
    pixels = as_channels(part.pixels, model.preparation.channels)
    seed = zlib.crc32(part.sha256.encode())
    planted, mask = plant(pixels, pixels, size_px=planted_size_px(model), seed=seed)
    seen = see(model, frame_of(part, model, planted))
    regions = find_regions(seen.heat, suspect_limits(model))
    shares = list(_shares(model, seen, [region for region in regions if _hit(region, mask)]))
    return min(shares) if shares else None


def _hit(region: Region, mask: Mask) -> bool:
    rows, columns = region.box.slices
    return bool((mask[rows, columns] & region.mask).sum() >= HIT_SHARE * region.area_px)


def _false_shares(model: PartModel, seen: Seen) -> list[float]:
    """Explained shares of a good part's suspects, or of what stands out most where it has none."""
    limits = suspect_limits(model)
    score = frame_score(seen.heat, min_area_px=limits.min_area_px)
    level = min(SUSPECT_LOG_ODDS, float(np.nextafter(np.float32(score), np.float32(-np.inf))))
    limits = replace(limits, threshold=level, low_threshold=level)
    return list(_shares(model, seen, find_regions(seen.heat, limits)))


def _shares(model: PartModel, seen: Seen, regions: Sequence[Region]) -> Iterator[float]:
    if not regions:
        return
    restoration = restored(model, seen, regions)
    before, after = region_differences(restoration, seen.prepared.frame_wh)
    for region in regions:
        yield explained_share(region, before, after)


def _limits_between(
    true_shares: Sequence[float], false_shares: Sequence[float]
) -> VerificationLimits:
    """Rejected is only what hardly any planted defect reaches, confirmed only what few false
    alarms fall to; with nothing to learn from, everything is left to people."""
    if not true_shares or not false_shares:
        return LEFT_TO_PEOPLE
    reject = max(MOSTLY_EXPLAINED, float(np.quantile(true_shares, DEFECTS_KEPT)))
    confirm = float(np.quantile(false_shares, 1 - FALSE_ALARMS_NOT_CONFIRMED, method="lower"))
    return VerificationLimits(reject_above=reject, confirm_below=min(confirm, reject))


def _figures(calibration: Calibration, limits: Limits) -> dict[str, Any]:
    promise = calibration.guarantee()
    return {
        "held_out_pictures": promise.pictures,
        "false_alarm_budget": calibration.budget,
        "false_alarm_rate_upper_95": round(promise.upper_rate, 4),
        "trust": calibration.trust,
        "score_median": _rounded_median(calibration.scores),
        "limits": {name: round(value, 4) for name, value in limits.to_dict().items()},
    }


def _rounded_median(values: Sequence[float]) -> float | None:
    return round(median(values), 4) if values else None


def unwatched(parts: Iterable[GoodPart], _total: int, _what: str) -> Iterable[GoodPart]:
    return parts
