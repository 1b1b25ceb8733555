"""Second opinion on each region: does it disappear when normal detail may be restored?

DICN runs twice on the tiles that regions touch. With the discrepancy gated by the evidence it draws
the restored picture: normal grain back, defect left out. With the gate open it is asked to explain
the region itself; it was trained to bring back normal detail and no defects, so what it explains
was the generator's weakness, and what stays unexplained is a defect.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from torch import Tensor

from inspect_pipeline.limits import Limits
from inspect_pipeline.networks.part_networks import PartNetworks
from inspect_pipeline.records import Region, TileGrid, Verdict, Verification
from inspect_pipeline.stages.compare import compare
from inspect_pipeline.stages.invert import BATCH, invert
from inspect_pipeline.tiling import Stitcher, padded, tiles_at

SMOOTHING_PX = 1.0  # sensor noise is nobody's detail: differences are compared above it
NEVER_ZERO = 1e-6


@dataclass(frozen=True, kw_only=True, eq=False)
class Restoration:
    """Working pictures (C, h, w) of a whole frame, stitched."""

    observed: Tensor
    golden: Tensor
    restored: Tensor  # gate closed by the evidence: for people
    opened: Tensor  # gate open: for the verdict


def restore(
    networks: PartNetworks,
    *,
    observed: Tensor,
    golden: Tensor,
    grid: TileGrid,
    regions: Sequence[Region] | None,
    scale: float,
    border_px: int,
    with_gated: bool = True,
) -> Restoration:
    """Restores the tiles that any region touches (None: all); elsewhere the golden picture stands.

    `observed` and `golden` are working pictures (C, h, w). Without the gated pass, which a verdict
    does not need, `restored` is the golden picture.
    """
    touched = list(range(len(grid.offsets_xy)))
    if regions is not None:
        touched = np.flatnonzero(tiles_touched(grid, regions, scale=scale)).tolist()
    whole, stands = (padded(one, grid.frame_wh) for one in (observed, golden))
    gated, opened = (
        Stitcher(grid, channels=len(observed), border_px=border_px, partial=True) for _ in range(2)
    )
    for start in range(0, len(touched), BATCH):
        chosen = touched[start : start + BATCH]
        inversion = invert(networks, tiles_at(whole, grid, chosen))
        discrepancy = compare(networks, inversion)
        d, gate = discrepancy.values, 1 - discrepancy.evidence
        codes = inversion.latents, inversion.spatial
        before = tiles_at(stands, grid, chosen)
        if with_gated:
            gated.add_at(chosen, networks.restore(d * gate, *codes) - before)
        opened.add_at(chosen, networks.restore(d, *codes) - before)
    wh = (observed.shape[2], observed.shape[1])
    return Restoration(
        observed=observed,
        golden=golden,
        restored=golden + gated.result(wh),
        opened=golden + opened.result(wh),
    )


def tiles_touched(
    grid: TileGrid, regions: Sequence[Region], *, scale: float
) -> npt.NDArray[np.bool_]:
    """(n,) True for tiles that share a working pixel with a region's box."""
    corners = grid.offsets_xy
    touched = np.zeros(len(corners), dtype=bool)
    for region in regions:
        x0, y0 = region.box.x0 * scale, region.box.y0 * scale
        x1, y1 = region.box.x1 * scale, region.box.y1 * scale
        inside_x = (corners[:, 0] < x1) & (corners[:, 0] + grid.tile_px > x0)
        inside_y = (corners[:, 1] < y1) & (corners[:, 1] + grid.tile_px > y0)
        touched |= inside_x & inside_y
    return touched


def verify(
    regions: Sequence[Region],
    restoration: Restoration,
    *,
    frame_wh: tuple[int, int],
    limits: Limits,
) -> list[Verification]:
    """One verdict per region, in their order, with the explained share behind it."""
    before, after = region_differences(restoration, frame_wh)
    verified = []
    for region in regions:
        share = explained_share(region, before, after)
        verdict = verdict_of(share, limits)
        verified.append(Verification(region=region, explained=share, verdict=verdict))
    return verified


def region_differences(
    restoration: Restoration, frame_wh: tuple[int, int]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """(H, W) difference of the frame to its golden picture, and to the opened restoration."""
    before = _difference(restoration.observed, restoration.golden, frame_wh)
    return before, _difference(restoration.observed, restoration.opened, frame_wh)


def explained_share(
    region: Region, before: npt.NDArray[np.float32], after: npt.NDArray[np.float32]
) -> float:
    """Share of the region's difference to the golden picture that the opened restoration takes."""
    rows, columns = region.box.slices
    was = float(before[rows, columns][region.mask].sum())
    left = float(after[rows, columns][region.mask].sum())
    return min(1.0, max(0.0, 1 - left / max(was, NEVER_ZERO)))


def verdict_of(explained: float, limits: Limits) -> Verdict:
    if explained <= limits.confirm_below:
        return Verdict.CONFIRMED
    return Verdict.REJECTED if explained > limits.reject_above else Verdict.UNSURE


def _difference(
    first: Tensor, second: Tensor, frame_wh: tuple[int, int]
) -> npt.NDArray[np.float32]:
    """Mean absolute difference over channels (H, W) in frame coordinates, noise smoothed away."""
    apart = (first - second).numpy().transpose(1, 2, 0)
    smooth = cv2.GaussianBlur(apart, (0, 0), SMOOTHING_PX)
    strength = np.abs(smooth.reshape(*apart.shape)).mean(axis=2)
    if (strength.shape[1], strength.shape[0]) != frame_wh:
        strength = cv2.resize(strength, frame_wh, interpolation=cv2.INTER_LINEAR)
    return np.asarray(strength, dtype=np.float32)
