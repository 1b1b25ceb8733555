"""How a region looks, as one vector, so that findings that look alike are found again.

The vector is read off features that the part's networks compute anyway: those of the contextual
branch where the model has one (the same for every model with the same pretrained features), else
those of DIPN's two branches (the model's own). Each level is scaled to length 1, so that none
drowns the others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from inspect_pipeline.networks.contextual import Contextual
from inspect_pipeline.networks.dipn import DIPN
from inspect_pipeline.records import Region
from inspect_pipeline.tiling import padded

Vector = npt.NDArray[np.float32]
SURROUNDINGS = 2.0  # sides of the crop that a region is seen in, in sides of the region
MIN_CROP_PX = 64


@torch.inference_mode()
def describe_in_context(
    contextual: Contextual, observed: Tensor, region: Region, *, scale: float
) -> Vector:
    """Working picture (C, h, w) and a region of the frame -> float32 (d,) of length 1."""
    crop, inside = _crop(observed, region, scale=scale, least_px=MIN_CROP_PX)
    return _vector([_mean(one, inside, crop) for one in contextual.contexts(crop)])


@torch.inference_mode()
def describe_by_dipn(
    dipn: DIPN, observed: Tensor, golden: Tensor, region: Region, *, scale: float
) -> Vector:
    """Observed and golden working pictures (C, h, w) -> float32 (d,) of length 1.

    A region larger than a tile is seen at the size of a tile.
    """
    side = dipn.config.tile_px
    seen, inside = _crop(observed, region, scale=scale, least_px=side)
    meant, _ = _crop(golden, region, scale=scale, least_px=side)
    shown, inside = _at_side(torch.cat([seen, meant]), inside, side)
    upper = dipn.observed_branch(shown[:1])
    lower = dipn.golden_branch(shown[1:])
    return _vector([_mean(one, inside, shown) for one in (*upper, *lower)])


def _crop(
    picture: Tensor, region: Region, *, scale: float, least_px: int
) -> tuple[Tensor, tuple[int, int, int, int]]:
    """(1, C, side, side) around a region, and the region's x0, y0, x1, y1 in it."""
    box = region.box
    x0, y0 = math.floor(box.x0 * scale), math.floor(box.y0 * scale)
    x1, y1 = (max(a + 1, math.ceil(b * scale)) for a, b in ((x0, box.x1), (y0, box.y1)))
    side = max(least_px, math.ceil(SURROUNDINGS * max(x1 - x0, y1 - y0)))
    height, width = picture.shape[1:]
    left = _start((x0 + x1) // 2, side, width)
    top = _start((y0 + y1) // 2, side, height)
    grown = padded(picture[:, top : top + side, left : left + side], (side, side))
    return grown[None], (x0 - left, y0 - top, min(x1 - left, side), min(y1 - top, side))


def _start(centre: int, side: int, length: int) -> int:
    return max(0, min(centre - side // 2, length - side))


def _at_side(
    crops: Tensor, inside: tuple[int, int, int, int], side: int
) -> tuple[Tensor, tuple[int, int, int, int]]:
    was = crops.shape[-1]
    if was == side:
        return crops, inside
    x0, y0, x1, y1 = (length * side // was for length in inside)
    small = F.interpolate(crops, size=(side, side), mode="area")
    return small, (x0, y0, max(x1, x0 + 1), max(y1, y0 + 1))


def _mean(maps: Tensor, inside: tuple[int, int, int, int], crop: Tensor) -> Tensor:
    """(1, c, h, w) over a box of the crop -> (c,): at least the place that the box begins in."""
    step = crop.shape[-1] / maps.shape[-1]
    x0, y0 = (min(int(inside[axis] / step), maps.shape[3 - axis] - 1) for axis in (0, 1))
    x1, y1 = (max(math.ceil(inside[axis + 2] / step), (x0, y0)[axis] + 1) for axis in (0, 1))
    return maps[0, :, y0:y1, x0:x1].mean(dim=(1, 2))


def _vector(levels: Sequence[Tensor]) -> Vector:
    joined = torch.cat([F.normalize(level, dim=0) for level in levels])
    vector: Vector = F.normalize(joined, dim=0).cpu().numpy().astype(np.float32)
    return vector
