"""Limits of a part from good parts that its networks never saw, and from nothing else.

The threshold is conformal: the k-th smallest frame score of the held-out good parts. The limits of
verification come from two sets of regions: what stands out most on those good parts (false
alarms), and synthetic defects planted into them (to be kept).
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
from inspect_pipeline.inspector import Seen, restored, see
from inspect_pipeline.limits import Limits
from inspect_pipeline.records import Frame, FrameKey, Mask, Picture, Region
from inspect_pipeline.stages.prepare import as_channels
from inspect_pipeline.stages.regions import find_regions, frame_score
from inspect_pipeline.stages.verify import explained_share, region_differences
from inspect_pipeline.training.defects import with_defect
from inspect_pipeline.training.good_parts import GoodPart

MIN_AREA_PX = 8  # of the working picture; smaller specks are sensor noise as often as defects
CLOSING_PX = 2
DEFECTS_KEPT = 0.99  # share of planted defects that REJECTED may not touch
FALSE_ALARMS_NOT_CONFIRMED = 0.95
MAX_PLANTED = 100
HIT_SHARE = 0.1  # of a region's pixels inside the planted mask: this region is the defect

Progress = Callable[[Iterable[GoodPart], int, str], Iterable[GoodPart]]


@dataclass(frozen=True, kw_only=True)
class CalibrationReport:
    """The figures behind the limits, for the card and for people."""

    calibrated: Calibrated
    figures: dict[str, Any]


def unseen(model: PartModel, parts: Sequence[GoodPart]) -> list[GoodPart]:
    """The pictures the networks were not trained on; TrainingDataError if there are none."""
    taught = set(model.origin.trained_on)
    fresh = [part for part in parts if part.sha256 not in taught]
    if not fresh:
        raise TrainingDataError(
            f"all {len(parts)} pictures trained the model of {model.part}: calibrate with good "
            "parts that it has not seen"
        )
    return fresh


def calibrate_model(
    model: PartModel,
    parts: Sequence[GoodPart],
    *,
    budget: float,
    min_area_px: int | None = None,
    progress: Progress | None = None,
) -> CalibrationReport:
    """Scores held-out good parts, plants defects in them, and derives the limits.

    Raises CalibrationError, before any work, when the pictures are too few for the budget.
    """
    Calibration(scores=(0.0,) * len(parts), budget=budget)
    watch = progress or _unwatched
    area = min_area_px or max(1, round(MIN_AREA_PX / model.preparation.scale**2))
    scores, false_shares = [], []
    for part in watch(parts, len(parts), "good parts"):
        seen = see(model, frame_of(part, model))
        scores.append(frame_score(seen.heat, min_area_px=area))
        false_shares += _shares_above(model, seen, scores[-1], area)
    calibration = calibrate(scores, budget=budget)
    limits = Limits(
        threshold=calibration.threshold,
        low_threshold=min(calibration.threshold, median(scores)),
        min_area_px=area,
        closing_px=CLOSING_PX,
        reject_above=1.0,
        confirm_below=0.0,
    )
    planted = list(parts[:MAX_PLANTED])
    found = [_find_planted(model, p, limits) for p in watch(planted, len(planted), "planted")]
    true_shares = [share for share in found if share is not None]
    reject, confirm = _verification_limits(true_shares, false_shares)
    limits = replace(limits, reject_above=reject, confirm_below=confirm)
    return CalibrationReport(
        calibrated=Calibrated(calibration=calibration, limits=limits),
        figures=_figures(calibration, limits, found, false_shares),
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


def _find_planted(model: PartModel, part: GoodPart, limits: Limits) -> float | None:
    """Explained share of a planted defect's region; None where it was not found."""
    pixels = as_channels(part.pixels, model.preparation.channels)
    size = round(model.preparation.tile_px / model.preparation.scale)
    seed = zlib.crc32(part.sha256.encode())
    planted, mask = plant(pixels, pixels, size_px=size, seed=seed)
    seen = see(model, frame_of(part, model, planted))
    regions = find_regions(seen.heat, limits)
    hits = [region for region in regions if _hit(region, mask)]
    shares = list(_shares(model, seen, hits))
    return min(shares) if shares else None


def _hit(region: Region, mask: Mask) -> bool:
    rows, columns = region.box.slices
    return bool((mask[rows, columns] & region.mask).sum() >= HIT_SHARE * region.area_px)


def _shares_above(model: PartModel, seen: Seen, score: float, area_px: int) -> list[float]:
    """Explained shares of what stands out most on a good part: regions just below its score."""
    level = float(np.nextafter(np.float32(score), np.float32(-np.inf)))
    limits = Limits(
        threshold=level,
        low_threshold=level - 1.0,
        min_area_px=area_px,
        closing_px=CLOSING_PX,
        reject_above=1.0,
        confirm_below=0.0,
    )
    return list(_shares(model, seen, find_regions(seen.heat, limits)))


def _shares(model: PartModel, seen: Seen, regions: Sequence[Region]) -> Iterator[float]:
    if not regions:
        return
    restoration = restored(model, seen, regions)
    before, after = region_differences(restoration, seen.prepared.frame_wh)
    for region in regions:
        yield explained_share(region, before, after)


def _verification_limits(
    true_shares: Sequence[float], false_shares: Sequence[float]
) -> tuple[float, float]:
    """(reject_above, confirm_below).

    Rejected is only what hardly any planted defect reaches, confirmed only what few false alarms
    fall to; with nothing to learn from, everything is left to people.
    """
    if not true_shares or not false_shares:
        return 1.0, 0.0
    reject = float(np.quantile(true_shares, DEFECTS_KEPT, method="higher"))
    confirm = float(np.quantile(false_shares, 1 - FALSE_ALARMS_NOT_CONFIRMED, method="lower"))
    return reject, min(confirm, reject)


def _figures(
    calibration: Calibration,
    limits: Limits,
    found: Sequence[float | None],
    false_shares: Sequence[float],
) -> dict[str, Any]:
    promise = calibration.guarantee()
    true_shares = [share for share in found if share is not None]
    rejected = [share for share in false_shares if share > limits.reject_above]
    return {
        "held_out_pictures": promise.pictures,
        "false_alarm_budget": calibration.budget,
        "false_alarm_rate_upper_95": round(promise.upper_rate, 4),
        "threshold_log_odds": round(calibration.threshold, 4),
        "planted_defects": len(found),
        "planted_defects_found": len(true_shares),
        "false_alarms_explained_median": _rounded_median(false_shares),
        "planted_defects_explained_median": _rounded_median(true_shares),
        "false_alarms_rejected_share": round(len(rejected) / max(1, len(false_shares)), 4),
        "limits": {name: round(value, 4) for name, value in limits.to_dict().items()},
    }


def _rounded_median(values: Sequence[float]) -> float | None:
    return round(median(values), 4) if values else None


def _unwatched(parts: Iterable[GoodPart], _total: int, _what: str) -> Iterable[GoodPart]:
    return parts
