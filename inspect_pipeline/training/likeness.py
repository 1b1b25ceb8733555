"""Which pictures show one part again: another exposure, a small shift, the same part next week.

Such near-duplicates may not stand on both sides of the split: the held-out one would score like a
picture that was trained on, and the threshold would be too low. They are found by what is
particular to each picture of this very set. A fingerprint is a small grey picture without its
exposure and without slow changes of light. From all fingerprints their mean is taken, and then
every direction in which the pictures of the set differ is damped to about the same weight (zero-
phase whitening; Kessy, Lewin and Strimmer, Optimal Whitening and Decorrelation, 2018): what many
parts share, such as the outline of a plate, its pose or its lot, then counts no more than a scratch
that only two pictures show. Near-duplicates are pairs whose normalised correlation, at the best of
a few shifts, stands far above that of the other pairs; groups are what hangs together by pairs.

Not found: a picture moved in the frame where all others lie alike, for then the move is what is
particular to it; and parts turned or mirrored.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.ndimage import gaussian_filter
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from inspect_pipeline.records import Picture

SIDE = 40  # cells of a fingerprint, whatever the picture's size
FINE_CELLS, COARSE_CELLS = 1.0, 5.0  # detail between these widths counts
LOUDEST = 3.0  # deviations; a highlight must not outweigh the rest
SHIFT_CELLS = 2  # 5 % of the picture's side in each direction
DAMPING = 0.3  # share of the mean variance below which a direction is taken for noise
USUAL_DEVIATIONS = 7.0  # so far above the usual pair of the set, on Fisher's z scale
LEAST_LIKENESS = 0.6  # and at least so much: few different parts reach it, loose ones laid alike
STRICTEST_LIKENESS = 0.995
LARGEST_SHARE = 0.2  # of the set in one group; more is no repetition but what the part is like
LARGEST_OF_FEW = 4  # which a small set may have nevertheless

Floats = npt.NDArray[np.float32]


def near_duplicates(pictures: Sequence[Picture]) -> list[int]:
    """For each picture the number of its group; a picture that is like no other is alone in its.

    Where a group would become too large, pairs are asked for more likeness, and where that does not
    help, every picture is alone. Time grows with the square of their number: seconds for a
    thousand.
    """
    alone = list(range(len(pictures)))
    if len(pictures) < 3:
        return alone  # nothing to tell what is usual
    likeness = _likeness(_particular(np.stack([_fingerprint(one) for one in pictures])))
    largest = min(len(pictures) // 2, max(LARGEST_OF_FEW, int(LARGEST_SHARE * len(pictures))))
    level = _unusual(likeness)
    while level < STRICTEST_LIKENESS:
        groups = _hanging_together(likeness > level)
        if np.bincount(groups).max() <= largest:
            return [int(group) for group in groups]
        level += (1 - level) / 4
    return alone


def _fingerprint(picture: Picture) -> Floats:
    """(SIDE, SIDE), mean 0, deviation 1; an even picture has none and is 0."""
    grey = picture.mean(axis=2, dtype=np.float32)
    small = np.asarray(Image.fromarray(grey).resize((SIDE, SIDE), Image.Resampling.BOX))
    detail = gaussian_filter(small, FINE_CELLS, mode="nearest")
    detail = detail - gaussian_filter(detail, COARSE_CELLS, mode="nearest")
    detail = (detail - detail.mean()) / max(float(detail.std()), 1e-6)
    loudest: Floats = np.clip(detail, -LOUDEST, LOUDEST).astype(np.float32)
    return loudest


def _particular(fingerprints: Floats) -> Floats:
    """What is left of each fingerprint (n, SIDE, SIDE) beyond the set's mean and common changes."""
    n = len(fingerprints)
    rows = fingerprints.reshape(n, -1)
    rows = rows - rows.mean(axis=0)
    is_wide = n <= rows.shape[1]
    products = (rows @ rows.T if is_wide else rows.T @ rows).astype(np.float64)
    variances, directions = np.linalg.eigh(products)
    variances = np.maximum(variances, 0.0)
    weights = 1 / np.sqrt(variances + DAMPING * variances.mean() + 1e-12)
    whitening = ((directions * weights) @ directions.T).astype(np.float32)
    white: Floats = whitening @ rows if is_wide else rows @ whitening
    return white.reshape(fingerprints.shape)


def _likeness(particular: Floats) -> Floats:
    """Correlation (n, n) of every two pictures at their best shift, in [-1, 1]."""
    middle = _normalised(particular, 0, 0)
    best: Floats = np.full((len(particular),) * 2, -1.0, dtype=np.float32)
    for down, right in _shifts():
        np.maximum(best, middle @ _normalised(particular, down, right).T, out=best)
    return np.maximum(best, best.T)  # the other half of the shifts: b against a


def _shifts() -> Iterator[tuple[int, int]]:
    """One of each pair of opposite shifts, and none."""
    reach = range(-SHIFT_CELLS, SHIFT_CELLS + 1)
    return ((down, right) for down in reach for right in reach if (down, right) >= (0, 0))


def _normalised(particular: Floats, down: int, right: int) -> Floats:
    """Windows of the shift as rows (n, cells) with mean 0 and length 1."""
    side = SIDE - 2 * SHIFT_CELLS
    top, left = SHIFT_CELLS + down, SHIFT_CELLS + right
    rows = particular[:, top : top + side, left : left + side].reshape(len(particular), -1)
    rows = rows - rows.mean(axis=1, keepdims=True)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Floats = rows / np.maximum(length, 1e-6)
    return unit


def _unusual(likeness: Floats) -> float:
    """Likeness far above that of most pairs: median and median deviation know no duplicates."""
    pairs = likeness[np.triu_indices(len(likeness), 1)]
    z = np.arctanh(np.clip(pairs, -0.9999, 0.9999))
    usual = float(np.median(z))
    deviation = 1.4826 * float(np.median(np.abs(z - usual)))  # of a normal distribution
    return max(LEAST_LIKENESS, float(np.tanh(usual + USUAL_DEVIATIONS * deviation)))


def _hanging_together(is_alike: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
    pairs = np.nonzero(is_alike)
    graph = coo_array((np.ones(len(pairs[0]), dtype=np.int8), pairs), shape=is_alike.shape)
    _, groups = connected_components(graph, directed=False)
    return groups
