"""What the networks say of one frame, twice: evidence first, verification second.

Inspection and calibration share this file, so that a threshold is set on the very scores that it
will judge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from inspect_pipeline.bundle import PartModel
from inspect_pipeline.limits import Limits
from inspect_pipeline.networks.contextual import GIVEN, Given, Views
from inspect_pipeline.records import (
    Descriptor,
    DiscrepancyMap,
    Frame,
    Mask,
    Region,
    TileGrid,
    Verdict,
    Verification,
)
from inspect_pipeline.stages.compare import compare, frame_map
from inspect_pipeline.stages.context import evidence_in_context
from inspect_pipeline.stages.describe import describe_by_dipn, describe_in_context
from inspect_pipeline.stages.familiar import beyond_familiar
from inspect_pipeline.stages.invert import BATCH, invert
from inspect_pipeline.stages.prepare import Prepared, as_channels, prepare
from inspect_pipeline.stages.regions import find_regions, frame_score
from inspect_pipeline.stages.verify import Restoration, restore, verify
from inspect_pipeline.tiling import Stitcher, grid_for, iter_tiles

OVERLAP_SHARE = 0.25
BORDER_SHARE = 1 / 16


@dataclass(frozen=True, kw_only=True, eq=False)
class Seen:
    """What the networks made of a frame, before any threshold."""

    model: PartModel
    prepared: Prepared
    heat: DiscrepancyMap
    drawn: Tensor | None  # the golden picture, where the evidence needed it

    @cached_property
    def golden(self) -> Tensor:
        """Working picture (C, h, w); inverted when it is first asked for, and once."""
        if self.drawn is not None:
            return self.drawn
        return views_of(self.model, self.prepared.pixels, ("golden",)).golden


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
    """The evidence on a frame, in the frame's own coordinates.

    Where the model has a contextual branch, it has the word, and networks that it does not listen
    to are not asked; elsewhere tiles are inverted and DIPN compares them. Where the model knows
    what is familiar at each place, the map is the evidence beyond it.
    """
    how, branch = model.preparation, model.contextual
    prepared = prepare(as_channels(frame.pixels, how.channels), how)
    given: Sequence[Given] = ("golden", "local") if branch is None else branch.config.given
    views = views_of(model, prepared.pixels, given)
    evidence = views.local if branch is None else evidence_in_context(branch, views)
    heat = beyond_familiar(frame_map(evidence, frame.frame_wh), model.familiar)
    drawn = views.golden if "golden" in given else None
    return Seen(model=model, prepared=prepared, heat=heat, drawn=drawn)


@torch.inference_mode()
def views_of(model: PartModel, pixels: Tensor, given: Sequence[Given] = GIVEN) -> Views:
    """What the contextual branch is given of a working picture (C, h, w): also for its teacher.

    Tiles go through the networks in batches and nothing but whole pictures is kept. Networks whose
    answer is not given are not asked; that view is then 0.
    """
    grid, wh = _grid(model, pixels), (pixels.shape[2], pixels.shape[1])
    golden, local = (
        Stitcher(grid, channels=channels, border_px=_border_px(model), partial=True)
        for channels in (len(pixels), 1)
    )
    if "golden" in given or "local" in given:
        for start, tiles in iter_tiles(pixels, grid, batch=BATCH):
            inversion = invert(model.networks, tiles)
            golden.add(start, inversion.golden)
            if "local" in given:
                local.add(start, compare(model.networks, inversion).log_odds)
    return Views(observed=pixels, golden=golden.result(wh), local=local.result(wh))


@torch.inference_mode()
def restored(
    model: PartModel, seen: Seen, regions: Sequence[Region] | None, *, with_gated: bool = True
) -> Restoration:
    """DICN's answers for the tiles that the regions touch, or for all where `regions` is None.

    The gated answer is for people alone.
    """
    pixels = seen.prepared.pixels
    return restore(
        model.networks,
        observed=pixels,
        golden=seen.golden,
        grid=_grid(model, pixels),
        regions=regions,
        scale=model.preparation.scale,
        border_px=_border_px(model),
        with_gated=with_gated,
    )


def described(model: PartModel, seen: Seen, region: Region) -> Descriptor:
    """How a region looks, in the features of the contextual branch or else in DIPN's."""
    pixels, scale = seen.prepared.pixels, model.preparation.scale
    if model.contextual is not None:
        vector = describe_in_context(model.contextual, pixels, region, scale=scale)
    else:
        vector = describe_by_dipn(model.networks.dipn, pixels, seen.golden, region, scale=scale)
    return Descriptor(space=model.descriptor_space, vector=vector)


def _grid(model: PartModel, pixels: Tensor) -> TileGrid:
    tile_px = model.preparation.tile_px
    wh = (pixels.shape[2], pixels.shape[1])
    return grid_for(wh, tile_px=tile_px, overlap_px=round(OVERLAP_SHARE * tile_px))


def _border_px(model: PartModel) -> int:
    return round(BORDER_SHARE * model.preparation.tile_px)
