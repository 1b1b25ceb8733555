"""How well scores and maps tell defects: the field's measures, each from its definition.

Image and pixel AUROC and average precision, and AUPRO, the area under the per-region overlap curve
(Bergmann et al., The MVTec Anomaly Detection Dataset, IJCV 2021, section 5). Equal scores move
together: no order of the input changes a figure. A figure without good or without defective samples
is None.

Maps and masks are compared with the shorter side of at most MAX_SIDE_PX: maps by mean over boxes, a
mask pixel stays where any part of it was marked, so that a scratch of one pixel is still there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.ndimage import label

from inspect_pipeline.records import Heat, Mask

MAX_SIDE_PX = 256
PRO_LIMIT = 0.3  # false-positive rate up to which region overlap is averaged
EIGHT_NEIGHBOURS = np.ones((3, 3), dtype=bool)

Sums = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class PixelFigures:
    """Figures of all pixels of a test set at once; `regions` counts what AUPRO averages over."""

    auroc: float | None
    average_precision: float | None
    aupro: float | None
    regions: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Ranking:
    """Samples from the highest score down; a level ends where the next score is lower."""

    order: npt.NDArray[np.intp]
    level_ends: npt.NDArray[np.intp]

    def reached(self, weights: npt.ArrayLike) -> Sums:
        """Sum of the weights of all samples at or above each level, and 0 above the highest."""
        sums = np.cumsum(np.asarray(weights, dtype=np.float64)[self.order])[self.level_ends]
        return np.concatenate([[0.0], sums])


def auroc(truth: Sequence[int] | Mask, scores: Sequence[float] | Heat) -> float | None:
    """Area under the ROC curve; `truth` is 1 for defective samples."""
    defective = np.asarray(truth, dtype=bool)
    return _auroc(defective, _ranking(scores))


def average_precision(truth: Sequence[int] | Mask, scores: Sequence[float] | Heat) -> float | None:
    """Precision at each level, weighted by the recall that the level adds (no interpolation)."""
    defective = np.asarray(truth, dtype=bool)
    return _average_precision(defective, _ranking(scores))


def aupro(
    heats: Sequence[Heat], masks: Sequence[Mask], *, limit: float = PRO_LIMIT
) -> float | None:
    """Mean overlap over all 8-connected regions against the false-positive rate over all other
    pixels, averaged over rates from 0 to `limit`; the curve is straight between two levels."""
    defective = _flat(masks, np.bool_)
    ranking = _ranking(_flat(heats, np.float32))
    shares, regions = _region_shares(masks)
    return _aupro(defective, shares, regions, ranking, limit)


class PixelTally:
    """Fed one map at a time; keeps it shrunken, so that a test set fits into memory."""

    def __init__(self) -> None:
        self._heats: list[Heat] = []
        self._masks: list[Mask] = []

    def add(self, heat: Heat, truth: Mask | None) -> None:
        """A raw map (H, W) with its ground truth; None marks nothing."""
        marked = np.zeros(heat.shape, dtype=bool) if truth is None else truth
        if marked.shape != heat.shape:
            raise ValueError(f"a map of {heat.shape} was given with a mask of {marked.shape}")
        if not np.isfinite(heat).all():
            raise ValueError("a map holds values that are not finite numbers")
        self._heats.append(shrunken(heat))
        self._masks.append(shrunken_mask(marked))

    def figures(self) -> PixelFigures:
        defective = _flat(self._masks, np.bool_)
        ranking = _ranking(_flat(self._heats, np.float32))
        shares, regions = _region_shares(self._masks)
        return PixelFigures(
            auroc=_auroc(defective, ranking),
            average_precision=_average_precision(defective, ranking),
            aupro=_aupro(defective, shares, regions, ranking, PRO_LIMIT),
            regions=regions,
        )

    def pro_curve(self) -> tuple[Sums, Sums]:
        """(false-positive rate, mean overlap) at each level, from (0, 0) on.

        ValueError without a marked region or without a good pixel.
        """
        defective = _flat(self._masks, np.bool_)
        shares, regions = _region_shares(self._masks)
        curve = _pro_curve(defective, shares, regions, _ranking(_flat(self._heats, np.float32)))
        if curve is None:
            raise ValueError("there is no marked region, or nothing else")
        return curve


def shrunken(heat: Heat) -> Heat:
    """The map with a shorter side of at most MAX_SIDE_PX: means over boxes of pixels."""
    width, height = _comparison_wh(heat.shape)
    if (height, width) == heat.shape:
        return heat
    picture = Image.fromarray(np.ascontiguousarray(heat, dtype=np.float32))
    return np.asarray(picture.resize((width, height), Image.Resampling.BOX))


def shrunken_mask(mask: Mask) -> Mask:
    """The mask at the same size; True where any pixel of the box was."""
    any_marked: Mask = shrunken(mask.astype(np.float32)) > 0
    return any_marked


def _comparison_wh(shape: tuple[int, ...]) -> tuple[int, int]:
    height, width = shape
    factor = min(1.0, MAX_SIDE_PX / min(height, width))
    return max(1, round(width * factor)), max(1, round(height * factor))


def _ranking(scores: Sequence[float] | Heat) -> Ranking:
    values = np.asarray(scores)
    order = np.argsort(-values, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(values[order])), len(values) - 1)
    return Ranking(order=order, level_ends=ends if len(values) else ends[:0])


def _auroc(defective: Mask, ranking: Ranking) -> float | None:
    found, alarms = ranking.reached(defective), ranking.reached(~defective)
    if not found[-1] or not alarms[-1]:
        return None
    return float(np.trapezoid(found / found[-1], alarms / alarms[-1]))


def _average_precision(defective: Mask, ranking: Ranking) -> float | None:
    found, alarms = ranking.reached(defective), ranking.reached(~defective)
    if not found[-1] or not alarms[-1]:
        return None
    precision = found[1:] / (found[1:] + alarms[1:])
    return float((np.diff(found) * precision).sum() / found[-1])


def _aupro(
    defective: Mask, shares: Sums, regions: int, ranking: Ranking, limit: float
) -> float | None:
    curve = _pro_curve(defective, shares, regions, ranking)
    if curve is None:
        return None
    rate, overlap = curve
    inside = int(np.searchsorted(rate, limit, side="right"))
    x = np.append(rate[:inside], limit)
    y = np.append(overlap[:inside], np.interp(limit, rate, overlap))
    return float(np.trapezoid(y, x) / limit)


def _pro_curve(
    defective: Mask, shares: Sums, regions: int, ranking: Ranking
) -> tuple[Sums, Sums] | None:
    alarms = ranking.reached(~defective)
    if not regions or not alarms[-1]:
        return None
    return alarms / alarms[-1], ranking.reached(shares) / regions


def _region_shares(masks: Iterable[Mask]) -> tuple[Sums, int]:
    """Of each pixel its share of its own region, 0 outside; and the number of regions."""
    shares, regions = [np.zeros(0)], 0
    for mask in masks:
        labels, count = label(mask, structure=EIGHT_NEIGHBOURS)
        areas = np.bincount(labels.ravel())
        shares.append(np.where(mask, 1.0 / areas[labels], 0.0).ravel())
        regions += int(count)
    return np.concatenate(shares), regions


def _flat(arrays: Iterable[npt.NDArray[np.generic]], kind: npt.DTypeLike) -> npt.NDArray[Any]:
    """All pixels of all arrays in one row; an empty one where there is no array."""
    return np.concatenate([np.zeros(0, dtype=kind), *(array.ravel() for array in arrays)])
