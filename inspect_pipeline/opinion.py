"""What the networks say of one frame, twice: evidence first, verification second.

Inspection and calibration share this file, so that a threshold is set on the very scores that it
will judge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from inspect_pipeline.bundle import PartModel
from inspect_pipeline.limits import Limits
from inspect_pipeline.records import (
    Discrepancy,
    DiscrepancyMap,
    Frame,
    Inversion,
    Mask,
    Region,
    Verdict,
    Verification,
)
from inspect_pipeline.stages.compare import compare, frame_map
from inspect_pipeline.stages.familiar import beyond_familiar
from inspect_pipeline.stages.invert import invert
from inspect_pipeline.stages.prepare import Prepared, as_channels, prepare
from inspect_pipeline.stages.regions import find_regions, frame_score
from inspect_pipeline.stages.verify import Restoration, restore, verify
from inspect_pipeline.tiling import cut

OVERLAP_SHARE = 0.25
BORDER_SHARE = 1 / 16


@dataclass(frozen=True, kw_only=True, eq=False)
class Seen:
    """What the networks made of a frame, before any threshold."""

    prepared: Prepared
    inversion: Inversion
    discrepancy: Discrepancy
    heat: DiscrepancyMap


@dataclass(frozen=True, kw_only=True, eq=False)
class Opinion:
    """Every suspect region of a frame with its verdict, and the score that both leave standing.

    Suspects are all regions above the low threshold. `score` is the highest peak among those that
    verification does not reject; where none stands, what the frame reaches below that threshold.
    """

    suspects: tuple[Verification, ...]
    score: float


def form_opinion(
    model: PartModel,
    seen: Seen,
    limits: Limits,
    *,
    inspected: Mask | None = None,
) -> Opinion:
    """Verifies the suspects and scores the frame; raw log-odds, higher is more anomalous."""
    level = limits.low_threshold
    suspects = find_regions(seen.heat, replace(limits, threshold=level), inspected)
    reached = frame_score(seen.heat, min_area_px=limits.min_area_px, inspected=inspected)
    if not suspects:
        return Opinion(suspects=(), score=min(reached, level))
    restoration = restored(model, seen, suspects, with_gated=False)
    verified = verify(suspects, restoration, frame_wh=seen.prepared.frame_wh, limits=limits)
    standing = [one.region.peak for one in verified if one.verdict is not Verdict.REJECTED]
    return Opinion(
        suspects=tuple(verified),
        score=max(standing, default=min(reached, level)),
    )


@torch.inference_mode()
def see(model: PartModel, frame: Frame) -> Seen:
    """Inverts the frame's tiles and compares them; the map is in the frame's own coordinates.

    Where the model knows what is familiar at each place, the map is the evidence beyond it.
    """
    how = model.preparation
    prepared = prepare(as_channels(frame.pixels, how.channels), how)
    overlap_px = round(OVERLAP_SHARE * how.tile_px)
    tiles = cut(prepared.pixels, tile_px=how.tile_px, overlap_px=overlap_px)
    inversion = invert(model.networks, tiles)
    discrepancy = compare(model.networks, inversion)
    raw = frame_map(
        discrepancy,
        working_wh=prepared.working_wh,
        frame_wh=frame.frame_wh,
        border_px=_border_px(model),
    )
    heat = beyond_familiar(raw, model.familiar)
    return Seen(prepared=prepared, inversion=inversion, discrepancy=discrepancy, heat=heat)


@torch.inference_mode()
def restored(
    model: PartModel, seen: Seen, regions: Sequence[Region] | None, *, with_gated: bool = True
) -> Restoration:
    """DICN's answers for the tiles that the regions touch, or for all where `regions` is None.

    The gated answer is for people alone.
    """
    return restore(
        model.networks,
        seen.inversion,
        seen.discrepancy,
        observed=seen.prepared.pixels,
        regions=regions,
        scale=model.preparation.scale,
        border_px=_border_px(model),
        with_gated=with_gated,
    )


def _border_px(model: PartModel) -> int:
    return round(BORDER_SHARE * model.preparation.tile_px)
