"""How sure is a share, and when is it unusual? Pure statistics, no database."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]
Shares = npt.NDArray[np.float64]

CONFIDENCE = 0.95
SIGMAS = 3.0
_MOVING_RANGE_TO_SIGMA = 1.128  # d2 of ranges of two (Montgomery, appendix VI)


@dataclass(frozen=True, kw_only=True)
class ControlLimits:
    """`centre` is one share for all; the limits are per sample, within [0, 1].

    `spread` is how much more the samples differ than chance alone would make them: 1 in a p chart.
    """

    centre: float
    low: Shares
    high: Shares
    outside: npt.NDArray[np.bool_]
    spread: float


def wilson_interval(
    count: int, of: int, *, confidence: float = CONFIDENCE
) -> tuple[float, float] | None:
    """The score interval of a share (Wilson, JASA 22, 1927): good also near 0 and for few.

    None where nothing was counted.
    """
    if of == 0:
        return None
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = count / of
    centre = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * np.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    low = 0.0 if count == 0 else max(0.0, float(centre - half))
    high = 1.0 if count == of else min(1.0, float(centre + half))
    return low, high


def control_limits(counts: Counts, of: Counts, *, laney: bool = False) -> ControlLimits:
    """The p chart of shares `counts / of` (NIST/SEMATECH e-Handbook 6.3.3.2; Montgomery 7.2).

    Every sample has `of` > 0. Three sigma around the mean share of all samples. With many parts per
    sample the limits come so close that everything is outside; `laney` widens them by how much the
    samples truly vary (Laney, Improved Control Charts for Attributes, Quality Engineering 14,
    2002).
    """
    if counts.size == 0:
        nothing = np.zeros(0)
        return ControlLimits(
            centre=float("nan"), low=nothing, high=nothing, outside=nothing > 0, spread=1.0
        )
    centre = float(counts.sum() / of.sum())
    sigma = np.sqrt(centre * (1 - centre) / of)
    shares = counts / of
    spread = _spread(shares, centre, sigma) if laney else 1.0
    low = np.clip(centre - SIGMAS * spread * sigma, 0.0, 1.0)
    high = np.clip(centre + SIGMAS * spread * sigma, 0.0, 1.0)
    return ControlLimits(
        centre=centre, low=low, high=high, outside=(shares < low) | (shares > high), spread=spread
    )


def _spread(shares: Shares, centre: float, sigma: Shares) -> float:
    """Mean moving range of the standardised shares, as a sigma; 1 where it cannot be told."""
    if shares.size < 2 or not sigma.all():
        return 1.0
    z = (shares - centre) / sigma
    return float(np.abs(np.diff(z)).mean() / _MOVING_RANGE_TO_SIGMA)


def share_difference(count: int, of: int, other: int, other_of: int) -> tuple[float, float, float]:
    """`count / of` minus `other / other_of`, and its 95 % interval; both `of` are over 0.

    From the two Wilson intervals (Newcombe, Statistics in Medicine 17, 1998, method 10).
    """
    share, other_share = count / of, other / other_of
    low, high = wilson_interval(count, of) or (0.0, 1.0)
    other_low, other_high = wilson_interval(other, other_of) or (0.0, 1.0)
    difference = share - other_share
    below = np.hypot(share - low, other_high - other_share)
    above = np.hypot(high - share, other_share - other_low)
    return difference, float(difference - below), float(difference + above)
