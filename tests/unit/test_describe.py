"""How a region looks as a vector: the same where the same is shown, apart where it is not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from inspect_pipeline.geometry import Box
from inspect_pipeline.records import Region
from inspect_pipeline.stages.describe import Vector, describe_by_dipn, describe_in_context
from tests import make

SIDE_PX = 256

Described = Callable[[Tensor, Region], Vector]


def a_region(x0: int, y0: int, *, wide_px: int = 20, high_px: int = 12) -> Region:
    box = Box(x0=x0, y0=y0, x1=x0 + wide_px, y1=y0 + high_px)
    return Region(box=box, mask=np.ones((high_px, wide_px), dtype=bool), peak=2.0, mean=1.0)


def a_picture(*blots: tuple[int, int, float]) -> Tensor:
    """Plain grey, with 12 x 20 px blots of a brightness at (x, y)."""
    pixels = torch.full((1, SIDE_PX, SIDE_PX), 0.1)
    for x, y, level in blots:
        pixels[:, y : y + 12, x : x + 20] = level
    return pixels


def by_dipn(pixels: Tensor, region: Region, *, scale: float = 1.0) -> Vector:
    dipn = make.networks(seed=3).dipn
    return describe_by_dipn(dipn, pixels, torch.zeros_like(pixels), region, scale=scale)


def in_context(pixels: Tensor, region: Region, *, scale: float = 1.0) -> Vector:
    return describe_in_context(make.contextual(seed=3), pixels, region, scale=scale)


@pytest.mark.parametrize("described", [by_dipn, in_context])
def test_the_same_blot_elsewhere_looks_more_alike_than_another_blot(described: Described) -> None:
    pixels = a_picture((64, 64, 0.9), (160, 160, 0.9), (64, 160, -0.9))

    first, again, other = (
        described(pixels, a_region(x, y)) for x, y in ((64, 64), (160, 160), (64, 160))
    )

    assert np.linalg.norm(first) == pytest.approx(1.0, abs=1e-5)
    assert first @ again == pytest.approx(1.0, abs=1e-3)
    assert first @ other < first @ again - 1e-3


@pytest.mark.parametrize("described", [by_dipn, in_context])
@pytest.mark.parametrize(
    "region",
    [
        a_region(0, 0),  # at the corner: the crop is moved inside
        a_region(SIDE_PX - 20, SIDE_PX - 12),
        a_region(0, 0, wide_px=SIDE_PX, high_px=SIDE_PX),  # larger than any tile
        a_region(100, 100, wide_px=1, high_px=1),
    ],
)
def test_regions_of_every_size_and_place_are_described(
    described: Described, region: Region
) -> None:
    vector = described(a_picture((100, 100, 0.5)), region)

    assert vector.dtype == np.float32
    assert np.isfinite(vector).all()
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)


def test_a_region_of_the_frame_is_found_in_a_picture_of_half_its_size() -> None:
    pixels = a_picture((64, 64, 0.9))

    small = in_context(pixels, a_region(128, 128, wide_px=40, high_px=24), scale=0.5)

    assert np.allclose(small, in_context(pixels, a_region(64, 64)), atol=1e-6)
