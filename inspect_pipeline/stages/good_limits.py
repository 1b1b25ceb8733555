"""What good pictures of a part say of the limits by which its frames are fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inspect_pipeline.records import Picture
from inspect_pipeline.stages.placement import placement_of
from inspect_pipeline.stages.sharpness import sharpness

GOOD_LEAST = 5
_SHARE_OF_LEAST = 0.7  # below the least of good pictures, since those are few
_SHIFT_FACTOR, _SHIFT_SPARE_PX = 1.5, 2.0


@dataclass(frozen=True, kw_only=True)
class GoodLimits:
    """`reference`: the index of the picture that lies in the middle of all the others.

    Where the parts look too different to be laid over each other there is no placement to check.
    """

    blurred_below: float
    reference: int | None
    max_shift_px: float | None
    least_likeness: float | None


def good_limits(pictures: Sequence[Picture], *, aligned_from: float = 0.5) -> GoodLimits:
    """`aligned_from`: least likeness of pictures that count as aligned. Raises ValueError: few."""
    if len(pictures) < GOOD_LEAST:
        raise ValueError(f"limits take {GOOD_LEAST} good pictures at least, got {len(pictures)}")
    blurred_below = _SHARE_OF_LEAST * min(map(sharpness, pictures))
    if len({picture.shape for picture in pictures}) > 1:
        return _unaligned(blurred_below)
    first = [placement_of(picture, pictures[0]).shift_px for picture in pictures]
    middle = np.median(np.array(first), axis=0)
    reference = int(np.argmin(np.hypot(*(np.array(first) - middle).T)))
    others = [placement_of(picture, pictures[reference]) for picture in pictures]
    least = min(other.likeness for other in others)
    if least < aligned_from:
        return _unaligned(blurred_below)
    return GoodLimits(
        blurred_below=blurred_below,
        reference=reference,
        max_shift_px=_SHIFT_FACTOR * max(one.distance_px for one in others) + _SHIFT_SPARE_PX,
        least_likeness=_SHARE_OF_LEAST * least,
    )


def _unaligned(blurred_below: float) -> GoodLimits:
    return GoodLimits(
        blurred_below=blurred_below, reference=None, max_shift_px=None, least_likeness=None
    )
